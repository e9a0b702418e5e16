"""What a request asks for, read strictly: a name that is not known is an error."""

import re
from decimal import Decimal
from typing import Annotated, Any, TypeVar

import msgspec
from msgspec import Meta, Struct
from starlette.datastructures import QueryParams
from starlette.requests import Request

from classpulse.serve.parameter_words import expected, kinds
from classpulse.serve.problems import Problem, not_found

_BIGINT = 2**63 - 1
_MISSING = re.compile(r"Object missing required field `(.+)`")
_UNKNOWN = re.compile(r"Object contains unknown field `(.+)`", re.DOTALL)
_RANGED = re.compile(r"(\w+) (must be .+)")
_WHOLE = re.compile(r"-?[0-9]{1,30}")
_HIGHEST = Decimal(1_000_000_000)

Id = Annotated[int, Meta(ge=1, le=_BIGINT)]
Ids = Annotated[tuple[Id, ...], Meta(max_length=1000)]
Limit = Annotated[int, Meta(ge=1, le=500)]
# The keys of two long names, in any script.
Cursor = Annotated[str, Meta(max_length=6000)]

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


def read_query(request: Request, kind: type[S], *, blank_is_none: bool = False) -> S:
    """The query string as ``kind``; anything else in it is a 400 problem that names it.

    Where a field is a list, its parameter may repeat. ``blank_is_none``: a parameter without a
    value counts as left out, as a form sends what nobody filled in.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    sent = request.query_params
    if blank_is_none:
        sent = QueryParams([(name, value) for name, value in sent.multi_items() if value.strip()])
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
        taken = kinds(fields[name].type)
        is_list = any(isinstance(one, msgspec.inspect.VarTupleType) for one in taken)
        # msgspec would take 1e3 and 5.0 for whole numbers
        if any(isinstance(one, msgspec.inspect.IntType) for one in taken):
            for value in given:
                if not _WHOLE.fullmatch(value):
                    raise _wrong(
                        400, name, f"must be {expected(fields[name].type, in_list=is_list)}"
                    )
        if is_list:
            values[name] = given
        elif len(given) == 1:
            values[name] = given[0]
        else:
            raise _wrong(400, name, "may be given once")
    return _converted(values, kind)


async def read_body(request: Request, kind: type[S], *, none: S | None = None) -> S:
    """The JSON body as ``kind``: 400 for broken JSON, 413, 415, and 422 for a wrong value.

    ``none`` is what an empty body stands for, where there may be none.
    """
    body = await request.body()
    if none is not None and not body.strip():
        return none
    content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if content_type != "application/json":
        raise Problem(415, "Send JSON, with Content-Type: application/json.")
    try:
        values = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        if not _is_json(body):
            raise Problem(400, "The body is not JSON.") from None
        raise _refused(422, str(error), "body", kind) from None
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
        raise ValueError(f"{name} must be a number from 0 to {_HIGHEST:,}")


def _is_json(body: bytes) -> bool:
    """Whether it is JSON to its end, and not too deep to be read."""
    try:
        msgspec.json.decode(body, type=msgspec.Raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError, ValueError):
        return False
    return True


def _converted(values: dict[str, Any], kind: type[S]) -> S:
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise _refused(400, str(error), "parameter", kind) from None
    except (ValueError, OverflowError, ArithmeticError):
        raise Problem(400, "A query parameter holds a number that can't be read.") from None


def _refused(status: int, message: str, where: str, kind: type[Struct]) -> Problem:
    """What msgspec says, as ``Expected `int`, got `str` - at `$.limit` ``, in a reader's words."""
    what, _, path = message.partition(" - at `")
    name, _, index = path.removesuffix("`").removeprefix("$").removeprefix(".").partition("[")
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    within = path.removesuffix("`").removeprefix("$.")
    if "." in within or ("[" in within and not what.startswith(("Expected", "Invalid"))):
        # of a field inside of another one
        detail = f"{within}: {what.replace('`', '')}"
        return Problem(status, f"{detail}.", errors=[{where: within, "detail": detail}])
    if name in fields:
        return _wrong(
            status, name, f"must be {expected(fields[name].type, in_list=bool(index))}", where
        )
    if missing := _MISSING.fullmatch(what):
        return _wrong(status, missing[1], "is missing", where)
    if unknown := _UNKNOWN.fullmatch(what):
        known = ", ".join(fields) or "none"
        return _wrong(status, _short(unknown[1]), f"is not known here. Known: {known}", where)
    if ranged := _RANGED.fullmatch(what):
        return _wrong(status, ranged[1], ranged[2], where)
    detail = "The body must be a JSON object" if where == "body" else what.replace("`", "")
    return Problem(status, f"{detail}.", errors=[{where: "(whole)", "detail": detail}])


def _wrong(status: int, name: str, what: str, where: str = "parameter") -> Problem:
    return Problem(status, f"{name} {what}.", errors=[{where: name, "detail": what}])


def _short(name: str) -> str:
    return name if len(name) <= 60 else name[:59] + "…"


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, dict):
        return any(_holds_nul(item) for item in value.values())
    return isinstance(value, list | tuple) and any(_holds_nul(item) for item in value)
