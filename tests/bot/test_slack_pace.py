"""The line of those who are to be looked up: nobody is served before an earlier one, and nobody waits for ever."""

from __future__ import annotations

import heapq

from bot.channels.slack.pace import BURST, PER_MINUTE, Line


def served(
    line: Line, wishes: list[tuple[float, str]], *, late: float = 0.0, gone: str = ""
) -> list[tuple[float, str]]:
    """When each was served, if all come back when they are told, or so much later; who is `gone` comes back never."""
    found: list[tuple[float, str]] = []
    waiting = list(wishes)
    heapq.heapify(waiting)
    while waiting:
        now, who = heapq.heappop(waiting)
        wait = line.wait(who, now)
        if not wait:
            found.append((now, who))
        elif who != gone:
            heapq.heappush(waiting, (now + wait + late, who))
    return found


def crowd(number: int, at: float = 0.0) -> list[tuple[float, str]]:
    return [(at + place / 10_000, f"{place:04}") for place in range(number)]


def test_all_are_served_in_order_and_at_the_pace() -> None:
    order = served(Line(), crowd(200))
    assert [who for _, who in order] == [who for _, who in crowd(200)]
    for place, (at, _) in enumerate(order):
        assert place < BURST + at * PER_MINUTE / 60 + 1.001
    assert order[-1][0] < (200 - BURST) * 60 / PER_MINUTE + 0.1


def test_who_comes_back_late_has_not_lost_the_place() -> None:
    line = Line()
    first, newcomers = crowd(60), [(30 + place / 1000, f"new {place}") for place in range(200)]
    order = [who for _, who in served(line, first + newcomers, late=5)]
    assert [who for who in order if not who.startswith("new")] == [who for _, who in first]
    assert order.index("0059") < 120


def test_nobody_waits_for_who_never_comes_back() -> None:
    order = served(Line(), crowd(100), gone="0030")
    assert len(order) == 99
    line = Line()
    assert [who for _, who in served(line, crowd(21), gone="0020")] == [f"{place:04}" for place in range(20)]
    assert not line.spare(0.5)
    assert [line.wait(f"later {place}", 600.0) for place in range(BURST)] == [0.0] * BURST


def test_what_cannot_wait_is_made_up_for_later() -> None:
    line = Line()
    assert all(line.spare(0) for _ in range(BURST))
    assert not line.spare(0)
    line.at_once(0)
    assert 2 * 60 / PER_MINUTE - 0.01 < line.wait("next", 0) < 2 * 60 / PER_MINUTE + 0.01


def test_a_refusal_is_waited_for_by_all() -> None:
    line = Line()
    line.rest(30, now=0)
    assert 29 < line.wait("first", 0) <= 30.01
    assert not line.spare(29)
    assert line.wait("first", 30.01) == 0


def test_a_clock_that_is_put_back_stops_nobody() -> None:
    line = Line()
    assert all(line.spare(7200) for _ in range(BURST))
    assert line.wait("next", 0) < 2
    assert line.wait("next", 2) == 0
