"""Draws the demonstration: the page once, and its panels again whenever something has changed."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

from fastapi import HTTPException
from jinja2 import Environment, PackageLoader, StrictUndefined

from bot.demo import company, desk, feed, guide, timeline
from bot.demo.sight import Sight
from bot.demo.stage import Stage
from core.models.contacts import Contact
from core.models.setup import Staff
from core.text import gap

ASSETS = {
    "demo.css": "text/css; charset=utf-8",
    "demo.js": "text/javascript; charset=utf-8",
    "mark.svg": "image/svg+xml",
}
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; form-action 'none'; base-uri 'none'; frame-ancestors 'none'"
)
FRAME_POLICY = PAGE_POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'")
PANELS = ("guide", "coming", "agent", "staff", "walk")


@cache
def asset(name: str) -> bytes:
    return (files("bot") / "web" / "static" / "demo" / name).read_bytes()


def address(name: str) -> str:
    """Changes with the content, so that a browser may keep it for ever."""
    return f"/demo/static/{name}?v={hashlib.sha256(asset(name)).hexdigest()[:12]}"


async def sight(stage: Stage, lang: str, customer: str, staff: str) -> Sight:
    """Who looks. What is not known is as at the beginning; a customer who was erased comes as somebody new."""
    locale = stage.app.site.templates.best_locale(lang[:200])
    wanted = customer if customer in company.PLAYED else _speaking(locale)
    played = await Contact.get_or_none(ref=wanted)
    if played is None:
        anew = next(one for one in company.sample().customers if one.key == wanted)
        played = await company.welcome(anew, stage.zone, now=stage.clock())
    return Sight(stage, locale, played, await _played_by(staff[:200], wanted), stage.clock())


async def _played_by(key: str, customer: str) -> Staff:
    """Whoever looks may have sent any of them away. Nobody at all cannot be played."""
    agents = Staff.filter(active=True)
    usual = company.staff_key(company.PLAYED[customer])
    found = (
        await agents.get_or_none(key=key) or await agents.get_or_none(key=usual) or await agents.order_by("id").first()
    )
    if found is None:
        raise HTTPException(410, "Nobody works here any more. Stop it, and begin anew: afterword demo --fresh")
    return found


async def _people(seen: Sight) -> list[tuple[str, list[Staff]]]:
    """Team by team, those without one at the end."""
    people = await Staff.filter(active=True).order_by("id").select_related("team")
    of: dict[str, list[Staff]] = {}
    for one in sorted(people, key=lambda one: (one.team is None, one.team.key if one.team else "")):
        of.setdefault(seen.team(one.team), []).append(one)
    return list(of.items())


def _speaking(locale: str) -> str:
    """Whoever is played first speaks the language of whoever looks."""
    played = [one for one in company.sample().customers if one.key in company.PLAYED]
    return next((one.key for one in played if one.locale == locale), played[0].key)


async def page(seen: Sight) -> str:
    values = {
        "address": address,
        "panels": await panels(seen),
        "customers": [one for one in company.sample().customers if one.key in company.PLAYED],
        "agents": {one: company.staff_key(agent) for one, agent in company.PLAYED.items()},
        "people": await _people(seen),
        "locales": seen.stage.app.site.templates.locales(),
        "language": lambda tag: seen.stage.app.site.templates.label("language.name", tag),
        "words": seen.stage.app.site.templates.labels("demo_js", seen.locale),
    }
    return _draw("page", seen, values)


async def panels(seen: Sight) -> dict[str, str]:
    """The parts that change, as HTML."""
    values: dict[str, Any] = {
        "points": await guide.points(seen),
        "coming": await timeline.coming(seen),
        "steps": await timeline.happened(seen),
        "open": await desk.open_cards(seen),
        "resolved": await desk.resolved_cards(seen),
        "month": await desk.month(seen),
        "posts": await feed.posts(seen),
    }
    return {name: _draw(f"panel_{name}", seen, values) for name in PANELS}


def chat(seen: Sight) -> str:
    """The company's own page, which embeds the chat with one script tag, as any site would."""
    key = seen.customer.ref or ""
    return _draw("chat", seen, {"address": address, "chat": company.CHAT, "visitor": seen.stage.visitor(key)})


def _draw(name: str, seen: Sight, values: dict[str, Any]) -> str:
    template = _environment().get_template(f"{name}.html.j2")
    said = {"say": seen.say, "when": seen.when, "clock": seen.clock, "span": seen.span, "gap": gap(seen.locale)}
    return template.render(seen=seen, **said, **values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=PackageLoader("bot", "templates/web/demo"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
