"""Every setting is documented, and nothing is documented that is no setting."""

import re
from dataclasses import fields
from pathlib import Path

from classpulse.settings import Settings


class Asked(dict[str, str]):
    """An environment that keeps which names it was asked for."""

    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def get(self, key: str, default: str | None = None) -> str | None:  # type: ignore[override]
        self.names.add(key)
        return default


def test_the_settings_are_those_of_the_readmes_table(checkout: Path) -> None:
    environment = Asked()
    Settings.from_environment(environment)
    settings = environment.names - {"HOME", "XDG_DATA_HOME"}
    assert len(settings) == len(fields(Settings))
    readme = (checkout / "README.md").read_text()
    assert set(re.findall(r"(?m)^\| `([A-Z_]+)` \|", readme)) == settings


def test_the_docs_name_no_setting_that_there_is_not(checkout: Path) -> None:
    environment = Asked()
    Settings.from_environment(environment)
    for page in [checkout / "README.md", *sorted((checkout / "docs").glob("*.md"))]:
        named = set(re.findall(r"CLASSPULSE_[A-Z_]+", page.read_text()))
        named -= {"CLASSPULSE_TEST_DATABASE_URL", "CLASSPULSE_REAL_DATA"}
        assert named <= environment.names, page.name
