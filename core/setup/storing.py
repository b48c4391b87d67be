"""From a set-up to the store and back. Applying the same file again changes nothing."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from datetime import datetime

from pydantic import ValidationError

from core import audit, transactions
from core.phrases import phrase
from core.reactions.settings import Action
from core.setting_problems import Place, Problem, explain, unknown_at
from core.setup import keys, rows, surveys
from core.setup.changes import Change, Values, between
from core.setup.document import known_as
from core.setup.models import Part, Setup, SetupError, SurveySetup, TeamSetup

KINDS = {
    "teams": "team",
    "staff": "staff",
    "surveys": "survey",
    "webhooks": "webhook",
    "rules": "rule",
    "digests": "digest",
    "templates": "template",
    "retention": "retention",
    "labels": "labels",
}


async def plan(setup: Setup, *, channels: Collection[str] | None = None) -> list[Change]:
    """What `apply` would change. `channels` are the names in the configuration, when they are known.

    Raises SetupError when the set-up names something that does not exist.
    """
    present = await rows.read()
    _check(setup, present, channels)
    return [change for name, part in _parts(setup) for change in _changes(name, part, present)]


@transactions.atomic
async def apply(
    setup: Setup,
    *,
    actor: str = audit.COMMAND_LINE,
    now: datetime,
    channels: Collection[str] | None = None,
    note: str = "",
) -> list[Change]:
    """Write what differs, all or nothing, and say what that was. A survey that changes gets a new version.

    Each part that changes has its line in the audit, as done by `actor`, with the `note` that says why. Raises
    SetupError.
    """
    present = await rows.read()
    _check(setup, present, channels)
    done: list[Change] = []
    wanted: dict[str, dict[str, Values]] = {name: {} for name in KINDS}
    for name, part in _parts(setup):
        changes = list(_changes(name, part, present))
        if changes:
            key = known_as(part)
            old = present[name].get(key)
            wanted[name][key] = _whole(part, old)
            await _audit(KINDS[name], key, old, wanted[name][key], actor=actor, note=note, now=now)
            done += changes
    await rows.write(wanted, present, actor=actor, now=now)
    return done


async def export() -> Setup:
    """Everything that is set up, complete: applying it changes nothing."""
    present = await rows.read()
    found = {
        name: [rows.named(name, key, values) for key, values in present[name].items()] for name in Setup.model_fields
    }
    return Setup.model_validate(found)


async def _audit(kind: str, key: str, old: Values | None, new: Values, *, actor: str, note: str, now: datetime) -> None:
    before, after = audit.differing(old or {}, new)
    after |= {"note": note} if note else {}
    action = f"{kind}.{'added' if old is None else 'changed'}"
    await audit.record(actor, action, f"{kind}:{key}"[:254], before=before or None, after=after, now=now)


def _parts(setup: Setup) -> Iterator[tuple[str, Part]]:
    for name in KINDS:
        for part in getattr(setup, name):
            yield name, part


def _changes(name: str, part: Part, present: rows.Present) -> Iterator[Change]:
    key = known_as(part)
    return between(KINDS[name], key, present[name].get(key), part.mentioned())


def _whole(part: Part, old: Values | None) -> Values:
    """The row as it will be: what the file mentions, over what is there, over the defaults."""
    said = {name: value for name, value in part.mentioned().items() if value is not None}
    return {**part.complete(), **(old or {}), **said}


def _check(setup: Setup, present: rows.Present, channels: Collection[str] | None) -> None:
    problems = [
        *_bad_keys(setup, present),
        *_too_long_words(setup, present),
        *_unknown_teams(setup, present),
        *_unknown_people(setup, present),
        *_do_not_fit(setup, present),
        *_taken_addresses(setup, present),
        *_tell_nobody(setup, present),
    ]
    problems += _unknown_in_rules(setup, present)
    problems += _done_twice(setup, present)
    problems += _unknown_channels(setup, channels) if channels is not None else []
    if problems:
        raise SetupError(problems)


def _bad_keys(setup: Setup, present: rows.Present) -> Iterator[Problem]:
    """Names of something new that its page in the browser could not have; who has one already keeps it."""
    for name in ("surveys", "webhooks", "rules", "digests"):
        for at, part in enumerate(getattr(setup, name)):
            if part.key not in present[name]:
                yield from keys.problems(part.key, (name, at))
    for at, team in enumerate(setup.teams):
        if team.key not in present["teams"]:
            yield from keys.team_problems(team.key, ("teams", at))


def _too_long_words(setup: Setup, present: rows.Present) -> Iterator[Problem]:
    for at, survey in enumerate(setup.surveys):
        if not any(_changes("surveys", survey, present)):
            continue
        yield from surveys.too_long_words(survey, ("surveys", at))


def _unknown_teams(setup: Setup, present: rows.Present) -> Iterator[Problem]:
    known = {*present["teams"], *(team.key for team in setup.teams)}
    places: list[tuple[Place, str]] = [(("staff", at, "team"), one.team) for at, one in enumerate(setup.staff)]
    places += [(("templates", at, "team"), one.team) for at, one in enumerate(setup.templates)]
    places += [(("digests", at, "team"), one.team) for at, one in enumerate(setup.digests)]
    return (unknown_at(place, team, known, "team") for place, team in places if team not in {*known, ""})


def _unknown_in_rules(setup: Setup, present: rows.Present) -> Iterator[Problem]:
    """People and webhooks that actions name."""
    people = {*present["staff"], *(one.known_as for one in setup.staff)}
    webhooks = {*present["webhooks"], *(one.key for one in setup.webhooks)}
    for at, rule in enumerate(setup.rules):
        for nth, step in enumerate(rule.then):
            if step.staff and step.staff not in people:
                yield unknown_at(("rules", at, "then", nth, "staff"), step.staff, people, "person")
            if step.webhook and step.webhook not in webhooks:
                yield unknown_at(("rules", at, "then", nth, "webhook"), step.webhook, webhooks, "webhook")


def _done_twice(setup: Setup, present: rows.Present) -> Iterator[Problem]:
    """The same action once more, or two that contradict each other. A rule that stays as it is stays."""
    for at, rule in enumerate(setup.rules):
        if not any(_changes("rules", rule, present)):
            continue
        for nth, step in enumerate(rule.then):
            before = rule.then[:nth]
            once = step.do in (Action.ASSIGN, Action.PRIORITY)
            if step in before or (once and step.do in {one.do for one in before}):
                said = phrase("problem.action_twice")
                yield Problem(("rules", at, "then", nth), f"{step.do.value} stands above already", said)


def _unknown_people(setup: Setup, present: rows.Present) -> Iterator[Problem]:
    known = {*present["staff"], *(one.known_as for one in setup.staff)}
    for at, team in enumerate(setup.teams):
        for place, who in team.people:
            if who not in known:
                yield unknown_at(("teams", at, *place), who, known, "member of staff")
    for at, digest in enumerate(setup.digests):
        for nth, one in enumerate(digest.recipients):
            if one.staff and one.staff not in known:
                yield unknown_at(("digests", at, "recipients", nth, "staff"), one.staff, known, "member of staff")


def _unknown_channels(setup: Setup, channels: Collection[str]) -> Iterator[Problem]:
    places: list[tuple[Place, str]] = [
        (("teams", at, "alert", "channel"), one.alert.channel) for at, one in enumerate(setup.teams)
    ]
    for at, team in enumerate(setup.teams):
        places += [(("teams", at, "ladder", nth, "channel"), it.channel) for nth, it in enumerate(team.ladder)]
    for at, one in enumerate(setup.staff):
        places += [(("staff", at, "addresses", nth, "channel"), it.channel) for nth, it in enumerate(one.addresses)]
    for at, rule in enumerate(setup.rules):
        places += [(("rules", at, "then", nth, "channel"), step.channel) for nth, step in enumerate(rule.then)]
    for at, digest in enumerate(setup.digests):
        told = enumerate(digest.recipients)
        places += [(("digests", at, "recipients", nth, "channel"), it.channel) for nth, it in told]
    for place, name in places:
        if name and name not in channels:
            note = "(channels are set up in config.toml)"
            yield unknown_at(place, name, channels, "channel", note=note)


def _do_not_fit(setup: Setup, present: rows.Present) -> Iterator[Problem]:
    """A setting that is right by itself may not go together with one that the store has."""
    for at, team in enumerate(setup.teams):
        try:
            TeamSetup.model_validate({"key": team.key, **_whole(team, present["teams"].get(team.key))})
        except ValidationError as error:
            yield from explain(error, TeamSetup, ("teams", at))
    for at, survey in enumerate(setup.surveys):
        try:
            SurveySetup.model_validate({"key": survey.key, **_whole(survey, present["surveys"].get(survey.key))})
        except ValidationError as error:
            yield from explain(error, SurveySetup, ("surveys", at))


def _tell_nobody(setup: Setup, present: rows.Present) -> Iterator[Problem]:
    for at, digest in enumerate(setup.digests):
        whole = _whole(digest, present["digests"].get(digest.key))
        if whole["enabled"] and not whole["recipients"]:
            yield Problem(("digests", at, "recipients"), "must name somebody to be told", phrase("problem.nobody_told"))


def _taken_addresses(setup: Setup, present: rows.Present) -> Iterator[Problem]:
    """In a channel, one address is one person."""
    changed = {one.known_as for one in setup.staff if "addresses" in one.model_fields_set}
    owners = {
        (it["channel"], it["address"]): key
        for key, values in present["staff"].items()
        if key not in changed
        for it in values["addresses"]
    }
    for at, one in enumerate(setup.staff):
        for nth, it in enumerate(one.addresses):
            owner = owners.setdefault((it.channel, it.address), one.known_as)
            if owner != one.known_as:
                told = f"{it.channel} {it.address} is {owner} already"
                said = phrase("problem.address_taken", channel=it.channel, address=it.address, owner=owner)
                yield Problem(("staff", at, "addresses", nth), told, said)
