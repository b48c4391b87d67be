"""The board in the admin's browser: what a supervisor sees, narrows down, takes along, and cannot break."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest

from bot.rendering import Templates
from bot.staff import digests
from bot.web.admin.board_csv import safe
from core.models.accounts import Role
from core.models.deliveries import Delivery
from core.models.invites import Slice
from core.models.setup import Staff, Team
from core.surveys import invites, responses
from tests.web.admin.desk import Browser, at
from tests.web.front import Front


async def rated(front: Front, *scores: int, comment: str = "", **traits: Any) -> None:
    """Questions that were answered with these scores; `traits` are of their slice."""
    for score in scores:
        asked = await front.invite()
        if traits:
            row = await asked.row()
            cut, _ = await Slice.get_or_create(**{**await _traits(row.slice_id), **traits})
            await type(row).filter(id=row.id).update(slice_id=cut.id)
        invite = await invites.by_id(asked.invite_id)
        assert invite is not None
        response = await responses.answer(invite, {"overall": score}, [], comment, finished=True, now=front.clock.now)
        await responses.settle(response.id, now=front.clock.now)


_TRAITS = ("team_id", "type", "channel", "agent_id", "survey_key", "locale", "purpose")


async def _traits(slice_id: int | None) -> dict[str, Any]:
    row = await Slice.get(id=slice_id)
    return {name: getattr(row, name) for name in _TRAITS}


async def csv_of(browser: Browser, query: str) -> list[list[str]]:
    answer = await browser.client.get(f"/admin/board.csv?{query}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.content.startswith(b"\xef\xbb\xbf"), "Excel knows by this that it is UTF-8"
    return list(csv.reader(io.StringIO(answer.content.decode("utf-8-sig"))))


async def test_before_anybody_was_asked_the_board_says_so(front: Front) -> None:
    browser = await at(front, Role.SUPERVISOR)
    await browser.open("/admin/board")
    assert browser.status == 200
    assert "Nobody was asked" in browser.html


async def test_a_supervisor_sees_score_participation_and_how_sure_they_are(front: Front) -> None:
    await rated(front, 5, 5, 4, 4, 5, 2, comment="Slow <b>")
    await front.invite()
    browser = await at(front, Role.SUPERVISOR)
    page = await browser.open("/admin/board")
    assert "4.17" in page.heading
    assert "2.94–5.00 (95 %)" in page.heading
    assert "85.7 %" in page.heading
    assert "6 of 7 delivered" in page.heading
    assert "few answers" in page.heading
    assert "compared with" in page.heading
    assert page.all("p", id="live")


async def test_how_often_each_score_was_given_stands_by_dimension(front: Front) -> None:
    await rated(front, 5, 5, 4, 4, 5, 2)
    browser = await at(front, Role.SUPERVISOR)
    page = await browser.open("/admin/board/details")
    assert "4.17" in page.heading
    assert "50.0 %" in page.heading
    assert page.all("details", id="behind-spread")


async def test_filters_narrow_it_down_and_rows_lead_on(front: Front) -> None:
    billing = await Team.create(key="billing", name="Billing & <Co>")
    kim = await Staff.create(key="kim", name="Kim")
    await rated(front, 1, 2, 1, 2, 1, team_id=billing.id, agent_id=kim.id, type="complaint")
    await rated(front, 5, 5, 5, 5)
    browser = await at(front)
    page = await browser.open("/admin/board")
    assert "Billing &amp; &lt;Co&gt;" in browser.html
    for part in ("details", "groups"):
        assert page.all("a", href=f"/admin/board/{part}?span=30d"), "for who has no scripts"
    page = await browser.open("/admin/board/groups?span=30d")
    assert "Billing &amp; &lt;Co&gt;" in browser.html
    assert "too few" in page.heading, "nobody is judged by four answers"
    assert page.all("a", href=f"/admin/tickets?span=30d&team={billing.id}&of=written")
    assert page.all("a", href=f"/admin/board?span=30d&team={billing.id}")
    chosen = f"span=30d&team={billing.id}&type=complaint&agent={kim.id}"
    page = await browser.open(f"/admin/board?{chosen}")
    assert "1.40" in page.heading
    page = await browser.open(f"/admin/board/groups?{chosen}")
    assert "2026 · Team: Billing & <Co> · Type: Complaint · Agent: Kim" in page.heading, "what it is about"
    assert page.all("a", href=f"/admin/tickets?{chosen}&of=written")
    for nobody in ("team=987", "agent=x", "channel='; DROP", "locale=xx", f"team={'9' * 40}", "survey=no"):
        page = await browser.open(f"/admin/board?{nobody}")
        assert (browser.status, "Nobody was asked" in page.heading) == (200, True), nobody
        assert "No longer there" in page.heading


async def test_own_dates_are_taken_and_wrong_ones_said_beside_their_field(front: Front) -> None:
    await rated(front, 4)
    browser = await at(front)
    page = await browser.open("/admin/board?span=own&first=2026-11-01&last=2026-11-22")
    assert "4.00" in page.heading
    page = await browser.open("/admin/board?span=own&first=2026-10-01&last=2026-10-02")
    assert not page.all("p", id="live"), "what is over does not move"
    for query, field in (("first=&last=2026-11-01", "first"), ("first=2026-11-02&last=2026-11-01", "last")):
        page = await browser.open(f"/admin/board?span=own&{query}")
        assert browser.status == 422
        assert page.all("input", id=f"f-{field}")[0]["aria-invalid"] == "true"
    for path in ("/admin/board.csv", "/admin/board/details", "/admin/board/groups"):
        assert (await browser.client.get(f"{path}?span=own")).status_code == 422


async def test_a_table_goes_along_as_csv_and_no_spreadsheet_runs_it(front: Front) -> None:
    team = await Team.create(key="evil", name="=HYPERLINK(A1)")
    await rated(front, 5, 5, 4, 4, 5, 2, team_id=team.id)
    browser = await at(front)
    head, row = await csv_of(browser, "part=team")
    assert head[:5] == ["Team", "Answers", "Score", "95 % from", "95 % to"]
    assert row[:3] == ["'=HYPERLINK(A1)", "6", "4.1667"]
    rows = await csv_of(browser, "part=distribution")
    assert [one[:2] for one in rows[1:]] == [["5", "3"], ["4", "2"], ["3", "0"], ["2", "1"], ["1", "0"]]
    for part in ("series", "dimensions", "bands", "participation", "recoveries", "type", "channel", "agent"):
        assert len(await csv_of(browser, f"part={part}")) > 1, part
    assert (await browser.client.get("/admin/board.csv?part=secrets")).status_code == 404


@pytest.mark.parametrize(
    "text",
    ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "  =1", "＝1+1", "＋1", "－1", "＠a", " \u3000＝1", "\xa0=1", "\ta"],
)
def test_no_cell_begins_as_a_formula_does(text: str) -> None:
    assert safe(text) == f"'{text}"
    assert safe("Kim = 1") == "Kim = 1"


async def test_what_was_never_delivered_stands_among_what_was_not(front: Front) -> None:
    await rated(front, 5, 4, 4, 5, 5)
    for delivered in (True, False, False):
        over = await front.invite(delivered=delivered)
        await invites.look(over.invite_id, now=front.clock.now + timedelta(days=20))
    browser = await at(front, Role.SUPERVISOR)
    assert "5 of 6 delivered" in (await browser.open("/admin/board")).heading
    steps = {row[0]: row[1:] for row in await csv_of(browser, "part=participation")}
    assert steps["Invited"][0] == "8"
    assert steps["expired before it was delivered"] == ["2", "0.25"]
    assert steps["Delivered"][0] == "6"
    assert steps["expired"][:1] == ["1"]
    day = front.clock.now.date().isoformat()
    said = {"name": "Daily", "team": 0, "first": day, "last": day, "zone": "UTC", "locale": "en"}
    channel = front.site.channels["support-bot"]
    digest = await digests.draw(
        Delivery(key="digest:1:x:0", payload=said), channel, front.site.place(), now=front.clock.now
    )
    assert "5 of 6 delivered" in digest.plain, "a digest counts as the board does"


async def test_an_agent_sees_no_board(front: Front) -> None:
    browser = await at(front, Role.AGENT)
    for path in ("/admin/board", "/admin/board/details", "/admin/board/groups", "/admin/board.csv"):
        assert (await browser.client.get(path)).status_code == 403


async def test_the_board_moves_on_with_the_days(front: Front) -> None:
    await rated(front, 1, 1, 1, 1)
    front.clock.now += timedelta(days=31)
    await rated(front, 5, 5, 5, 5, 5)
    browser = await at(front)
    page = await browser.open("/admin/board")
    assert "▲" not in page.heading, "nothing is compared with four answers"
    front.clock.now -= timedelta(days=31)
    await rated(front, 1)
    front.clock.now += timedelta(days=31)
    page = await browser.open("/admin/board")
    assert "▲ 4.00" in page.heading


def test_every_figure_says_what_it_is_in_both_languages() -> None:
    from bot.web.admin.board_shown import Shown

    words = Templates.load()
    for locale in words.locales():
        for key in Shown.DEFINED:
            assert len(words.label(f"figure.{key}_means", locale)) > 10


async def test_a_figure_says_of_how_many_it_is_and_how_much_it_is_worth(front: Front) -> None:
    await rated(front, 5, 5, 4, 4, 5, 2)
    browser = await at(front, Role.SUPERVISOR)
    await browser.open("/admin/board")
    assert "1 of 6 negative · few answers" in browser.html
    details = (await browser.client.get("/admin/board/details?span=30d")).text
    assert "100\u00a0% of delivered" in details
    assert "The bar under a name is its score, from 1 to 5." in details


async def test_a_figure_of_less_than_five_is_told_apart_from_one_of_less_than_thirty(front: Front) -> None:
    await rated(front, 5, 2)
    browser = await at(front, Role.SUPERVISOR)
    await browser.open("/admin/board")
    assert "1 of 2 negative · too few answers" in browser.html


async def test_an_empty_board_draws_no_empty_charts(front: Front) -> None:
    browser = await at(front, Role.SUPERVISOR)
    await browser.open("/admin/board")
    assert "data-chart" not in browser.html


async def test_in_a_zone_of_ones_own_the_moment_is_said_there_too(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    assert "as of Sun 22 Nov 12:00" in (await browser.open("/admin/board")).heading
    page = await browser.open("/admin/board?zone=America/New_York")
    assert "America/New_York (UTC-5) · as of Sun 22 Nov 07:00" in page.heading
