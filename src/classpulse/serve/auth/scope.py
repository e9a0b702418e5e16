"""The one place that resolves what somebody may see."""

import time
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

import msgspec
from databases import Database

from classpulse.events import Scope
from classpulse.rights import Rights
from classpulse.serve.auth.tokens import Claims
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader, Row, Source, one_statement
from classpulse.sql import queries

_SQL = queries("scope")
_decode_revoked = msgspec.json.Decoder(dict[str, float]).decode
BIGINT = 2**63 - 1


async def viewer_by_id(
    source: Source, educator_id: int, claims: Claims | None = None
) -> Viewer | None:
    """An active educator with their rights as committed now; ``None`` for nobody.

    With the ``claims`` of a token: ``None`` too if that token was ended.
    """
    async with one_statement(source) as reader:
        jtis = [] if claims is None else [claims.jti]
        row = await reader.one(_SQL["viewers"], ids=[educator_id], jtis=jtis)
    return None if row is None else _viewer(row, _rights_in(row), claims)


async def viewers_of(source: Source, tokens: Collection[Claims]) -> list[Viewer | None]:
    """:func:`viewer_by_id` for many tokens, with one statement."""
    ids = sorted({claims.educator_id for claims in tokens})
    async with one_statement(source) as reader:
        rows = await reader.all(_SQL["viewers"], ids=ids, jtis=[claims.jti for claims in tokens])
    found = {row["id"]: (row, _rights_in(row)) for row in rows}
    return [
        _viewer(*found[claims.educator_id], claims) if claims.educator_id in found else None
        for claims in tokens
    ]


def _viewer(row: Row, rights_now: Rights, claims: Claims | None) -> Viewer | None:
    if claims is not None:
        if not rights_now.hold_for(claims.bearer):
            return None
        ends_at = time.time() + rights_now.seconds_left(claims.bearer)
        if ends_at < claims.expires_at:
            claims = replace(claims, expires_at=ends_at)
    return Viewer(
        educator_id=row["id"],
        name=row["full_name"],
        email=row["email"],
        role=row["role"],
        school_id=row["school_id"],
        scope=rights_now.scope,
        session=rights_now.session,
        token=claims,
    )


async def rights_of(database: Database, tokens: Mapping[int, Collection[str]]) -> dict[int, Rights]:
    """What educators may see now, and which of these ``tokens`` of theirs hold; who is gone or
    inactive is not in it."""
    jtis = sorted({jti for some in tokens.values() for jti in some})
    async with one_statement(database) as reader:
        rows = await reader.all(_SQL["viewers"], ids=list(tokens), jtis=jtis)
    return {row["id"]: _rights_in(row) for row in rows}


async def require_sections(source: Source, viewer: Viewer, ids: Iterable[int]) -> None:
    """404 unless every one of these sections exists and is theirs."""
    await _require(source, viewer, "visible_sections", "section", ids)


async def require_subjects(source: Source, viewer: Viewer, ids: Iterable[int]) -> None:
    """404 unless every one of these subjects is taught in their sections, or in their school."""
    await _require(source, viewer, "visible_subjects", "subject", ids)


async def require_students(source: Source, viewer: Viewer, ids: Iterable[int]) -> None:
    """404 unless every one of these students is in their sections, or in their school."""
    await _require(source, viewer, "visible_students", "student", ids)


async def sections_in_view(reader: Reader, viewer: Viewer, term: int | None = None) -> list[int]:
    """The sections an answer is about: theirs of the current terms, or those of ``term``.

    A term of a school that is none of theirs is a 404.
    """
    theirs = rights(viewer)
    if term is not None:
        row = await reader.once(
            _SQL["visible_term"], **theirs, own_school=viewer.school_id, term=term
        )
        if not row["found"]:
            raise not_found("term")
    row = await reader.once(_SQL["sections_in_view"], **theirs, term=term)
    return list(row["section_ids"])


async def all_sections(reader: Reader, viewer: Viewer) -> list[int]:
    """Every section that is theirs, of whatever term."""
    row = await reader.once(_SQL["all_sections"], **rights(viewer))
    return list(row["section_ids"])


def rights(viewer: Viewer) -> dict[str, object]:
    """The parameters by which a query keeps to what is theirs."""
    return {
        "everything": viewer.scope.everything,
        "sections": sorted(viewer.scope.sections),
    }


def wide_school(viewer: Viewer) -> int | None:
    """The school that is theirs as a whole, beyond its sections: a principal's."""
    return viewer.school_id if viewer.role == "principal" else None


def _rights_in(row: Row) -> Rights:
    return Rights(
        scope=_scope(row["role"], row["school_id"], row["section_ids"]),
        session=row["session"],
        since=row["since"],
        revoked=_decode_revoked(row["revoked"]) if row["revoked"] else {},
    )


def _scope(role: str, school_id: int | None, section_ids: list[int]) -> Scope:
    if role == "admin":
        return Scope(everything=True)
    return Scope(
        school_id=school_id if role == "principal" else None, sections=frozenset(section_ids)
    )


async def _require(
    source: Source, viewer: Viewer, query: str, noun: str, ids: Iterable[int]
) -> None:
    wanted = sorted(set(ids))
    if not wanted:
        return
    if wanted[0] < 1 or wanted[-1] > BIGINT:
        raise not_found(noun)
    async with one_statement(source) as reader:
        row = await reader.once(
            _SQL[query],
            ids=wanted,
            **rights(viewer),
            school_id=wide_school(viewer),
        )
    if row["found"] != len(wanted):
        raise not_found(noun)
