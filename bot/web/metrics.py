"""Figures for Prometheus: what was answered, and what waits. No label ever holds anything that a caller chose."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime

from fastapi import APIRouter, HTTPException, Request, Response
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, generate_latest
from prometheus_client.core import GaugeMetricFamily
from starlette.types import Scope
from tortoise.functions import Count, Min

from bot.web import clients, policies
from bot.web.security import route_of
from bot.web.site import Here, Site
from core import access
from core.models.deliveries import Arrival, ArrivalState, Delivery, DeliveryState
from core.models.lanes import Lane
from core.models.reactions import Recovery, RecoveryState

router = APIRouter(dependencies=[policies.public])
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Counters:
    """What one application has answered since it started."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._answers = Counter(
            "afterword_http_responses", "Answers given.", ["route", "method", "status"], registry=self.registry
        )

    def seen(self, scope: Scope, status: int) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "other"
        self._answers.labels(route_of(scope), method, str(status)).inc()


@router.get("/metrics", include_in_schema=False)
async def metrics(request: Request, site: Here) -> Response:
    """For this machine, or with `site.metrics_token` (or an admin's API token); to others it does not exist."""
    if not await may_read(request, site):
        raise HTTPException(404)
    counters: Counters = request.app.state.counters
    stored = CollectorRegistry()
    deaf = await site.deaf()
    stored.register(_Stored(await _families(site.clock(), {name: name not in deaf for name in site.channels})))
    return Response(generate_latest(counters.registry) + generate_latest(stored), media_type=CONTENT_TYPE_LATEST)


async def may_read(request: Request, site: Site) -> bool:
    return clients.is_this_machine(request) or await _holds_a_token(request, site)


async def _holds_a_token(request: Request, site: Site) -> bool:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        return False
    if site.metrics_token and hmac.compare_digest(token.encode(), site.metrics_token.encode()):
        return True
    known = await access.verify(token, now=site.clock())
    return known is not None and access.allows(known, "admin")


class _Stored:
    """Figures that were read a moment ago, in the form that prometheus_client asks for."""

    def __init__(self, families: list[GaugeMetricFamily]) -> None:
        self._families = families

    def collect(self) -> list[GaugeMetricFamily]:
        return self._families


async def _families(now: datetime, hears: Mapping[str, bool]) -> list[GaugeMetricFamily]:
    return [
        await _deliveries(),
        await _oldest(now),
        _one(
            "afterword_arrivals_waiting", "Arrivals not handled.", await Arrival.filter(state=ArrivalState.NEW).count()
        ),
        _one(
            "afterword_arrivals_quarantined",
            "Arrivals that could not be understood.",
            await Arrival.filter(state=ArrivalState.QUARANTINED).count(),
        ),
        await _lanes(),
        _hearing(hears),
        _one(
            "afterword_recoveries_open",
            "Recoveries that nobody has closed.",
            await Recovery.filter(state__in=(RecoveryState.OPEN, RecoveryState.TAKEN)).count(),
        ),
    ]


async def _deliveries() -> GaugeMetricFamily:
    family = GaugeMetricFamily("afterword_deliveries", "Messages by channel and state.", labels=["channel", "state"])
    open_states = (DeliveryState.WAITING, DeliveryState.SENDING, DeliveryState.DEAD)
    rows = Delivery.filter(state__in=open_states).annotate(number=Count("id")).group_by("channel", "state")
    for channel, state, number in await rows.values_list("channel", "state", "number"):
        family.add_metric([channel, DeliveryState(state).value], number)
    return family


async def _oldest(now: datetime) -> GaugeMetricFamily:
    family = GaugeMetricFamily(
        "afterword_delivery_late_seconds", "How late the oldest due message is.", labels=["channel"]
    )
    due = Delivery.filter(state=DeliveryState.WAITING, due_at__lte=now).annotate(first=Min("due_at"))
    for row in await due.group_by("channel").values("channel", "first"):
        family.add_metric([row["channel"]], max(0.0, (now - _moment(row["first"], now)).total_seconds()))
    return family


async def _lanes() -> GaugeMetricFamily:
    family = GaugeMetricFamily("afterword_channel_failures", "Failures in a row of a channel.", labels=["channel"])
    for lane in await Lane.all():
        family.add_metric([lane.channel], lane.failures)
    return family


def _hearing(hears: Mapping[str, bool]) -> GaugeMetricFamily:
    family = GaugeMetricFamily("afterword_channel_hears", "Whether something can come in.", labels=["channel"])
    for name, hearing in hears.items():
        family.add_metric([name], float(hearing))
    return family


def _one(name: str, about: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, about, value=value)


def _moment(value: datetime | str, now: datetime) -> datetime:
    """SQLite answers an aggregate of times as text."""
    moment = datetime.fromisoformat(value) if isinstance(value, str) else value
    return moment if moment.tzinfo else moment.replace(tzinfo=now.tzinfo)
