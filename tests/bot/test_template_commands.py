"""`afterword template`: own words checked, counted, handed to translators and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.__main__ import app

RUN = CliRunner()
CONFIG = '[site]\nsecret_key = "0123456789012345678901234567890123"\n[store]\nurl = "sqlite://{at}/afterword.db"\n'


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.toml").write_text(CONFIG.format(at=tmp_path))
    assert RUN.invoke(app, ["db", "upgrade"]).exit_code == 0
    return tmp_path


def say(*words: str, given: str | None = None) -> tuple[int, str]:
    found = RUN.invoke(app, list(words), input=given)
    return found.exit_code, found.output


def test_a_language_goes_to_translators_and_comes_back(at: Path) -> None:
    assert say("template", "export", "de", "de.po")[0] == 0
    text = (at / "de.po").read_text()
    for context, said in (("language.name", "Deutsch"), ("button.done", "Fertig")):
        head, tail = text.split(f'msgctxt "{context}"\n', 1)
        text = head + f'msgctxt "{context}"\n' + tail.replace('msgstr ""', f'msgstr "{said}"', 1)
    (at / "de.po").write_text(text)

    assert "+ labels de" in say("template", "import", "de.po", "--dry-run")[1]
    code, said = say("template", "import", "de.po")
    assert (code, "+ labels de" in said) == (0, True)
    assert "Nothing to change." in say("template", "import", "de.po")[1]
    assert "de: " in say("template", "missing")[1]
    assert "en: 0 missing" in say("template", "missing")[1]
    assert "All 2 own words can be used." in say("template", "check")[1]
    (at / "one.toml").write_text('[[templates]]\nkind = "stopped"\nlocale = "en"\nsource = "Well, no more."\n')
    assert "The one own wording can be used." in say("template", "check", "one.toml")[1]


def test_a_file_with_a_mistake_is_refused_whole(at: Path) -> None:
    (at / "de.po").write_text(
        'msgid ""\nmsgstr "Language: de\\n"\n\nmsgctxt "button.done"\nmsgid "x"\nmsgstr "Fertig"\n\n'
        'msgctxt "template:invite"\nmsgid "x"\nmsgstr "{{ nobody }}"\n'
    )
    code, said = say("template", "import", "de.po")

    assert code == 2
    assert "line 9, template:invite: line 1 of the text" in said
    assert "There are no own words" in say("template", "check")[1]


def test_words_of_surveys_are_counted_and_come_back(at: Path) -> None:
    (at / "setup.toml").write_text('[[surveys]]\nkey = "shop.one"\ntitle = { en = "Well?", fr = "Bien ?" }\n')
    assert say("apply", "setup.toml")[0] == 0
    counted = say("template", "missing")[1].splitlines()
    assert [one.partition(":")[0] for one in counted] == ["en", "fr", "zh-Hans"]
    assert "surveys 1 of 1" in counted[1]
    assert (counted[2].startswith("zh-Hans: 1 missing"), "surveys 0 of 1" in counted[2]) == (True, True)

    said = say("template", "export", "zh-Hans", "zh.po")
    text = (at / "zh.po").read_text()
    name = 'msgctxt "survey:shop%2Eone.title"\nmsgid "Well?"\nmsgstr '
    assert (said[0], name in text) == (0, True)
    (at / "zh.po").write_text(text.replace(f'{name}""', f'{name}"好吗？"'))
    assert "~ survey shop.one: title" in say("template", "import", "zh.po")[1]
    assert "好吗？" in say("export")[1]
    assert "zh-Hans: 0 missing" in say("template", "missing")[1]


@pytest.mark.parametrize("name", ["klingon", "../../etc", ""])
def test_a_language_that_nobody_knows_is_refused(at: Path, name: str) -> None:
    assert say("template", "export", name)[0] == 2


def test_words_that_do_not_work_are_named_with_their_line(at: Path) -> None:
    (at / "setup.toml").write_text(
        '[[templates]]\nkind = "invite"\nsource = """\nHello\n{{ contact.nme }}\n"""\n'
        '[[templates]]\nkind = "stopped"\nsource = "Good."\n'
        '[[labels]]\nlocale = "de"\nwords = { "button.dne" = "x" }\n'
    )
    code, said = say("template", "check", "setup.toml")

    assert code == 1
    assert "template invite: line 2: " in said
    assert "label button.dne in de: unknown label; did you mean button.done?" in said
    assert "2 of 3 own words cannot be used." in said
    assert say("apply", "setup.toml")[0] == 2


def test_a_file_is_not_overwritten(at: Path) -> None:
    (at / "de.po").write_text("mine")

    assert say("template", "export", "de", "de.po")[0] == 2
    assert (at / "de.po").read_text() == "mine"


@pytest.mark.parametrize(
    "wrong", [("--email", "li@kestrel.example", "--role", "king"), ("--email", "nomail", "--role", "agent")]
)
def test_an_account_with_a_wrong_role_or_address_ends_as_what_is_given_wrong_does(
    at: Path, wrong: tuple[str, ...]
) -> None:
    code, said = say("admin", "create", *wrong)
    assert (code, wrong[1 if wrong[1] == "nomail" else 3] in said) == (2, True)


def test_an_account_with_a_password_that_many_have_is_not_made(at: Path) -> None:
    who = ("admin", "create", "--email", "li@kestrel.example", "--role", "admin", "--password-stdin")
    code, said = say(*who, given="password1234\n")
    assert code == 2
    assert "among the first that are tried" in said
    assert say(*who, given="green kettle on tuesdays\n")[0] == 0


def test_what_a_file_changes_in_conditions_is_named(at: Path) -> None:
    survey = '[[surveys]]\nkey = "default"\nconditions = {{ types = [{}], teams = ["support"] }}\n'
    (at / "setup.toml").write_text('[[teams]]\nkey = "support"\n' + survey.format('"incident"'))
    assert say("apply", "setup.toml")[0] == 0
    (at / "setup.toml").write_text(survey.format('"incident", "inquiry"'))
    said = say("apply", "setup.toml")[1]
    assert "~ survey default: conditions.types: incident → incident, inquiry" in said
    assert said.count("conditions") == 1
