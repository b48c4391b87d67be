"""Who a visitor is, as the embedding site vouches for it: a JSON Web Token (HS256) with `sub`, `name`, `locale`, `exp`.

It is written by the host site, in whatever language that is made in, so it is a format for which each of them has a
library. Only HS256 is read, whatever a token's header claims, so nothing can be talked into another algorithm.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from datetime import UTC, datetime, timedelta

from pydantic import SecretStr

from core.ports import Person
from core.text import clean_line

VISITOR_ID = re.compile(r"[A-Za-z0-9._@+-]{1,120}")
_LIMIT = 4096
_LEEWAY = timedelta(minutes=1)
_LOCALE = re.compile(r"[A-Za-z]{2,3}(?:[-_][A-Za-z0-9]{1,8}){0,3}")
_HEADER = {"alg": "HS256", "typ": "JWT"}


def visitor_token(
    secret: SecretStr | str, visitor_id: str, name: str = "", locale: str = "", *, expires_at: datetime | None = None
) -> str:
    """What a host site puts into `data-visitor`. Raises ValueError for an id that no address could have."""
    if not VISITOR_ID.fullmatch(visitor_id):
        raise ValueError("a visitor id has 1 to 120 letters, digits or ._@+-")
    claims: dict[str, object] = {"sub": visitor_id, "name": name, "locale": locale}
    if expires_at is not None:
        claims["exp"] = int(expires_at.timestamp())
    signed = f"{_encode(_json(_HEADER))}.{_encode(_json(claims))}"
    return f"{signed}.{_encode(_sign(secret, signed))}"


def read_visitor_token(secret: SecretStr | str, token: str, *, now: datetime) -> Person | None:
    """Whom a token names; None when it is not genuine, is over, or names nobody."""
    signed, _, signature = token.rpartition(".")
    if len(token) > _LIMIT or not token.isascii() or signed.count(".") != 1:
        return None
    if not hmac.compare_digest(_encode(_sign(secret, signed)).encode(), signature.encode()):
        return None
    header, claims = (_object(part) for part in signed.split("."))
    if header.get("alg") != "HS256" or not _is_current(claims, now):
        return None
    visitor = claims.get("sub")
    if not isinstance(visitor, str) or not VISITOR_ID.fullmatch(visitor):
        return None
    return Person(visitor, clean_line(str(claims.get("name") or "")), locale_tag(str(claims.get("locale") or "")))


def locale_tag(text: str) -> str:
    """The language tag if it can be one, else nothing."""
    return text if _LOCALE.fullmatch(text) and len(text) <= 20 else ""


def _is_current(claims: dict[str, object], now: datetime) -> bool:
    for claim, sign in (("exp", 1), ("nbf", -1)):
        limit = claims.get(claim)
        if limit is None:
            continue
        if isinstance(limit, bool) or not isinstance(limit, int | float) or not 0 <= limit < 32_503_680_000:
            return False
        moment = datetime.fromtimestamp(limit, UTC)
        if sign * (moment - now) < -_LEEWAY:
            return False
    return True


def _sign(secret: SecretStr | str, signed: str) -> bytes:
    key = secret.get_secret_value() if isinstance(secret, SecretStr) else secret
    return hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _object(part: str) -> dict[str, object]:
    """A part that was signed is the host's own, but the host may be wrong: what is no object is an empty one."""
    try:
        value = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except (binascii.Error, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
