"""Whether a browser's request comes from our own pages."""

from urllib.parse import urlsplit

from starlette.requests import HTTPConnection


def same_site(conn: HTTPConnection) -> bool:
    """Whether a browser says that this request comes from our own pages, or from allowed ones.

    Programs other than browsers send neither ``Origin`` nor ``Sec-Fetch-Site`` and are believed.
    """
    settings = conn.app.state.settings
    origin = conn.headers.get("origin")
    if origin in settings.cors_origins or origin in settings.origins:
        return True
    site = conn.headers.get("sec-fetch-site", "none").lower()
    if site != "none":
        # No page can set this header. A neighbour under the same domain is "same-site": a stranger.
        return site == "same-origin"
    return origin is None or _host_of(origin) == conn.headers.get("host", "").lower()


def _host_of(origin: str) -> str | None:
    # The scheme is left out: behind a proxy that ends TLS we may not know ours.
    try:
        return urlsplit(origin).netloc.lower() or None
    except ValueError:
        return None
