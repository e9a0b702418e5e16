"""Imports go one way: cli → serve → publish → events ← project; and within each room, too."""

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "src" / "classpulse"
GROUND = {
    "__init__",
    "address",
    "assets",
    "errors",
    "events",
    "outage",
    "prove",
    "rights",
    "settings",
    "sql",
}
# What each room may import, besides itself and the ground floor. The composition root and the
# commands put the rooms together.
ROOMS: dict[str, set[str]] = {
    "database": set(),
    "project": {"database"},
    "publish": {"database"},
    "serve": {"database", "publish"},
    "selftest": {"database", "serve"},
    "demo": {"database", "serve", "selftest"},
    "cli": {"database", "project", "serve", "selftest", "demo"},
}
COMPOSITION = {"serve/app.py": {"project"}}
# The rooms within a room, from the ground up: each may import what lies before it.
STOREYS = {
    "database": ["", "embedded", "install"],
    "serve": [
        "",
        "limits",
        "auth",
        "api",
        "stream",
        "pages",
        "reports",
        "middleware",
    ],
}
APART = {"serve": [{"stream", "pages", "reports"}]}
MODULES = sorted(PACKAGE.rglob("*.py"))


def imported(path):
    """Every module of the package that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: relative import"
            names = [node.module or ""]
            if node.module == "classpulse":
                names = [f"classpulse.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        else:
            continue
        for name in names:
            if name.split(".")[0] == "classpulse":
                yield name


def room(module):
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_room_imports_only_what_lies_below_it(path):
    file = str(path.relative_to(PACKAGE))
    own = file.split("/")[0].removesuffix(".py")
    if own in GROUND:
        allowed = GROUND
    else:
        allowed = GROUND | {own} | ROOMS[own] | COMPOSITION.get(file, set())
    wrong = {name for name in imported(path) if room(name) not in allowed | {"__version__"}}
    assert not wrong, f"{file} may not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_storey_of_a_room_imports_only_what_lies_below_it(path):
    file = path.relative_to(PACKAGE)
    own, storey = file.parts[0], file.parts[1] if len(file.parts) > 2 else ""
    if own not in STOREYS or str(file) in COMPOSITION:
        return
    order = STOREYS[own]
    for name in imported(path):
        parts = name.split(".")
        if parts[1:2] != [own]:
            continue
        other = parts[2] if len(parts) > 2 and (PACKAGE / own / parts[2]).is_dir() else ""
        assert order.index(other) <= order.index(storey), f"{file} may not import {name}"
        for neighbours in APART.get(own, []):
            together = other == storey or not {other, storey} <= neighbours
            assert together, f"{file} may not import {name}"


def test_publish_knows_nothing_of_http():
    for path in (PACKAGE / "publish").rglob("*.py"):
        names = {
            name.split(".")[0]
            for node in ast.walk(ast.parse(path.read_text()))
            for name in (
                [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else []
            )
        }
        assert not names & {"starlette", "uvicorn", "sse_starlette", "websockets", "http"}, path


def test_no_python_file_holds_sql():
    """Statements live in sql/, by name."""
    starts = ("select ", "insert into", "update ", "delete from", "create ", "with ", "call ")
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                text = " ".join(node.value.split())
                assert not (
                    text.lower().startswith(starts) and text[:1].islower() and " from " in text
                ), f"{path.name}: {text[:60]}"
