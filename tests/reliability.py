"""Runs the tests that are about faults and writes what they counted into docs/reliability.md.

    python tests/reliability.py [pytest's arguments]

A test is counted by its marker ``reliability(kind)``; what it measured it gives to pytest's own
``record_property``. Exit 1 if one of them failed; the page says so then, too.
"""

import platform
import sys
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent / "docs" / "reliability.md"
HEAD = """# Reliability

What faults and hostile input do to classpulse, counted. `python tests/reliability.py` runs these
tests on a real Postgres, real server processes and real readers, and writes this page; the suite
holds each of them at every change.

Made on {day} on Python {python}: {passed} of {all} tests of {kinds} kinds passed.

| kind of fault | tests | passed | counted in this run |
|---|--:|--:|---|
"""


@dataclass
class Kind:
    """One row of the page."""

    passed: int = 0
    failed: int = 0
    #: what was counted, by name: of several tests each its own value
    counted: dict[str, list[object]] = field(default_factory=lambda: defaultdict(list))


class Collector:
    """A plugin that keeps what the marked tests did."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = defaultdict(Kind)
        self._kind_of: dict[str, str] = {}

    def pytest_collection_modifyitems(
        self, config: pytest.Config, items: list[pytest.Item]
    ) -> None:
        for item in items:
            if marker := item.get_closest_marker("reliability"):
                self._kind_of[item.nodeid] = marker.args[0]
        others = [item for item in items if item.nodeid not in self._kind_of]
        config.hook.pytest_deselected(items=others)
        items[:] = [item for item in items if item.nodeid in self._kind_of]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        kind = self.kinds[self._kind_of[report.nodeid]]
        if report.when == "call" and report.passed:
            kind.passed += 1
            for name, value in report.user_properties:
                kind.counted[name].append(value)
        elif report.failed:
            kind.failed += 1


def page(kinds: dict[str, Kind]) -> str:
    """The page as Markdown."""
    passed = sum(kind.passed for kind in kinds.values())
    failed = sum(kind.failed for kind in kinds.values())
    head = HEAD.format(
        day=datetime.now(UTC).date(),
        python=platform.python_version(),
        passed=passed,
        all=passed + failed,
        kinds=len(kinds),
    )
    rows = [
        f"| {name} | {kind.passed + kind.failed} | {kind.passed} | {_counted(kind)} |\n"
        for name, kind in sorted(kinds.items())
    ]
    return head + "".join(rows)


def _counted(kind: Kind) -> str:
    return "; ".join(f"{name}: {_value(values)}" for name, values in kind.counted.items())


def _value(values: list[object]) -> str:
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(values) > 1 and len(numbers) == len(values):
        return f"{min(numbers):,} to {max(numbers):,}"
    return ", ".join(f"{v:,}" if isinstance(v, int | float) else str(v) for v in values)


def main(arguments: list[str]) -> int:
    collector = Collector()
    # in this process, where the collector is
    code = pytest.main(["-n0", *(arguments or [str(Path(__file__).parent)])], plugins=[collector])
    if collector.kinds:
        PAGE.write_text(page(collector.kinds))
    return int(code)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
