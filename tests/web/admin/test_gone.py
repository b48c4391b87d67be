"""Somebody removes what another has open in an editor: nothing that was typed is lost, and it is said who did it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import pytest

from core import setup as setups
from core.models.setup import Digest, Rule, Staff, Team, Wording
from core.models.webhooks import Webhook
from core.models.wordings import WordingDraft
from core.wordings import publishing
from core.wordings.scopes import Scope
from tests.security.test_forged_values import forms
from tests.web.admin.desk import Browser, at
from tests.web.front import Front

KIM = "kim@kestrel.example"
REMOVED = f"{KIM} removed it, Sun 22 Nov 12:00."
KEPT = "What you typed is still here"

NOBODY = {f"{table}.{at}.who": "" for table in ("duty", "stand_ins") for at in (0, 1)}
"""The spare rows of a team's form."""


NEVER = {"quiet_hours.when": "between", "quiet_hours.since": "25:00", "quiet_hours.until": "07:00"}


@dataclass(frozen=True)
class Editor:
    """One of the editors: `typed` is what somebody types, `bad` what is refused, `save` how it is sent."""

    table: str
    key: str
    page: str
    typed: dict[str, str]
    bad: dict[str, str]
    save: dict[str, str] = field(default_factory=dict)

    async def is_there(self) -> bool:
        return await setups.find(self.table, self.key) is not None

    async def values(self) -> dict[str, Any]:
        found = await setups.find(self.table, self.key)
        assert found is not None
        return found.values


STAFFED = {"staff": "bo@kestrel.example"}
PLACE = {"recipients.0.staff": "", "recipients.0.channel": "support-bot", "recipients.0.address": "-100"}
EDITORS = [
    Editor("teams", "repairs", "/admin/teams/{team}", {"name": "Mended <b>"}, NEVER, NOBODY),
    Editor("staff", "bo@kestrel.example", "/admin/staff/{person}", {"name": "Bo <b>"}, NEVER),
    Editor(
        "surveys",
        "default",
        "/admin/surveys/default",
        {"delay.unit": "m", "delay.number": "47"},
        {"delay.number": "soon"},
        {"do": "publish", "sure": "yes"},
    ),
    Editor(
        "rules",
        "tagging",
        "/admin/rules/tagging",
        {"event": "response.settled", "then": "tag", "then.0.tag": "mine"},
        {"event": "response.settled", "then": "tag", "then.0.tag": ""},
    ),
    Editor("digests", "weekly", "/admin/digests/weekly", {"at": "07:00", **PLACE}, {"at": "soon"}),
    Editor("webhooks", "crm", "/admin/webhooks/crm", {"url": "https://mine.example.org/"}, {"url": "nowhere"}),
]


async def opened(front: Front, editor: Editor) -> tuple[Browser, str]:
    """The editor's page with something of that name in it, in the browser of somebody, and its address."""
    team = await Team.create(key="repairs", name="Repairs", alert_channel="support-bot", alert_to="-100")
    person = await Staff.create(key="bo@kestrel.example", email="bo@kestrel.example", name="Bo")
    await Rule.create(
        key="tagging", position=9, settings={"event": "response.settled", "then": [{"do": "tag", "tag": "x"}]}
    )
    await Digest.create(key="weekly", name="Theirs", settings={"recipients": [STAFFED]}, after=front.clock.now)
    await Webhook.create(key="crm", url="https://theirs.example.org/", created_at=front.clock.now)
    browser = await at(front)
    page = editor.page.format(team=team.id, person=person.id)
    await browser.open(page)
    assert browser.status == 200
    return browser, page


async def remove(front: Front, editor: Editor) -> None:
    seen = await setups.find(editor.table, editor.key)
    assert seen is not None
    await setups.remove(editor.table, editor.key, seen=seen.mark, actor=KIM, now=front.clock.now)


async def send(browser: Browser, page: str, **fields: str) -> None:
    """The form with all that stands in it, as a browser sends it."""
    here = next(one for one in forms(browser.page, page) if "seen" in one.fields)
    await browser.post(here.action, **{**here.fields, **fields})


@pytest.mark.parametrize("editor", EDITORS, ids=lambda one: one.table)
async def test_what_was_typed_stays_and_can_be_saved_anew(front: Front, editor: Editor) -> None:
    browser, page = await opened(front, editor)
    await remove(front, editor)
    before = {one.key: one.mark for table in ("teams", "staff", "rules") for one in await setups.read(table)}

    await send(browser, page, **editor.save, **editor.typed)
    assert browser.status == 409
    assert REMOVED in browser.page.heading
    assert KEPT in browser.page.heading
    name, typed = list(editor.typed.items())[-1]
    assert browser.page.all("input", name=name)[0]["value"] == typed
    assert browser.page.all("a", href=page.rpartition("/")[0]), "or it is left as it is"
    assert not await editor.is_there()

    await send(browser, page, **editor.save, **{**editor.typed, **editor.bad})
    assert browser.status == 422
    assert REMOVED in browser.page.heading
    assert not await editor.is_there()

    await send(browser, page, **editor.save, **{**editor.typed, **dict.fromkeys(editor.bad, ""), **editor.typed})
    assert browser.status == 200
    assert typed in str((await editor.values()).values())
    after = {one.key: one.mark for table in ("teams", "staff", "rules") for one in await setups.read(table)}
    assert before.items() <= after.items(), "nothing else was written"


@pytest.mark.parametrize("editor", EDITORS, ids=lambda one: one.table)
async def test_what_somebody_made_anew_meanwhile_is_not_overwritten(front: Front, editor: Editor) -> None:
    browser, page = await opened(front, editor)
    theirs = await editor.values()
    await remove(front, editor)
    await send(browser, page, **editor.save, **editor.typed)
    models = {"teams": setups.TeamSetup, "staff": setups.StaffSetup, "surveys": setups.SurveySetup}
    models |= {"rules": setups.RuleSetup, "webhooks": setups.WebhookSetup, "digests": setups.DigestSetup}
    model = models[editor.table]
    part = model.model_validate({"key": editor.key, **theirs})
    await setups.save(part, seen="", actor=KIM, now=front.clock.now)

    await send(browser, page, **editor.save, **editor.typed)
    assert browser.status == 409
    assert await editor.values() == theirs
    name, typed = list(editor.typed.items())[-1]
    assert browser.page.all("input", name=name)[0]["value"] == typed


@pytest.mark.parametrize("editor", EDITORS, ids=lambda one: one.table)
async def test_what_was_never_there_has_no_form(front: Front, editor: Editor) -> None:
    browser, page = await opened(front, editor)
    await remove(front, editor)
    await browser.open(page)
    assert browser.status == 404
    answer = await browser.client.post(page, data={"csrf": (await at(front)).page.hidden()["csrf"]})
    assert answer.status_code in (403, 404)


async def test_a_team_that_went_by_a_file_or_before_the_audit_is_said_to_be_gone(front: Front) -> None:
    editor = EDITORS[0]
    browser, page = await opened(front, editor)
    await Team.filter(key="repairs").delete()
    await send(browser, page, **editor.typed)
    assert "This was removed after you opened it." in browser.page.heading
    assert KEPT in browser.page.heading


async def test_who_removed_it_in_another_window_is_told_that_it_was_them(front: Front) -> None:
    editor = EDITORS[4]
    browser, page = await opened(front, editor)
    seen = await setups.find(editor.table, editor.key)
    assert seen is not None
    await setups.remove(editor.table, editor.key, seen=seen.mark, actor="admin@kestrel.example", now=front.clock.now)
    await send(browser, page, **editor.typed)
    assert "You removed it yourself in another window, Sun 22 Nov 12:00." in browser.page.heading


async def test_removing_what_is_gone_already_says_who_was_first(front: Front) -> None:
    browser, page = await opened(front, EDITORS[3])
    await remove(front, EDITORS[3])
    await browser.post(page, do="off")
    assert f"{REMOVED} Nothing was done." in browser.page.heading


WORDS = {"kind": "invite", "locale": "en", "team": "repairs", "channel": ""}
HERE = Scope("invite", "en", "repairs", "")


async def test_words_that_somebody_takes_away_are_still_in_the_editor(front: Front) -> None:
    await opened(front, EDITORS[0])
    await publishing.write(HERE, drafted("Theirs"), actor=KIM, now=front.clock.now, note="")
    browser = await at(front)
    await browser.open("/admin/templates/edit?kind=invite&locale=en&team=repairs")
    seen = browser.page.hidden()["seen"]
    standing = await publishing.standing(HERE)
    await publishing.take_away(HERE, seen=standing.mark, actor=KIM, now=front.clock.now)
    await browser.post("/admin/templates/edit", **WORDS, seen=seen, subject="", preheader="", body="Mine <3", do="keep")
    assert browser.status == 409
    assert REMOVED in browser.page.heading
    assert "Mine <3" in browser.page.text
    assert not await Wording.exists()
    await browser.post("/admin/templates/edit", **WORDS, subject="", preheader="", body="Mine <3", do="keep")
    assert browser.status == 200
    assert (await WordingDraft.get()).source.strip() == "Mine <3"


async def test_words_whose_team_is_removed_meanwhile_are_still_in_the_editor(front: Front) -> None:
    await opened(front, EDITORS[0])
    browser = await at(front)
    await browser.open("/admin/templates/edit?kind=invite&locale=en&team=repairs")
    await remove(front, EDITORS[0])
    typed = {"subject": "", "preheader": "", "body": "Mine <3", "do": "keep", "door": ""}
    token = browser.page.hidden()
    for path in ("/admin/templates/check", "/admin/templates/test", "/admin/templates/edit"):
        await browser.post(path, **{**token, **WORDS, **typed})
        assert browser.status == 422, path
        assert REMOVED in browser.page.heading
        assert path == "/admin/templates/check" or "Mine <3" in browser.page.text
    assert not await WordingDraft.exists()
    await browser.post("/admin/templates/publish", **{**token, **WORDS})
    assert browser.status == 404


def drafted(source: str) -> publishing.Words:
    return publishing.Words("", source)
