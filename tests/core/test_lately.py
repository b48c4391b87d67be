"""What is offered for conditions."""

from __future__ import annotations

from core.desk import lately
from core.models.contacts import Contact
from core.models.desk import Ticket
from core.store import Store
from tests.core.builders import company, resolved


async def test_what_was_seen_most_is_offered_first_and_nothing_empty(store: Store) -> None:
    await company()
    for number in range(5):
        await resolved(f"T-{number}", contact=f"c-{number}", addresses=(("bot", str(number)),))
    numbers = [one.id for one in await Ticket.all().order_by("id")]
    await Ticket.filter(id__in=numbers[:2]).update(tags=["rare", "often"], type="outage", close_reason="workaround")
    await Ticket.filter(id__in=numbers[2:]).update(tags=["often"], close_reason="")
    await Contact.filter(id=1).update(tier="gold", locale="")
    found = await lately.seen()
    assert found["tags"] == ["often", "rare"]
    assert found["types"] == ["inquiry", "outage"]
    assert found["close_reasons"] == ["workaround"]
    assert found["tiers"] == ["gold"]
    assert found["locales"] == ["en"]
    assert found["closed_by"] == ["Li"]


async def test_only_so_many_are_offered(store: Store) -> None:
    await company()
    await resolved()
    await Ticket.all().update(tags=[f"tag {number:03}" for number in range(200)])
    assert (await lately.seen())["tags"] == [f"tag {number:03}" for number in range(lately.MOST)]


async def test_before_the_first_ticket_nothing_was_seen(store: Store) -> None:
    assert not any((await lately.seen()).values())
