"""One app in many Slack workspaces: how they get it, whose ids are whose, and tokens that live for hours."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import ValidationError

from bot.channels.slack import workspace_ids
from bot.channels.slack.channel import SlackChannel
from bot.channels.slack.settings import SlackSettings
from core.models.keeps import Kept
from core.ports import Acknowledgement, Button, Forgetful, Heard, Message, Receipt, Refused, TryLater, Undeliverable
from tests import world
from tests.docs import pages
from tests.ports import free_port
from tests.rigs.slack import SlackRig
from tests.world import World

ANN, BOB, KIM = "U0ANN", "U0BOB", "U0KIM"
BASE = "https://survey.example.org"
STARS = tuple(Button("★" * score, f"r:k3x9:s:overall:{score}") for score in range(1, 6))
INVITE = Message("invite:17", "invite", "How was it?", "How was it?", rows=(STARS,))


class Time:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def rig() -> AsyncIterator[SlackRig]:
    async with SlackRig() as made:
        made.person(ANN, name="Ann", email="ann@example.org")
        yield made


@pytest.fixture
def shop(rig: SlackRig) -> SlackRig:
    made = rig.workspace("T0SHOP", name="Shop & Co")
    made.person(BOB, name="Bob", email="bob@example.org")
    return made


def a_channel(rig: SlackRig, keep: Forgetful, time: Time, **given: Any) -> SlackChannel:
    ours: dict[str, Any] = {"mode": "http", "signing_secret": rig.signing_secret, "api_base": rig.url}
    ours |= {"client_id": rig.consent.client_id, "client_secret": rig.consent.client_secret}
    made = SlackChannel("slack", SlackSettings(**ours | given), base_url=BASE)
    made.keep, made.clock = keep, time
    return made


@contextlib.asynccontextmanager
async def opened(
    rig: SlackRig, *, keep: Forgetful | None = None, time: Time | None = None, **given: Any
) -> AsyncIterator[SlackChannel]:
    channel = a_channel(rig, keep or Forgetful(), time or Time(), **given)
    await channel.open()
    try:
        yield channel
    finally:
        await channel.close()


async def install(channel: SlackChannel, rig: SlackRig, into: SlackRig, *, org_wide: bool = False) -> str:
    assert channel.installer is not None
    back = rig.consent.agree(channel.installer.authorize_url("state"), into, org_wide=org_wide)
    return await channel.installer.install(parse_qs(urlsplit(back).query)["code"][0])


async def heard_from(rig: SlackRig, channel: SlackChannel, act: Any) -> Sequence[Heard]:
    """What we understand of something that a person does there."""
    bodies: list[bytes] = []

    async def keep_it(kind: str, payload: Mapping[str, Any], body: str) -> Any:
        bodies.append(json.dumps(payload).encode())

    rig._deliver = keep_it  # type: ignore[assignment, method-assign]  # the rig's own way out, into our hands
    await act
    return await channel.read(bodies[0])


# ---------------------------------------------------------------- whose ids are whose


async def test_with_a_bot_token_alone_nothing_has_a_workspace_in_front(rig: SlackRig) -> None:
    async with opened(rig, bot_token=rig.bot_token, client_id="", client_secret=None) as channel:
        assert channel.installer is None
        receipt = await channel.send(ANN, INVITE)
        assert receipt.ref.startswith("D0ANN:")
        (heard,) = await heard_from(rig, channel, rig.write(ANN, ANN, "hello"))
        assert (heard.person.address, heard.target) == (ANN, "D0ANN")


async def test_the_bot_tokens_own_workspace_keeps_its_bare_ids(rig: SlackRig, shop: SlackRig) -> None:
    async with opened(rig, bot_token=rig.bot_token) as channel:
        assert await install(channel, rig, shop) == "Shop & Co"
        await channel.send(ANN, INVITE)
        (heard,) = await heard_from(rig, channel, rig.write(ANN, ANN, "hello"))
        assert (heard.person.address, heard.target) == (ANN, "D0ANN")
        assert len(rig.screen(ANN)) == 1


async def test_what_comes_from_another_workspace_is_answered_there(rig: SlackRig, shop: SlackRig) -> None:
    async with opened(rig, bot_token=rig.bot_token) as channel:
        await install(channel, rig, shop)
        receipt = await channel.send("T0SHOP/U0BOB", INVITE)
        assert receipt.ref.startswith("T0SHOP/D0BOB:")
        assert shop.screen(BOB)
        assert not rig.messages
        (tapped,) = await heard_from(shop, channel, shop.press(BOB, BOB, "★★"))
        assert (tapped.person.address, tapped.target) == ("T0SHOP/U0BOB", "T0SHOP/D0BOB")
        assert tapped.receipt == receipt.ref
        assert not tapped.person.stranger
        await channel.acknowledge(tapped, Acknowledgement(note="Saved"))
        assert shop.whispered(BOB) == ["Saved"]
        again = await channel.edit(tapped.target, Receipt(tapped.receipt), Message("q:1", "q", "Thanks", "Thanks"))
        assert (again, shop.screen(BOB)) == (receipt, ["Thanks"])
        await channel.send(tapped.target, Message("q:2", "q", "under it", "under it", thread=receipt.ref))
        assert shop.thread("D0BOB", receipt.ref) == ["under it"]
        await channel.send("home:T0SHOP/U0BOB", Message("h", "home", "3 open", "3 open"))
        assert shop.home(BOB) == "3 open"


async def test_a_form_knows_its_message_in_another_workspace_too(rig: SlackRig, shop: SlackRig) -> None:
    from tests.bot.test_slack_channel import FORM

    async with opened(rig, bot_token=rig.bot_token) as channel:
        await install(channel, rig, shop)
        receipt = await channel.send("T0SHOP/U0BOB", INVITE)
        (tapped,) = await heard_from(shop, channel, shop.press(BOB, BOB, "★★"))
        await channel.acknowledge(tapped, Acknowledgement(form=FORM))
        (form,) = await heard_from(shop, channel, _submitting(shop))
        assert (form.target, form.receipt) == ("T0SHOP/D0BOB", receipt.ref)


async def _submitting(shop: SlackRig) -> None:
    with contextlib.suppress(AttributeError):  # there is no answer to look at: our hands took it
        await shop.submit(BOB, {"comment": "fine"})


async def test_the_first_to_install_has_bare_ids_where_there_is_no_bot_token(rig: SlackRig, shop: SlackRig) -> None:
    async with opened(rig) as channel:
        with pytest.raises(Undeliverable, match="no workspace has installed") as caught:
            await channel.send(ANN, INVITE)
        assert not caught.value.dead_address
        await install(channel, rig, rig)
        await install(channel, rig, shop)
        assert (await channel.send("ann@example.org", INVITE)).ref.startswith("D0ANN:")
        assert await channel.known_as("T0SHOP/bob@example.org") == "T0SHOP/U0BOB"
        (here,) = await heard_from(rig, channel, rig.write(ANN, ANN, "hello"))
        (there,) = await heard_from(shop, channel, shop.command(BOB, "/afterword", "help"))
        assert (here.person.address, there.person.address) == (ANN, "T0SHOP/U0BOB")


async def test_an_organisation_installs_once_for_all_its_workspaces(rig: SlackRig) -> None:
    part = rig.workspace("T0PART", name="A part", enterprise="E0ALL")
    part.person(BOB, name="Bob")
    async with opened(rig, bot_token=rig.bot_token) as channel:
        assert await install(channel, rig, part, org_wide=True) == "All of us"
        await channel.send("E0ALL/U0BOB", INVITE)
        body = {"type": "event_callback", "team_id": "T0PART", "enterprise_id": "E0ALL", "event": {
            "type": "message", "channel_type": "im", "channel": "D0BOB", "user": BOB, "text": "hi"}}  # fmt: skip
        (heard,) = await channel.read(json.dumps(body).encode())
        assert heard.person.address == "E0ALL/U0BOB"


async def test_the_workspace_of_the_bot_token_may_go_through_the_page_too(rig: SlackRig) -> None:
    async with opened(rig, bot_token=rig.bot_token) as channel:
        assert await install(channel, rig, rig) == "Home & Co"
        (heard,) = await heard_from(rig, channel, rig.write(ANN, ANN, "hello"))
        assert heard.person.address == ANN
        await channel.send("T0HOME/U0ANN", INVITE)
        assert len(rig.screen(ANN)) == 1


@pytest.mark.parametrize(
    "address", ["C0ALERTS", "U0ANN", "ann@example.org", "t/x@example.org", "D0ANN:1.2", "T1/x", ""]
)
def test_bare_addresses_stay_as_they_are(address: str) -> None:
    assert workspace_ids.split(address) == ("", address)


# ---------------------------------------------------------------- the end of an installation


@pytest.mark.parametrize("event", [{"type": "app_uninstalled"}, {"type": "tokens_revoked", "tokens": {"bot": ["U0B"]}}])
async def test_a_workspace_that_removes_the_app_loses_its_own_installation_only(
    rig: SlackRig, shop: SlackRig, event: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    time = Time()
    async with opened(rig, bot_token=rig.bot_token, time=time) as channel:
        await install(channel, rig, shop)
        third = rig.workspace("T0THIRD", name="Third")
        third.person(BOB, name="Bob")
        await install(channel, rig, third)
        body = {"type": "event_callback", "team_id": "T0SHOP", "event_time": time.now + 1, "event": event}
        assert await channel.read(json.dumps(body).encode()) == []
        with pytest.raises(Undeliverable, match="not installed in the workspace T0SHOP") as caught:
            await channel.send("T0SHOP/U0BOB", INVITE)
        assert not caught.value.dead_address
        await channel.send("T0THIRD/U0BOB", INVITE)
        await channel.send(ANN, INVITE)
        assert "T0SHOP has removed the app" in caplog.text
        (late,) = await heard_from(shop, channel, shop.write(BOB, BOB, "still in the queue"))
        assert late.person.address == "T0SHOP/U0BOB"
        await install(channel, rig, shop)
        await channel.send("T0SHOP/U0BOB", INVITE)


async def test_old_news_do_not_end_a_new_installation(rig: SlackRig, shop: SlackRig) -> None:
    time = Time()
    async with opened(rig, bot_token=rig.bot_token, time=time) as channel:
        await install(channel, rig, shop)
        gone = {"type": "event_callback", "team_id": "T0SHOP", "event_time": time.now - 60}
        await channel.read(json.dumps(gone | {"event": {"type": "app_uninstalled"}}).encode())
        await channel.read(json.dumps(gone | {"event_time": time.now + 60, "event": {
            "type": "tokens_revoked", "tokens": {"oauth": ["U1"]}}}).encode())  # fmt: skip
        await channel.send("T0SHOP/U0BOB", INVITE)


# ---------------------------------------------------------------- tokens that live for hours


async def test_a_token_is_renewed_well_before_its_end(rig: SlackRig, shop: SlackRig) -> None:
    rig.consent.lives, time = 43_200, Time()
    async with opened(rig, bot_token=rig.bot_token, time=time) as channel:
        await install(channel, rig, shop)
        time.now += 43_200 - 7300
        await channel.send("T0SHOP/U0BOB", INVITE)
        assert rig.consent.renewals == 0
        time.now += 200
        await channel.send("T0SHOP/U0BOB", INVITE)
        assert rig.consent.renewals == 1
        assert len(shop.screen(BOB)) == 2


async def test_a_token_that_ended_early_is_renewed_and_the_message_goes_once(rig: SlackRig, shop: SlackRig) -> None:
    rig.consent.lives = 43_200
    async with opened(rig, bot_token=rig.bot_token) as channel:
        await install(channel, rig, shop)
        rig.consent.expired.add(shop.bot_token)
        await channel.send("T0SHOP/U0BOB", INVITE)
        assert rig.consent.renewals == 1
        assert len(shop.screen(BOB)) == 1


async def test_of_many_at_once_one_renews(rig: SlackRig, shop: SlackRig) -> None:
    rig.consent.lives, time = 43_200, Time()
    async with opened(rig, bot_token=rig.bot_token, time=time) as channel:
        await install(channel, rig, shop)
        time.now += 43_200
        rig.consent.expired.add(shop.bot_token)
        await asyncio.gather(*(channel.send("T0SHOP/U0BOB", INVITE) for _ in range(8)))
        assert rig.consent.renewals == 1
        assert len(shop.screen(BOB)) == 8


async def test_another_process_that_was_faster_is_believed(rig: SlackRig, shop: SlackRig) -> None:
    """Both hold the same refresh token, which is good once."""
    rig.consent.lives, time, keep = 43_200, Time(), Forgetful()
    async with (
        opened(rig, bot_token=rig.bot_token, time=time, keep=keep) as one,
        opened(rig, bot_token=rig.bot_token, time=time, keep=keep) as other,
    ):
        await install(one, rig, shop)
        await other.send("T0SHOP/U0BOB", INVITE)
        time.now += 43_200
        rig.consent.expired.add(shop.bot_token)
        await asyncio.gather(one.send("T0SHOP/U0BOB", INVITE), other.send("T0SHOP/U0BOB", INVITE))
        assert rig.consent.renewals == 1
        assert len(shop.screen(BOB)) == 3


class Failing(Forgetful):
    """A store that is away when asked to be."""

    away = False

    async def put(self, key: str, value: str) -> None:
        if self.away:
            raise ConnectionError("the store is away")
        await super().put(key, value)


async def test_a_new_token_is_stored_before_it_is_used_and_never_lost(rig: SlackRig, shop: SlackRig) -> None:
    rig.consent.lives, time, keep = 43_200, Time(), Failing()
    async with opened(rig, bot_token=rig.bot_token, time=time, keep=keep) as channel:
        await install(channel, rig, shop)
        time.now += 43_200
        rig.consent.expired.add(shop.bot_token)
        keep.away = True
        with pytest.raises(ConnectionError):
            await channel.send("T0SHOP/U0BOB", INVITE)
        assert shop.screen(BOB) == []
        keep.away = False
        await channel.send("T0SHOP/U0BOB", INVITE)
        assert rig.consent.renewals == 1
        assert len(shop.screen(BOB)) == 1
    async with opened(rig, bot_token=rig.bot_token, time=time, keep=keep) as after_a_restart:
        await after_a_restart.send("T0SHOP/U0BOB", INVITE)
        assert rig.consent.renewals == 1


async def test_as_long_as_the_old_token_is_good_a_slack_that_is_away_costs_nothing(
    rig: SlackRig, shop: SlackRig
) -> None:
    rig.consent.lives, time = 43_200, Time()
    async with opened(rig, bot_token=rig.bot_token, time=time) as channel:
        await install(channel, rig, shop)
        time.now += 40_000
        rig.mood, rig.only = "broken", frozenset({"oauth.v2.access"})
        await channel.send("T0SHOP/U0BOB", INVITE)
        time.now += 4000
        with pytest.raises(TryLater):
            await channel.send("T0SHOP/U0BOB", INVITE)
        rig.mood, rig.refusal = "gone", "invalid_refresh_token"
        with pytest.raises(Undeliverable, match="could not be renewed: invalid_refresh_token") as caught:
            await channel.send("T0SHOP/U0BOB", INVITE)
        assert not caught.value.dead_address


async def test_a_busy_workspace_is_left_alone_and_the_others_go_on(rig: SlackRig, shop: SlackRig) -> None:
    time = Time()
    async with opened(rig, bot_token=rig.bot_token, time=time) as channel:
        await install(channel, rig, shop)
        rig.mood, rig.retry_after, rig.only = "busy", "20", frozenset({"chat.postMessage"})
        with pytest.raises(TryLater) as caught:
            await channel.send("T0SHOP/C0ALERTS", INVITE)
        assert not caught.value.whole_channel
        rig.mood, before = "fine", len(rig.calls)
        with pytest.raises(TryLater) as again:
            await channel.send("T0SHOP/C0ALERTS", INVITE)
        assert again.value.after is not None
        assert again.value.after.total_seconds() == 20
        assert len(rig.calls) == before
        await channel.send(ANN, INVITE)
        time.now += 20
        await channel.send("T0SHOP/C0ALERTS", INVITE)


# ---------------------------------------------------------------- check and settings


async def test_check_looks_at_every_workspace(rig: SlackRig, shop: SlackRig) -> None:
    async with opened(rig) as channel:
        (nobody,) = await channel.check()
        assert (nobody.verdict, nobody.what) == ("problem", "no workspace has installed the app yet")
        assert f"{BASE}/slack/slack/install" in nobody.remedy
        await install(channel, rig, rig)
        await install(channel, rig, shop)
        assert [finding.what for finding in await channel.check()] == [
            "afterword in Home & Co, with every right that it needs",
            "afterword in Shop & Co, with every right that it needs",
        ]
        rig.mood, rig.refusal = "gone", "token_revoked"
        assert [finding.ok for finding in await channel.check()] == [False, False]


async def test_it_listens_by_socket_without_any_bot_token(rig: SlackRig) -> None:
    async with opened(rig, mode="socket", app_token=rig.app_token) as channel:
        await install(channel, rig, rig)
        heard: list[Heard] = []

        async def take(arrivals: Any) -> None:
            for arrival in arrivals:
                heard.extend(await channel.read(arrival.body))

        task = asyncio.create_task(channel.listen(take))
        await rig.until(lambda: rig.connected)
        assert (await rig.write(ANN, ANN, "hello")).status == 200
        assert [one.person.address for one in heard] == [ANN]
        task.cancel()
        await asyncio.wait([task])


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, "bot_token is needed, or client_id and client_secret"),
        ({"client_id": "1.2"}, "needed together"),
        ({"bot_token": "xoxb-1", "client_secret": "hush"}, "needed together"),
        ({"client_id": "1.2", "client_secret": " "}, "client_secret"),
    ],
)
def test_half_an_oauth_is_named(given: dict[str, Any], named: str) -> None:
    with pytest.raises(ValidationError, match=named) as caught:
        SlackSettings(app_token="xapp-1", **given)
    assert "hush" not in str(caught.value)


# ---------------------------------------------------------------- the pages, in the whole product


@pytest.fixture
async def here(sqlite_url: str, rig: SlackRig, shop: SlackRig) -> AsyncIterator[World]:
    rig.person(KIM, name="Kim", email="kim@example.org")
    port = free_port()
    shop.hook_url = rig.hook_url = f"http://127.0.0.1:{port}/hooks/slack"
    consent = {"client_id": rig.consent.client_id, "client_secret": rig.consent.client_secret}
    tables = {
        "slack": world.slack_table(rig) | consent,
        "alone": world.slack_table(rig),
        "webchat": {"kind": "webchat"},
    }
    async with world.running(sqlite_url, tables, port=port) as running:
        yield running


@pytest.fixture
async def browser(here: World) -> AsyncIterator[httpx.AsyncClient]:
    async with httpx.AsyncClient(base_url=here.base_url, trust_env=False) as made:
        yield made


async def test_an_administrator_of_another_workspace_installs_and_its_people_are_served(
    here: World, browser: httpx.AsyncClient, rig: SlackRig, shop: SlackRig, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    begun = await browser.get("/slack/slack/install")
    assert begun.status_code == 303
    assert begun.headers["location"].startswith(f"{rig.root}oauth/v2/authorize?")
    assert "HttpOnly" in begun.headers["set-cookie"]
    assert "SameSite=lax" in begun.headers["set-cookie"]
    assert await Kept.all().count() == 0
    back = rig.consent.agree(begun.headers["location"], shop)
    page = await browser.get(back)
    assert page.status_code == 200
    assert "Installed in Shop &amp; Co" in page.text
    again = await browser.get(back)
    assert (again.status_code, "Please begin anew" in again.text) == (400, True)

    await here.resolve(addresses=[("slack", "T0SHOP/bob@example.org")], name="Bob")
    await here.until(lambda: _true(shop.screen(BOB)))
    assert (await shop.press(BOB, BOB, shop.buttons(BOB)[1])).status == 200
    (response,) = await here.until(lambda: here.responses())
    assert response["scores"] == {"overall": 2}
    await here.until(lambda: _true("[Tell us more]" in shop.screen(BOB)[0]))
    assert not [message for message in rig.messages.values() if message.channel.startswith("D")]

    sealed = " ".join([row.sealed for row in await Kept.all()])
    told = "\n".join(record.getMessage() for record in caplog.records if record.name.startswith(("bot.", "core.")))
    for secret in ("xoxb-T0SHOP-secret", rig.consent.client_secret, parse_qs(urlsplit(back).query)["code"][0]):
        assert secret not in sealed
        assert secret not in told


async def _true(value: object) -> object:
    return value


async def test_only_the_browser_that_began_can_finish(
    here: World, browser: httpx.AsyncClient, rig: SlackRig, shop: SlackRig
) -> None:
    begun = await browser.get("/slack/slack/install")
    cookie = begun.headers["set-cookie"].partition(";")[0]
    back = rig.consent.agree(begun.headers["location"], shop)
    async with httpx.AsyncClient(base_url=here.base_url, trust_env=False) as other:
        assert (await other.get(back)).status_code == 400
        await other.get("/slack/slack/install")
        assert (await other.get(back)).status_code == 400
    assert await Kept.all().count() == 0
    first = await browser.get(back)
    assert first.status_code == 200
    assert "Max-Age=0" in first.headers["set-cookie"]
    before = len(rig.calls)
    again = await browser.get(back, headers={"cookie": cookie})  # a browser that forgot to forget it
    assert (again.status_code, len(rig.calls)) == (400, before)


async def test_ten_minutes_are_the_limit(
    here: World, browser: httpx.AsyncClient, rig: SlackRig, shop: SlackRig
) -> None:
    back = rig.consent.agree((await browser.get("/slack/slack/install")).headers["location"], shop)
    await here.move_on(minutes=10, seconds=1)
    assert (await browser.get(back)).status_code == 400


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("error=access_denied", "Nothing was installed"),
        ("error=invalid_scope", "Slack did not accept it"),
        ("code=", "Please begin anew"),
        ("code=" + "x" * 501, "Please begin anew"),
        ("code=guessed", "Please begin anew"),
        ("code=guessed&code=again", "Please begin anew"),
    ],
)
async def test_what_goes_wrong_is_told_on_a_page(
    here: World, browser: httpx.AsyncClient, query: str, words: str
) -> None:
    location = (await browser.get("/slack/slack/install")).headers["location"]
    state = parse_qs(urlsplit(location).query)["state"][0]
    page = await browser.get(f"/slack/slack/oauth?state={state}&{query}", headers={"accept-language": "en"})
    assert words in page.text
    assert "guessed" not in page.text


@pytest.mark.parametrize("query", ["", "?code=1", "?code=1&state=", "?state=1.2&code=1", "?state=%00%ff&code=%00"])
async def test_what_a_stranger_makes_up_leads_nowhere(here: World, browser: httpx.AsyncClient, query: str) -> None:
    await browser.get("/slack/slack/install")
    page = await browser.get(f"/slack/slack/oauth{query}", headers={"accept-language": "zh-CN"})
    assert page.status_code == 400
    assert "请重新开始" in page.text


@pytest.mark.parametrize(
    ("mood", "refusal", "status", "words"),
    [
        ("broken", "", 503, "Not yet"),
        ("busy", "", 503, "Not yet"),
        ("garbled", "", 503, "Not yet"),
        ("gone", "bad_client_secret", 400, "Slack did not accept it"),
        ("gone", "bad_redirect_uri", 400, "Slack did not accept it"),
        ("gone", "invalid_code", 400, "Please begin anew"),
        ("gone", "code_already_used", 400, "Please begin anew"),
    ],
)
async def test_a_slack_that_is_not_well_is_told_on_a_page(
    here: World, browser: httpx.AsyncClient, rig: SlackRig, mood: Any, refusal: str, status: int, words: str
) -> None:
    back = rig.consent.agree((await browser.get("/slack/slack/install")).headers["location"], rig)
    rig.mood, rig.refusal, rig.only = mood, refusal, frozenset({"oauth.v2.access"})
    page = await browser.get(back)
    assert (page.status_code, words in page.text) == (status, True)
    assert "/slack/slack/install" in page.text


@pytest.mark.parametrize("channel", ["nobody", "webchat", "alone"])
@pytest.mark.parametrize("page", ["install", "oauth"])
async def test_where_nothing_can_be_installed_there_is_nothing(
    here: World, browser: httpx.AsyncClient, channel: str, page: str
) -> None:
    answer = await browser.get(f"/slack/{channel}/{page}")
    assert answer.status_code == 404
    assert "There is nothing to install here" in answer.text
    assert "set-cookie" not in answer.headers or page == "oauth"


async def test_a_grant_for_us_is_worth_nothing_without_a_bots_token(rig: SlackRig) -> None:
    async with opened(rig) as channel:
        assert channel.installer is not None
        with pytest.raises(Refused):
            await channel.installer.install("unknown")


async def test_the_check_command_sees_what_the_running_product_has_kept(
    here: World, browser: httpx.AsyncClient, rig: SlackRig, shop: SlackRig, tmp_path: Path
) -> None:
    await browser.get(rig.consent.agree((await browser.get("/slack/slack/install")).headers["location"], shop))
    config = tmp_path / "config.toml"
    config.write_text(
        f'[site]\nsecret_key = "{world.SECRET}"\n[store]\nurl = "{here.app.config.store.url}"\n'
        f'[channels.slack]\nkind = "slack"\nmode = "http"\nsigning_secret = "s"\napi_base = "{rig.url}"\n'
        f'client_id = "{rig.consent.client_id}"\nclient_secret = "{rig.consent.client_secret}"\n',
        "utf-8",
    )
    checking = [sys.executable, "-m", "bot", "check", "--config", str(config)]
    done = await asyncio.create_subprocess_exec(*checking, stdout=asyncio.subprocess.PIPE, cwd=pages.ROOT)
    said, _ = await done.communicate()
    assert "slack (slack)\n  ✓ afterword in Shop & Co, with every right" in said.decode()
