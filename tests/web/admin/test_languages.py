"""Languages in the admin's browser: counted, handed to translators, taken back; short words said otherwise."""

from __future__ import annotations

import asyncio
import re
import threading
from html import escape, unescape

import pytest

from bot import own_words
from bot.labels import Labels
from bot.translations import label_rules, po, survey_entries
from bot.translations.counting import Own
from core import audit
from core import setup as setups
from core.models.accounts import Role
from core.models.setup import OwnLabels, Survey, Wording
from core.setting_problems import Problem
from core.setup import LabelsSetup, Setup, SurveySetup, TemplateSetup
from core.surveys import catalogue
from core.surveys.settings import SurveySettings
from tests.web.admin import desk
from tests.web.admin.desk import Browser
from tests.web.front import Front

WORDS = "/admin/languages/en/words"


def german(front: Front, **words: str) -> bytes:
    """A file that came back from a translator."""
    text = po.write(front.site.templates, Own(), "de").decode()
    for name, said in {"language.name": "Deutsch", **words}.items():
        head, tail = text.split(f'msgctxt "{name}"\n', 1)
        text = head + f'msgctxt "{name}"\n' + tail.replace('msgstr ""', f'msgstr "{said}"', 1)
    return text.encode()


async def hand_in(browser: Browser, body: bytes) -> None:
    await browser.open("/admin/languages")
    files = {"file": ("de.po", body, "text/x-gettext-translation")}
    data = {"csrf": browser.page.hidden()["csrf"]}
    await browser._show(await browser.client.post("/admin/languages/compare", data=data, files=files))


async def test_a_language_is_got_translated_compared_and_published(front: Front) -> None:
    browser = await desk.at(front)
    await browser.open("/admin/languages")
    assert browser.html.count("complete") >= 6
    file = await browser.client.get("/admin/languages/file?locale=de")
    assert file.headers["content-disposition"] == 'attachment; filename="de.po"'
    assert b'"Language: de' in file.content

    await hand_in(browser, german(front, **{"button.done": "Fertig <b>"}))
    assert "2 short words" in browser.html
    assert "<dt>Done</dt>" in browser.html
    assert "Fertig &lt;b&gt;" in browser.html
    assert not await OwnLabels.exists()
    kept = re.search(r'<textarea name="po" hidden>(.*?)</textarea>', browser.html, re.DOTALL)
    assert kept is not None
    await browser.send("/admin/languages/publish", po=unescape(kept[1]).removeprefix("\n"))

    assert (await OwnLabels.get()).words == {"language.name": "Deutsch", "button.done": "Fertig <b>"}
    assert "Deutsch" in browser.html
    assert "missing" in browser.html
    assert front.site.templates.label("button.done", "de") == "Fertig <b>"
    assert [line.action for line in await audit.latest(2)] == ["language.imported", "labels.added"]


async def test_words_of_surveys_count_and_lead_to_where_they_are_typed(front: Front) -> None:
    labels = ({"key": "overall"}, {"key": "price", "label": {"en": "Price <3"}, "question": {"en": "Fair?"}})
    part = SurveySetup.model_validate(
        {
            "key": "default",
            "title": {"en": "Well?", "zh-Hans": "好吗？"},
            "dimensions": labels,
            "reasons": [{"key": "fees", "label": {"zh-Hans": "费用"}}, {"key": "slow"}],
        }
    )
    await setups.apply(Setup(surveys=(part,)), now=front.clock.now)
    browser = await desk.at(front)
    page = await browser.open("/admin/languages")
    links = {one["href"] for one in page.all("a") if one.get("href", "").startswith("/admin/surveys/default")}
    fields = {"f-dim-1-label-zh-Hans", "f-dim-1-question-zh-Hans", "f-reason-0-label-en"}
    assert links == {f"/admin/surveys/default#{one}" for one in fields}
    assert "2 missing" in page.text
    assert "2 of 4" in page.text
    assert "1 missing" in page.text
    assert "default · price: Question" in page.text
    page = await browser.open("/admin/surveys/default")
    assert fields < {one.get("id") for one in page.all("input")}


async def test_a_survey_whose_key_has_a_slash_counts_without_a_way_to_its_editor(front: Front) -> None:
    await asking(front)
    await Survey.filter(key="default").update(key="eu/gold")
    browser = await desk.at(front)
    page = await browser.open("/admin/languages")
    assert "eu/gold: Title" in page.text
    assert "1 missing" in page.text
    assert not [one for one in page.all("a") if "eu/gold" in one.get("href", "")]
    await hand_in(browser, with_title(front, await survey_entries.current(), "Gut?"))
    kept = re.search(r'<textarea name="po" hidden>(.*?)</textarea>', browser.html, re.DOTALL)
    assert kept is not None
    await browser.send("/admin/languages/publish", po=unescape(kept[1]).removeprefix("\n"))
    assert catalogue.settings_of(await Survey.get(key="eu/gold", current=True)).title["de"] == "Gut?"


async def asking(front: Front, **more: object) -> None:
    values = {"key": "default", "title": {"en": "Well <3?", "de": "Na?"}, **more}
    await setups.apply(Setup(surveys=(SurveySetup.model_validate(values),)), now=front.clock.now)


def with_title(front: Front, surveys: dict[str, SurveySettings], text: str) -> bytes:
    file = po.write(front.site.templates, Own(surveys=surveys), "de").decode()
    return file.replace('msgstr "Na?"', f'msgstr "{text}"').encode()


async def test_words_of_surveys_are_got_compared_and_published(front: Front) -> None:
    await asking(front)
    browser = await desk.at(front)
    await browser.open("/admin/languages")
    file = (await browser.client.get("/admin/languages/file?locale=de")).content
    assert b'msgctxt "survey:default.title"' in file
    await hand_in(browser, file.replace(b'msgstr "Na?"', b'msgstr "Gut <b>?"'))
    assert "1 word of surveys" in browser.page.text
    assert "default: Title" in browser.page.text
    assert "<del>Na?</del> <ins>Gut &lt;b&gt;?</ins>" in browser.html
    seen = browser.page.hidden()["seen"]

    await asking(front, comment="off")
    text = file.decode().replace('msgstr "Na?"', 'msgstr "Gut <b>?"')
    await browser.post("/admin/languages/publish", po=text, seen=seen)
    assert (browser.status, "This was changed since you opened it" in browser.page.text) == (409, True)
    assert "<ins>Gut &lt;b&gt;?</ins>" in browser.html
    assert (await catalogue.current())[0].settings["title"]["de"] == "Na?"
    await browser.send("/admin/languages/publish", po=text)
    [now] = await catalogue.current()
    assert (now.settings["title"], now.settings["comment"]) == ({"en": "Well <3?", "de": "Gut <b>?"}, "off")
    line = (await audit.latest(2))[1]
    assert (line.action, line.subject) == ("survey.changed", "survey:default")


async def test_a_message_is_compared_line_by_line(front: Front) -> None:
    browser = await desk.at(front)
    stood = TemplateSetup(kind="stopped", locale="de", subject="Gut", source="Eins\n\nZwei\nDrei")
    await setups.apply(Setup(templates=(stood,)), now=front.clock.now)
    file = (await browser.client.get("/admin/languages/file?locale=de")).content
    await hand_in(browser, file.replace(b'"Zwei\\n"', b'"Zwo <b>\\n"'))
    [lines] = re.findall(r'<ul class="difference">(.*?)</ul>', browser.html, re.DOTALL)
    shown = [re.sub(r"<span.*?</span>", "", one) for one in re.findall(r"<li>(.*?)</li>", lines)]
    assert shown[1:] == [" ", "Eins", " ", "<del>Zwei</del>", "<ins>Zwo &lt;b&gt;</ins>", "Drei"]
    assert shown[0].endswith("Gut")


async def test_messages_and_short_words_that_somebody_changed_meanwhile_are_not_overwritten(front: Front) -> None:
    stopped = TemplateSetup(kind="stopped", locale="de", source="Alt")
    await setups.apply(Setup(templates=(stopped,)), now=front.clock.now)
    browser = await desk.at(front)
    file = german(front, **{"button.done": "Fertig"}).decode()
    head, tail = file.split('msgctxt "template:stopped"\n', 1)
    file = head + 'msgctxt "template:stopped"\n' + tail.replace('msgstr ""', 'msgstr "Ende"', 1)
    await hand_in(browser, file.encode())
    compared = browser.page
    theirs = (
        Setup(templates=(stopped.model_copy(update={"source": "KIMS"}),)),
        Setup(labels=(LabelsSetup(locale="de", words={"button.done": "KIMS <b>"}),)),
    )
    for changed, name, said in zip(
        theirs, (front.site.templates.label("kind.stopped", "en"), "Done"), ("KIMS", "KIMS <b>"), strict=True
    ):
        await setups.apply(changed, actor="kim@kestrel.example", now=front.clock.now)
        browser.page = compared
        page = await browser.send("/admin/languages/publish", po=file)
        assert browser.status == 409
        assert f"<li>{escape(name)}: {escape(said)}</li>" in browser.html
        assert (await Wording.get()).source == "KIMS"
        compared = page
    assert (await OwnLabels.get()).words == {"button.done": "KIMS <b>"}
    await publish(browser)
    assert ((await Wording.get()).source, (await OwnLabels.get()).words["button.done"]) == ("Ende", "Fertig")


async def test_entries_of_a_survey_that_is_gone_are_counted_as_left(front: Front) -> None:
    await asking(front)
    file = with_title(front, await survey_entries.current(), "Gut?")
    await asking(front, title={})
    browser = await desk.at(front)
    await hand_in(browser, file)
    assert browser.status == 200
    assert "1 marked as fuzzy or about what is gone from a survey" in browser.page.text


async def test_a_file_says_what_was_said_before_and_in_words_what_it_changes(front: Front) -> None:
    browser = await desk.at(front)
    text = po.write(front.site.templates, Own(), "en", project="Kestrel").decode()
    assert "What Afterword says for Kestrel." in text
    assert "FIRST AUTHOR" not in text
    assert "VERSION\\n" not in text
    text = text.replace('msgstr "Done"', 'msgstr "Ready"', 1)
    await hand_in(browser, text.encode())
    assert "1 short word" in browser.page.text
    assert "<dt>Done</dt><dd><del>Done</del> <ins>Ready</ins></dd>" in browser.html


async def test_a_language_that_does_not_say_its_name_is_not_called_published(front: Front) -> None:
    browser = await desk.at(front)
    text = po.write(front.site.templates, Own(), "de").decode()
    head, tail = text.split('msgctxt "button.done"\n', 1)
    await hand_in(
        browser, (head + 'msgctxt "button.done"\n' + tail.replace('msgstr ""', 'msgstr "Fertig"', 1)).encode()
    )
    kept = re.search(r'<textarea name="po" hidden>(.*?)</textarea>', browser.html, re.DOTALL)
    assert kept is not None
    page = await browser.send("/admin/languages/publish", po=unescape(kept[1]).removeprefix("\n"))
    assert "Nobody reads it yet" in page.text
    assert "Published." not in page.text
    page = await browser.open(page.all("a", href="/admin/languages/de/words?q=language.name")[0]["href"])
    assert page.all("input", name="own:language.name")


async def test_what_customers_read_comes_first_and_can_be_looked_at_alone(front: Front) -> None:
    browser = await desk.at(front)
    page = await browser.open(WORDS)
    assert "To the content" not in page.text.partition("Find")[2]
    page = await browser.open("/admin/templates")
    page = await browser.open(page.all("a", href=f"{WORDS}?for=customers")[0]["href"])
    assert any("for=customers" in one["href"] and "page=2" in one["href"] for one in page.all("a"))
    assert not page.all("input", name="own:admin.skip")
    assert (await browser.open(f"{WORDS}?for=admin&q=admin.skip")).all("input", name="own:admin.skip")


async def test_a_file_with_mistakes_names_each_and_changes_nothing(front: Front) -> None:
    browser = await desk.at(front)
    await hand_in(browser, german(front, **{"time.today": "heute {uhr}", "button.done": "Fertig"}))

    assert browser.status == 422
    assert "(time.today): It cannot fill in {uhr}. There is: {clock}." in browser.html
    assert "/admin/languages/publish" not in browser.html
    await hand_in(browser, b"\x00\xff no file")
    assert (browser.status, "This file cannot be used" in browser.html) == (422, True)
    await hand_in(browser, b"x" * 1_100_000)
    assert (browser.status, browser.path) == (422, "/admin/languages")
    assert re.search(r'id="p-file">A language file has at most 1 MB', browser.html)
    assert not await OwnLabels.exists()


async def test_what_no_mail_can_have_as_its_subject_is_named_and_nothing_is_lost(front: Front) -> None:
    browser = await desk.at(front)
    entry = 'msgctxt "template:stopped"\n'
    name, tail = german(front, **{"button.done": "Fertig"}).decode().split(entry, 1)
    file = name + entry + tail.replace('msgstr ""', f'msgstr "Subject: {"x" * 301}\\n\\nGut"', 1)
    await hand_in(browser, file.encode())
    assert browser.status == 422
    assert "template:stopped" in browser.page.text
    assert "The subject has more than 300 characters." in browser.page.text
    await browser.post("/admin/languages/publish", po=file)
    assert browser.status == 422
    assert not await OwnLabels.exists()


async def publish(browser: Browser, **more: str) -> None:
    """Press "Publish all of it" below the comparison."""
    kept = re.search(r'<textarea name="po" hidden>(.*?)</textarea>', browser.html, re.DOTALL)
    assert kept is not None
    await browser.send("/admin/languages/publish", po=unescape(kept[1]).removeprefix("\n"), **more)


async def test_a_file_in_another_encoding_is_read_as_its_head_says(front: Front) -> None:
    browser = await desk.at(front)
    file = german(front, **{"button.done": "Für dich"}).decode()
    await hand_in(browser, file.encode("latin-1", "replace"))
    assert (browser.status, "save it as UTF-8" in browser.page.text) == (422, True)
    says_latin = file.replace("charset=utf-8", "charset=iso-8859-1")
    await hand_in(browser, says_latin.encode())
    assert (browser.status, "Für dich" in browser.page.text) == (200, True)
    await hand_in(browser, says_latin.encode("latin-1", "replace"))
    assert (browser.status, "Für dich" in browser.page.text) == (200, True)
    await publish(browser)
    assert (await OwnLabels.get()).words["button.done"] == "Für dich"


@pytest.mark.parametrize("step", ["compare", "publish"])
async def test_others_are_answered_while_a_language_is_checked(
    front: Front, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    browser = await desk.at(front)
    await hand_in(browser, german(front, **{"button.done": "Fertig"}))
    checking, answered = threading.Event(), threading.Event()
    held: list[bool] = []
    check = label_rules.problem

    def hold(name: str, text: str, shipped: Labels) -> Problem | None:
        checking.set()
        held.append(answered.wait(5))
        return check(name, text, shipped)

    monkeypatch.setattr(label_rules, "problem", hold)
    work = hand_in(browser, german(front)) if step == "compare" else publish(browser)
    going = asyncio.create_task(work)
    assert await asyncio.to_thread(checking.wait, 30)
    assert (await front.client().get("/healthz")).status_code == 200
    answered.set()
    await going
    assert all(held)


async def test_what_is_said_already_is_not_checked_again(front: Front, monkeypatch: pytest.MonkeyPatch) -> None:
    await setups.apply(
        Setup(labels=(LabelsSetup(locale="zh-Hans", words={"button.done": "好了"}),)), now=front.clock.now
    )
    front.site.templates.use_labels(await own_words.read_labels())
    browser = await desk.at(front)
    file = (await browser.client.get("/admin/languages/file?locale=zh-Hans")).content
    checked: list[str] = []
    monkeypatch.setattr(label_rules, "problem", lambda name, *_: checked.append(name))
    monkeypatch.setattr(front.site.templates, "check", lambda kind, _: checked.append(kind))
    await hand_in(browser, file)
    assert "It says nothing that is not said already." in browser.page.text
    assert checked == []
    await hand_in(browser, file.replace('msgstr "好了"'.encode(), 'msgstr "完成了"'.encode(), 1))
    assert ("<del>好了</del> <ins>完成了</ins>" in browser.html, checked) == (True, ["button.done"])


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'msgctxt "button.done"\nmsgid "Done"\nmsgstr "Fer',
            "This file cannot be used: it is cut off: its last entry",
        ),
        (b'msgctxt "button.done"\nmsgid "Done"\n', "it is cut off"),
        (b'msgctxt "button.done"\nmsgid "Done"\nmsgstr ""\n"Fer\\"', "it is cut off"),
        (b'msgctxt "button.done"\nmsgid "Done"\nmsgstr "Fertig"\n', "The file holds 1 of "),
    ],
)
async def test_a_file_that_is_not_whole_is_refused_or_said_to_be_so(front: Front, body: bytes, said: str) -> None:
    browser = await desk.at(front)
    await hand_in(browser, b'msgid ""\nmsgstr "Language: de\\n"\n\n' + body)
    assert said in browser.page.text
    await hand_in(browser, german(front))
    assert "The file holds" not in browser.html.partition("<textarea")[2].partition("</textarea>")[2]


async def test_why_a_file_cannot_be_used_is_said_by_name(front: Front) -> None:
    await asking(front)
    browser = await desk.at(front)
    for body in (b"PK\x03\x04\x00\xff", b"\x1f\x8b\x08\x00\xff"):
        await hand_in(browser, body)
        assert "This file cannot be used: it is a packed file; unpack it" in browser.page.text
    await hand_in(browser, b'msgid ""\nmsgstr "Language: Deutsch\\n"\n')
    said = "cannot be used: there is no language with the code “Deutsch”; codes are such as de, fr or pt-BR."
    assert (said in browser.page.text, f"{said}." in browser.page.text) == (True, False)
    file = with_title(front, await survey_entries.current(), "x" * 201)
    await hand_in(browser, file)
    assert "default: Title (survey:default.title)" in browser.page.text


async def test_a_file_that_has_lost_letters_is_refused_whatever_its_head_says(front: Front) -> None:
    browser = await desk.at(front)
    file = german(front, **{"button.done": "F\ufffdr dich"})
    for body in (file, file.replace(b"charset=utf-8", b"charset=iso-8859-1")):
        await hand_in(browser, body)
        assert (browser.status, "letters were lost in it" in browser.page.text) == (422, True)
    assert not await OwnLabels.exists()


async def test_a_file_without_our_token_is_refused(front: Front) -> None:
    browser = await desk.at(front)
    files = {"file": ("de.po", german(front), "text/x-gettext-translation")}
    answer = await browser.client.post("/admin/languages/compare", data={"csrf": "guessed"}, files=files)

    assert answer.status_code == 403


async def test_a_short_word_is_found_said_otherwise_and_taken_back(front: Front) -> None:
    browser = await desk.at(front)
    await browser.open(f"{WORDS}?q=button.done")
    assert browser.html.count('name="own:') == 1
    await browser.send(WORDS, **{"own:button.done": "All <done>"})

    assert "Saved." in browser.html
    assert 'value="All &lt;done&gt;"' in browser.html
    assert front.site.templates.label("button.done", "en") == "All <done>"
    await browser.open(f"{WORDS}?q=button.done")
    await browser.send(WORDS, **{"own:button.done": ""})
    assert (await OwnLabels.get()).words == {}
    assert front.site.templates.label("button.done", "en") != "All <done>"


async def test_what_cannot_be_said_is_marked_beside_the_field_and_kept(front: Front) -> None:
    browser = await desk.at(front)
    await browser.open(f"{WORDS}?q=time.today")
    await browser.send(WORDS, **{"own:time.today": "today at {hour}"})

    assert browser.status == 422
    assert "It cannot fill in {hour}. There is: {clock}." in browser.html
    assert 'value="today at {hour}"' in browser.html
    assert not await OwnLabels.exists()


async def test_two_who_change_words_at_once_lose_nothing(front: Front) -> None:
    one, other = await desk.at(front), await desk.at(front)
    for browser in (one, other):
        await browser.open(f"{WORDS}?q=button.done")
    await other.send(WORDS, **{"own:button.done": "Theirs"})
    await one.send(WORDS, **{"own:button.done": "Mine"})

    assert one.status == 409
    assert "This was changed since" in one.html
    assert 'value="Mine"' in one.html
    assert (await OwnLabels.get()).words == {"button.done": "Theirs"}
    await one.send(WORDS, **{"own:button.done": "Mine"})
    assert (await OwnLabels.get()).words == {"button.done": "Mine"}


async def test_who_may_only_look_has_nothing_to_press(front: Front) -> None:
    browser = await desk.at(front, Role.AUDITOR)
    await browser.open(WORDS)

    assert browser.status == 200
    assert "readonly" in browser.html
    assert not re.search(r'<form[^>]*method="post"[^>]*>(?:(?!</form>).)*class="main"', browser.html, re.DOTALL)


async def test_a_language_that_nobody_knows_is_not_found(front: Front) -> None:
    browser = await desk.at(front)
    await browser.open("/admin/languages/klingon/words")
    assert browser.status == 404
    await browser.open("/admin/languages/file?locale=klingon")
    assert (browser.status, "There is no language with this code" in browser.html) == (422, True)
    await browser.open("/admin/languages/file?locale=")
    assert (browser.status, "Write a code, such as de" in browser.html) == (422, True)
    await browser.open(f"{WORDS}?page=999999999999&q=%00")
    assert browser.status == 200
