"""What continuous integration installs is what the project asks for."""

import re
import tomllib
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name


def test_the_lock_file_satisfies_every_requirement(checkout: Path) -> None:
    project = tomllib.loads(checkout.joinpath("pyproject.toml").read_text())["project"]
    asked = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    lock = checkout.joinpath("requirements.lock").read_text()
    locked = dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.MULTILINE))
    for requirement in map(Requirement, asked):
        name = canonicalize_name(requirement.name)
        if name != "classpulse":
            assert name in locked, f"{name} is not locked: see the first lines of requirements.lock"
            assert requirement.specifier.contains(locked[name]), name


def test_the_lock_file_names_no_place_to_download_from(checkout: Path) -> None:
    lock = checkout.joinpath("requirements.lock").read_text()
    assert not re.search(r"https?://|file:|--index|--extra-index|--find-links", lock)
