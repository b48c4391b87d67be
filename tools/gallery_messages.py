"""The messages of the gallery: every kind in `bot/placeholders.py`, with sample values, in the words that ship."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.rendering import Rendered, Templates
from bot.site import Site
from bot.staff import figures
from bot.staff import forms as staff_forms
from bot.surveys import screens
from bot.surveys.messages import OPENINGS
from bot.trials import samples
from bot.trials.samples import GROUPS, ONLY_MAIL, STAFF
from bot.trials.surfaces import SURFACES
from bot.wording import Wording
from core.insight.today import Today
from core.models.invites import Invite
from core.models.setup import Staff
from core.ports import Channel, Fact, Form, Message
from core.surveys.settings import SurveySettings

__all__ = ["GROUPS", "ONLY_MAIL", "STAFF", "STAFF_ANYWHERE", "forms", "message"]
STAFF_ANYWHERE = ("alert", "alert_flood", "alert_unnamed", "alert_test", "rule_alert", "request")
"""What staff can also get in Telegram and by mail."""


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
