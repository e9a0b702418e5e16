"""What a request asks for, read strictly: a name that is not known is an error."""

import re
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.requests import Request

from classpulse.serve.problems import Problem, not_found

_BODY_LIMIT = 1024 * 1024
_BIGINT = 2**63 - 1
_WHOLE = re.compile(r"-?[0-9]{1,30}")
_HIGHEST = Decimal(1_000_000_000)

Id = Annotated[int, Meta(ge=1, le=_BIGINT)]
Ids = Annotated[tuple[Id, ...], Meta(max_length=1000)]
Limit = Annotated[int, Meta(ge=1, le=500)]
Cursor = Annotated[str, Meta(max_length=2000)]

S = TypeVar("S", bound=Struct)


class NoParameters(Struct, frozen=True, forbid_unknown_fields=True):
    """Of a route that takes none."""


class Paging(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How much of a list, and from where."""

    limit: Limit = 50
    cursor: Cursor | None = None


class PagingOfTerm(Paging, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sections of the current terms, or those of ``term``."""

    term: Id | None = None


class Term(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The sections of the current terms, or those of ``term``."""

    term: Id | None = None


def read_query(request: Request, kind: type[S]) -> S:
    """The query string as ``kind``; anything else in it is a 400 problem that names it.

    Where a field is a list, its parameter may repeat.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    sent = request.query_params
    unknown = sorted({name for name in sent if name not in fields})
    if unknown:
        known = ", ".join(fields) or "none"
        raise Problem(
            400,
            f"Unknown query parameter: {', '.join(map(_short, unknown))}. Known here: {known}.",
            errors=[{"parameter": _short(name), "detail": "unknown"} for name in unknown],
        )
    values: dict[str, Any] = {}
    for name in set(sent):
        given = sent.getlist(name)
        if any("\0" in value for value in given):
            raise _wrong(400, name, "holds a NUL byte")
        kinds = _kinds(fields[name].type)
        # msgspec would take 1e3 and 5.0 for whole numbers
        if any(isinstance(kind, msgspec.inspect.IntType) for kind in kinds):
            for value in given:
                if not _WHOLE.fullmatch(value):
                    raise _wrong(400, name, "must be a whole number")
        if any(isinstance(kind, msgspec.inspect.VarTupleType) for kind in kinds):
            values[name] = given
        elif len(given) == 1:
            values[name] = given[0]
        else:
            raise _wrong(400, name, "may be given once")
    return _converted(values, kind)


async def read_body(request: Request, kind: type[S]) -> S:
    """The JSON body as ``kind``: 400 for broken JSON, 413, 415, and 422 for a wrong value."""
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Problem(415, "Send JSON, with Content-Type: application/json.")
    body = await _body(request)
    try:
        values = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        raise _refused(422, str(error), "body") from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        raise Problem(400, "The body is not JSON.") from None
    if _holds_nul(msgspec.structs.asdict(values)):
        raise Problem(422, "The body holds a NUL character, which no text here can hold.")
    return values


def path_id(request: Request, name: str, noun: str) -> int:
    """An id in the address; what can't be one is a 404, as there is no such thing."""
    text = request.path_params[name]
    if not (text.isascii() and text.isdigit()) or len(text) > 19 or not 1 <= int(text) <= _BIGINT:
        raise not_found(noun)
    return int(text)


def check_range(name: str, value: Decimal | None) -> None:
    """For ``__post_init__``: a number that a figure can be compared with."""
    if value is not None and not (value.is_finite() and 0 <= value <= _HIGHEST):
        raise ValueError(f"Expected `{name}` to be a number from 0 to {_HIGHEST:,}")


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _BODY_LIMIT:
            raise Problem(413, "The body is larger than 1 MB.", headers={"Connection": "close"})
    return bytes(body)


def _converted(values: dict[str, Any], kind: type[S]) -> S:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(400, str(error), "parameter") from None
    except (ValueError, OverflowError, ArithmeticError):
        raise Problem(400, "A query parameter holds a number that can't be read.") from None


def _refused(status: int, message: str, where: str) -> Problem:
    """``Expected `int`, got `str` - at `$.limit` `` in words."""
    what, _, path = message.partition(" - at `")
    name = path.removesuffix("`").removeprefix("$").removeprefix(".")
    what = what.replace("`", "")
    detail = f"{name}: {what}." if name else f"{what}."
    return Problem(status, detail, errors=[{where: name or "(whole)", "detail": what}])


def _wrong(status: int, name: str, what: str) -> Problem:
    return Problem(status, f"{name} {what}.", errors=[{"parameter": name, "detail": what}])


def _short(name: str) -> str:
    return name if len(name) <= 60 else name[:59] + "…"


def _kinds(kind: Any) -> list[msgspec.inspect.Type]:
    """The types that a field takes, those inside of a list too."""
    info = msgspec.inspect.type_info(kind)
    found = list(info.types) if isinstance(info, msgspec.inspect.UnionType) else [info]
    inside = [of.item_type for of in found if isinstance(of, msgspec.inspect.VarTupleType)]
    return found + inside


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_holds_nul(item) for item in value)
