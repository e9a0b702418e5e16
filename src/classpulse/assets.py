"""Where the files beside the code are: inside an installed wheel, or in the checkout."""

from pathlib import Path

_PACKAGE = Path(__file__).parent


def folder(name: str) -> Path:
    """The folder ``sql``, ``templates`` or ``static``."""
    installed = _PACKAGE / "assets" / name
    return installed if installed.is_dir() else _PACKAGE.parent.parent / name
