"""Every form of the admin's browser, filled in with what no page of ours would send: never an error of ours.

The routes come from the route table: one that is added tomorrow is asked for its form.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import pytest

from core.accounts import invitations
from core.models.accounts import Invitation, Role
from core.models.contacts import Address
from core.models.deliveries import Arrival, ArrivalState, Delivery
from core.models.setup import Digest, Rule, Staff, Team
from core.models.webhooks import CallState, Webhook, WebhookCall
from core.models.wordings import LanguageImport
from core.reactions.settings import Action, When
from tests.security.test_admin import doors
from tests.web.admin import unhappy
from tests.web.admin.desk import Browser, account, at
from tests.web.admin.test_held_and_arrivals import held
from tests.web.front import Front, Page

KIM = "kim@kestrel.example"
FORGED = ("😀\x00\ufffe" + "x" * 5000, "x" * 5000, "😀\x00\ufffe", "9" * 40, "-1", "")
NOBODY_POSTS = {"/admin/logout", "/admin/account/link/987654"}
"""Leave the browser, or are there only where a provider is."""
_WORDS = {"kind": ["invite"], "locale": ["en"], "team": [""], "channel": [""], "seen": [""]}
_TYPED = {**_WORDS, "subject": ["S"], "preheader": [""], "body": ["Hi {{ question }}"], "ticket": [""], "door": [""]}
_RECKONED = {**_WORDS, "base": ["50"], "difference": ["50"], "share": ["50"], "days": ["14"]}
FORMS_THAT_COME_LATER: dict[str, dict[str, list[str]]] = {
    "/admin/contacts/1/addresses/1/free": {},
    "/admin/contacts/1/addresses/1/remove": {"sure": ["yes"]},
    "/admin/deliveries/1/discard": {"sure": ["yes"]},
    "/admin/digests/week/test": {"door": ["support-bot 777"]},
    "/admin/digests/week/remove": {"sure": ["yes"], "seen": [""]},
    "/admin/teams/1/remove": {"sure": ["yes"], "seen": [""]},
    "/admin/surveys/restore/default": {"seen": [""], "version": ["1"]},
    "/admin/templates/ab-tests/new": _RECKONED,
    "/admin/templates/ab-tests/new/reckon": _RECKONED,
    "/admin/templates/ab-tests/1/keep": {"variant": ["a"]},
    "/admin/templates/ab-tests/1/stop": {},
    "/admin/templates/check": _TYPED,
    "/admin/templates/publish": {**_TYPED, "note": [""], "ends_test": ["yes"]},
    "/admin/templates/discard": _WORDS,
    "/admin/templates/take-away": _WORDS,
    "/admin/templates/restore": {**_WORDS, "version": ["1"]},
    "/admin/templates/test": _TYPED,
    "/admin/languages/publish": {"locale": ["de"], "po": ['msgid ""'], "seen": [""]},
}
"""What stands in a form that another form leads to."""
LAST = re.compile(r"remove|erase|discard|take-away|password|sign-out|free|restore|/stop|/keep|publish")
"""What takes away what other forms are about comes last."""


@dataclass
class Form:
    """`fields` as the page would send them; `buttons` what each of its buttons says."""

    action: str
    fields: dict[str, list[str]] = field(default_factory=dict)
    buttons: list[tuple[str, str]] = field(default_factory=list)


def forms(page: Page, path: str) -> list[Form]:
    found: list[Form] = []
    choice = ""
    for tag, one in page.tags:
        if tag == "form":
            found.append(Form(one.get("action") or path) if one.get("method") == "post" else Form(""))
        name = one.get("name", "")
        if tag == "option" and choice and found:
            chosen = "selected" in one or not found[-1].fields[choice][0]
            found[-1].fields[choice] = [one.get("value", "")] if chosen else found[-1].fields[choice]
        if not name or not found:
            continue
        if tag in ("input", "textarea") and (one.get("type") != "checkbox" or "checked" in one):
            found[-1].fields.setdefault(name, []).append(one.get("value", "on" if "type" in one else "words"))
        elif tag == "input":
            found[-1].fields.setdefault(name, [])
        elif tag == "select":
            choice = name
            found[-1].fields[name] = [""]
        elif tag == "button":
            found[-1].buttons.append((name, one.get("value", "")))
    return [one for one in found if one.action]


async def _filled(front: Front) -> list[str]:
    """Something of each kind, and the pages on which it is worked."""
    await unhappy.browser_of(front, role=Role.ADMIN)
    raised = await unhappy.alert(front)
    await held(front)
    now = front.clock.now
    when = {name: ["high"] for name in When.model_fields if name not in ("scores", "repeat", "bands", "purposes")}
    when |= {"bands": ["negative"], "purposes": ["service"]}
    steps: list[dict[str, str]] = [
        {"do": "alert", "staff": "kim@kestrel.example"},
        {"do": "alert", "channel": "support-bot", "to": "7"},
        {"do": "assign", "staff": "kim@kestrel.example"},
        {"do": "priority", "priority": "high"},
        {"do": "tag", "tag": "x"},
        {"do": "send", "message": "follow_up"},
        {"do": "webhook", "webhook": "crm"},
    ]
    assert {one["do"] for one in steps} < set(Action)
    everything = {"event": "response.settled", "when": {**when, "scores": {"overall": "<=2"}, "repeat": "2 in 30d"}}
    await Rule.create(key="all", position=9, settings={**everything, "then": steps})
    hook = await Webhook.create(key="crm", url="https://hooks.example.org/", created_at=now)
    dead = {"webhook": hook, "type": "test", "body": "{}", "state": CallState.DEAD, "due_at": now, "created_at": now}
    await WebhookCall.create(key="call", message="m", **dead)
    await Arrival.create(
        key="k", channel="support-bot", body=b"x", state=ArrivalState.QUARANTINED, received_at=now, problem="x"
    )
    other = await account(front, Role.AGENT, email="other@kestrel.example")
    team, person = await Team.get(), await Staff.get()
    contact = (await raised.ticket).contact_id
    assert await Address.filter(contact_id=contact).exists()
    await Delivery.all().update(state="dead", problem="gone")
    await Digest.create(key="week", settings={"recipients": [{"staff": person.key}]}, after=now)
    said: dict[str, object] = {"words": {"button.done": [None, "Fertig"]}, "messages": {}, "surveys": {}}
    await LanguageImport.create(locale="de", author="lee@kestrel.example", published_at=now, changed=said)
    await invitations.to("new@kestrel.example", Role.AGENT, by="lee@kestrel.example", now=now)
    words = "kind=invite&locale=en"
    return [
        *(f"/admin/{one}" for one in ("account", "accounts", "arrivals", "deliveries", "held", "retention", "teams")),
        *(f"/admin/{one}" for one in ("staff", "surveys", "rules", "rules/new", "rules/all", "webhooks", "opening")),
        *(f"/admin/{one}" for one in ("labels", "languages", "languages/en/words", "surveys/new", "surveys/default")),
        *(f"/admin/{one}" for one in ("surveys/history/default", "webhooks/new", "webhooks/crm", "tickets/new")),
        *(f"/admin/{one}" for one in ("digests", "digests/new", "digests/week")),
        f"/admin/accounts/{other.id}",
        f"/admin/accounts/invitations/{(await Invitation.get()).id}",
        f"/admin/contacts/{contact}",
        f"/admin/contacts/{contact}/erase",
        "/admin/inbox?whose=all",
        f"/admin/tickets/{(await raised.ticket).number}",
        f"/admin/teams/{team.id}",
        f"/admin/staff/{person.id}",
        f"/admin/templates/edit?{words}",
        f"/admin/templates/publish?{words}",
        f"/admin/templates/history?{words}",
        f"/admin/templates/ab-tests/new?{words}",
    ]


AREAS = {"people": r"accounts?|staff|teams|contacts", "setup": r"surveys|rules|webhooks|digests|retention"}
AREAS["desk"] = rf"(?!{'|'.join(AREAS.values())}).*"


@pytest.mark.timeout(400)  # a thousand requests
@pytest.mark.parametrize("area", list(AREAS))
async def test_no_forged_value_in_any_form_is_an_error_of_ours(front: Front, area: str) -> None:
    pages = await _filled(front)
    browser = await at(front, Role.ADMIN, email=KIM)
    known = {(action, frozenset(fields)): Form(action, fields) for action, fields in FORMS_THAT_COME_LATER.items()}
    for path in pages:
        page = await browser.open(path)
        assert browser.status < 500, path
        for form in forms(page, path):
            if form.action != "/admin/logout":
                known.setdefault((form.action, frozenset(form.fields)), form)
    posted = [path for method, path, _ in doors(front) if method == "POST" and path not in NOBODY_POSTS]
    unasked = [path for path in posted if not any(_leads(form.action, path) for form in known.values())]
    assert not unasked, "\n".join(unasked)
    mine = [one for one in known.values() if re.match(rf"/admin/({AREAS[area]})", one.action)]
    broken: list[str] = []
    for form in sorted(mine, key=lambda one: (bool(LAST.search(one.action)), one.action)):
        broken += await _forge(browser, form)
    assert not broken, "\n".join(broken)


def _leads(action: str, route: str) -> bool:
    return bool(re.fullmatch(route.replace("987654", "[^/]+"), action.partition("?")[0]))


async def _forge(browser: Browser, form: Form) -> list[str]:
    """One field after the other with the rest as it should be, then all at once under each of the buttons."""
    main = {name: [value] for name, value in form.buttons[-1:]}
    tried = [{**form.fields, **main, name: [FORGED[0]]} for name in {**form.fields, **main}]
    for name, value in form.buttons or [("do", "")]:
        tried += [{**{field: [forged] for field in form.fields}, name: [value]} for forged in FORGED]
    broken = []
    for fields in tried:
        status = await _post(browser, form.action, fields)
        assert status != 401, f"{form.action} has signed us out"
        if status >= 500:
            broken.append(f"{form.action}: { {name: value[-1][:9] for name, value in fields.items() if value} }")
    return broken


async def _post(browser: Browser, path: str, fields: dict[str, list[str]]) -> int:
    token = {"csrf": browser.page.hidden()["csrf"]}
    return (await browser.client.post(path, data={**fields, **token})).status_code
