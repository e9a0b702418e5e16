"""Answers as the pages take them."""

from typing import Any

import msgspec

from classpulse.serve.answers import encode


def plain(content: Any) -> Any:
    """Through JSON, so that the page shows what its stream will tell."""
    return msgspec.json.decode(encode(content))
