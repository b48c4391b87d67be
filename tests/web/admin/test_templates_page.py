"""The words of every message, changed by somebody who is not a developer."""

from __future__ import annotations

import re

import pytest
from babel.localedata import locale_identifiers

from bot.placeholders import KINDS
from bot.translations import po
from core.accounts.roles import Role
from core.models.accounts import AuditLine
from core.models.deliveries import Delivery
from core.models.setup import Team, Wording
from core.models.wordings import WordingDraft, WordingVersion
from tests.security.test_templates import ATTACKS, render_children
from tests.web.admin.desk import Browser, at
from tests.web.front import Front

PATH = "/admin/templates"
INVITE = f"{PATH}/edit?kind=invite&locale=en"


async def write(browser: Browser, body: str, do: str = "keep", **fields: str) -> None:
    await browser.send(f"{PATH}/edit", body=body, subject="", preheader="", do=do, **fields)


async def check(browser: Browser, body: str, *, seen: str = "", **fields: str) -> str:
    """`seen` is the mark of what was kept since the page was opened."""
    sent = {**browser.page.hidden(), "body": body, "subject": "", "preheader": "", **fields}
    answer = await browser.client.post(f"{PATH}/check", data={**sent, **({"seen": seen} if seen else {})})
    browser.status = answer.status_code
    return answer.text


def kept(html: str) -> str:
    """The mark that the page's script takes from an answer."""
    found = re.search(r'data-seen="([^"]*)"', html)
    assert found
    return found[1]


async def test_every_kind_is_listed_in_words_with_what_it_is_for(front: Front) -> None:
    for locale in ("en", "zh-Hans"):
        browser = await at(front)
        browser.client.headers["accept-language"] = locale
        page = await browser.open(PATH)
        templates = front.site.templates
        for kind in KINDS:
            assert templates.label(f"kind.{kind}", locale) in page.text
            assert page.all("a", href=f"{PATH}/{kind}")
    for kind, about in KINDS.items():
        assert templates.label(f"kind_about.{kind}", "en") == about.about


async def test_the_editor_begins_with_what_goes_out_now_and_looking_leaves_nothing_behind(front: Front) -> None:
    browser = await at(front)
    await browser.open(INVITE)
    assert "Hello{% if contact.name %}" in browser.page.text
    assert browser.page.all("input", name="subject")[0]["value"] == "How did we do? ({{ ticket.number }})"
    body = front.site.templates.shipped("invite", "en").partition("\n\n")[2]
    shipped = {name: browser.page.all("input", name=name)[0]["value"] for name in ("subject", "preheader")}
    await browser.send(f"{PATH}/edit", body=body, **shipped, do="keep")
    assert not await WordingDraft.exists()


async def test_each_channel_shows_it_as_it_will_look(front: Front) -> None:
    browser = await at(front)
    await browser.open(INVITE)
    html = await check(
        browser, 'Well, {{ bold("<Ann>") }}? *no* {{ link("here", "https://x.example") }} {{ question }}'
    )
    assert browser.status == 200
    assert html.count("Well, <b>&lt;Ann&gt;</b>?") == 3  # Telegram, Slack, web chat
    assert "∗no∗" in html  # what would format in Slack, and was not meant to
    for channel in ("telegram", "slack", "email", "webchat"):
        assert f'class="look {channel}"' in html
    assert html.count("press danger") == 4  # one and two stars, in Telegram and Slack
    assert "Well, &lt;Ann&gt;?" in html  # the mail's text
    frame = await browser.client.get(f"{PATH}/mail?kind=invite&locale=en&look=dark")
    assert "<b>&lt;Ann&gt;</b>" in frame.text
    assert "@media all" in frame.text
    assert "sandbox;" in frame.headers["content-security-policy"]
    assert "frame-src 'self'" in (await browser.client.get(INVITE)).headers["content-security-policy"]


async def test_thanks_are_shown_as_the_survey_page_says_them_too(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(f"{PATH}/edit?kind=thanks_positive&locale=en")
    html = await check(browser, "Hooray, {{ contact.name }}!{% for one in scores %} {{ one.label }}{% endfor %}")
    page = html.partition('class="look page"')[2].partition("</article>")[0]
    assert "survey page, behind a mail" in page
    assert "Hooray, Ann!</div>" in page  # the page shows the scores itself, under the words
    assert "Service attitude" in page
    await browser.open(INVITE)
    assert 'class="look page"' not in browser.html


async def test_the_mail_in_its_frame_leads_nowhere(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    frame = await browser.client.get(f"{PATH}/mail?kind=invite&locale=en")
    assert "5★" in frame.text
    assert "href" not in frame.text


async def test_what_is_wrong_stands_at_its_line_with_what_was_meant(front: Front) -> None:
    browser = await at(front)
    await browser.open(INVITE)
    html = await check(browser, "Hello\n{{ contcat.name }}\n{{ question }}\n{% set x = 1 %}")
    assert browser.status == 422
    assert 'data-wrong-lines="2,4"' in html
    assert "Did you mean “contact”?" in html
    assert "“set” cannot be used here." in html
    assert 'class="look ' not in html
    html = await check(browser, "Hello", subject="{{ nobody }}", seen=kept(html))
    assert 'href="#f-subject"' in html
    html = await check(browser, "Hello\n{{ contact.name }}", seen=kept(html))
    assert browser.status == 200
    assert "You do not say {{ question }}" in html
    html = await check(browser, "Hello {{ contact.name\nfoo {{ question }}", seen=kept(html))
    assert 'data-wrong-lines="1"' in html
    assert "“{{” is opened here and never closed: }} is missing." in html
    html = await check(browser, "{{ nobody }} and {{ nobody }}", seen=kept(html))
    assert html.count("There is nothing called “nobody”") == 1
    html = await check(browser, "{{ question }}{{ ticket.number }}" + "x" * 5000, seen=kept(html))
    verdict = html.partition('class="looks"')[0]
    assert "Too long for Telegram" in verdict
    assert "✓" not in verdict
    await browser.open(INVITE)
    await write(browser, "{{ question }}{{ ticket.number }}" + "x" * 5001, do="publish")
    assert "Too long for Telegram" in browser.page.text
    assert browser.path == f"{PATH}/publish"


async def test_no_attack_is_kept_from_being_typed_and_none_reaches_the_renderer(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(f"{PATH}/edit?kind=alert&locale=en")
    token = browser.page.hidden()["csrf"]
    await sqlite_front.site.templates.close()
    assert render_children() == []
    known = sorted(tag.replace("_", "-") for tag in locale_identifiers() if len(tag) <= 20)
    scopes = (tag for tag in known if po.locale_named(tag) == tag)  # nobody has written there yet
    for attack in ATTACKS:
        if "\ud800" in attack:
            continue
        for route, do in (("check", ""), ("edit", "keep"), ("edit", "publish")):
            sent = {"kind": "alert", "locale": next(scopes), "body": attack, "do": do, "csrf": token}
            answer = await browser.client.post(f"{PATH}/{route}", data={**sent, "seen": "0.0.0"})
            assert answer.status_code in {413, 422}, attack[:60]
            assert "<iframe" not in answer.text
    assert render_children() == []
    assert not await Wording.exists()


async def test_a_bomb_that_is_allowed_is_told_in_time_and_the_next_words_are_shown(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(INVITE)
    await browser.open(f"{PATH}/edit?kind=thanks_negative&locale=en")
    loop = "{% for one in scores %}" + "{{ comment }}" * 700 + "{% endfor %}"
    html = await check(browser, loop)
    assert browser.status == 422
    assert "It makes too long a text." in html
    html = await check(browser, "Fine again: {{ comment }}", seen=kept(html))
    assert browser.status == 200
    assert "Fine again" in html


async def test_what_a_mail_has_beside_its_text_is_called_as_in_the_editor(front: Front) -> None:
    browser = await at(front)
    await browser.open(INVITE)
    fields = {"subject": "Well <3?", "preheader": "Tap once", "body": "Own: {{ question }} {{ ticket.number }}"}
    await browser.send(f"{PATH}/edit", **fields, do="publish")
    called = {"en": "Subject of the mail: ", "zh-Hans": "邮件主题："}
    for locale, name in called.items():
        browser.client.headers["accept-language"] = locale
        page = await browser.open(f"{PATH}/publish?kind=invite&locale=en")
        assert f"{name}How did we do?" in page.text
        assert f"{name}Well <3?" in page.text
        assert "Subject: " not in page.text
        assert "Preheader" not in page.text
    await browser.send(f"{PATH}/publish", note="")
    page = await browser.open(f"{PATH}/history?kind=invite&locale=en")
    assert "邮件预览行：Tap once" in page.text
    assert "Preheader" not in page.text


async def test_a_change_is_published_told_and_taken_back(front: Front) -> None:
    browser = await at(front)
    await browser.open(INVITE)
    await write(browser, "Own words: {{ question }} {{ ticket.number }}", do="publish")
    assert browser.path == f"{PATH}/publish"
    assert not await Wording.exists()
    assert "<ins>" in browser.html
    assert "<del>" in browser.html
    await browser.send(f"{PATH}/publish", note="shorter")
    assert "Published." in browser.page.text
    assert (await Wording.get()).source.startswith("Own words")
    assert await AuditLine.filter(subject="template:invite locale=en").values_list("action", flat=True) == [
        "template.added"
    ]

    await browser.open(INVITE)
    await write(browser, "Other words: {{ question }} {{ ticket.number }}", do="publish")
    await browser.send(f"{PATH}/publish", note="")
    page = await browser.open(f"{PATH}/history?kind=invite&locale=en")
    assert "shorter" in page.text
    first = await WordingVersion.get(number=1)
    await browser.send(f"{PATH}/restore", version=str(first.id))
    assert (await Wording.get()).source.startswith("Own words")
    assert "Lee <3 · version 1 again" in browser.page.text
    await browser.open(INVITE)
    await browser.send(f"{PATH}/take-away")
    assert not await Wording.exists()
    assert "Taken back" in browser.page.text
    assert await WordingVersion.all().count() == 4


async def test_what_was_published_by_mistake_is_undone_at_once(front: Front) -> None:
    browser = await at(front)
    for words in ("First", "Second"):
        await browser.open(INVITE)
        await write(browser, words + " {{ question }} {{ ticket.number }}", do="publish")
        await browser.send(f"{PATH}/publish", note="")
        assert browser.page.all("button", **{"form": "undo", "class": "link"})
    await browser.send(f"{PATH}/undo")
    assert (await Wording.get()).source.startswith("First")
    assert "version 1 again" in (await browser.open(f"{PATH}/history?kind=invite&locale=en")).text


async def test_the_first_words_of_ones_own_are_taken_back_where_published_and_in_the_history(front: Front) -> None:
    browser = await at(front)
    for way in ("undo", "take-away"):
        await browser.open(INVITE)
        await write(browser, f"Own by {way} {{{{ question }}}} {{{{ ticket.number }}}}", do="publish")
        await browser.send(f"{PATH}/publish", note="")
        if way == "take-away":
            page = await browser.open(f"{PATH}/history?kind=invite&locale=en")
            assert "the words that Afterword comes with" in page.text
        await browser.send(f"{PATH}/{way}")
        assert not await Wording.exists()
        assert "Taken back" in browser.page.text


async def test_undoing_from_a_page_that_is_old_changes_nothing(front: Front) -> None:
    lee, kim = await at(front), await at(front, Role.ADMIN, email="kim@kestrel.example")
    await lee.open(INVITE)
    await write(lee, "Lee's {{ question }} {{ ticket.number }}", do="publish")
    await lee.send(f"{PATH}/publish", note="")
    await kim.open(INVITE)
    await write(kim, "Kim's {{ question }} {{ ticket.number }}", do="publish")
    await kim.send(f"{PATH}/publish", note="")
    await lee.send(f"{PATH}/undo")
    assert lee.status == 409
    assert (await Wording.get()).source.startswith("Kim's")


async def test_two_who_write_the_same_lose_nothing(front: Front) -> None:
    lee, kim = await at(front), await at(front, Role.ADMIN, email="kim@kestrel.example")
    await lee.open(INVITE)
    await kim.open(INVITE)
    await check(lee, "Lee's {{ question }}")
    html = await check(kim, "Kim's {{ question }}")
    assert kim.status == 409
    assert "Lee&#39;s {{ question }}" in html
    await write(kim, "Kim's {{ question }}")
    assert kim.status == 409
    assert "Kim's {{ question }}" in kim.page.text  # what was typed is still there
    assert (await WordingDraft.get()).source == "Lee's {{ question }}"


async def test_who_writes_in_two_windows_is_told_and_says_which_words_stay(front: Front) -> None:
    one, other = await at(front), await at(front)
    await one.open(INVITE)
    await other.open(INVITE)
    await check(one, "In one {{ question }}")
    html = await check(other, "In another {{ question }}")
    assert (other.status, "in another window" in html) == (409, True)
    assert "Somebody else" not in html
    await write(other, "In another {{ question }}")
    assert other.status == 409
    assert (await WordingDraft.get()).source == "In one {{ question }}"
    mark = next(one["value"] for one in other.page.all("button", name="over"))
    await other.send(f"{PATH}/edit", body="In another {{ question }}", subject="", preheader="", over=mark)
    assert (await WordingDraft.get()).source == "In another {{ question }}"
    await check(one, "In one again {{ question }}")
    assert one.status == 409


async def test_nobody_is_helped_over_the_words_of_somebody_else(front: Front) -> None:
    lee, kim = await at(front), await at(front, Role.ADMIN, email="kim@kestrel.example")
    await kim.open(INVITE)
    await lee.open(INVITE)
    await check(lee, "Lee's {{ question }}")
    assert 'name="over"' not in await check(kim, "Kim's {{ question }}")


async def test_a_draft_that_is_half_written_is_there_again(front: Front) -> None:
    browser = await at(front)
    await browser.open(INVITE)
    await check(browser, "Half a {{ ")
    other = await at(front, Role.ADMIN, email="kim@kestrel.example")
    page = await other.open(INVITE)
    assert "Half a {{" in page.text
    assert "Draft kept: Lee <3" in page.text
    await other.send(f"{PATH}/discard")
    assert not await WordingDraft.exists()


async def test_whose_words_are_taken_is_said_from_the_closest_on(front: Front) -> None:
    await Team.create(key="repairs", name="Repairs <3")
    await Wording.create(kind="invite", locale="zh-Hans", source="中文 {{ question }}")
    browser = await at(front)
    page = await browser.open(f"{PATH}/edit?kind=invite&locale=zh-Hans&team=repairs")
    assert "team Repairs <3" in page.text
    assert "中文 {{ question }}" in page.text  # the next wider ones to begin with
    assert (await browser.client.get(f"{PATH}/edit?kind=invite&team=nobody")).status_code == 404
    assert (await browser.client.get(f"{PATH}/edit?kind=invite&channel=fax")).status_code == 404
    assert (await browser.client.get(f"{PATH}/edit?kind=nothing")).status_code == 404
    for made_up in ("xx", "english", "zh_Hans"):
        assert (await browser.client.get(f"{PATH}/edit?kind=invite&locale={made_up}")).status_code == 404
    assert (await browser.client.get(f"{PATH}/edit?kind=invite&locale=de")).status_code == 200


async def test_a_test_goes_to_oneself_alone_and_not_too_often(front: Front) -> None:
    from bot import channels
    from bot.channels.email.settings import EmailSettings

    settings = EmailSettings.model_validate({"kind": "email", "from": "a@example.org", "smtp_host": "127.0.0.1"})
    doors = front.site.channels
    assert isinstance(doors, dict)
    doors["mail"] = channels.build("mail", settings, base_url=front.site.base_url)
    browser = await at(front)
    await browser.open(INVITE)
    assert browser.page.all("button", formaction=f"{PATH}/test", form="write")
    await send_test(browser, "Just typed {{ question }}", "mail admin@kestrel.example")
    assert "on its way to you" in browser.page.text
    assert "Just typed" in browser.page.text
    row = await Delivery.get(kind="trial")
    assert (row.channel, row.target) == ("mail", "admin@kestrel.example")
    assert "Just typed {{ question }}" in str(row.payload["source"])
    await browser.open(INVITE)
    await send_test(browser, "Typed {{ question }}", "mail victim@example.org")
    assert browser.status == 422
    await send_test(browser, "Wrong {{ ", "mail admin@kestrel.example")
    assert (browser.status, "Wrong {{" in browser.page.text) == (422, True)
    assert await Delivery.filter(kind="trial").count() == 1
    for number in range(6):
        await browser.open(INVITE)
        await send_test(browser, f"Number {number} {{{{ question }}}}", "mail admin@kestrel.example")
    assert browser.status == 429
    assert "no test was sent" in browser.page.text
    assert "Number 5 {{ question }}" in browser.page.text
    assert browser.page.all("textarea", name="body")


async def send_test(browser: Browser, body: str, door: str) -> None:
    await browser.post(f"{PATH}/test", subject="", preheader="", body=body, door=door)


@pytest.mark.parametrize("role", [Role.SUPERVISOR, Role.AUDITOR])
async def test_who_may_only_see_sees_the_words_and_the_looks_and_changes_nothing(front: Front, role: Role) -> None:
    browser = await at(front, role)
    await browser.open(INVITE)
    assert 'class="look telegram"' in browser.html
    assert "readonly" in browser.html
    assert not re.findall(r'action="/admin/templates/\w', browser.html)
    for route in ("edit", "check", "publish", "discard", "take-away", "restore", "undo", "test"):
        answer = await browser.client.post(f"{PATH}/{route}", data=browser.page.hidden())
        assert answer.status_code == 403


async def test_a_real_ticket_can_stand_in_the_preview(front: Front) -> None:
    from core.models.desk import Ticket

    await front.invite()
    ticket = await Ticket.get()
    browser = await at(front)
    page = await browser.open(f"{INVITE}&ticket={ticket.number}")
    assert ticket.number in page.text
    assert "Router <b>&</b> cable" in page.text
    page = await browser.open(f"{INVITE}&ticket={ticket.ref}")
    assert ticket.number in page.text
    assert page.all("input", name="ticket")[0].get("aria-invalid") is None
    page = await browser.open(f"{INVITE}&ticket=CS999")
    assert re.search(r'<span class="problem" id="p-ticket">There is no ticket CS999', browser.html)
    assert page.all("input", name="ticket")[0]["aria-invalid"] == "true"
    html = await check(browser, "One {{ question }}", ticket="NOPE")
    assert re.search(r'id="p-ticket" hx-swap-oob="true">There is no ticket NOPE', html)


async def test_words_about_no_ticket_are_not_offered_one_and_refuse_it(front: Front) -> None:
    await front.invite()
    browser = await at(front)
    page = await browser.open(f"{PATH}/edit?kind=digest&locale=en&ticket=CS1")
    assert (browser.status, page.all("input", name="ticket")) == (200, [])
    html = await check(browser, "Figures of {{ team.name }}", ticket="CS1")
    assert browser.status == 422
    assert "These words are about no ticket" in html
    assert "There is no ticket" not in html
    await write(browser, "Figures of {{ team.name }}", ticket="CS1")
    assert browser.status == 422
    assert "These words are about no ticket" in browser.page.text
    assert "Figures of {{ team.name }}" in browser.page.text
    assert not await WordingDraft.exists()
    page = await browser.open(INVITE)
    assert page.all("input", name="ticket")


@pytest.mark.parametrize("path", ["/r/trial", "/r/trial?overall=4", "/u/trial"])
async def test_the_buttons_of_a_test_say_that_it_was_one(sqlite_front: Front, path: str) -> None:
    async with sqlite_front.client() as reader:
        for language, words in (("en", "This was a test"), ("zh-CN", "这是一次测试")):
            answer = await reader.get(path, headers={"accept-language": language})
            assert (answer.status_code, words in answer.text) == (200, True)


async def test_a_program_that_unsubscribes_by_itself_stops_nobody_by_a_test(sqlite_front: Front) -> None:
    async with sqlite_front.client() as reader:
        answer = await reader.post("/u/trial", data={"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, "This was a test" in answer.text) == (200, True)


async def test_a_draft_of_as_many_characters_as_are_kept_is_kept_whatever_they_are(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    await browser.open(INVITE)
    html = await check(browser, "🎈" * 20_000)
    assert "Draft kept" in html
    html = await check(browser, "🎈" * 20_001)
    assert "At most 20000 characters" in html
    assert "Draft kept" not in html


async def test_a_language_without_words_of_its_own_says_whose_go_out(sqlite_front: Front) -> None:
    browser = await at(sqlite_front)
    page = await browser.open(f"{PATH}/edit?kind=invite&locale=de")
    assert "comes with no words in this language: those in English go out" in page.text
    assert "comes with no words" not in (await browser.open(f"{PATH}/edit?kind=invite&locale=zh-Hans")).text
