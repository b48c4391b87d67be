"""What takes the place of words about somebody who was erased."""

from __future__ import annotations

from bot import markup
from bot.site import Site
from core.models.deliveries import Delivery
from core.ports import Channel, Message
from core.privacy import retracting

KINDS = frozenset({retracting.KIND})


def draw(delivery: Delivery, channel: Channel, site: Site) -> Message:
    """It says of whom no more than that, and a message that is gone meanwhile stays so."""
    locale = site.templates.best_locale("")
    words = site.templates.label("alert.retracted", locale)
    text = str(markup.value(markup.writer(channel.dialect), words))
    return Message(delivery.key, retracting.KIND, text=text, plain=words, locale=locale, stays_gone=True)
