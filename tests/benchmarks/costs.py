"""Every cost in one table: python tests/benchmarks/costs.py [--runs N] [--ten] [--only WORD].

Runs the other benchmarks one after the other, each `--runs` times, and prints the median of each
figure beside what it should reach; the bare server and the usual trigger are measured in the same
runs. `--ten` adds the same at ten times the sections, events or streams. Run it on a machine that
does nothing else; it takes about ten minutes a run.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent


@dataclass(frozen=True)
class Row:
    """One line: which figures of which benchmark, and what they should reach."""

    title: str
    command: str
    figures: tuple[str, ...]
    target: str
    #: at ten times the size
    ten: bool = False


ANSWERS = "answers.py --sections 667 3333"
ROWS = (
    Row("COMMIT → curl, 50 writes/s, median / p99 ms", "latency.py", ("median", "p99"), "3.5 / 10"),
    Row(
        "the same at 100,000 students, of the small school's",
        "latency.py --sections 3333",
        ("median", "p99"),
        "1.2 ×",
    ),
    Row(
        "100 changes/s, 200 streams, none with performance_update, median / p99 ms",
        "updates.py",
        ("without median", "without p99"),
        "",
    ),
    Row(
        "– 20 ask for performance_update",
        "updates.py",
        ("with median", "with p99"),
        "8 / 25",
    ),
    Row("– KB of an update", "updates.py", ("update kb",), "4"),
    Row(
        "inserts/s with everything on, % of bare: 1 · 8 · 32 writers",
        "write_cost.py",
        ("share 1", "share 8", "share 32"),
        "80 · 55 · 60",
    ),
    Row("– of the usual row trigger's at 32", "write_cost.py", ("of row trigger 32",), "2.2 ×"),
    Row(
        "– inserts/s without triggers: 1 · 8 · 32 writers",
        "write_cost.py",
        ("bare 1", "bare 8", "bare 32"),
        "",
    ),
    Row(
        "– with the usual row trigger",
        "write_cost.py",
        ("row trigger 1", "row trigger 8", "row trigger 32"),
        "",
    ),
    Row(
        "single-row commits/s folded and sent for 60 s; p99 ms",
        "sustained.py",
        ("told a second", "p99"),
        "3,000; 1,000",
    ),
    Row("verify under writes, of quiet", "sustained.py", ("verify ratio",), "4 ×"),
    Row(
        "fan-out, CPU per delivery of the bare server's; µs of ours · of the bare one's",
        "fanout.py",
        ("cpu ratio", "cpu us", "bare cpu us"),
        "1.6 ×",
    ),
    Row(
        "connects/s: first · again; KB per idle stream; % of a core",
        "streams.py",
        ("opened_a_second", "reopened_a_second", "kb_each_idle", "cpu_percent_idle"),
        "2,500; 20; 3",
    ),
    Row("teacher: overview as JSON, ms", ANSWERS, ("667 teacher overview as JSON ms",), "3"),
    *(
        Row(
            f"principal, {sections} sections: {title}, ms · KB on the wire",
            ANSWERS,
            (f"{sections} principal {title} ms", f"{sections} principal {title} kb"),
            target,
        )
        for sections in (667, 3333)
        for title, target in (
            ("overview as JSON", "20 · 40"),
            ("overview page", "60 · 30"),
            ("subjects as JSON", "20"),
            ("students, first 50", "20"),
        )
    ),
    Row(
        "500 deaf readers: peak MB; longest answer ms",
        "deaf.py",
        ("peak_mb", "longest_ms"),
        "250; 300",
    ),
    Row(
        "ten times the sections: update KB", "updates.py --sections 6670", ("update kb",), "4", True
    ),
    Row(
        "ten times the events, 500 writes/s: COMMIT → curl, median / p99 ms",
        "latency.py --rate 500 --writes 10000",
        ("median", "p99"),
        "",
        True,
    ),
    Row(
        "ten times the idle streams: KB each; % of a core",
        "streams.py --readers 19000 --seconds 60",
        ("kb_each_idle", "cpu_percent_idle"),
        "20; 3",
        True,
    ),
    Row(
        "ten times the streams: CPU per delivery of the bare server's",
        "fanout.py --readers 10000 --rate 1",
        ("cpu ratio",),
        "",
        True,
    ),
    Row(
        "ten times the sections: principal's overview as JSON, ms · KB",
        "answers.py --sections 6670",
        ("6670 principal overview as JSON ms", "6670 principal overview as JSON kb"),
        "",
        True,
    ),
)


def run(command: str) -> dict[str, float]:
    """The figures of one run of one benchmark; what it prints goes to standard error."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name, "figures.json")
        script, *arguments = command.split()
        subprocess.run(
            [sys.executable, str(FOLDER / script), *arguments, "--json", str(file)],
            stdout=sys.stderr,
            check=True,
        )
        figures: dict[str, float] = json.loads(file.read_text())
        return figures


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--ten", action="store_true", help="also at ten times the size")
    parser.add_argument("--only", default="", help="rows whose title or command holds this")
    given = parser.parse_args()
    rows = [
        row
        for row in ROWS
        if (given.ten or not row.ten) and given.only in f"{row.title} {row.command}"
    ]
    print("| | measured | to reach |\n|---|---|---|")
    medians: dict[str, dict[str, float]] = {}
    for row in rows:
        if row.command not in medians:
            runs = [run(row.command) for _ in range(given.runs)]
            medians[row.command] = {
                name: statistics.median(one[name] for one in runs) for name in runs[0]
            }
        values = [medians[row.command].get(name) for name in row.figures]
        shown = " · ".join("–" if value is None else f"{value:,.4g}" for value in values)
        print(f"| {row.title} | {shown} | {row.target} |", flush=True)


if __name__ == "__main__":
    main()
