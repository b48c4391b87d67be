"""The survey page, as people and as mail gateways meet it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.rendering import Override
from core import store as stores
from core.models.desk import TicketEntry
from core.models.invites import Invite, InviteState
from core.models.responses import HeldAnswer, PageVisit, Response, Score
from core.surveys import invites, responses, visits
from tests.web import front as fronts
from tests.web.front import Front, Person


async def scores() -> dict[str, int]:
    return {row.dimension: row.value for row in await Score.all()}


async def test_a_person_rates_with_two_presses_and_sees_what_arrived(front: Front) -> None:
    ann = Person(front)
    asked = await front.invite()
    page = await ann.open(f"{asked.link}?overall=4")
    assert page.all("input", name="overall", value="4")[0].get("checked") == ""
    page = await ann.press(overall="4", speed="5", comment="Quick & kind <3")
    assert ann.status == 200
    assert "Thank you!" in page.text
    assert "Quick & kind <3" in page.text
    assert await scores() == {"overall": 4, "speed": 5}
    response = await Response.get()
    assert (response.partial, response.comment) == (False, "Quick & kind <3")
    assert (await asked.row()).state == InviteState.FINISHED


async def test_the_last_page_thanks_in_own_words_of_the_language_team_and_mark(front: Front) -> None:
    own = [
        Override(
            "thanks_positive", "Hooray {{ bold(contact.name) }}!\n\n{{ link('Us', 'https://x.example/') }} <i>", "en"
        ),
        Override("thanks_positive", "太好了！", "zh-Hans"),
        Override("thanks_negative", "Not for this team", "en", "elsewhere"),
        Override("thanks_neutral", "{% for one in scores %}{{ one.label }}{% endfor %}", "en"),
    ]
    front.site.templates.use(own)
    ann, bob, kim = Person(front), Person(front), Person(front)
    asked = await front.invite()
    await ann.open(asked.link)
    page = await ann.press(overall="5", speed="4")
    assert "Hooray Ann <3!" in page.text
    assert page.all("a", href="https://x.example/")
    assert not page.all("i")
    assert "has reached us" not in page.text
    assert "★★★★☆" in page.text
    assert "太好了！" in (await ann.open(f"{asked.link}?lang=zh-Hans")).text
    await bob.open((await front.invite()).link)
    assert "Somebody will look after it" in (await bob.press(overall="1")).text
    await kim.open((await front.invite()).link)
    assert "has reached us" in (await kim.press(overall="3")).text  # its words say nothing beside the page's own


async def test_rating_works_without_javascript(front: Front) -> None:
    ann = Person(front, scripts=False)
    asked = await front.invite()
    await ann.open(asked.link)
    await ann.press(overall="2", reasons=["slow", "not_solved"])
    assert (await Response.get()).reasons == ["slow", "not_solved"]
    assert "Somebody will look after it" in ann.page.text


async def test_reasons_without_a_low_score_are_left_out(front: Front) -> None:
    ann = Person(front)
    await ann.open((await front.invite()).link)
    await ann.press(overall="5", reasons=["slow"])
    assert (await Response.get()).reasons == []


async def test_a_page_in_symbols_of_ones_own_speaks_their_words_and_binds_reasons(store: stores.Store) -> None:
    symbols = [{"symbol": one, "word": {"zh-Hans": word}} for one, word in zip("甲乙丙丁戊", "一二三四五", strict=True)]
    reasons = [{"key": "slow", "dimensions": ["speed"]}, {"key": "unfriendly"}]
    async with fronts.opened(scale="own", symbols=symbols, reasons=reasons) as front:
        ann = Person(front)
        page = await ann.open((await front.invite(locale="zh-Hans")).link)
        assert "甲" in page.text
        assert "1 分，一" in page.text
        assert "非常不满意" not in page.text
        assert page.all("label", **{"class": "chip bound for-d3"})
        await ann.press(overall="2", reasons=["slow", "unfriendly"])
        assert (await Response.get()).reasons == ["unfriendly"], "speed was not rated low"
        assert "乙 2/5" in ann.page.text


@pytest.mark.parametrize(("most", "told"), [(0, "Optional"), (2, "Needed when a score is 2 or less"), (5, "Needed;")])
async def test_the_page_says_when_a_comment_is_needed(store: stores.Store, most: int, told: str) -> None:
    async with fronts.opened(comment_required_up_to=most) as front:
        page = await Person(front).open((await front.invite()).link)
        assert f"Your comment {told}" in page.heading


async def test_whoever_blocks_cookies_confirms_with_one_more_tap(front: Front) -> None:
    ann = Person(front, cookies=False)
    await ann.open((await front.invite()).link)
    page = await ann.press(overall="3", comment="So-so")
    assert "One more tap" in page.text
    assert await Score.all().count() == 0
    page = await ann.press()
    assert "Thank you!" in page.text
    assert await scores() == {"overall": 3}
    assert (await Response.get()).comment == "So-so"


async def test_a_score_can_be_put_right_before_it_is_confirmed(front: Front) -> None:
    ann = Person(front, cookies=False)
    link = (await front.invite()).link
    await ann.open(link)
    page = await ann.press(overall="3")
    [back] = [one for one in page.all("a") if str(one.get("href")).startswith("/r/")]
    page = await ann.open(str(back["href"]))
    [chosen] = [one for one in page.all("input", name="overall") if "checked" in one]
    assert chosen["value"] == "3"
    page = await ann.press(overall="4")
    await ann.press()
    assert await scores() == {"overall": 4}


async def test_a_confirmation_within_a_second_is_asked_for_again(front: Front) -> None:
    ann = Person(front, cookies=False)
    await ann.open((await front.invite()).link)
    await ann.press(overall="3")
    page = await ann.press(after=0.2)
    assert "One more tap" in page.text
    assert await Score.all().count() == 0
    await ann.press(after=2)
    assert await scores() == {"overall": 3}


async def test_a_form_sent_in_less_than_a_second_waits(front: Front) -> None:
    ann = Person(front)
    await ann.open((await front.invite()).link)
    page = await ann.press(after=0.9, overall="1")
    assert "One more tap" in page.text
    assert await Response.all().count() == 0
    assert (await HeldAnswer.get()).evidence["doubts"] == ["too_quick"]


async def test_a_form_sent_seconds_after_the_mail_left_waits(front: Front) -> None:
    ann = Person(front)
    asked = await front.invite()
    await Invite.filter(id=asked.invite_id).update(delivered_at=front.clock.now)
    await ann.open(asked.link)
    await ann.press(after=1.5, overall="1")
    assert (await HeldAnswer.get()).evidence["doubts"] == ["just_delivered"]


async def test_a_gateway_that_sends_the_form_without_drawing_it_does_not_vote(front: Front) -> None:
    asked = await front.invite()
    async with front.client() as gateway:
        page = fronts.Page((await gateway.get(asked.link)).text)
        front.clock.pass_(seconds=5)
        answer = await gateway.post(asked.link, data={**page.hidden(), "overall": "1"})
    assert answer.status_code == 200
    assert (await HeldAnswer.get()).evidence["doubts"] == ["not_shown"]
    assert await Response.all().count() == 0


async def test_a_gateway_that_opened_all_five_links_does_not_vote(front: Front) -> None:
    asked = await front.invite()
    robot = Person(front)
    for score in "12345":
        await robot.open(f"{asked.link}?overall={score}")
    await robot.press(overall="5")
    assert (await HeldAnswer.get()).evidence["doubts"] == ["all_links_opened"]
    assert await Response.all().count() == 0


async def test_a_person_after_the_gateway_is_not_troubled_by_it(front: Front) -> None:
    asked = await front.invite()
    robot = Person(front, address="198.51.100.9")
    for score in "12345":
        await robot.open(f"{asked.link}?overall={score}")
    await robot.press(overall="1")
    front.clock.pass_(minutes=2)
    ann = Person(front)
    await ann.open(f"{asked.link}?overall=4")
    page = await ann.press(overall="4")
    assert "Thank you!" in page.text
    assert await scores() == {"overall": 4}


async def test_a_robot_cannot_overwrite_what_a_person_answered(front: Front) -> None:
    asked = await front.invite()
    ann = Person(front)
    robot = Person(front, address="198.51.100.9")
    await robot.open(asked.link)
    await ann.open(asked.link)
    await ann.press(overall="5", comment="Great")
    page = await robot.press(after=30, overall="1", comment="")
    assert "Already answered" in page.text
    assert "Great" not in page.text
    assert await scores() == {"overall": 5}
    assert (await HeldAnswer.get()).evidence["change"] is True
    entries = await TicketEntry.filter(label="history.change_held")
    assert [entry.values["value"] for entry in entries] == [1]


async def test_a_hasty_robot_is_not_even_asked_to_confirm_what_a_person_has_answered(front: Front) -> None:
    asked = await front.invite()
    robot = Person(front, address="198.51.100.9")
    ann = Person(front)
    await ann.open(asked.link)
    await robot.open(asked.link)
    page = robot.page
    await ann.press(overall="5")
    robot.page = page
    front.clock.pass_(seconds=-4)
    page = await robot.press(after=0.1, overall="1")
    assert "Already answered" in page.text
    assert not page.all("form")


async def test_a_held_answer_cannot_overwrite_a_later_one_by_being_confirmed(front: Front) -> None:
    asked = await front.invite()
    robot = Person(front, cookies=False, address="198.51.100.9")
    await robot.open(asked.link)
    await robot.press(overall="1")
    ann = Person(front)
    await ann.open(asked.link)
    await ann.press(overall="5")
    await robot.press(after=10)
    assert await scores() == {"overall": 5}


async def test_the_same_browser_may_change_its_answer(front: Front) -> None:
    asked = await front.invite()
    ann = Person(front)
    await ann.open(asked.link)
    await ann.press(overall="2", comment="Slow!", reasons=["slow"])
    page = await ann.open(asked.link)
    assert "Thank you!" in page.text
    page = await ann.follow("change=")
    assert page.all("input", name="overall", value="2")[0].get("checked") == ""
    assert "Slow!" in page.text
    await ann.press(overall="4", comment="")
    assert await scores() == {"overall": 4}
    response = await Response.get()
    assert (response.comment, response.reasons) == ("", [])
    assert await HeldAnswer.all().count() == 0


async def test_the_change_link_works_in_a_browser_without_cookies(front: Front) -> None:
    ann = Person(front, cookies=False)
    await ann.open((await front.invite()).link)
    await ann.press(overall="2")
    await ann.press()
    await ann.follow("change=")
    await ann.press(overall="4")
    assert "One more tap" in ann.page.text
    await ann.press()
    assert await scores() == {"overall": 4}


async def test_pressing_send_twice_counts_once(front: Front) -> None:
    asked = await front.invite()
    ann = Person(front)
    page = await ann.open(asked.link)
    await ann.press(overall="4")
    ann.page = page
    await ann.press(overall="4")
    assert "Thank you!" in ann.page.text
    assert await scores() == {"overall": 4}
    assert await Response.all().count() == 1


async def test_what_was_left_open_may_be_added_from_another_browser(front: Front) -> None:
    """The first tap came in the chat; the rest is answered on the page."""
    asked = await front.invite()
    invite = await invites.by_token(asked.token)
    assert invite is not None
    await responses.give_score(invite, "overall", 2, now=front.clock.now)
    ann = Person(front)
    await ann.open(asked.link)
    await ann.press(overall="2", speed="1", comment="Too slow")
    assert await scores() == {"overall": 2, "speed": 1}
    assert await HeldAnswer.all().count() == 0


async def test_without_a_score_the_page_asks_for_one_and_keeps_the_comment(front: Front) -> None:
    ann = Person(front)
    await ann.open((await front.invite()).link)
    page = await ann.press(comment="No <b>idea</b>")
    assert ann.status == 422
    assert "Please choose a score" in page.text
    assert "No <b>idea</b>" in page.text
    await ann.press(overall="3", comment="Now")
    assert await scores() == {"overall": 3}


async def test_a_comment_that_is_too_long_is_refused_whole_and_not_cut(front: Front) -> None:
    ann = Person(front)
    await ann.open((await front.invite()).link)
    page = await ann.press(overall="1", reasons="slow", comment="x" * 5312)
    assert ann.status == 422
    assert "4,000 characters fit" in page.text
    assert "5,312 of 4,000" in page.text
    assert "x" * 5312 in page.text
    assert page.all("input", name="overall", value="1")[0].get("checked") == ""
    assert "problem" in page.all("textarea", name="comment")[0]["aria-describedby"]
    assert all("overall=1" in one["href"] for one in page.all("a") if "lang=" in one["href"])
    await ann.press(overall="1", comment="y" * 4000)
    assert len((await Response.get()).comment) == 4000


async def test_a_comment_that_is_more_than_we_read_is_told_so(front: Front) -> None:
    ann = Person(front)
    await ann.open((await front.invite()).link)
    page = await ann.press(overall="1", comment="x" * 70_000)
    assert ann.status == 413
    assert "Please go back and make it shorter" in page.text


async def test_the_page_speaks_the_contacts_language_and_can_be_switched(front: Front) -> None:
    ann = Person(front)
    asked = await front.invite(locale="zh-CN")
    page = await ann.open(f"{asked.link}?overall=4")
    assert page.all("html", lang="zh-Hans")
    page = await ann.follow("lang=en")
    assert page.all("html", lang="en")
    assert page.all("input", name="overall", value="4")[0].get("checked") == ""
    page = await ann.press(overall="4")
    assert page.all("html", lang="en")
    assert "Thank you!" in page.text


@pytest.mark.parametrize("state", [InviteState.CANCELLED, InviteState.UNDELIVERABLE, InviteState.EXPIRED])
async def test_a_question_that_is_over_says_so_and_takes_nothing(front: Front, state: InviteState) -> None:
    asked = await front.invite()
    ann = Person(front)
    await ann.open(asked.link)
    await Invite.filter(id=asked.invite_id).update(state=state)
    await ann.press(overall="5")
    assert ann.status == 410
    assert await Response.all().count() == 0


async def test_a_question_that_is_over_says_so_in_own_words_where_there_are_some(front: Front) -> None:
    front.site.templates.use(
        [
            Override(
                "expired", "Too late{% if contact.name %}, {{ contact.name }}{% endif %}. {{ bold('Bye') }} <i>", "en"
            ),
            Override("expired", "太晚了", "zh-Hans"),
            Override("closed", "Not for this team", "en", "elsewhere"),
            Override("answered", "Got it for {{ ticket.number }}", "en"),
        ]
    )
    late, void, done = await front.invite(), await front.invite(), await front.invite()
    ann, other = Person(front), Person(front)
    await Invite.filter(id=late.invite_id).update(state=InviteState.EXPIRED)
    page = await ann.open(late.link)
    assert (ann.status, "Too late. Bye <i>" in page.text, page.all("i")) == (410, True, [])
    assert "Ann" not in page.text
    assert "太晚了" in (await ann.open(f"{late.link}?lang=zh-Hans")).text
    await Invite.filter(id=void.invite_id).update(state=InviteState.CANCELLED)
    page = await ann.open(void.link)
    assert "Not for this team" not in page.text
    assert page.all("p", **{"class": "lead"})
    await ann.open(done.link)
    await ann.press(overall="5")
    page = await other.open(done.link)
    assert "Got it for" in page.text
    assert not page.all("p", **{"class": "lead"})


async def test_an_anonymous_answer_that_is_cut_is_thanked_for_in_own_words_where_there_are_some(front: Front) -> None:
    asked = await front.invite()
    await Invite.filter(id=asked.invite_id).update(anonymous=True)
    invite = await invites.by_id(asked.invite_id)
    assert invite is not None
    response = await responses.answer(invite, {"overall": 2}, [], "Quokka", finished=True, now=front.clock.now)
    await responses.settle(response.id, now=front.clock.now + timedelta(minutes=11))
    ann = Person(front)
    page = await ann.open(asked.link)
    assert "nobody can tell whose it is" in page.text
    front.site.templates.use(
        [
            Override("thanks_anonymous", "Nobody knows{{ contact.name }}, {{ bold('promised') }} <i>", "en"),
            Override("thanks_anonymous", "没人知道", "zh-Hans"),
        ]
    )
    page = await ann.open(asked.link)
    assert (ann.status, "Nobody knows, promised <i>" in page.text, page.all("i")) == (200, True, [])
    assert "nobody can tell whose it is" not in page.text
    assert "Quokka" not in page.text
    assert "没人知道" in (await ann.open(f"{asked.link}?lang=zh-Hans")).text


async def test_a_question_is_open_until_the_second_it_expires(front: Front) -> None:
    asked = await front.invite()
    invite = await asked.row()
    ann = Person(front)
    front.clock.now = invite.expires_at
    front.clock.pass_(seconds=-1)
    await ann.open(asked.link)
    assert ann.status == 200
    front.clock.pass_(seconds=1)
    await ann.open(asked.link)
    assert ann.status == 410


async def test_after_a_day_an_answer_stays_as_it_is(front: Front) -> None:
    asked = await front.invite()
    ann = Person(front)
    await ann.open(asked.link)
    await ann.press(overall="2")
    change = next(one["href"] for one in ann.page.all("a") if "change=" in one["href"])
    front.clock.pass_(hours=24)
    await ann.open(change)
    assert "Thank you!" in ann.page.text
    assert not ann.page.all("form")
    assert "Change my answer" not in ann.page.text


async def test_somebody_who_forwards_the_link_does_not_forward_the_answer(front: Front) -> None:
    asked = await front.invite()
    ann = Person(front)
    await ann.open(asked.link)
    await ann.press(overall="1", comment="My secret")
    bob = Person(front, address="198.51.100.4")
    page = await bob.open(asked.link)
    assert "Already answered" in page.text
    assert "My secret" not in page.text
    assert "change=" not in page.text


async def test_looking_a_thousand_times_keeps_few_rows(front: Front) -> None:
    asked = await front.invite()
    invite = await invites.by_token(asked.token)
    assert invite is not None
    for number in range(60):
        await visits.opened(invite, nonce=f"n{number}", session="s", now=front.clock.now)
    assert await PageVisit.all().count() == visits.VISITS_KEPT


@pytest.mark.parametrize("method", ["PUT", "OPTIONS", "DELETE"])
async def test_a_request_that_no_browser_makes_is_not_told_that_the_question_is_lost(front: Front, method: str) -> None:
    asked = await front.invite()
    async with front.client() as ann:
        answer = await ann.request(method, asked.link)
    assert answer.status_code == 405
    assert "GET" in answer.headers["allow"]
    assert "cannot find this question" not in answer.text
    assert "made to be opened in a browser" in answer.text
