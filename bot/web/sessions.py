"""What a browser keeps for us, and what we sign for it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response

from bot.web.site import Site

_NAME = "afterword"
_SECONDS = 30 * 24 * 3600
_LONGEST = 100


def read(request: Request, site: Site) -> str:
    """The browser's own secret, or "" when it has none."""
    value = request.cookies.get(cookie_name(site, _NAME), "")
    return value if len(value) <= _LONGEST else ""


def new_secret() -> str:
    return secrets.token_urlsafe(24)


def keep(response: Response, site: Site, session: str) -> None:
    """`Lax`, not `Strict`: people come from a link in a mail, and must be known again when they come once more."""
    set_cookie(response, site, _NAME, session, seconds=_SECONDS)


def cookie_name(site: Site, name: str) -> str:
    """A cookie that no other host can set, where people come by https."""
    return f"__Host-{name}" if site.secure else name


def set_cookie(response: Response, site: Site, name: str, value: str, *, seconds: int) -> None:
    """For us alone: no script reads it, and no other site's form sends it along."""
    response.set_cookie(
        cookie_name(site, name), value, max_age=seconds, path="/", secure=site.secure, httponly=True, samesite="lax"
    )


def seal(site: Site, *parts: str) -> str:
    """Our signature under these words; 128 bits."""
    text = "\x00".join(("afterword:web", *parts)).encode()
    mac = hmac.new(site.secret, text, hashlib.sha256).digest()[:16]
    return base64.urlsafe_b64encode(mac).rstrip(b"=").decode()


def is_genuine(site: Site, signature: str, *parts: str) -> bool:
    return hmac.compare_digest(signature.encode(), seal(site, *parts).encode())


def stamp(site: Site, *parts: str) -> str:
    """A signed moment: "when.signature"."""
    when = str(int(site.clock().timestamp() * 1000))
    return f"{when}.{seal(site, when, *parts)}"


def age(site: Site, stamped: str, *parts: str, now: datetime) -> float | None:
    """Seconds since `stamp` was made with the same words; None when it was not."""
    when, _, signature = stamped.partition(".")
    if not (when.isascii() and when.isdigit() and len(when) < 16) or not is_genuine(site, signature, when, *parts):
        return None
    return now.timestamp() - int(when) / 1000
