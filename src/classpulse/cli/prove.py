"""``classpulse prove``: a figure calculated again from its rows alone."""

from typing import BinaryIO

import click

from classpulse import prove as proofs
from classpulse.errors import ClasspulseError

MOST_BYTES = 16 * 2**20


@click.command()
@click.argument("file", type=click.File("rb"))
def prove(file: BinaryIO) -> int:
    """Calculate the proof in FILE (- for standard input) again, with no database and no server.

    curl -H "Authorization: Bearer $TOKEN" "$URL/student/1/proof?section_id=1&subject_id=1" |
    classpulse prove -

    Exits 1 where a figure is not what its rows make it, 2 where FILE is no proof.
    """
    body = file.read(MOST_BYTES + 1)
    try:
        if len(body) > MOST_BYTES:
            raise proofs.ProofError("it is larger than 16 MiB")
        proof = proofs.read(body.decode("utf-8"))
        found = proofs.differences(proof)
    except UnicodeDecodeError:
        raise ClasspulseError(f"{file.name} is no proof: it is not UTF-8") from None
    except proofs.ProofError as error:
        raise ClasspulseError(f"{file.name} is no proof: {error}") from None
    click.echo(proofs.account(proof))
    for line in found:
        click.echo(f"differs: {line}")
    if not found:
        click.echo("every figure is what its rows make it")
    return 1 if found else 0
