"""A wording against another: started from the editor, watched without peeking, and decided by one click."""

from __future__ import annotations

import re

import pytest

from bot.translations import po
from bot.translations.counting import Own
from core.accounts.roles import Role
from core.models.accounts import AuditLine
from core.models.invites import Invite
from core.models.setup import Wording
from core.models.wordings import ABTest, Outcome, Variant, WordingDraft, WordingVersion
from core.surveys import responses
from core.wordings import asking
from core.wordings.scopes import Scope
from tests.web.admin.desk import Browser, at
from tests.web.admin.test_languages import hand_in
from tests.web.admin.test_templates_page import write
from tests.web.front import Front

WORDS = "/admin/templates"
PATH = f"{WORDS}/ab-tests"
INVITE = f"{WORDS}/edit?kind=invite&locale=en"
B = "B says: {{ question }} {{ ticket.number }}"
QUICK = {"base": "50", "difference": "50", "share": "50", "days": "14"}


async def started(front: Front, **fields: str) -> tuple[Browser, ABTest]:
    """A test that somebody started from her draft."""
    browser = await at(front)
    await browser.open(INVITE)
    await write(browser, B, do="ab")
    assert browser.path == f"{PATH}/new"
    await browser.send(f"{PATH}/new", do="start", **{**QUICK, **fields})
    await ABTest.all().update(key="a key")  # who gets which is the same in each run
    return browser, await ABTest.get()


async def answered(front: Front, count: int) -> None:
    """So many are asked; all of B answer and none of A, and the time of all is over."""
    for _ in range(count):
        asked = await front.invite(delivered=False)
        invite = await Invite.get(id=asked.invite_id).select_related("survey", "contact", "address", "ticket", "agent")
        found = await asking.given(invite, Scope("invite", "en", "", "telegram"), now=front.clock.now)
        await Invite.filter(id=invite.id).update(delivered_at=front.clock.now, state="delivered")
        invite = await Invite.get(id=asked.invite_id).select_related("survey", "contact", "address", "ticket", "agent")
        if found is not None and found.variant == Variant.B:
            given = await responses.answer(invite, {"overall": 4}, finished=True, now=front.clock.now)
            await responses.settle(given.id, now=front.clock.now)
    front.clock.pass_(days=8)


async def test_a_draft_is_tested_against_what_goes_out(front: Front) -> None:
    browser = await at(front)
    await browser.open(INVITE)
    await write(browser, B, do="ab")
    assert "It takes" in browser.page.text
    assert "Hello" in browser.page.text, "A is what goes out now"
    assert "B says:" in browser.page.text
    assert not await ABTest.exists()
    await browser.send(f"{PATH}/new", do="start", **QUICK)
    test = await ABTest.get()
    assert browser.path == f"{PATH}/{test.id}"
    assert "The test runs." in browser.page.text
    assert "It is too early to say which is better" in browser.page.text
    assert test.words[Variant.B]["invite"]["source"] == B
    assert test.words[Variant.A]["invite"]["source"].startswith("Preheader")
    assert (test.share, test.base, test.difference) == (50, 0.5, 50)
    assert await WordingDraft.exists()
    assert not await Wording.exists()
    assert await AuditLine.filter(subject=f"ab_test:{test.id}").values_list("action", flat=True) == ["ab_test.started"]
    listed = await browser.open(PATH)
    assert listed.all("a", href=f"{PATH}/{test.id}")


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [("share", "99", "From 5 to 95"), ("share", "-1", "From 5 to 95"), ("share", "−1", "From 5 to 95"),
     ("difference", "ten", "A whole number"), ("days", "0", "From 1 to 365"),
     ("base", "", "A whole number")],
)  # fmt: skip
async def test_a_wrong_number_is_told_at_its_field_and_what_was_typed_stays(
    sqlite_front: Front, field: str, value: str, said: str
) -> None:
    browser = await at(sqlite_front)
    await browser.open(INVITE)
    await write(browser, B, do="ab")
    await browser.send(f"{PATH}/new", do="start", **{**QUICK, "days": "21", field: value})
    assert browser.status == 422
    assert said in browser.page.text
    assert browser.page.all("input", name=field)[0]["aria-invalid"] == "true"
    assert browser.page.all("input", name=field)[0]["value"] == value
    assert field == "days" or browser.page.all("input", name="days")[0]["value"] == "21"
    assert not await ABTest.exists()


async def test_all_that_is_wrong_is_told_at_once_each_at_its_field(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(INVITE)
    await write(browser, B, do="ab")
    page = await browser.send(f"{PATH}/new", do="start", base="250", difference="0", share="100", days="-3")
    assert browser.status == 422
    for field in ("base", "difference", "share", "days"):
        assert page.all("input", name=field)[0]["aria-invalid"] == "true"
        assert page.all("span", id=f"p-{field}")


async def test_how_many_it_takes_is_reckoned_while_one_types(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(INVITE)
    await write(browser, B, do="ab")
    sent = {**browser.page.hidden(), **QUICK, "base": "30", "difference": "10"}
    answer = await browser.client.post(f"{PATH}/new/reckon", data=sent)
    assert "It takes 356 asked with A and 356 with B" in answer.text
    assert "<html" not in answer.text
    answer = await browser.client.post(f"{PATH}/new/reckon", data={**sent, "share": "x"})
    assert "A whole number" in answer.text


async def test_the_present_participation_is_shown_and_is_the_base(sqlite_front: Front) -> None:
    front = sqlite_front
    for number in range(30):
        asked = await front.invite()
        if number < 12:
            invite = await Invite.get(id=asked.invite_id).select_related("survey", "contact", "address", "ticket")
            await responses.answer(invite, {"overall": 4}, finished=True, now=front.clock.now)
    front.clock.pass_(days=10)
    browser = await at(front)
    await browser.open(INVITE)
    await write(browser, B, do="ab")
    assert "Now 40.0 % answer, of 30 who were asked here" in browser.page.text
    assert not browser.page.all("input", name="base")
    await browser.send(f"{PATH}/new", do="start", **QUICK)
    assert (await ABTest.get()).base == pytest.approx(0.4)


async def test_b_that_publishing_would_refuse_is_never_started(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(INVITE)
    await WordingDraft.create(
        kind="invite", locale="en", subject="", source="{{ nobody }}", author="x", saved_at=sqlite_front.clock.now
    )
    page = await browser.open(f"{PATH}/new?kind=invite&locale=en")
    assert "One of the two cannot be sent" in page.text
    await browser.send(f"{PATH}/new", do="start", **QUICK)
    assert browser.status == 422
    assert not await ABTest.exists()


async def test_without_a_draft_there_is_no_b_and_only_questions_are_tested(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    page = await browser.open(f"{PATH}/new?kind=invite&locale=en")
    assert "There is no draft here" in page.text
    assert not page.all("button", name="do", value="start")
    assert (await browser.client.get(f"{PATH}/new?kind=thanks_negative&locale=en")).status_code == 404
    page = await browser.open(f"{WORDS}/edit?kind=thanks_negative&locale=en")
    assert not page.all("button", name="do", value="ab")


async def test_the_reminder_of_b_can_have_words_of_its_own(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(f"{WORDS}/edit?kind=reminder&locale=en")
    await write(browser, "B reminds: {{ question }}")
    await browser.open(INVITE)
    await write(browser, B, do="ab")
    await browser.send(f"{PATH}/new", do="start", with_reminder="on", **QUICK)
    test = await ABTest.get()
    assert test.words[Variant.B]["reminder"]["source"] == "B reminds: {{ question }}"
    assert "A and B: Reminder" in browser.page.text


async def test_the_editor_says_that_the_test_sends_the_draft(sqlite_front: Front) -> None:
    browser, _ = await started(sqlite_front)
    page = await browser.open(f"{WORDS}/edit?kind=invite&locale=en")
    assert "An A/B test sends it, as it was at its start, to 50 % of the contacts" in page.text
    assert "What you change here the test does not send." in page.text
    assert "Nobody gets it" not in page.text
    await browser.send(f"{WORDS}/edit", body=f"{B} and more", subject="", preheader="", do="keep")
    assert "The test goes on with the words of its start; what you change here goes to nobody" in browser.page.text
    assert "An A/B test sends it" not in browser.page.text
    await browser.open(f"{WORDS}/edit?kind=reminder&locale=en")
    await browser.send(f"{WORDS}/edit", body="B reminds: {{ question }}", subject="", preheader="", do="keep")
    assert "Nobody gets it before you publish it." in browser.page.text, "the test has no words for the reminder"


async def test_the_page_of_a_test_says_what_goes_out_now_and_how_many_are_needed(sqlite_front: Front) -> None:
    browser, test = await started(sqlite_front)
    assert re.findall(r"<h3>([AB]: [^<]+)</h3>", browser.html) == ["A: goes out now", "B: the other wording"]
    assert f"<dt>Needed</dt><dd>{test.size_a} with A, {test.size_b} with B.</dd>" in browser.html
    await browser.send(f"{PATH}/{test.id}/stop")
    assert re.findall(r"<h3>([AB]: [^<]+)</h3>", browser.html) == ["A: went out before", "B: the other wording"]


async def test_closer_words_are_said_to_take_messages_from_a_test(front: Front) -> None:
    browser, test = await started(front)
    assert "Closer words" not in browser.page.text
    await browser.open(f"{INVITE}&channel=telegram")
    assert "take these messages from it" in browser.page.text
    await write(browser, "Closer: {{ question }}", do="publish")
    said = f'<a href="{PATH}/{test.id}">A/B test {test.id}: English</a>'
    assert "take these messages from it" in browser.page.text
    assert said in browser.html
    assert "Publishing ends an A/B test" not in browser.page.text
    await browser.send(f"{WORDS}/publish")
    assert "Published." in browser.page.text
    assert "take these messages from it" not in browser.page.text, "they have been taken"
    assert (await ABTest.get()).ended_at is None
    page = await browser.open(f"{PATH}/{test.id}")
    assert "Closer words take their messages from this test" in page.text
    assert page.all("a", href="/admin/templates/edit?kind=invite&locale=en&channel=telegram")
    await browser.send(f"{PATH}/{test.id}/stop")
    assert "Closer words" not in browser.page.text


async def test_words_that_a_test_stands_before_take_nothing_from_it(sqlite_front: Front) -> None:
    browser, _ = await started(sqlite_front)
    for scope in (
        "kind=invite&locale=zh-Hans&channel=telegram",
        "kind=invite&channel=telegram",
        "kind=thanks_positive",
    ):
        await browser.open(f"{WORDS}/edit?{scope}")
        assert "take these messages from it" not in browser.page.text


async def test_too_early_shows_counts_and_intervals_and_names_no_winner(front: Front) -> None:
    _, test = await started(front)
    await answered(front, 6)
    browser = await at(front)
    page = await browser.open(f"{PATH}/{test.id}")
    assert "It is too early to say which is better" in page.text
    assert page.all("svg", role="img")
    assert re.search(r"\d+ \(\d+ needed\)", page.text)
    seen = browser.html.replace("\N{NO-BREAK SPACE}", " ")
    labels = re.findall(r'<td class="number" data-label="([^"]+)">', seen)
    assert labels[4:6] == ["Participation", "95 % interval"], "each figure says on a phone what it is"
    drawn = re.findall(r'<text class="value"[^>]*>([^<]+)</text>', seen)
    assert [one.partition(" (")[0] for one in drawn] == ["0 %", "100 %"], "the figures stand beside the drawing"
    assert "more people answer" not in page.text
    assert not page.all("form", action=f"{PATH}/{test.id}/keep")
    await browser.post(f"{PATH}/{test.id}/keep", variant="b")
    assert browser.status == 409
    assert "too early to decide" in browser.page.text
    assert not await Wording.exists()


async def test_b_is_kept_by_one_click(front: Front) -> None:
    _, test = await started(front)
    await answered(front, 50)
    browser = await at(front)
    page = await browser.open(PATH)
    assert "started by Lee <3." in page.text
    page = await browser.open(f"{PATH}/{test.id}")
    assert "12:00, Lee <3" in page.text
    assert "With B more people answer: 100.0 percentage points more" in page.text
    assert "4.00 (no 95 % interval: all gave the same) · 11 answers" in page.text
    await browser.post(f"{PATH}/{test.id}/keep", variant="b")
    assert "B is published." in browser.page.text
    assert "B was kept and published by Lee <3" in browser.page.text
    assert (await Wording.get()).source == B
    for locale, note in (("en", f"A/B test {test.id}: B kept"), ("zh-Hans", f"A/B 测试 {test.id}：保留 B")):
        browser.client.headers["accept-language"] = locale
        page = await browser.open("/admin/templates/history?kind=invite&locale=en")
        assert f"Lee <3 · {note}" in page.text
    browser.client.headers["accept-language"] = "en"
    assert not await WordingDraft.exists()
    page = await browser.open(PATH)
    assert "B kept" in page.text
    assert "With B more people answer" in page.text
    page = await browser.open("/admin/audit")
    assert "B kept" in page.text


async def test_stopping_needs_no_rule_and_says_nothing_of_a_winner(sqlite_front: Front) -> None:
    browser, test = await started(sqlite_front)
    await browser.send(f"{PATH}/{test.id}/stop")
    assert "ended without a decision" in browser.page.text
    assert "nothing can be said about which is better" in browser.page.text
    await browser.post(f"{PATH}/{test.id}/stop")
    assert browser.status == 409
    assert (await ABTest.get()).outcome == Outcome.STOPPED


async def test_other_words_end_the_test_only_after_asking(front: Front) -> None:
    browser, test = await started(front)
    page = await browser.open(INVITE)
    assert "An A/B test runs for some of these messages" in page.text
    assert not page.all("button", name="do", value="ab")
    await write(browser, "Other words: {{ question }}", do="publish")
    assert "Publishing ends an A/B test" in browser.page.text
    await browser.send(f"{WORDS}/publish", note="hurry")
    assert browser.status == 409
    assert not await Wording.exists()
    assert (await ABTest.get()).ended_at is None
    await browser.send(f"{WORDS}/publish")
    assert "Published." in browser.page.text
    assert (await WordingVersion.get()).note == "hurry"
    ended = await ABTest.get()
    assert (ended.outcome, ended.ended_by) == (Outcome.PUBLISHED, "admin@kestrel.example")
    page = await browser.open(f"{PATH}/{test.id}")
    assert "Lee <3 published other words where A stood" in page.text


async def test_taking_own_words_away_and_bringing_old_ones_back_ask_too(sqlite_front: Front) -> None:
    front = sqlite_front
    browser = await at(front)
    await browser.open(INVITE)
    for body in ("One {{ question }}", "Two {{ question }}"):
        await write(browser, body, do="publish")
        await browser.send(f"{WORDS}/publish")
        await browser.open(INVITE)
    browser, _ = await started(front)
    await browser.open(INVITE)
    await browser.send(f"{WORDS}/take-away")
    assert browser.status == 409
    first = await WordingVersion.get(number=1)
    await browser.open(f"{WORDS}/history?kind=invite&locale=en")
    await browser.send(f"{WORDS}/restore", version=str(first.id))
    assert browser.status == 409
    assert (await Wording.get()).source == "Two {{ question }}"
    assert (await ABTest.get()).ended_at is None
    await browser.send(f"{WORDS}/restore")
    assert (await Wording.get()).source == "One {{ question }}"
    assert (await ABTest.get()).outcome == Outcome.PUBLISHED


async def test_a_second_test_that_would_reach_the_same_is_refused(sqlite_front: Front) -> None:
    browser, test = await started(sqlite_front)
    await browser.open(f"{WORDS}/edit?kind=reminder&locale=en&channel=telegram")
    await write(browser, B)
    page = await browser.open(f"{PATH}/new?kind=reminder&locale=en&channel=telegram")
    assert "Another A/B test runs for some of these messages" in page.text
    assert page.all("a", href=f"{PATH}/{test.id}")
    await browser.post(
        f"{PATH}/new", kind="reminder", locale="en", team="", channel="telegram", do="start", seen="0.1.1", **QUICK
    )
    assert browser.status == 409
    assert await ABTest.all().count() == 1


async def test_supervisors_and_auditors_see_all_of_it_and_change_nothing(sqlite_front: Front) -> None:
    _, test = await started(sqlite_front)
    for role in (Role.SUPERVISOR, Role.AUDITOR):
        browser = await at(sqlite_front, role)
        page = await browser.open(f"{PATH}/{test.id}")
        assert "too early" in page.text
        assert not page.all("form", action=f"{PATH}/{test.id}/stop")
        await browser.post(f"{PATH}/{test.id}/stop")
        assert browser.status == 403
    assert (await ABTest.get()).ended_at is None


async def test_all_of_it_is_said_in_chinese_too(sqlite_front: Front) -> None:
    browser, test = await started(sqlite_front)
    browser.client.headers["accept-language"] = "zh-CN"
    for path, said in ((PATH, "进行中"), (f"{PATH}/{test.id}", "为时过早")):
        page = await browser.open(path)
        assert said in page.text
        assert "ab." not in re.sub(r"https?://\S+|/static/\S+", "", page.text)


async def test_a_language_file_ends_a_test_only_where_it_was_said_that_it_would(front: Front) -> None:
    browser = await at(front)
    file = po.write(front.site.templates, Own(), "en").decode()
    head, tail = file.split('msgctxt "template:invite"\n', 1)
    file = head + 'msgctxt "template:invite"\n' + tail.replace('msgstr ""\n', 'msgstr ""\n"Well? "\n', 1)
    await hand_in(browser, file.encode())
    assert 'class="problem block"' not in browser.html
    compared = browser.page
    _, test = await started(front)
    browser.page = compared
    page = await browser.send("/admin/languages/publish", po=file)
    assert (browser.status, 'role="alert">Publishing ends an A/B test' in browser.html) == (409, True)
    assert page.all("a", href=f"{PATH}/{test.id}")
    assert (await asking.live(), await Wording.exists()) == ([test], False)
    await browser.send("/admin/languages/publish", po=file)
    assert ((await ABTest.get()).outcome, (await Wording.get()).source.count("Well?")) == (Outcome.PUBLISHED, 1)
