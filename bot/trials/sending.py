"""A test to oneself: own words through a real channel, marked as a test, with buttons that count nothing."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot import markup
from bot.rendering import RenderError, TemplateError, Templates
from bot.site import Site
from bot.trials import drawing, surfaces
from bot.trials.drawing import Trial
from core import transactions
from core.models.accounts import Account
from core.models.deliveries import Delivery
from core.models.setup import StaffAddress
from core.plumbing import deliveries
from core.plumbing.deliveries import ANSWER, Draft
from core.ports import Channel, Message
from core.surveys.tokens import new_key

KIND = "trial"
_WORTH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Door:
    """Where somebody can be reached for a test: a configured channel, its kind, and an address of theirs in it."""

    channel: str
    kind: str
    address: str

    @property
    def key(self) -> str:
        return f"{self.channel} {self.address}"


async def doors_of(account: Account, channels: Collection[Channel]) -> list[Door]:
    """Only this person's own: the address they sign in with, and those by which they are known as staff."""
    found = [Door(one.name, one.kind, account.email) for one in channels if one.kind == "email"]
    for row in await StaffAddress.filter(staff_id=account.staff_id or 0).order_by("channel", "address"):
        found += [Door(one.name, one.kind, row.address) for one in channels if one.name == row.channel]
    return list(dict.fromkeys(found))


@transactions.atomic
async def send(door: Door, *, kind: str, source: str, locale: str, number: str, reader: str, now: datetime) -> Delivery:
    """On its way like every message, and seen among the deliveries. `reader` is the language that says it is a test."""
    draft = Draft(
        key=f"{KIND}:{new_key()}",
        kind=KIND,
        channel=door.channel,
        target=door.address,
        priority=ANSWER,
        payload={"kind": kind, "source": source, "locale": locale, "number": number, "reader": reader},
        expires_at=now + _WORTH,
    )
    return await deliveries.schedule(draft, due=now, now=now)


async def draw(delivery: Delivery, channel: Channel, site: Site) -> Message | None:
    """None where the words cannot be drawn (any more)."""
    said = {name: str(value) for name, value in delivery.payload.items()}
    real = await drawing.values_of(said["number"]) if said["number"] else None
    trial = Trial(said["kind"], said["source"], said["locale"], real or {}, site.name)
    try:
        made = await drawing.message(
            trial, surfaces.of(channel), site.templates, base_url=site.base_url, key=delivery.key
        )
    except (TemplateError, RenderError, ValueError):
        return None
    return _marked(made, channel, site.templates, said["reader"])


def _marked(made: Message, channel: Channel, templates: Templates, reader: str) -> Message:
    """So that nobody takes it for a real one."""
    words = templates.label("template.test_marker", reader)
    return replace(
        made,
        text=f"{markup.writer(channel.dialect).bold(words)}\n\n{made.text}",
        plain=f"{words}\n\n{made.plain}",
        subject=f"{templates.label('template.test_subject', reader)} {made.subject}".strip(),
    )
