"""What explains an export to the person whom it is about, in their language."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from datetime import datetime

from bot.rendering import Templates
from core.text import colon

TABLES = (
    "contacts", "addresses", "contact_links", "tickets", "ticket_entries", "attachments", "invites", "ab_invites",
    "decisions", "responses", "scores", "response_revisions", "held_answers", "page_visits", "recoveries", "alerts",
    "occasions", "reactions", "webhook_calls", "deliveries", "transcripts", "bounces",
    "suppressions",
)  # fmt: skip
FOLDERS = ("attachments", "raw")


def letter(
    templates: Templates, wanted: str, *, site: str, now: datetime
) -> Callable[[Collection[str]], Mapping[str, str]]:
    """For `core.privacy.export`: README.txt by its name, for a zip with such files in it."""
    locale = templates.best_locale(wanted)

    def say(key: str, **values: object) -> str:
        return templates.label(f"privacy.letter.{key}", locale, **values)

    def line(name: str, key: str) -> str:
        return f"- {name}{colon(locale)}{say(key)}"

    def write(files: Collection[str]) -> Mapping[str, str]:
        there = [folder for folder in FOLDERS if any(name.startswith(f"{folder}/") for name in files)]
        lines = [say("hello", site=site, day=f"{now:%Y-%m-%d}"), "", say("what"), ""]
        lines += [line("data.json", "data"), *(line(f"{folder}/", folder) for folder in there), ""]
        lines += [say("tables"), "", *(line(name, f"table.{name}") for name in TABLES), "", say("left_out"), ""]
        return {"README.txt": "\n".join(lines)}

    return write
