"""Endpoints outside that rules call: signed as the Standard Webhooks specification says, tried again for three days.

A call is a row in the transaction of the rule that fired. A job wakes whoever sends it; the row decides.
"""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from cryptography.fernet import Fernet, InvalidToken
from standardwebhooks.webhooks import Webhook as Signer
from tortoise.exceptions import IntegrityError

from core import audit, errors, transactions
from core.failpoints import fp
from core.keeps import seal_of
from core.models.desk import Ticket
from core.models.setup import Rule
from core.models.webhooks import CallState, Webhook, WebhookCall
from core.plumbing import deliveries, jobs
from core.store.prepared import insert
from core.surveys.tokens import new_key

JOB = "webhook"
LEASE = timedelta(seconds=30)
"""How long a call belongs to whoever took it. Longer than any answer is waited for."""
OVERLAP = timedelta(hours=24)
"""For so long after a secret was changed, calls are signed with the one before, too."""
FAILS_FOR = timedelta(days=5)
"""An endpoint that takes nothing for so long is switched off."""
KEPT = timedelta(days=30)
GONE = 410
ITSELF = "webhooks"
"""In the audit: nobody did it, the endpoint's own answers did."""
_PURPOSE = b"afterword:webhook"
_PREFIX = "whsec_"


class Vault:
    """Seals and opens the secrets of endpoints with the site's (SEC-52)."""

    def __init__(self, secret: bytes) -> None:
        self._seal: Fernet = seal_of(secret, _PURPOSE)

    def sealed(self, secret: str) -> str:
        return self._seal.encrypt(secret.encode()).decode()

    def opened(self, sealed: str) -> str:
        """ "" for what another secret of the site has sealed."""
        try:
            return self._seal.decrypt(sealed.encode()).decode() if sealed else ""
        except InvalidToken:
            return ""


@dataclass(frozen=True, slots=True)
class Request:
    """One try, ready to be sent. `headers` hold the signature."""

    call: WebhookCall
    url: str
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(repr=False)


# ---------------------------------------------------------------- endpoints


@transactions.atomic
async def new_secret(key: str, vault: Vault, *, by: str, now: datetime) -> str:
    """Make another secret, and answer it this once. The one before is good for another day."""
    row = await _found(key)
    secret = _PREFIX + base64.b64encode(secrets.token_bytes(32)).decode()
    values = {
        "secret": vault.sealed(secret),
        "previous_secret": row.secret,
        "previous_until": now + OVERLAP if row.secret else None,
    }
    await Webhook.filter(id=row.id).update(**values)
    await audit.record(by, "webhook.secret_changed", f"webhook:{key}", now=now)
    return secret


async def used_by(key: str) -> list[str]:
    """The keys of the rules that call it."""
    found = []
    for rule in await Rule.all().order_by("position", "id"):
        steps = rule.settings.get("then")
        named = [one.get("webhook") for one in steps if isinstance(one, dict)] if isinstance(steps, list) else []
        if key in named:
            found.append(rule.key)
    return found


async def that_works(key: str) -> Webhook:
    """Raises errors.NotFound, and errors.Conflict when it is switched off."""
    return _in_use(await Webhook.get_or_none(key=key), key)


def ready(row: Webhook | None, key: str) -> None:
    """Raises as `that_works` does, and errors.Conflict also when it has no secret: calls wait until there is one."""
    if not _in_use(row, key).secret:
        raise errors.Conflict(
            "this webhook has no secret", field="webhook", label="rule.webhook_no_secret", webhook=key
        )


def _in_use(row: Webhook | None, key: str) -> Webhook:
    row = _there(row, key)
    if not row.enabled:
        raise errors.Conflict("this webhook is switched off", field="webhook", label="rule.webhook_off", webhook=key)
    return row


async def _found(key: str) -> Webhook:
    return _there(await Webhook.get_or_none(key=key), key)


def _there(row: Webhook | None, key: str) -> Webhook:
    if row is None:
        raise errors.NotFound("there is no such webhook", field="webhook", label="rule.no_webhook", webhook=key)
    return row


# ---------------------------------------------------------------- calls


@transactions.atomic
async def call(
    key: str, once: str, type_: str, data: Mapping[str, object], *, ticket: Ticket | None = None, now: datetime
) -> WebhookCall:
    """Have it called. `once` names what it is about: the same is called once, whatever is done again.

    Raises errors.NotFound, and errors.Conflict when it is switched off.
    """
    row = await that_works(key)
    body = {"type": type_, "timestamp": now.isoformat().replace("+00:00", "Z"), "data": dict(data)}
    name = f"{once}:{row.id}"
    try:
        async with transactions.savepoint():
            made = await insert(
                WebhookCall,
                key=name,
                message=f"msg_{new_key()}",
                webhook_id=row.id,
                ticket_id=ticket.id if ticket else None,
                type=type_,
                body=json.dumps(body, ensure_ascii=False, separators=(",", ":")),
                due_at=now,
                created_at=now,
            )
    except IntegrityError:
        return await WebhookCall.get(key=name)
    await jobs.enqueue(JOB, made.id, due=now, now=now)
    fp("call.planned")
    return made


@transactions.atomic
async def take(webhook_id: int, vault: Vault, *, now: datetime) -> Request | None:
    """The next call of this endpoint that is due; it is ours for a `LEASE`. None: nothing is due."""
    while True:
        due = WebhookCall.filter(webhook_id=webhook_id, state=CallState.WAITING, due_at__lte=now)
        row = await due.order_by("due_at", "id").select_related("webhook").first()
        if row is None:
            return None
        mine = WebhookCall.filter(id=row.id, state=CallState.WAITING, due_at=row.due_at)
        if not await mine.update(due_at=now + LEASE, attempts=row.attempts + 1):
            continue
        row.due_at, row.attempts = now + LEASE, row.attempts + 1
        # Should we die with it in hand, somebody looks at it then.
        await jobs.enqueue(JOB, row.id, due=row.due_at, now=now)
        request = await _request(row, vault, now=now)
        if request is not None:
            return request


async def _request(row: WebhookCall, vault: Vault, *, now: datetime) -> Request | None:
    endpoint: Webhook = row.webhook
    if not endpoint.enabled:
        await _dead(row, "the webhook is switched off")
        return None
    secrets_ = [vault.opened(endpoint.secret)]
    if endpoint.previous_until is not None and now < endpoint.previous_until:
        secrets_.append(vault.opened(endpoint.previous_secret))
    if not secrets_[0]:
        await failed(row, "it has no secret yet, or one that another site.secret_key has sealed", now=now)
        return None
    headers = {
        "content-type": "application/json",
        "user-agent": "Afterword",
        "accept-encoding": "identity",
        "webhook-id": row.message,
        "webhook-timestamp": str(int(now.timestamp())),
        "webhook-signature": " ".join(Signer(one).sign(row.message, now, row.body) for one in secrets_ if one),
    }
    return Request(row, endpoint.url, row.body.encode(), headers)


@transactions.atomic
async def answered(row: WebhookCall, status: int, *, after: timedelta | None = None, now: datetime) -> None:
    """What the endpoint said: 2xx is well, 410 switches it off, and everything else is tried again."""
    if 200 <= status < 300:
        done = {"state": CallState.SENT, "status": status, "problem": "", "sent_at": now}
        await _ours(row).update(**done)
        await Webhook.filter(id=row.webhook_id, failing_since__isnull=False).update(failing_since=None)
        return
    if status == GONE:
        await _ours(row).update(state=CallState.DEAD, status=status, problem="410 Gone")
        await _switch_off(row.webhook_id, "gone", now=now)
        return
    await failed(row, f"HTTP {status}", status=status, after=after, now=now)


@transactions.atomic
async def failed(
    row: WebhookCall, problem: str, *, status: int | None = None, after: timedelta | None = None, now: datetime
) -> None:
    """Try it again by the schedule of deliveries, not before `after`; after the last try it is dead, and visible."""
    endpoint = await Webhook.get(id=row.webhook_id)
    if endpoint.failing_since is None:
        await Webhook.filter(id=endpoint.id).update(failing_since=now)
    elif now - endpoint.failing_since >= FAILS_FOR and endpoint.enabled:
        await _switch_off(endpoint.id, "failing", now=now)
    if row.attempts > len(deliveries.RETRIES):
        await _dead(row, f"given up after {row.attempts} tries: {problem}", status=status)
        return
    due = now + max(deliveries.shaken(deliveries.RETRIES[row.attempts - 1]), after or timedelta(0))
    if await _ours(row).update(due_at=due, status=status, problem=problem[:300]):
        await jobs.enqueue(JOB, row.id, due=due, now=now)


@transactions.atomic
async def look(call_id: int, *, now: datetime) -> int | None:
    """The job's "look at call 7": whose runner to wake, or None when there is nothing to do for it now."""
    row = await WebhookCall.get_or_none(id=call_id)
    if row is None or row.state != CallState.WAITING:
        return None
    if row.due_at > now:
        await jobs.enqueue(JOB, row.id, due=row.due_at, now=now)
        return None
    return row.webhook_id


@transactions.atomic
async def replay(row: WebhookCall, *, by: str, now: datetime) -> None:
    """Send it again, under the same name. Raises errors.Conflict while it is on its way already."""
    over = WebhookCall.filter(id=row.id, state__in=(CallState.DEAD, CallState.SENT))
    if not await over.update(state=CallState.WAITING, due_at=now, attempts=0, problem="", status=None):
        raise errors.Conflict("it is on its way already", label="admin.webhooks.on_its_way")
    await jobs.enqueue(JOB, row.id, due=now, now=now)
    await audit.record(by, "webhook.replayed", f"webhook_call:{row.message}", now=now)


async def forget(*, now: datetime) -> None:
    """What was called a month ago, and is over."""
    await WebhookCall.filter(created_at__lt=now - KEPT).exclude(state=CallState.WAITING).delete()


async def _dead(row: WebhookCall, problem: str, *, status: int | None = None) -> None:
    await _ours(row).update(state=CallState.DEAD, status=status, problem=problem[:300])


def _ours(row: WebhookCall):  # type: ignore[no-untyped-def]
    return WebhookCall.filter(id=row.id, state=CallState.WAITING, due_at=row.due_at)


async def _switch_off(webhook_id: int, why: str, *, now: datetime) -> None:
    row = await Webhook.get(id=webhook_id)
    if await Webhook.filter(id=webhook_id, enabled=True).update(enabled=False, why_off=why):
        await audit.record(
            ITSELF, "webhook.changed", f"webhook:{row.key}", before={"enabled": True}, after={"enabled": False}, now=now
        )
