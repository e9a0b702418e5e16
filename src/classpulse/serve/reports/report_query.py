"""What a report's address asks for."""

from typing import Literal

import msgspec

from classpulse.serve.api.students import Basis, Conditions, Filters, Order, Sort, check_basis
from classpulse.serve.parameters import Id, Ids
from classpulse.serve.problems import Problem
from classpulse.serve.reports.content import Report

Format = Literal["csv", "xlsx", "pdf"]
# What says which report it is, and not which standings are in it.
_CHOICE = ("report", "format", "student_id")


class ReportQuery(Conditions, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Of ``GET …/reports/download``: the filters of ``GET …/students``, and of what, and how."""

    report: Report | None = None
    format: Format = "csv"
    section_id: Ids = ()
    subject_id: Ids = ()
    student_id: Id | None = None
    sort: Sort | None = None
    order: Order = "asc"
    basis: Basis | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        check_basis(self.basis, self.subject_id)

    def filters(self, report: Report) -> Filters:
        """The same as a list of standings takes them; a subject goes by the averages in it."""
        names = {field.name for field in msgspec.structs.fields(Filters)}
        same = names - {"limit", "cursor", "basis"}
        basis = self.basis or ("subject" if report == "subject" else "standing")
        return Filters(**{name: getattr(self, name) for name in same}, basis=basis)

    def given(self) -> dict[str, object]:
        """What differs from an address without parameters, but for the report and its format."""
        return {
            field.name: getattr(self, field.name)
            for field in msgspec.structs.fields(self)
            if field.name not in ("report", "format") and getattr(self, field.name) != field.default
        }


def report_of(asked: ReportQuery) -> Report:
    """Which report is meant; a 400 problem where the parameters don't say one."""
    report = asked.report or _implied(asked)
    if report == "student":
        _check_student(asked)
    elif asked.student_id is not None:
        raise _wrong("student_id", f"student_id makes a student report, not report={report}.")
    for noun, ids in (("section", asked.section_id), ("subject", asked.subject_id)):
        if report == noun and len(set(ids)) != 1:
            raise _wrong(f"{noun}_id", f"report={noun} takes exactly one {noun}_id.")
    return report


def _implied(asked: ReportQuery) -> Report:
    if asked.student_id is not None:
        return "student"
    if len(set(asked.section_id)) == 1:
        return "section"
    if len(set(asked.subject_id)) == 1:
        return "subject"
    return "overview"


def _check_student(asked: ReportQuery) -> None:
    if asked.student_id is None:
        raise _wrong("student_id", "report=student takes a student_id.")
    other = sorted(set(asked.given()) - set(_CHOICE))
    if other:
        raise _wrong(
            other[0],
            f"A student report is of everything that is yours to see of the student: leave out "
            f"{', '.join(other)}.",
        )


def _wrong(name: str, detail: str) -> Problem:
    return Problem(400, detail, errors=[{"parameter": name, "detail": detail}])
