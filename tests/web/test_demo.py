"""The demonstration, played by its own endpoints: everything behind them is the product as it is served."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import re
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from bot.app import web_app as ordinary_web_app
from bot.demo import company, stage
from bot.demo.stage import Stage
from core.desk import tickets
from core.models.contacts import Contact
from core.models.reactions import Recovery, RecoveryState
from core.models.setup import Staff
from core.privacy import erase
from core.store import Store
from tests.rigs import demo_browser as rig

NOON = datetime(2026, 11, 23, 11, 0, tzinfo=UTC)
"""11:00 UTC is 12:00 in Berlin."""

BASE = "http://127.0.0.1:8099"
PORT = 8099


class Player:
    """Somebody at the page: sees its panels, presses its buttons, and is the customer in its chat."""

    def __init__(self, stage: Stage, client: httpx.AsyncClient) -> None:
        self.stage = stage
        self.client = client
        self._ids = itertools.count()
        self._tokens: dict[str, str] = {}

    async def panels(self, **who: str) -> dict[str, str]:
        answer = await self.client.get("/demo/now", params={"lang": "en", **who})
        assert answer.status_code == 200, answer.text
        found: dict[str, str] = answer.json()["panels"]
        return found

    async def read(self, panel: str, **who: str) -> str:
        """What a panel says, without its mark-up."""
        html = (await self.panels(**who))[panel]
        return " ".join(re.sub(r"<[^>]+>", " ", html).split())

    async def press(self, path: str, staff: str = "kim", **what: Any) -> dict[str, Any]:
        params = {"lang": "en", "staff": company.staff_key(staff)}
        answer = await self.client.post(f"/demo/{path}", json=what, params=params)
        assert answer.is_success, answer.text
        said: dict[str, Any] = answer.json()
        return said

    async def resolve(self, subject: str) -> dict[str, Any]:
        number = await self.number(subject)
        form = (await self.press("desk", action=f"{number}:resolve"))["form"]
        assert [field["name"] for field in form["fields"]] == ["reason", "result"]
        return await self.press("desk", action=form["action"], values={"reason": ["solved"], "result": ["Done."]})

    async def number(self, subject: str) -> str:
        """The ticket's number, from its card."""
        for card in (await self.panels())["agent"].split('<li data-key="')[1:]:
            if subject in card:
                return card.split('"')[0]
        raise AssertionError(f"no ticket {subject}")

    async def chat(self, customer: str) -> list[dict[str, Any]]:
        answer = await self.client.get("/chat/webchat/messages", headers=await self._customer(customer))
        entries: list[dict[str, Any]] = answer.json()["entries"]
        return entries

    async def last(self, customer: str) -> str:
        return str((await self.chat(customer))[-1]["plain"])

    async def tap(self, customer: str, hint: str) -> None:
        """Press the newest button with that label or hint."""
        for entry in reversed(await self.chat(customer)):
            for button in itertools.chain.from_iterable(entry.get("rows", [])):
                if hint in (button["label"], button["hint"]):
                    tap = {"id": f"tap{next(self._ids):09}", "action": button["action"], "receipt": entry["receipt"]}
                    answer = await self.client.post(
                        "/chat/webchat/tap", json=tap, headers=await self._customer(customer)
                    )
                    assert answer.status_code == 202
                    return
        raise AssertionError(f"no button {hint}")

    async def write(self, customer: str, text: str) -> None:
        typed = {"id": f"txt{next(self._ids):09}", "text": text}
        answer = await self.client.post("/chat/webchat/text", json=typed, headers=await self._customer(customer))
        assert answer.status_code == 202

    async def alert_button(self, verb: str) -> dict[str, str]:
        """The newest button of that verb in the inbox, as the page would press it."""
        found = re.search(
            rf'data-press="(a:[a-z0-9]+:{verb})" data-target="([^"]*)" data-receipt="([^"]*)"',
            (await self.panels())["staff"],
        )
        assert found is not None, verb
        return {"action": found[1], "target": found[2], "receipt": found[3]}

    async def _customer(self, customer: str) -> dict[str, str]:
        """As the chat's own frame begins: with what the company's site signed."""
        if customer not in self._tokens:
            html = (await self.client.get("/demo/chat", params={"customer": customer})).text
            identity = re.search(r'data-visitor="([^"]+)"', html)
            assert identity is not None
            begun = await self.client.post("/chat/webchat/session", json={"identity": identity[1], "locale": "en"})
            assert begun.json()["identified"]
            self._tokens[customer] = begun.json()["token"]
        return {"Authorization": f"Bearer {self._tokens[customer]}"}


async def until(look: Callable[[], Awaitable[Any]], *, seconds: float = 10) -> Any:
    """Look until what is looked for is there."""
    async with asyncio.timeout(seconds):
        while not (seen := await look()):
            await asyncio.sleep(0.02)
    return seen


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the company's store in it, filled once."""
    return rig.filled(tmp_path_factory.mktemp("filled"), NOON)


@contextlib.asynccontextmanager
async def raised(folder: Path, *, fresh: bool = False) -> AsyncIterator[Player]:
    """The demonstration in that folder, at noon in Berlin, with its worker at work."""
    async with stage.raised(PORT, folder, fresh=fresh, clock=rig.running_from(NOON), zone=rig.ZONE) as one:
        working = asyncio.create_task(one.app.worker.run())
        transport = httpx.ASGITransport(app=stage.web_app(one), client=("127.0.0.1", 50_000))
        try:
            async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
                yield Player(one, client)
        finally:
            one.leave()
            await working


@contextlib.asynccontextmanager
async def playing(filled: Path, folder: Path) -> AsyncIterator[Player]:
    for file in filled.iterdir():
        shutil.copy2(file, folder / file.name)
    async with raised(folder) as player:
        yield player


@pytest.fixture
async def play(filled: Path, tmp_path: Path) -> AsyncIterator[Player]:
    async with playing(filled, tmp_path) as player:
        yield player


async def be_unhappy(play: Player) -> None:
    """Ann's ticket is resolved, she gives two stars, and the alert is in the inbox."""
    await play.resolve("My parcel is late again")
    await play.press("clock", seconds=300)
    await until(lambda: said(play, "ann", "How satisfied are you overall?"))
    await play.tap("ann", "2★")
    await until(lambda: said(play, "ann", "How was the service attitude?"))
    await play.press("clock", seconds=120)
    await until(lambda: shows(play, "staff", "Ann Meyer is unhappy"))


async def mend(play: Player, outcome: str) -> None:
    button = await play.alert_button("resolve")
    form = (await play.press("inbox", **button))["form"]
    values = {"outcome": [outcome], "note": ["A free bag."]}
    await play.press("inbox", action=form["action"], target=button["target"], values=values)


async def test_the_whole_walk_is_played_from_the_resolved_ticket_to_the_second_rating(play: Player) -> None:
    note = await play.resolve("My parcel is late again")
    assert note["note"] == "Will be sent today 12:05 on web chat"
    assert "The question leaves for Ann Meyer" in await play.read("coming")

    await play.press("clock", seconds=300)
    await until(lambda: said(play, "ann", "How satisfied are you overall?"))
    await play.tap("ann", "2★")
    await until(lambda: said(play, "ann", "How was the service attitude?"))
    assert "Ann Meyer taps 2 of 5: Overall" in await play.read("walk")

    await play.press("clock", seconds=120)
    await until(lambda: shows(play, "staff", "Ann Meyer is unhappy"))
    assert "who has yet to confirm" in await play.read("staff")
    await until(lambda: said(play, "ann", "Kim Berger will come back to you by"))
    assert "Reopened because of a rating of 2 of 5" in await play.read("agent")

    taken = await play.press("inbox", **await play.alert_button("take"))
    assert taken["note"].startswith("It is yours.")
    await until(lambda: shows(play, "staff", "Kim Berger took it"))

    button = await play.alert_button("resolve")
    form = (await play.press("inbox", **button))["form"]
    values = {"outcome": ["compensated"], "note": ["A free bag."]}
    await play.press("inbox", action=form["action"], target=button["target"], values=values)
    await until(lambda: said(play, "ann", "Is it right now?"))
    await play.tap("ann", "5★")
    await until(lambda: shows(play, "guide", "That was the whole walk."))
    assert (await play.read("guide")).count("(done)") == 7


async def test_the_walk_names_the_buttons_that_were_pressed(play: Player) -> None:
    await be_unhappy(play)
    for question in (
        "How was the response speed?",
        "How well was your problem solved?",
        "What was it that went wrong?",
    ):
        await play.tap("ann", "Skip")
        await until(partial(said, play, "ann", question))
    await play.tap("ann", "Too slow")
    await until(lambda: offered(play, "Done"))
    await play.tap("ann", "Done")
    await until(lambda: said(play, "ann", "Anything you would like to add?"))
    assert await pressed(play, "Done")
    await play.tap("ann", "Skip")
    await until(lambda: said(play, "ann", "Thank you for being frank"))
    await play.tap("ann", "Change")
    await until(lambda: pressed(play, "Change"))
    await play.tap("ann", "Overall: 2")
    await until(lambda: pressed(play, "Overall: 2"))
    assert "Add a comment" not in await play.read("walk")


async def offered(play: Player, button: str) -> bool:
    rows = [entry.get("rows", []) for entry in await play.chat("ann")]
    return button in [one["label"] for row in itertools.chain.from_iterable(rows) for one in row]


async def pressed(play: Player, button: str) -> bool:
    return f"Ann Meyer presses “{button}”" in await play.read("walk")


async def test_whoever_resolves_the_reopened_ticket_as_agent_ends_the_recovery_too(play: Player) -> None:
    await be_unhappy(play)
    await play.resolve("My parcel is late again")
    assert not await Recovery.filter(state__in=(RecoveryState.OPEN, RecoveryState.TAKEN)).exists()
    await until(lambda: said(play, "ann", "Is it right now?"))
    assert "Rate once more." in await play.read("guide")
    await play.tap("ann", "5★")
    await until(lambda: shows(play, "guide", "That was the whole walk."))


async def test_a_customer_who_could_not_be_reached_is_not_asked_again_and_the_walk_is_over(play: Player) -> None:
    await be_unhappy(play)
    await mend(play, "not_reachable")
    assert "That was the whole walk." in await play.read("guide")


async def test_the_guide_points_at_the_button_that_it_names(play: Player) -> None:
    await be_unhappy(play)
    assert f'data-button="{(await play.alert_button("take"))["action"]}"' in (await play.panels())["guide"]
    await play.press("inbox", **await play.alert_button("take"))
    assert f'data-button="{(await play.alert_button("resolve"))["action"]}"' in (await play.panels())["guide"]


async def test_a_request_that_nobody_has_yet_says_so(play: Player) -> None:
    ann = await Contact.get(ref="ann")
    await tickets.open_ticket(contact=ann, subject="Where is my invoice?", now=NOON)
    assert await shows(play, "agent", "Where is my invoice?")
    assert "nobody yet" in await play.read("agent")


async def test_the_guide_says_what_to_do_next_and_ticks_off_what_was_done(play: Player) -> None:
    assert "You are the agent" in await play.read("guide")
    await play.resolve("My parcel is late again")
    assert "The question leaves at 12:05" in await play.read("guide")
    await play.press("clock", seconds=300)
    await until(lambda: shows(play, "guide", "You are Ann Meyer"))
    await play.tap("ann", "5★")
    await until(lambda: shows(play, "guide", "A good mark needs nobody"))


async def test_lina_is_asked_in_chinese_and_her_alert_can_be_read_in_both_languages(play: Player) -> None:
    await play.resolve("咖啡机漏水")
    await play.press("clock", seconds=300)
    await until(lambda: said(play, "lina", "1 = 非常不满意"))
    await play.tap("lina", "1★")
    await until(lambda: said(play, "lina", "★☆☆☆☆"))
    await play.press("clock", seconds=300)
    await until(lambda: shows(play, "staff", "李娜 is unhappy"))
    assert "接手" in await play.read("staff", lang="zh-CN")


async def test_who_was_asked_three_days_ago_is_not_asked_again_and_the_page_says_why(play: Player) -> None:
    assert (await play.resolve("Wrong beans in my box"))["note"] == "Not sent: asked 3 days ago on web chat"
    assert (await play.resolve("Charged twice this month"))["note"] == "Not sent: the contact wants no surveys"


async def test_what_was_planned_is_told_in_the_past_once_it_has_come_or_was_cancelled(play: Player) -> None:
    await play.resolve("My parcel is late again")
    assert "Will be sent today 12:05 on web chat" in await play.read("walk")
    await play.press("clock", seconds=300)
    await until(lambda: shows(play, "walk", "Sent today 12:05 on web chat"))
    assert "Will be sent" not in await play.read("walk") + await play.read("agent")

    await play.resolve("咖啡机漏水")
    assert "Will be sent today 12:10 on web chat" in await play.read("walk")
    ticket = await tickets.find(await play.number("咖啡机漏水"))
    assert await tickets.reopen(ticket, by="Kim Berger", now=play.stage.clock())
    await until(lambda: shows(play, "walk", "Was to be sent today 12:10 on web chat"))
    assert "Will be sent" not in await play.read("walk") + await play.read("agent")


async def test_time_can_be_moved_to_what_comes_next_but_never_back(play: Player) -> None:
    await play.resolve("My parcel is late again")
    due = re.search(r'data-until="([^"]+)"', (await play.panels())["coming"])
    assert due is not None
    await play.press("clock", until=due[1])
    await until(lambda: said(play, "ann", "How satisfied are you overall?"))
    before = play.stage.clock()
    await play.press("clock", until=NOON.isoformat())
    assert play.stage.clock() >= before
    assert (await play.client.post("/demo/clock", json={"seconds": -60})).status_code == 422


async def test_an_alert_that_nobody_takes_is_told_to_the_lead(play: Player) -> None:
    await bad_mark(play)
    await play.press("clock", seconds=3600)
    await until(lambda: shows(play, "staff", "Nobody has taken it yet"))


async def test_words_in_a_thread_stay_among_staff(play: Player) -> None:
    await bad_mark(play)
    button = await play.alert_button("take")
    await play.press("inbox", text="I know <b>her</b>", target=button["target"], receipt=button["receipt"])
    html = await until(lambda: shows(play, "staff", "I know &lt;b&gt;her&lt;/b&gt;"))
    assert "Kim Berger" in html
    assert not any("I know" in entry["plain"] for entry in await play.chat("ann"))


async def test_a_reply_from_the_inbox_reaches_the_customer_in_the_chat(play: Player) -> None:
    await bad_mark(play)
    button = await play.alert_button("reply")
    form = (await play.press("inbox", **button))["form"]
    await play.press("inbox", action=form["action"], target=button["target"], values={"text": ["Calling you at once!"]})
    await until(lambda: said(play, "ann", "Calling you at once!"))


async def test_a_customer_sees_that_somebody_is_writing_a_reply_and_nothing_else(play: Player) -> None:
    await bad_mark(play)
    chat: Any = play.stage.app.channels["webchat"]
    with chat.hub.listen("ann"), chat.hub.listen("ben"):
        for verb in ("take", "dismiss", "reply"):
            assert not chat.hub.is_typing("ann")
            button = await play.alert_button(verb)
            await play.press("typing", action=button["action"])
        assert chat.hub.is_typing("ann")
        assert not chat.hub.is_typing("ben")
        await play.press("typing", action="a:nobodyknowsit:reply")
        await play.press("typing", action="%00'\"<")


async def test_what_was_played_is_still_there_after_a_restart_and_time_goes_on_from_it(
    filled: Path, tmp_path: Path
) -> None:
    async with playing(filled, tmp_path) as play:
        await play.resolve("My parcel is late again")
        await play.press("clock", seconds=86_400)
        await until(lambda: said(play, "ann", "How satisfied are you overall?"))
        later = play.stage.clock()
    async with raised(tmp_path) as again:
        assert again.stage.clock() > later - timedelta(seconds=5)
        assert "Survey sent on web chat" in await again.read("walk")


async def test_starting_over_begins_with_a_new_store(filled: Path, tmp_path: Path) -> None:
    async with playing(filled, tmp_path) as play:
        await play.resolve("My parcel is late again")
        await play.press("clock", seconds=86_400)
        await play.press("again")
        await until(lambda: finished(play))
        assert play.stage.again
    async with raised(tmp_path, fresh=True) as anew:
        assert anew.stage.clock() - NOON < timedelta(minutes=5)
        assert "Nothing has happened yet" in await anew.read("walk")


async def test_the_company_has_a_past_that_the_product_made(play: Player) -> None:
    agent = await play.read("agent")
    assert "45 requests" in agent or "44 requests" in agent or "43 requests" in agent
    assert "Olga Petrova is unhappy" in await play.read("staff")
    assert "Nothing has happened yet" in await play.read("walk")
    transcript = await play.chat("ann")
    assert any(entry["from"] == "you" and "Thursdays" in entry["plain"] for entry in transcript)
    assert any("Thank you" in entry["plain"] for entry in transcript)


@pytest.mark.parametrize(
    ("method", "path", "headers"),
    [
        ("POST", "/demo/clock", {"host": "evil.example"}),
        ("GET", "/", {"host": "evil.example:8099"}),
        ("POST", "/demo/again", {"sec-fetch-site": "cross-site"}),
        ("GET", "/demo/admin", {"sec-fetch-site": "cross-site"}),
        ("GET", "/demo/admin", {"host": "evil.example:8099"}),
        ("POST", "/demo/clock", {"content-type": "text/plain"}),
    ],
)
async def test_other_sites_cannot_play_along(play: Player, method: str, path: str, headers: dict[str, str]) -> None:
    ahead = play.stage.clock.ahead
    answer = await play.client.request(method, path, content=b'{"seconds": 60}', headers=headers)
    assert answer.status_code == 403
    assert play.stage.clock.ahead == ahead


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("clock", {"seconds": "soon"}),
        ("clock", {"seconds": 10**9}),
        ("clock", {"until": "9999-12-31T00:00:00+00:00"}),
        ("clock", {"until": "2026-11-23T12:00:00"}),
        ("desk", {"action": ["x"]}),
        ("desk", {}),
        ("inbox", {"action": "a" * 401, "target": "orders"}),
        ("inbox", {"text": "x" * 4001, "target": "orders"}),
        ("inbox", {"surprise": 1}),
    ],
)
async def test_garbage_is_refused_and_names_what_is_wrong(play: Player, path: str, body: dict[str, Any]) -> None:
    answer = await play.client.post(f"/demo/{path}", json=body)
    assert answer.status_code == 422
    assert answer.json()["error"]["message"]


async def test_a_forged_button_does_nothing_and_says_so(play: Player) -> None:
    said = await play.press("inbox", action="a:zzzzzzzzzzzz:take", target="orders")
    assert said["alarming"]
    assert said["note"] == "This message is out of date."
    assert (await play.press("desk", action="CS000000000000:resolve"))["alarming"]
    assert (await play.press("desk", action="CS000000000000:explode", values={}))["alarming"]


async def test_pages_forbid_everything_that_they_do_not_use(play: Player) -> None:
    page = await play.client.get("/")
    policy = page.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert "default-src 'none'" in policy
    assert " style=" not in page.text
    assert not re.search(r"<script(?![^>]*\bsrc=)|\bon[a-z]+=", page.text)


async def test_whoever_is_played_can_do_everything_in_the_admins_browser(play: Player) -> None:
    for staff, lang, words in (("kim", "en", "Kim"), ("liwei", "zh-Hans", "概览"), ("kim", "zh-Hans", "概览")):
        asked = {"staff": company.staff_key(staff), "lang": lang}
        answer = await play.client.get("/demo/admin", params=asked, follow_redirects=True)
        assert (answer.status_code, str(answer.url)) == (200, f"{BASE}/admin/")
        assert words in answer.text
        for path in ("/admin/surveys/default", "/admin/inbox", "/admin/board", "/admin/audit"):
            assert (await play.client.get(path)).status_code == 200, path


async def test_a_test_of_words_to_oneself_arrives_in_the_inbox(play: Player) -> None:
    await play.client.get(
        "/demo/admin", params={"staff": company.staff_key("kim"), "lang": "en"}, follow_redirects=True
    )
    editor = (await play.client.get("/admin/templates/edit?kind=invite&locale=en")).text
    form = editor[editor.index('<form id="write"') :]
    fields = dict(re.findall(r'<input type="hidden" (?:form="write" )?name="(\w+)" value="([^"]*)"', form))
    assert fields["door"] == "inbox kim@kestrel.example"
    words = {**fields, "body": "How was {{ ticket.number }}?"}
    sent = await play.client.post("/admin/templates/test", data=words, follow_redirects=True)
    assert "The test is on its way to you." in sent.text
    told = await until(lambda: shows(play, "staff", "How was CS"))
    assert "This is a test" in told
    assert "Kim Berger" in told


async def test_whoever_looks_may_hire_dismiss_and_erase_and_still_play_on(play: Player) -> None:
    await Staff.create(key="new@kestrel.example", name="Nia New")
    await Staff.filter(key=company.staff_key("kim")).update(active=False)
    ann = await Contact.get(ref="ann")
    await erase.erase(ann, ledger=play.stage.app.erasures, by="kim@kestrel.example", now=play.stage.clock())
    page = await play.client.get("/", params={"lang": "en"})
    assert page.status_code == 200
    assert "Nia New" in page.text
    assert await Contact.exists(ref="ann")
    await Staff.all().update(active=False)
    gone = await play.client.get("/", params={"lang": "en"})
    assert gone.status_code == 410


async def test_none_of_it_exists_in_what_is_served(play: Player) -> None:
    application = ordinary_web_app(play.stage.app)
    transport = httpx.ASGITransport(app=application, client=("127.0.0.1", 50_001))
    async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
        assert "/demo/" not in (await client.get("/")).text
        for path in ("/demo/now", "/demo/chat", "/demo/admin", "/demo/static/demo.js"):
            assert (await client.get(path)).status_code == 404
        for path in ("/demo/clock", "/demo/desk", "/demo/inbox", "/demo/again"):
            assert (await client.post(path, json={})).status_code == 404


async def bad_mark(play: Player) -> None:
    """Ann gives one star, and staff are alerted."""
    await play.resolve("My parcel is late again")
    await play.press("clock", seconds=300)
    await until(lambda: said(play, "ann", "How satisfied are you overall?"))
    await play.tap("ann", "1★")
    await until(lambda: said(play, "ann", "How was the service attitude?"))
    await play.press("clock", seconds=120)
    await until(lambda: shows(play, "staff", "Ann Meyer is unhappy"))


async def finished(play: Player) -> bool:
    return not play.stage.app.worker.is_working


async def said(play: Player, customer: str, words: str) -> bool:
    """Whether one of the last messages in the chat says so."""
    return any(words in entry["plain"] for entry in (await play.chat(customer))[-2:])


async def shows(play: Player, panel: str, words: str) -> str:
    """The panel's text if it says so."""
    text = await play.read(panel)
    return text if words in text else ""


@pytest.mark.parametrize(("zone", "known"), [("Europe/Berlin", "Europe/Berlin"), ("UTC", "")])
async def test_a_machine_in_utc_says_nothing_of_where_its_people_are(zone: str, known: str, store: Store) -> None:
    contact = await company.welcome(company.sample().customers[0], zone, now=NOON)
    assert contact.timezone == known
