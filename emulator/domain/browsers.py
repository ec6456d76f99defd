"""What a browser says of the page that sends a request, and which names nobody else can give away (O-38)."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

BROWSER_AGENT = b"Mozilla/"


def is_browser(origin: bytes | None, user_agent: bytes, language: bytes | None) -> bool:
    """Whether a browser sends the request: it names an origin, or itself as all browsers do, or a language.

    A page may name another user agent in its reads of its own host, and another language, but not none.
    """
    return origin is not None or language is not None or user_agent.startswith(BROWSER_AGENT)


def host_name(host: str) -> str | None:
    """The name or address in a Host header, in lower case without its port; None for one that cannot be read."""
    try:
        split = urlsplit(f"//{host}")
        _ = split.port  # one that is not a number raises
        name = split.hostname
    except ValueError:
        return None
    return name if name and split.path == "" and "@" not in host else None


def origin_authority(origin: str) -> str | None:
    """`host:port` of an Origin header, as a Host header has it; None for `null` and what cannot be read."""
    try:
        split = urlsplit(origin)
    except ValueError:
        return None
    return split.netloc or None


def is_local_name(name: str) -> bool:
    """Whether a name is an address, has no dot, or lies under localhost (RFC 6761): no name server gives it away."""
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return "." not in name or name.endswith(".localhost")
    return True


def is_local_origin(origin: str) -> bool:
    """Whether a page comes from this machine or its network, by its name. `null` does not say where it comes from."""
    authority = origin_authority(origin)
    name = host_name(authority) if authority else None
    return name is not None and is_local_name(name)
