"""What a visitor of the web chat sees: what we sent and what they typed, in order of time, each as it stands now."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tortoise.functions import Min
from tortoise.queryset import QuerySet

from bot import chat_form
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState

MOST = 200
_OVERLAP = timedelta(seconds=30)
"""Another process may commit a row a little after a younger one was seen. A page draws nothing twice."""

_LAST_ID = "z" * 40  # sorts behind every id of a page, in every collation


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. `at` is its place and never moves; `changed` is when it last became what it is."""

    id: str
    at: datetime
    changed: datetime
    version: str
    fields: Mapping[str, object]

    def shape(self) -> dict[str, object]:
        times = {"at": self.at.isoformat(), "changed": self.changed.isoformat()}
        return {"id": self.id, "version": self.version, **times, **self.fields}


async def read(chat: str, visitors: Sequence[str], *, since: datetime | None = None) -> list[Entry]:
    """All that is new since a moment, or the newest `MOST` of each side; oldest first."""
    after = since - _OVERLAP if since else None
    entries = await _said(chat, visitors, after)
    for visitor in visitors:
        entries += await _typed(chat, visitor, after)
    return sorted(entries, key=lambda entry: (entry.at, entry.id))


def cursor(entries: Iterable[Entry], before: datetime | None) -> datetime | None:
    """The moment from which to go on; it never goes back."""
    moments = [entry.changed for entry in entries]
    return max([*moments, before] if before else moments, default=None)


async def _said(chat: str, visitors: Sequence[str], after: datetime | None) -> list[Entry]:
    """A message that was edited kept its receipt: its newest drawing counts, where the first one stood."""
    rows = Delivery.filter(channel=chat, target__in=list(visitors), state=DeliveryState.SENT, sent_at__isnull=False)
    if after:
        rows = rows.filter(sent_at__gt=after)
    newest: dict[str, Delivery] = {}
    for row in await rows.order_by("-sent_at", "-id").limit(MOST):
        newest.setdefault(row.receipt, row)
    first = await _first_shown(chat, visitors, list(newest))
    return [_drawn(row, first[receipt]) for receipt, row in newest.items() if row.drawn]


async def _first_shown(chat: str, visitors: Sequence[str], receipts: Sequence[str]) -> dict[str, datetime]:
    if not receipts:
        return {}
    rows = (
        await Delivery.filter(channel=chat, target__in=list(visitors), state=DeliveryState.SENT, receipt__in=receipts)
        .annotate(first=Min("sent_at"))
        .group_by("receipt")
        .values("receipt", "first")
    )
    return {row["receipt"]: _moment(row["first"]) for row in rows}


def _drawn(row: Delivery, first: datetime) -> Entry:
    changed = _moment(row.sent_at)
    drawn = row.drawn or {}
    wanted = ("text", "plain", "rows", "facts", "quote", "footer", "asks_text", "locale")
    fields = {name: drawn[name] for name in wanted if drawn.get(name)}
    fields |= {"from": "team", "receipt": row.receipt}
    return Entry(row.receipt, first, changed, f"{changed.timestamp():.6f}-{row.id}", fields)


async def was_shown_to(chat: str, visitor: str, receipt: str) -> bool:
    return await Delivery.filter(channel=chat, receipt=receipt, target=visitor, state=DeliveryState.SENT).exists()


async def is_being_handled(chat: str, visitor: str, *, since: datetime) -> bool:
    """Whether something that the visitor did after that moment has not had its effect yet."""
    rows = _arrivals(f"{chat}:{visitor}:")
    return await rows.filter(state=ArrivalState.NEW, received_at__gt=since).exists()


async def _typed(chat: str, visitor: str, after: datetime | None) -> list[Entry]:
    prefix = f"{chat}:{visitor}:"
    rows = _arrivals(prefix)
    if after:
        rows = rows.filter(received_at__gt=after)
    found = await rows.exclude(state=ArrivalState.QUARANTINED).order_by("-received_at").limit(MOST)
    return [entry for row in found if (entry := _words(row, prefix))]


def _arrivals(prefix: str) -> QuerySet[Arrival]:
    """The range lets the primary key find them; the prefix is what is meant (LIKE alone could not use the key)."""
    return Arrival.filter(key__gte=prefix, key__lte=prefix + _LAST_ID, key__startswith=prefix)


def _words(row: Arrival, prefix: str) -> Entry | None:
    text = chat_form.typed(row.body)
    if text is None or not row.key.startswith(prefix):
        return None
    at = _moment(row.received_at)
    return Entry(row.key.removeprefix(prefix), at, at, "1", {"from": "you", "plain": text})


def _moment(value: datetime | str | None) -> datetime:
    """An aggregate comes back from SQLite as the text it is stored as."""
    if value is None:
        raise TypeError("a message that was sent has a time")
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
