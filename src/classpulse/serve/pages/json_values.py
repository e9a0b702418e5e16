"""Answers as the pages take them."""

from decimal import Decimal
from typing import Any

import msgspec

from classpulse.serve.answers import encode

_decode = msgspec.json.Decoder(float_hook=Decimal).decode


def as_json_values(content: Any) -> Any:
    """Through JSON, so that the page shows what its stream will tell, to the last digit."""
    return _decode(encode(content))
