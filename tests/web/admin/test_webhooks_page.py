"""Webhooks in the browser: their secrets are shown once, their calls are seen and sent again."""

from __future__ import annotations

import re

from core import setup as setups
from core.accounts.roles import Role
from core.models.accounts import AuditLine
from core.models.setup import Rule
from core.models.webhooks import CallState, Webhook, WebhookCall
from core.reactions import webhooks
from core.reactions.webhooks import Vault
from tests.web.admin.desk import Browser, at
from tests.web.front import SECRET, Front

PATH = "/admin/webhooks"
URL = "https://hooks.example.org/a?b=c"


async def made(front: Front) -> Browser:
    browser = await at(front)
    await browser.open(f"{PATH}/new")
    await browser.post(f"{PATH}/new", key="crm", url=URL, enabled="on", do="save")
    return browser


async def test_the_secret_is_shown_once_and_stands_nowhere_else(front: Front) -> None:
    browser = await made(front)
    [secret] = re.findall(r"whsec_[\w+/=]{44}", browser.html)
    row = await Webhook.get()
    assert Vault(SECRET).opened(row.secret) == secret
    page = await browser.open(f"{PATH}/crm")
    assert "whsec_" not in browser.html
    assert "No rule calls it" in page.text
    assert "whsec_" not in setups.to_toml(await setups.export())
    assert "whsec_" not in str(await AuditLine.all().values())

    kept = (await Webhook.get()).secret
    await browser.post(f"{PATH}/crm", do="secret")
    assert "Make a new secret for crm?" in browser.page.text
    assert (await Webhook.get()).secret == kept, "it asks first"
    await browser.post(f"{PATH}/crm", sure="yes")
    [other] = re.findall(r"whsec_[\w+/=]{44}", browser.html)
    assert other != secret


async def test_a_wrong_address_is_named_beside_its_field(front: Front) -> None:
    browser = await at(front)
    await browser.open(f"{PATH}/new")
    await browser.post(f"{PATH}/new", key="crm", url="nonsense", do="save")
    assert browser.status == 422
    assert browser.page.all("input", id="f-url")[0]["value"] == "nonsense"
    assert browser.page.all("input", id="f-url")[0]["aria-invalid"] == "true"
    assert not await Webhook.exists()


async def test_calls_are_seen_and_sent_again_under_their_name(front: Front) -> None:
    browser = await made(front)
    row = await webhooks.call("crm", "1", "response.settled.v1", {}, now=front.clock.now)
    await WebhookCall.all().update(
        state=CallState.DEAD, status=500, problem="given up after 12 tries: HTTP 500", attempts=12
    )
    page = await browser.open(f"{PATH}/crm")
    assert "given up after 12 tries" in page.text
    await browser.send(f"/admin/webhook-calls/{row.id}/replay")
    assert "on its way again" in browser.page.text
    fresh = await WebhookCall.get()
    assert (fresh.state, fresh.message) == (CallState.WAITING, row.message)


async def test_what_rules_call_is_not_removed(front: Front) -> None:
    browser = await made(front)
    await Rule.create(key="call", settings={"then": [{"do": "webhook", "webhook": "crm"}]})
    await browser.open(f"{PATH}/crm")
    await browser.post(f"{PATH}/crm", do="remove")
    assert "Rules call it: call" in browser.page.text
    await Rule.filter(key="call").delete()
    await browser.open(f"{PATH}/crm")
    await browser.post(f"{PATH}/crm", do="remove")
    assert "Remove the webhook crm?" in browser.page.text
    assert await Webhook.exists(), "it asks first"
    await browser.post(f"{PATH}/crm", sure="yes")
    assert not await Webhook.exists()


async def test_the_first_secret_is_made_without_a_question(front: Front) -> None:
    browser = await made(front)
    await Webhook.all().update(secret="")
    page = await browser.open(f"{PATH}/crm")
    assert "Make a secret" in page.text
    assert "Make a new secret" not in page.text
    await browser.post(f"{PATH}/crm", do="secret")
    assert "whsec_" in browser.html


async def test_it_is_switched_on_again_and_begins_anew(front: Front) -> None:
    browser = await made(front)
    await Webhook.all().update(enabled=False, why_off="gone")
    page = await browser.open(f"{PATH}/crm")
    assert "answered 410" in page.text
    await browser.post(f"{PATH}/crm", url=URL, enabled="on", do="save")
    row = await Webhook.get()
    assert (row.enabled, row.why_off) == (True, "")


async def test_a_test_is_sent(front: Front) -> None:
    browser = await made(front)
    await browser.open(f"{PATH}/crm")
    await browser.post(f"{PATH}/crm", do="test")
    assert (await WebhookCall.get()).type == "webhook.test.v1"


async def test_a_supervisor_sends_again_and_changes_nothing(front: Front) -> None:
    await made(front)
    browser = await at(front, Role.SUPERVISOR)
    await browser.open(f"{PATH}/crm")
    assert not browser.page.all("input", name="url")
    await browser.post(f"{PATH}/crm", url=URL, do="save")
    assert browser.status == 403
