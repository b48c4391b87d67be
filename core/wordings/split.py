"""Who gets which variant of an A/B test: decided by the test and the contact alone, so that nobody has to remember."""

from __future__ import annotations

import hashlib
import hmac

from core.models.wordings import Variant


def variant_of(key: str, contact_id: int, share: int) -> Variant:
    """The same for one contact in one test, always and everywhere; `share` per cent of all contacts get B.

    HMAC-SHA-256 of the contact under the test's key: as even as chance over any contacts, and who gets B in one test
    says nothing about the next.
    """
    digest = hmac.new(key.encode(), str(contact_id).encode(), hashlib.sha256).digest()
    return Variant.B if int.from_bytes(digest[:8]) * 100 < share << 64 else Variant.A
