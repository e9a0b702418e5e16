"""Programs and fonts that a test needs beside Chromium, on machines that lack them."""

import os
from typing import NoReturn

import pytest


def absent(what: str, package: str) -> NoReturn:
    """Skip with the line that installs it; fail where everything has to be there, as in CI."""
    reason = f"no {what}: apt-get install -y {package}"
    if os.environ.get("CI"):
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)
