"""What a parameter or a field takes, in words for the sentence that refuses another value."""

from typing import Any

from msgspec import inspect

_BIGINT = 2**63 - 1


def expected(kind: Any, *, in_list: bool = False) -> str:
    """Of a field's type: ``a whole number from 1 to 500``. ``in_list``: of one value in a list."""
    found = _alternatives(kind)
    if in_list:
        found = [of.item_type for of in found if isinstance(of, inspect.VarTupleType)]
    return " or ".join(_words(of) for of in found if not isinstance(of, inspect.NoneType))


def kinds(kind: Any) -> list[inspect.Type]:
    """The types that a field takes, those inside of a list too."""
    found = _alternatives(kind)
    return found + [of.item_type for of in found if isinstance(of, inspect.VarTupleType)]


def _alternatives(kind: Any) -> list[inspect.Type]:
    info = inspect.type_info(kind)
    return list(info.types) if isinstance(info, inspect.UnionType) else [info]


def _words(kind: inspect.Type) -> str:
    match kind:
        case inspect.IntType(ge=least, le=most):
            return "a whole number" + _range(least, None if most == _BIGINT else most)
        case inspect.DecimalType():
            return "a number"
        case inspect.LiteralType(values=values):
            return "one of " + ", ".join(map(str, values))
        case inspect.BoolType():
            return "true or false"
        case inspect.StructType() | inspect.DictType():
            return "an object"
        case inspect.DateType():
            return "a date like 2025-10-20"
        case inspect.StrType(min_length=least, max_length=most):
            return "a text" + (f" of {least or 0} to {most} characters" if most else "")
        case inspect.VarTupleType(item_type=item, max_length=most):
            words = _words(item)
            return f"{words}, {most} of them at most" if most else words
        case _:
            raise TypeError(f"no words for {kind}")


def _range(least: int | None, most: int | None) -> str:
    return "".join(
        f" {word} {number}"
        for word, number in (("from", least), ("to", most))
        if number is not None
    )
