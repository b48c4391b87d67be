"""What explains an export to the person whom it is about, in their language."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.rendering import Templates

TABLES = (
    "contacts", "addresses", "tickets", "ticket_entries", "attachments", "invites", "decisions", "responses", "scores",
    "response_revisions", "held_answers", "page_visits", "recoveries", "alerts", "reactions", "deliveries", "bounces",
    "suppressions",
)  # fmt: skip


def letter(templates: Templates, wanted: str, *, site: str, now: datetime) -> Mapping[str, str]:
    """By file name, for `core.privacy.export`: README.txt."""
    locale = templates.best_locale(wanted)

    def say(key: str, **values: object) -> str:
        return templates.label(f"privacy.letter.{key}", locale, **values)

    lines = [say("hello", site=site, day=f"{now:%Y-%m-%d}"), "", say("what"), ""]
    lines += [f"- data.json: {say('data')}", f"- attachments/: {say('attachments')}", f"- raw/: {say('raw')}", ""]
    lines += [say("tables"), ""] + [f"- {name}: {say(f'table.{name}')}" for name in TABLES] + ["", say("left_out"), ""]
    return {"README.txt": "\n".join(lines)}
