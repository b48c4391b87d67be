"""A language file that was published is taken back as a whole, in the browser."""

from __future__ import annotations

from bot.translations import po, survey_entries
from bot.translations.counting import Own
from core import audit
from core import setup as setups
from core.accounts.roles import Role
from core.models.setup import OwnLabels, Survey, Wording
from core.models.wordings import LanguageImport
from core.setup import LabelsSetup, Setup, SurveySetup, TemplateSetup
from tests.web.admin import desk
from tests.web.admin.desk import Browser
from tests.web.admin.test_languages import hand_in, publish
from tests.web.front import Front

PATH = "/admin/languages"
KIM = "kim@kestrel.example"
WORDS = {"language.name": "Deutsch", "button.done": "Fertig", "button.skip": "Weiter"}


async def file_of(front: Front) -> bytes:
    """German for some short words, two messages and a survey."""
    text = po.write(front.site.templates, Own(surveys=await survey_entries.current()), "de").decode()
    said = {**WORDS, "template:stopped": "Ende", "template:help": "Hilfe", "survey:default.title": "Gut?"}
    for name, words in said.items():
        head, tail = text.split(f'msgctxt "{name}"\n', 1)
        entry, rest = tail.split("\n\n", 1)
        entry = entry[: entry.index("msgstr")] + f'msgstr "{words}"'
        text = f'{head}msgctxt "{name}"\n{entry}\n\n{rest}'
    return text.encode()


async def set_up(front: Front) -> None:
    survey = SurveySetup.model_validate({"key": "default", "title": {"en": "Well?"}})
    stopped = TemplateSetup(kind="stopped", locale="de", source="Alt")
    await setups.apply(Setup(surveys=(survey,), templates=(stopped,)), now=front.clock.now)


async def published(front: Front) -> Browser:
    browser = await desk.at(front)
    front.clock.pass_(minutes=1)
    await hand_in(browser, await file_of(front))
    await publish(browser)
    front.clock.pass_(minutes=1)
    return browser


async def titles() -> list[object]:
    return [one.settings["title"] for one in await Survey.filter(key="default").order_by("version")]


async def messages() -> dict[str, str]:
    return {one.kind: one.source for one in await Wording.all()}


async def test_what_a_file_published_is_taken_back_as_a_whole_and_its_language_is_gone(front: Front) -> None:
    await set_up(front)
    browser = await published(front)
    assert await messages() == {"stopped": "Ende", "help": "Hilfe"}
    assert "de" in front.site.templates.locales()
    assert "Sun 22 Nov 12:01, Lee <3, Deutsch: 2 messages, 3 short words, 1 word of surveys" in browser.page.text
    line = (await audit.latest(1))[0]
    assert (line.action, line.subject) == ("language.imported", "language:de")
    assert line.after == {"messages": 2, "short_words": 3, "survey_words": 1}

    page = await browser.send(f"{PATH}/take-back")
    assert "Take this file back?" in page.text
    assert await OwnLabels.exists()
    page = await browser.post(f"{PATH}/take-back", sure="yes")
    assert ("Taken back: all is said as before" in page.text, browser.path) == (True, PATH)
    assert await messages() == {"stopped": "Alt"}
    assert not await OwnLabels.exists()
    assert "de" not in front.site.templates.locales()
    assert (await titles())[-2:] == [{"en": "Well?", "de": "Gut?"}, {"en": "Well?"}]
    assert not page.all("form", action=f"{PATH}/take-back")
    assert "Taken back Sun 22 Nov 12:02, Lee <3." in page.text
    line = (await audit.latest(1))[0]
    assert (line.action, line.subject, line.after) == ("language.taken_back", "language:de", None)
    for path in ("/admin/audit", "/admin/surveys/history/default", "/admin/templates/history?kind=stopped&locale=de"):
        page = await browser.open(path)
        assert ("A translator's file was taken back" in page.text, "With a translator's file" in page.text) == (
            True,
            True,
        )
        assert "from_file" not in page.text


async def test_what_somebody_changed_since_is_left_and_named(front: Front) -> None:
    await set_up(front)
    browser = await published(front)
    theirs = LabelsSetup(locale="de", words={**WORDS, "button.done": "KIM"})
    changed = TemplateSetup(kind="stopped", locale="de", source="KIM")
    survey = SurveySetup.model_validate({"key": "default", "title": {"en": "Better?", "de": "Gut?"}})
    await setups.apply(Setup(labels=(theirs,), templates=(changed,), surveys=(survey,)), actor=KIM, now=front.clock.now)
    await browser.send(f"{PATH}/take-back")
    page = await browser.post(f"{PATH}/take-back", sure="yes")
    stopped = front.site.templates.label("kind.stopped", "en")
    assert f"Left, because it was changed since: Done, {stopped}." in page.text.replace("; ", ", ")
    assert (await OwnLabels.get()).words == {"button.done": "KIM"}
    assert await messages() == {"stopped": "KIM"}
    assert (await titles())[-1] == {"en": "Better?"}


async def test_of_two_files_the_later_is_taken_back_to_the_earlier_and_each_only_once(front: Front) -> None:
    await set_up(front)
    browser = await published(front)
    await hand_in(browser, (await file_of(front)).replace(b'msgstr "Fertig"', b'msgstr "Erledigt"'))
    await publish(browser)
    both = browser.page
    later = await LanguageImport.all().order_by("-id").first()
    assert later is not None
    await browser.send(f"{PATH}/take-back", id=str(later.id))
    asked = browser.page
    await browser.post(f"{PATH}/take-back", sure="yes")
    assert (await OwnLabels.get()).words == WORDS
    lines = len(await audit.latest(100))
    browser.page = asked
    await browser.post(f"{PATH}/take-back", sure="yes")
    assert len(await audit.latest(100)) == lines
    assert both.all("form", action=f"{PATH}/take-back")


async def test_it_is_for_those_who_change_the_setup(front: Front) -> None:
    await set_up(front)
    await published(front)
    browser = await desk.at(front, Role.AUDITOR)
    page = await browser.open(PATH)
    assert ("3 short words" in page.text, page.all("form", action=f"{PATH}/take-back")) == (True, [])
    for number in ("", "x", "99", "9" * 30):
        boss = await desk.at(front)
        await boss.post(f"{PATH}/take-back", id=number)
        assert boss.status == 404
