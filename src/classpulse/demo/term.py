"""A term that is under way: its dates, its school days, and its name."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

_WEEKS = 18
_WEEKS_GONE = 10
_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Term:
    """First and last day, both of them school days."""

    starts_on: date
    ends_on: date

    @classmethod
    def around(cls, today: date) -> "Term":
        """The term that began ten weeks before the Monday of this week."""
        monday = today - timedelta(days=today.weekday())
        starts_on = monday - timedelta(weeks=_WEEKS_GONE)
        return cls(starts_on, starts_on + timedelta(weeks=_WEEKS) - 3 * _DAY)

    @property
    def name(self) -> str:
        """After the season that it begins in."""
        month = self.starts_on.month
        season = "Autumn" if month >= 8 else "Summer" if month >= 4 else "Spring"
        return f"{season} term {self.starts_on.year}"

    def day(self, week: int, weekday: int) -> date:
        """The day of a week (the first is 1); ``weekday`` 0 is Monday."""
        return self.starts_on + timedelta(weeks=week - 1, days=weekday)

    def school_days(self, until: date) -> Iterator[date]:
        """Mondays to Fridays from the first day, ``until`` excluded."""
        day = self.starts_on
        while day < min(until, self.ends_on + _DAY):
            if day.weekday() < 5:
                yield day
            day += _DAY


def school_day(today: date) -> date:
    """Today, or the Friday before a weekend: the register that is still open."""
    return today - max(0, today.weekday() - 4) * _DAY
