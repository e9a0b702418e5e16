"""Pages that a browser asks for again: what it shows already is not sent once more."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from starlette.responses import Response

from classpulse.serve.pages.rendering import page

# What says how new a page is, and nothing else; and what is written otherwise each time.
_AS_OF = re.compile(
    rb'data-since="[^"]*"|data-as-of-time="[^"]*"|<span data-record="as-of">.*?</span>'
    rb'|<p class="indicator".*?</p>|name="csrf_token" value="[^"]*"',
    re.DOTALL,
)


def page_unless_known(known: str | None, template: str, context: Mapping[str, Any]) -> Response:
    """A page with its ETag; 304 without a body where ``known`` (``If-None-Match``) is the same.

    Two pages that show the same have the same one, whatever they are as of.
    """
    made = page(template, context)
    digest = hashlib.sha256(_AS_OF.sub(b"", bytes(made.body))).hexdigest()[:32]
    # weak: the bytes differ in what they are as of
    etag = f'W/"{digest}"'
    if known is not None and etag in (one.strip() for one in known.split(",")):
        headers = {name: made.headers[name] for name in ("cache-control",)}
        return Response(status_code=304, headers={**headers, "etag": etag})
    made.headers["etag"] = etag
    return made
