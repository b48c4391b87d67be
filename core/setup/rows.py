"""The rows of the set-up, as plain values by key, and writing them."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from pydantic import BaseModel

from core.digests.settings import DigestSettings
from core.models.setup import Digest, OwnLabels, Retention, Rule, Staff, StaffAddress, Survey, Team, Wording
from core.models.webhooks import Webhook
from core.reactions.settings import RuleSettings
from core.reactions.team_settings import TeamSettings
from core.setup import versions
from core.setup.changes import Values
from core.setup.models import TemplateSetup
from core.surveys.settings import SurveySettings

Present = dict[str, dict[str, Values]]
"""By the name of the table in the file, then by what people call the row."""

_BY_KEY: dict[str, type[Team | Staff | Rule | Digest | Webhook | Retention]] = {
    "teams": Team,
    "staff": Staff,
    "rules": Rule,
    "digests": Digest,
    "webhooks": Webhook,
    "retention": Retention,
}
_TEMPLATE_KEY = ("kind", "locale", "team", "channel")


async def read() -> Present:
    """Everything that is set up now, in the order in which a file should say it."""
    return {
        "teams": {one.key: _team(one) for one in await Team.all().order_by("key")},
        "staff": {
            one.key: _staff(one) for one in await Staff.all().order_by("key").prefetch_related("team", "addresses")
        },
        "surveys": {
            one.key: {**_as_written_now(SurveySettings, one.settings), "position": one.position}
            for one in await Survey.filter(current=True).order_by("position", "key")
        },
        "rules": {
            one.key: {**_as_written_now(RuleSettings, one.settings), "position": one.position, "enabled": one.enabled}
            for one in await Rule.all().order_by("position", "key")
        },
        "digests": {one.key: _digest(one) for one in await Digest.all().order_by("key")},
        "webhooks": {one.key: {"url": one.url, "enabled": one.enabled} for one in await Webhook.all().order_by("key")},
        "templates": {
            _template(one).known_as: _template(one).complete()
            for one in await Wording.all().order_by("kind", "locale", "team", "channel")
        },
        "retention": {one.key.value: {"days": one.days} for one in await Retention.all().order_by("key")},
        "labels": {
            one.locale: {"locale": one.locale, "words": dict(sorted(one.words.items()))}
            for one in await OwnLabels.all().order_by("locale")
        },
    }


def named(table: str, key: str, values: Values) -> Values:
    """The row with its key, as the file says it."""
    return values if table in ("templates", "labels") else {"key": key, **values}


async def write(wanted: Present, present: Present, *, actor: str, now: datetime) -> None:
    """Make these rows what they should be; the others stay. Within a unit of work."""
    for key, values in wanted["teams"].items():
        alert = values["alert"]
        row = {"name": values["name"], "alert_channel": alert["channel"], "alert_to": alert["to"]}
        row["settings"] = {name: values[name] for name in TeamSettings.model_fields}
        await Team.update_or_create(key=key, defaults=row)
    await _write_staff(wanted["staff"])
    for position, (key, values) in enumerate(wanted["surveys"].items(), start=len(present["surveys"])):
        await _write_survey(key, values, present["surveys"].get(key), position, now)
    for position, (key, values) in enumerate(wanted["rules"].items(), start=len(present["rules"])):
        place = _taken_out(values, "position", position)
        rule = {"enabled": values.pop("enabled"), "position": place, "settings": values}
        await Rule.update_or_create(key=key, defaults=rule)
    for key, values in wanted["webhooks"].items():
        await _write_webhook(key, values, now)
    for key, values in wanted["digests"].items():
        await _write_digest(key, values, present["digests"].get(key), now)
    for key, values in wanted["templates"].items():
        own = {name: values[name] for name in _TEMPLATE_KEY}
        await versions.add(own, values, before=present["templates"].get(key), actor=actor, now=now)
        words = {"source": values["source"], "subject": values["subject"], "problem": ""}
        await Wording.update_or_create(**own, defaults=words)
    for key, values in wanted["retention"].items():
        await Retention.update_or_create(key=key, defaults=values)
    for locale, values in wanted["labels"].items():
        await OwnLabels.update_or_create(locale=locale, defaults={"words": values["words"]})


async def remove(table: str, key: str, values: Values, *, actor: str, now: datetime) -> None:
    """Take a row out. Surveys stay for the answers that belong to them, and are sent no more."""
    if table == "surveys":
        await Survey.filter(key=key).update(current=False)
    elif table == "templates":
        own = {name: values[name] for name in _TEMPLATE_KEY}
        await versions.add(own, None, before=values, actor=actor, now=now)
        await Wording.filter(**own).delete()
    elif table == "labels":
        await OwnLabels.filter(locale=key).delete()
    else:
        await _BY_KEY[table].filter(key=key).delete()


async def _write_staff(wanted: dict[str, Values]) -> None:
    """Addresses last, when all old ones are gone: one may go from a person to another."""
    people: list[tuple[Staff, list[dict[str, str]]]] = []
    for key, values in wanted.items():
        row = dict(values)
        addresses = row.pop("addresses")
        team = row.pop("team")
        row["team_id"] = (await Team.get(key=team)).id if team else None
        person, _ = await Staff.update_or_create(key=key, defaults=row)
        people.append((person, addresses))
    await StaffAddress.filter(staff_id__in=[person.id for person, _ in people]).delete()
    for person, addresses in people:
        for address in addresses:
            await StaffAddress.create(staff=person, channel=address["channel"], address=address["address"])


async def _write_webhook(key: str, values: Values, now: datetime) -> None:
    """Switched on, it begins anew."""
    anew = {"why_off": "", "failing_since": None} if values["enabled"] else {}
    if not await Webhook.filter(key=key).update(**values, **anew):
        await Webhook.create(key=key, created_at=now, **values)


_WHEN = ("enabled", "every", "at", "weekday")
"""What says when a digest is sent."""


async def _write_digest(key: str, values: Values, old: Values | None, now: datetime) -> None:
    """What is new, or comes at other times from now on, is not sent for what was due before."""
    anew = old is None or any(values[name] != old[name] for name in _WHEN)
    row: Values = {"name": values["name"], "enabled": values["enabled"], **({"after": now} if anew else {})}
    row["settings"] = {name: values[name] for name in DigestSettings.model_fields}
    await Digest.update_or_create(key=key, defaults=row)


async def _write_survey(key: str, values: Values, old: Values | None, position: int, now: datetime) -> None:
    """Other settings make another version, because answers belong to what was asked; another position does not."""
    place = _taken_out(values, "position", position)
    if old is not None and {**values, "position": None} == {**old, "position": None}:
        await Survey.filter(key=key, current=True).update(position=place)
        return
    latest = await Survey.filter(key=key).order_by("-version").first()
    await Survey.filter(key=key, current=True).update(current=False)
    version = latest.version + 1 if latest else 1
    await Survey.create(key=key, version=version, position=place, settings=values, created_at=now)


def _as_written_now(model: type[BaseModel], settings: Values) -> Values:
    """Settings that were stored in other words ("90s", "1m30s"), or before there was one more of them."""
    return model.model_validate(settings).model_dump(mode="json")


def _taken_out(values: Values, name: str, otherwise: int) -> int:
    value: Any = values.pop(name)
    return otherwise if value is None else int(value)


def _team(row: Team) -> Values:
    alert = {"channel": row.alert_channel, "to": row.alert_to}
    return {"name": row.name, "alert": alert, **_as_written_now(TeamSettings, row.settings or {})}


def _staff(row: Staff) -> Values:
    addresses = sorted(row.addresses, key=lambda one: (one.channel, one.address))
    return {
        "email": row.email,
        "name": row.name,
        "team": row.team.key if row.team else "",
        "leads": row.leads,
        "active": row.active,
        "locale": row.locale,
        "timezone": row.timezone,
        "quiet_hours": row.quiet_hours,
        "addresses": [{"channel": one.channel, "address": one.address} for one in addresses],
    }


def _digest(row: Digest) -> Values:
    return {"name": row.name, "enabled": row.enabled, **_as_written_now(DigestSettings, row.settings)}


def _template(row: Wording) -> TemplateSetup:
    own = {name: getattr(row, name) for name in _TEMPLATE_KEY}
    return TemplateSetup(**own, subject=row.subject, source=row.source)
