"""The messages of the gallery: every kind in `bot/placeholders.py`, with sample values, in the words that ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.rendering import Rendered, Templates
from bot.site import Site
from bot.staff import figures
from bot.staff import forms as staff_forms
from bot.surveys import messages, screens
from bot.surveys.messages import OPENINGS
from bot.trials import samples
from bot.trials.samples import GROUPS, ONLY_MAIL, STAFF
from bot.trials.surfaces import SURFACES
from bot.wording import Wording
from core.insight.today import Today
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.invites import Invite
from core.models.setup import Staff
from core.ports import Button, Channel, Fact, Form, Message
from core.surveys.settings import SurveySettings

__all__ = ["GROUPS", "IN_TELEGRAM", "ONLY_MAIL", "REPLY", "STAFF", "STAFF_ANYWHERE", "forms", "message"]
STAFF_ANYWHERE = ("alert", "alert_flood", "alert_unnamed", "alert_test", "rule_alert", "request")
"""What staff can also get in Telegram and by mail."""
REPLY = "reply"
"""What somebody of the staff wrote: no template's words."""
IN_TELEGRAM = "invite, with Telegram"
"""By mail, where a Telegram bot is set up beside it."""


async def forms(channel: Channel, templates: Templates, locale: str) -> dict[str, Form]:
    """Those that stand behind the buttons of a channel that has forms, by what opens them."""
    here = Site(templates.label("sample.shop", locale), samples.BASE_URL, templates)
    invite = Invite(key="k3x9w2m7qdab", anonymous=False)
    settings = SurveySettings()
    words = Wording(templates, settings, locale)
    kim = Staff(key="kim", name="Kim", locale=locale)
    return {
        "rate": screens.form(screens.Standing(invite, None, {"overall": 2}, settings, words), channel),
        "reply": await staff_forms.reply(here, "trial", kim),
        "assign": staff_forms.assign_to([kim, Staff(key="li", name="Li")], here, "trial", kim),
        "resolve (alert)": await staff_forms.resolve(here, "trial", kim),
        "resolve (request)": await staff_forms.resolve_request(here, "trial", kim),
        "snooze": await staff_forms.snooze(here, "trial", kim),
        "dismiss": await staff_forms.dismiss(here, "trial", kim),
    }


async def message(kind: str, channel: Channel, templates: Templates, locale: str) -> Message:
    """As it would be handed to the channel."""
    if kind == REPLY:
        return _reply(channel, templates, locale)
    if kind == IN_TELEGRAM:
        return _with_a_way_to_telegram(await message("invite", channel, templates, locale), templates)

    async def render(context: Mapping[str, object]) -> Rendered:
        return await templates.render(kind, locale, channel.dialect, context, channel=channel.kind)

    surface = SURFACES[channel.kind]
    made = await samples.message(kind, surface, templates, locale, render, key=f"gallery:{kind}")
    made = replace(made, unsubscribe_url=f"{samples.BASE_URL}/u/trial")
    if channel.kind == "email" and kind not in (*STAFF, *ONLY_MAIL):
        hint = [templates.label("mail.reply_hint", locale)] if kind in OPENINGS else []
        marker = templates.label("mail.marker", locale)
        footer = "\n".join([*hint, made.footer])
        made = replace(made, marker=marker, reply_token=f"ik3x9w2m7qdab.{'a' * 20}", footer=footer)
    if kind == "home":
        here = Site(templates.label("sample.shop", locale), samples.BASE_URL, templates)
        day = figures.lines(Today(asked=24, answered=13, average=4.2, negative=1), here, locale)
        return replace(made, facts=tuple(Fact(label, value) for label, value in day))
    return made


def _reply(channel: Channel, templates: Templates, locale: str) -> Message:
    said = templates.labels("sample", locale)
    here = Site(said["shop"], samples.BASE_URL, templates)
    words = f"{said['answered']}\n{samples.BASE_URL}/track?parcel=17"
    delivery = Delivery(key=f"gallery:{REPLY}", kind=REPLY, payload={"text": words, "actor": {"name": "Kim"}})
    ticket = Ticket(id=17, number="CS202611220001", subject=said["subject"])
    return messages.by_staff(delivery, ticket, channel, here, locale)


def _with_a_way_to_telegram(invite: Message, templates: Templates) -> Message:
    label = templates.label("button.rate_in_telegram", invite.locale)
    row = (Button(label, url=f"https://t.me/example_bot?start={samples.LINK}"),)
    return replace(invite, key=f"gallery:{IN_TELEGRAM}", rows=(*invite.rows, row))
