"""How the Chinese words are set: wide signs, a blank beside what is Latin, one way to write per cent."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import bot
from bot.labels import read

WORDS = Path(bot.__file__).parent / "templates"
HAN = "[\u4e00-\u9fff]"
VALUE = r"\{\w+\}"
NARROW = re.compile(f"(?:{HAN}|[”）]|{VALUE})[:,;!?]|[:,;!?] ?(?:{HAN}|[“（])|{HAN} ?\\(|\\) ?{HAN}| — {HAN}")
TIGHT = re.compile(f"{HAN}{VALUE}|{VALUE}{HAN}|{HAN}[A-Za-z]|[A-Za-z]{HAN}")
SPACED = re.compile(r"[\d}] %(?![{\w}])")
STANDS_ALONE = frozenset({"problem.unknown_channel"})
"""Whose value is a whole sentence, or nothing."""
ALWAYS_CHINESE = frozenset({"demo.priority", "time.day", "time.lasting_day", "time.day_and_year"})
"""Patterns of CLDR, and a value that is Chinese as well."""


def shipped() -> dict[str, str]:
    labels = read("zh-Hans", WORDS / "messages" / "zh-Hans")
    return {f"{key}.{form}": text for key in labels for form, text in labels.forms(key).items()}


def key_of(name: str) -> str:
    return name.removesuffix(".other")


@pytest.mark.parametrize("wrong", [NARROW, SPACED], ids=["narrow signs", "a blank before per cent"])
def test_chinese_words_have_chinese_signs(wrong: re.Pattern[str]) -> None:
    assert {name: text for name, text in shipped().items() if wrong.search(text.replace("mailto:", ""))} == {}


def test_a_blank_stands_between_chinese_and_what_may_be_latin() -> None:
    found = {name: text for name, text in shipped().items() if TIGHT.search(text)}
    assert {name: text for name, text in found.items() if key_of(name) not in STANDS_ALONE | ALWAYS_CHINESE} == {}


def test_chinese_messages_are_set_the_same() -> None:
    found = []
    for file in sorted((WORDS / "messages" / "zh-Hans").glob("*.j2")):
        text = re.sub(r"^(Subject|Preheader): ", "", file.read_text("utf-8"), flags=re.M)
        said = re.sub(r"\{\{.*?\}\}", "{value}", re.sub(r"\{%.*?%\}", "\0", text))
        found += [f"{file.name}: {line}" for line in said.splitlines() if NARROW.search(line) or TIGHT.search(line)]
    assert found == []


def test_pages_join_words_with_the_signs_of_their_language() -> None:
    """`: ` between two values would stand in Chinese too; `colon` and `comma` are there for it."""
    joined = re.compile(r"\}\}(?:</\w+>)?[:,;] ?(?:<\w+>)?\{\{|\}\} ?\(\{\{|\}\} — \{\{")
    pages = sorted((WORDS / "web").rglob("*.j2"))
    assert [
        f"{page.name}: {line}" for page in pages for line in page.read_text().splitlines() if joined.search(line)
    ] == []


def test_pages_leave_no_blank_beside_a_wide_sign() -> None:
    """A sentence after another one, or a bracket: `gap` is there for what English sets between them."""
    words = {key_of(name): text for name, text in shipped().items()}
    ended = re.compile(r"""say\("([\w.]+)"[^}]*\) \}\}(?:</\w+>)? +(?:<[^>]*>)?(?:\{%[^}]*%\})?\{\{""")
    begun = re.compile(r"""\}\}(?:</\w+>)? +(?:<[^>]*>)?\{\{ say\("([\w.]+)\"""")
    found = []
    for page in sorted((WORDS / "web").rglob("*.j2")):
        text = page.read_text("utf-8")
        found += [key for key in ended.findall(text) if words.get(key, "")[-1:] in tuple("。！？；，：）")]
        found += [key for key in begun.findall(text) if words.get(key, "")[:1] == "（"]
    assert found == []


def test_one_thing_has_one_name() -> None:
    """The band is no 等级, which is the customer's tier; who is served is a 客户; an address is 删除, not 移除."""
    alone = {"meaning.slack_inactive"}
    other = re.compile("评价等级|联系人|移除|放弃了|未完成的挽回|目前未完成")
    texts = {name: text for name, text in shipped().items() if key_of(name) not in alone}
    texts |= {file.name: file.read_text("utf-8") for file in (WORDS / "messages" / "zh-Hans").glob("*.j2")}
    assert [name for name, text in texts.items() if other.search(text)] == []
