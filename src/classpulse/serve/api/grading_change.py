"""A change of how grades are weighed: what it would do to whom, and the change itself."""

from collections.abc import Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import UNSET, Meta, Struct, UnsetType

from classpulse.serve.answers import encode
from classpulse.serve.api.refused import conflict, sentences
from classpulse.serve.auth.scope import rights, wide_school
from classpulse.serve.auth.viewer import Viewer
from classpulse.serve.parameters import Id
from classpulse.serve.problems import not_found
from classpulse.serve.snapshot import Reader, Row, writing
from classpulse.sql import queries

if TYPE_CHECKING:
    from databases import Database

_SQL = queries("grading")
#: of the standings that a change moves, so many are named
_MOST_ITEMS = 500

Drops = Annotated[int, Meta(ge=0, le=1_000)]
Name = Annotated[str, Meta(min_length=1, max_length=200)]
Version = Annotated[str, Meta(max_length=100)]
Place = tuple[int, int]


def _check_number(name: str, value: Decimal | UnsetType | None, bound: int) -> None:
    if isinstance(value, Decimal) and not (value.is_finite() and 0 <= value < bound):
        raise ValueError(f"{name} must be a number from 0 to {bound - 1:,}")


class PolicyChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of the policy of a section and subject, a section, a subject, a school, or (admin) the
    default one. What is left out stays as it is."""

    school_id: Id | None = None
    section_id: Id | None = None
    subject_id: Id | None = None
    pass_mark: Decimal | UnsetType = UNSET
    letter_scale: dict[str, Decimal] | list[Any] | UnsetType = UNSET
    letter_points: dict[str, Decimal] | UnsetType | None = UNSET
    carry_over: bool | UnsetType = UNSET
    version: Version | None = None

    def __post_init__(self) -> None:
        _check_number("pass_mark", self.pass_mark, 1_000_000_000)


class CategoryChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of a category; without ``category_id`` it is a new one of ``section_id`` and
    ``subject_id``."""

    category_id: Id | None = None
    school_id: Id | None = None
    section_id: Id | None = None
    subject_id: Id | None = None
    name: Name | UnsetType = UNSET
    weight: Decimal | UnsetType | None = UNSET
    drop_lowest: Drops | UnsetType = UNSET
    drop_highest: Drops | UnsetType = UNSET
    sort_order: Annotated[int, Meta(ge=0, le=1_000_000)] | UnsetType | None = UNSET
    version: Version | None = None

    def __post_init__(self) -> None:
        _check_number("weight", self.weight, 1_000_000)
        if self.category_id is None and self.name is UNSET:
            raise ValueError("a new category must have a name")
        moved = (self.school_id, self.section_id, self.subject_id)
        if self.category_id is not None and moved != (None, None, None):
            raise ValueError("a category stays where it is: make another one")


class ItemChange(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of an exam."""

    exam_id: Id
    counts: bool | UnsetType = UNSET
    extra_credit: bool | UnsetType = UNSET
    never_drop: bool | UnsetType = UNSET
    weight: Decimal | UnsetType | None = UNSET
    category_id: Id | UnsetType | None = UNSET
    version: Version | None = None

    def __post_init__(self) -> None:
        _check_number("weight", self.weight, 1_000_000)


class Changes(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``POST …/grading/preview`` and ``PUT …/grading``. A ``version``, where one is given, must
    be the one that was read: else somebody else changed the row meanwhile."""

    policy: PolicyChange | None = None
    categories: Annotated[tuple[CategoryChange, ...], Meta(max_length=200)] = ()
    items: Annotated[tuple[ItemChange, ...], Meta(max_length=500)] = ()


async def previewed(database: "Database", viewer: Viewer, changes: Changes) -> dict[str, Any]:
    """What the changes would do, with nothing written: they are made, looked at and undone."""
    async with sentences("the scheme"), writing(database, keep=False) as reader:
        return await _made(reader, viewer, changes)


async def saved(database: "Database", viewer: Viewer, changes: Changes) -> dict[str, Any]:
    """Make the changes, all or none, and tell what they do. Figures follow within a moment.

    A 404 problem for what is not theirs to change, 409 where somebody else changed it meanwhile,
    422 for what the school's tables refuse.
    """
    async with sentences("the scheme"), writing(database) as reader:
        return await _made(reader, viewer, changes)


async def _made(reader: Reader, viewer: Viewer, changes: Changes) -> dict[str, Any]:
    await _hold(reader, viewer, "own_categories", "category", changes.categories, "category_id")
    await _hold(reader, viewer, "own_items", "exam", changes.items, "exam_id")
    policy = None
    if changes.policy is not None:
        policy = await _policy_place(reader, viewer, changes.policy)
    for one in changes.categories:
        if one.category_id is None:
            await _require_place(reader, viewer, one)

    ruled = await _places(reader, changes)
    others: set[Place] = set()
    if policy is not None:
        others = {
            (row["section_id"], row["subject_id"])
            for row in await reader.all(_SQL["places_of_policy"], **policy)
        }
    carries = changes.policy is not None and changes.policy.carry_over is not UNSET
    if carries:
        # which grades count is decided anew
        ruled |= others
    before = await _outcome(reader, ruled, others - ruled)
    await _write(reader, viewer, changes, policy)
    if carries:
        await reader.all(_SQL["begin_looking"])
        sections = sorted({section for section, _ in others})
        await reader.all(_SQL["apply_policies"], sections=sections)
    after = await _outcome(reader, ruled, others - ruled)
    if carries:
        # the figures are the projector's to move
        await reader.all(_SQL["end_looking"])
    return await _compared(reader, before, after)


async def _hold(
    reader: Reader, viewer: Viewer, query: str, noun: str, changes: Sequence[Any], key: str
) -> None:
    """Keep the rows from changing, and see that they are theirs and as they were read."""
    wanted = {
        getattr(change, key): change for change in changes if getattr(change, key) is not None
    }
    if not wanted:
        return
    theirs = {**rights(viewer), "school_id": wide_school(viewer), "ids": sorted(wanted)}
    found = await reader.all(_SQL[query], **theirs)
    if len(found) != len(wanted):
        raise not_found(noun)
    for row in found:
        _check_version(wanted[row["id"]].version, row, f"“{row['name']}”")


def _check_version(version: str | None, row: Row, what: str) -> None:
    if version is not None and version != row["version"]:
        raise conflict(what)


async def _policy_place(reader: Reader, viewer: Viewer, change: PolicyChange) -> Row:
    """Which row a change of a policy is for; 404 unless it is the viewer's to set."""
    school = change.school_id
    if change.section_id is not None or change.subject_id is not None:
        school = (
            await reader.only(
                _SQL["school_of"], section_id=change.section_id, subject_id=change.subject_id
            )
        )["school_id"]
        if school is None or change.school_id not in (None, school):
            raise not_found("policy")
    elif school is None:
        school = wide_school(viewer)
    if not may_set_policy(viewer, school):
        raise not_found("policy")
    place: Row = {
        "of_school": school,
        "section_id": change.section_id,
        "subject_id": change.subject_id,
    }
    row = await reader.one(_SQL["own_policy"], **place)
    if row is not None:
        _check_version(change.version, row, "the policy")
    return place


def may_set_policy(viewer: Viewer, school: int | None) -> bool:
    """Whether the policies of a school (none: the default one) are theirs to set."""
    return viewer.scope.everything or (school is not None and school == wide_school(viewer))


async def _require_place(reader: Reader, viewer: Viewer, change: CategoryChange) -> None:
    """404 unless a new category would be of a section of theirs, or of their school."""
    if change.section_id is not None and change.section_id in viewer.scope.sections:
        return
    if not may_set_policy(viewer, await _school_of(reader, viewer, change)):
        raise not_found("section")


async def _school_of(reader: Reader, viewer: Viewer, change: CategoryChange) -> int | None:
    if change.section_id is None and change.subject_id is None:
        return change.school_id or wide_school(viewer)
    row = await reader.only(
        _SQL["school_of"], section_id=change.section_id, subject_id=change.subject_id
    )
    school: int | None = row["school_id"]
    return school


async def _places(reader: Reader, changes: Changes) -> set[Place]:
    rows = await reader.all(
        _SQL["places_of_rules"],
        categories=[one.category_id for one in changes.categories if one.category_id],
        items=[one.exam_id for one in changes.items],
    )
    return {(row["section_id"], row["subject_id"]) for row in rows}


async def _write(reader: Reader, viewer: Viewer, changes: Changes, policy: Row | None) -> None:
    for one in changes.categories:
        if one.category_id is not None:
            await reader.all(_SQL["change_category"], id=one.category_id, given=_given(one))
        else:
            await reader.all(
                _SQL["new_category"],
                of_school=await _school_of(reader, viewer, one),
                section_id=one.section_id,
                subject_id=one.subject_id,
                given=_given(one),
            )
    for item in changes.items:
        await reader.all(_SQL["change_item"], id=item.exam_id, given=_given(item))
    if policy is not None and changes.policy is not None:
        await reader.all(_SQL["change_policy"], **policy, given=_given(changes.policy))


def _given(change: Struct) -> str:
    """What a change sets, as JSON."""
    return encode(
        {
            name: value
            for name, value in msgspec.structs.asdict(change).items()
            if value is not UNSET
        }
    ).decode()


async def _outcome(
    reader: Reader, ruled: set[Place], others: set[Place]
) -> dict[tuple[int, int, int], Row]:
    rows = await reader.all(
        _SQL["outcome"],
        rule_sections=[section for section, _ in ruled],
        rule_subjects=[subject for _, subject in ruled],
        other_sections=[section for section, _ in others],
        other_subjects=[subject for _, subject in others],
    )
    return {
        (row["section_id"], row["subject_id"], row["student_id"]): {
            name: row[name] for name in ("average", "letter", "passed")
        }
        for row in rows
    }


async def _compared(
    reader: Reader,
    before: dict[tuple[int, int, int], Row],
    after: dict[tuple[int, int, int], Row],
) -> dict[str, Any]:
    changed = sorted(
        key for key in before.keys() | after.keys() if before.get(key) != after.get(key)
    )

    def count(name: str) -> int:
        return sum(
            before.get(key, _NOTHING)[name] != after.get(key, _NOTHING)[name] for key in changed
        )

    shown = changed[:_MOST_ITEMS]
    names = {
        row["id"]: row["name"]
        for row in await reader.all(_SQL["names"], ids=sorted({key[2] for key in shown}))
    }
    return {
        "of": len(before.keys() | after.keys()),
        "averages_changed": count("average"),
        "letters_changed": count("letter"),
        "passes_changed": count("passed"),
        "items": [
            {
                "student_id": student,
                "student_name": names.get(student),
                "section_id": section,
                "subject_id": subject,
                "before": before.get((section, subject, student), _NOTHING),
                "after": after.get((section, subject, student), _NOTHING),
            }
            for section, subject, student in shown
        ],
        "truncated": len(changed) > _MOST_ITEMS,
    }


_NOTHING: Row = {"average": None, "letter": None, "passed": None}
