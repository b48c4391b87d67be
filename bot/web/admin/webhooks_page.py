"""`/admin/webhooks`: addresses outside that rules call, their secrets (shown once), and each call."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import APIRouter, Depends, HTTPException, Query
from markupsafe import Markup
from pydantic import ValidationError
from starlette.responses import Response

from bot.web.admin import asking, meanwhile
from bot.web.admin.door import Member, Visit
from core import setup as setups
from core.accounts.roles import Right
from core.errors import Conflict, Invalid, Refusal
from core.models.webhooks import Webhook, WebhookCall
from core.reactions import webhooks
from core.reactions.webhooks import Vault
from core.setting_problems import explain
from core.setup import Seen, Stale, WebhookSetup, keys

router = APIRouter(include_in_schema=False)
PATH = "/admin/webhooks"
NEW = "new"
PAGE = 50
TEST = "webhook.test.v1"
Seeing = Annotated[Visit, Depends(Member(Right.SEE_SETUP))]
Changing = Annotated[Visit, Depends(Member(Right.CHANGE_SETUP))]
Replaying = Annotated[Visit, Depends(Member(Right.REPLAY_DELIVERIES))]


@router.api_route(PATH, methods=["GET", "HEAD"])
async def look(visit: Seeing) -> Response:
    rows = [
        {
            "row": row,
            "address": _address(row.key),
            "state": _state(visit, row),
            "used_by": await webhooks.used_by(row.key),
        }
        for row in await Webhook.all().order_by("key")
    ]
    return visit.draw("webhooks", webhooks=rows, changing=visit.may(Right.CHANGE_SETUP))


@router.post("/admin/webhook-calls/{call_id}/replay")
async def replay(visit: Replaying, call_id: int) -> Response:
    """Send it again, under the same name, so that the receiver knows it."""
    row = await WebhookCall.get_or_none(id=call_id).select_related("webhook") if call_id < 2**63 else None
    if row is None:
        raise HTTPException(404)
    try:
        await webhooks.replay(row, by=visit.account.email, now=visit.now)
    except Refusal as refusal:
        return await _one(visit, row.webhook.key, refusal=refusal)
    return visit.back(_address(row.webhook.key), said="delivery_replayed")


@router.api_route(f"{PATH}/{{key:path}}", methods=["GET", "HEAD"])
async def look_at(visit: Seeing, key: str, before: Annotated[int, Query(ge=1, lt=2**63)] | None = None) -> Response:
    if await _seen(key) is None:
        if key != NEW:
            raise HTTPException(404)
        visit.must(Right.CHANGE_SETUP)
    return await _one(visit, key, before=before)


@router.post(f"{PATH}/{{key:path}}")
async def change(visit: Changing, key: str) -> Response:
    """`do` says what: save (when it is not said), test, secret or remove."""
    seen, form = await _seen(key), await visit.form()
    if seen is None and key != NEW and not ("seen" in form and keys.is_good(key)):
        raise HTTPException(404)
    do = form.get("do", "save")
    if seen is None or do == "save":
        return await _save(visit, "" if seen is None and key == NEW else key, form)
    if do == "secret":
        if question := await _sure_of_secret(visit, key, form):
            return question
        secret = await webhooks.new_secret(key, _vault(visit), by=visit.account.email, now=visit.now)
        return await _one(visit, key, secret=secret)
    try:
        if do == "test":
            once = f"test:{visit.now.timestamp()}"
            await webhooks.call(key, once, TEST, {"sent_by": "Afterword"}, now=visit.now)
            return visit.back(_address(key), said="webhook_tested")
        if do == "remove":
            return await _remove(visit, seen, form)
    except Refusal as refusal:
        return await _one(visit, key, refusal=refusal)
    raise HTTPException(422)


async def _save(visit: Visit, known_as: str, form: dict[str, str]) -> Response:
    """`known_as` is what it was called when it was opened; "" for a new one."""
    seen = await _seen(known_as) if known_as else None
    key, page = known_as or form.get("key", "").strip(), known_as or NEW
    url = form.get("url", "").strip()
    try:
        if seen is None and not keys.is_good(key):
            raise Conflict("not a name", field="key", label=keys.label(key))
        if why := visit.site.check_webhook(url):
            raise Conflict("not an address for a webhook", field="url", label=why)
        part = WebhookSetup(key=key, url=url, enabled="enabled" in form)
        await setups.save(part, seen=form.get("seen", ""), actor=visit.account.email, now=visit.now)
    except Stale as stale:
        if not known_as:
            stale.field, stale.label = "key", "admin.rules.key_taken"
        return await _one(visit, page, form=form, refusal=stale, theirs=stale.theirs)
    except Refusal as refusal:
        return await _one(visit, page, form=form, refusal=refusal)
    except ValidationError as error:
        first = explain(error, WebhookSetup)[0]
        wrong = Invalid(first.what, field=str(first.place[0]), label=first.said.label, **first.said.values)
        return await _one(visit, page, form=form, refusal=wrong)
    if seen is None:
        secret = await webhooks.new_secret(key, _vault(visit), by=visit.account.email, now=visit.now)
        return await _one(visit, key, secret=secret)
    return visit.back(_address(key), said="saved")


async def _remove(visit: Visit, seen: Seen, form: dict[str, str]) -> Response:
    if users := await webhooks.used_by(seen.key):
        raise Conflict("rules call it", label="admin.webhooks.in_use", rules=users)
    question = await asking.first(
        visit,
        title=visit.say("admin.webhooks.remove_title", name=seen.key),
        about=f"{seen.values['url']}\n{visit.say('admin.webhooks.remove_about')}",
        button=visit.say("admin.webhooks.remove"),
        back=_address(seen.key),
        along={"do": "remove", "seen": form.get("seen", "")},
    )
    if question is not None:
        return question
    await setups.remove("webhooks", seen.key, seen=form.get("seen", ""), actor=visit.account.email, now=visit.now)
    return visit.back(PATH, said="webhook_removed")


async def _sure_of_secret(visit: Visit, key: str, form: dict[str, str]) -> Response | None:
    """Only where there is one already: nothing is lost by the first."""
    if not await Webhook.filter(key=key).exclude(secret="").exists():
        return None
    return await asking.first(
        visit,
        title=visit.say("admin.webhooks.new_secret_title", name=key),
        about=visit.say("admin.webhooks.new_secret_about"),
        button=visit.say("admin.webhooks.new_secret"),
        back=_address(key),
        along={"do": "secret", "seen": form.get("seen", "")},
    )


async def _seen(key: str) -> Seen | None:
    return await setups.find("webhooks", key)


def _vault(visit: Visit) -> Vault:
    return Vault(visit.site.secret)


def _address(key: str) -> str:
    return f"{PATH}/{quote(key, safe='')}"


def _state(visit: Visit, row: Webhook) -> Markup:
    key, tone = ("on", "good") if row.enabled else ("off", "")
    if row.enabled and not row.secret:
        key, tone = "needs_secret", "warn"
    elif row.why_off or row.failing_since is not None:
        key, tone = "failing", "bad"
    return Markup('<span class="tag {}">{}</span>').format(tone, visit.say(f"webhook.is_{key}"))


async def _one(
    visit: Visit,
    key: str,
    *,
    form: dict[str, str] | None = None,
    refusal: Refusal | None = None,
    theirs: Seen | None = None,
    secret: str = "",
    before: int | None = None,
) -> Response:
    seen = await _seen(key)
    row = await Webhook.get_or_none(key=seen.key) if seen is not None else None
    kept: dict[str, Any] = {"key": "", "url": "", "enabled": True} if seen is None else {**seen.values, "key": key}
    if form is not None:
        kept = {"key": form.get("key", ""), "url": form.get("url", ""), "enabled": "enabled" in form}
    calls = await _calls(row, before) if row is not None else []
    is_gone = seen is None and key != NEW
    wrong = visit.wrong(None if is_gone and isinstance(refusal, Stale) else refusal)
    return visit.draw(
        "webhook",
        status=(409 if isinstance(refusal, Stale) else 422) if refusal else 200,
        key="" if key == NEW and seen is None else key,
        gone=await meanwhile.removed(visit, "webhooks", key) if is_gone else "",
        address=_address(key),
        row=row,
        form=kept,
        mark=seen.mark if seen is not None else "",
        theirs=str(theirs.values["url"]) if theirs is not None and seen is not None else "",
        secret=secret,
        used_by=await webhooks.used_by(key) if seen is not None else [],
        calls=calls[:PAGE],
        following=calls[PAGE - 1].id if len(calls) > PAGE else None,
        changing=visit.may(Right.CHANGE_SETUP),
        replaying=visit.may(Right.REPLAY_DELIVERIES),
        **wrong,
    )


async def _calls(row: Webhook, before: int | None) -> list[WebhookCall]:
    found = WebhookCall.filter(webhook_id=row.id, **({"id__lt": before} if before else {}))
    return await found.order_by("-id").limit(PAGE + 1).select_related("ticket")
