"""What typed words say: a score with or without a comment, or nothing but thanks. When in doubt it is no score."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass

from bot.surveys import feelings

_NUMERALS = {"一": 1, "二": 2, "两": 2, "兩": 2, "三": 3, "四": 4, "五": 5}
_WORDS = {"one": 1, "two": 2, "three": 3, "four": 4, "five": 5}
_VARIANTS = re.compile("[\ufe0e\ufe0f\u20e3]")  # an emoji's colour, and the box around a digit
_GREETING = re.compile(
    r"(hi|hello|hey|dear|good (morning|day|evening)|你好|您好|здравствуйте|добрый)\b.{0,40}", re.IGNORECASE
)
_GOODBYE = re.compile(
    r"((best|kind|warm) regards|regards|best wishes|sincerely|cheers|此致|敬礼|с уважением)", re.IGNORECASE
)
_LABEL = re.compile(
    r"(?:my )?(?:score|rating|mark|vote|评分|評分|打分|分数|满意度|оценка)(?: is\b)?\s*[:=]?\s*"
    r"|(?:i|we)(?:['’]d|['’]ll| would| will)? (?:give|rate|say)(?: (?:you|it|this|them|that)){0,2}(?: an?)?\s+"
    r"|我?(?:想|要|觉得|认为)?(?:给|給|打|评)(?:你们|您|它|他们|出|了|个)?(?:打|评)?\s*|我(?:觉得|认为)\s*",
    re.IGNORECASE,
)
_WRAPPED = re.compile(
    r"""(?:([*_]{1,2})(?=[^\W_])([^*\n]{1,30}?)\1(?![*_\w])|["'“”‘’「]([^"'“”‘’「」]{1,30})["'“”‘’」]$)"""
)
_STARS = re.compile(r"(?P<stars>[★⭐🌟✭✮]{1,5})[☆✩✰]{0,4}(?![★⭐🌟✭✮☆✩✰])|(?P<typed>\*{2,5})(?=\s*$)")
_NUMBER = r"(?P<number>[1-5](?![0-9])|[一二两兩三四五]|(?:one|two|three|four|five)\b)"
_OUT_OF = (  # "4/5 too slow", but not "4 of 5 parcels"
    r"\s*(?:/\s*(?:5|五)(?![0-9/.,]*[0-9])"
    rf"|(?:out of|of|von|sur|из)\s*(?:5|five)\b(?![0-9/.,]*[0-9])(?:(?!\s+\w)|(?=\s*stars?\b)|{feelings.BESIDE}))"
)
_UNIT = r"\s*[- ]?\s*(?:stars?\b|points?\b|颗星|顆星|星|分(?![钟鐘之])|звёзд[аы]?|звезд[аы]?|балл(?:а|ов)?)"
_CLEAR = rf"(?:{_OUT_OF}(?:{_UNIT})?|{_UNIT})(?!\s*of\b)"
_SCORE = re.compile(
    rf"{_NUMBER}(?:{_CLEAR}|(?=\s*\.?\s*$)|\s*(?:[,;:!。~—–-]|\.{{2,}}|(?<=[2-5])\.{feelings.BESIDE})(?!\s*[0-9])"
    rf"|(?<=[1-5])(?:{feelings.BESIDE}|{feelings.REASON}))",
    re.IGNORECASE,
)
_LAST = re.compile(  # "Very bad! 1 star", and in a sentence of its own after whatever was said
    rf"(?P<before>{feelings.CHAIN}\s*[,.;:!。~]{{1,5}}|.{{1,200}}[.!?。]{{1,5}})\s*"
    rf"(?:{_LABEL.pattern})?{_NUMBER}(?:{_OUT_OF}{_UNIT}|{_UNIT})(?!\s*of\b)\s*[.!。]{{0,5}}\s*$",
    re.IGNORECASE,
)
_AFTER_WORD = re.compile(r"\s*([,.;:!。~—–-]|$)")
_THANKS = re.compile(
    r"\W*((ok(ay)?|thanks?|thank you|many|so|very|a lot|much|great|perfect|good|fine|super|cheers|all|is|it|works?|now"
    r"|for|your|the|help|again|谢谢|多谢|感谢|谢了|好的|好|收到|没问题|спасибо|большое|хорошо|danke|merci|gracias)\W*){1,10}",
    re.IGNORECASE,
)  # fmt: skip
_THANKS_LENGTH = 60
_BETWEEN = " ,;:!.-–—)~…，；：！。．～、）"
_MAILS = r"(e-?mails?|mails?|messages?|surveys?|questions?|ratings?|spam)"
_PLEASE = r"((please|pls|kindly|请|請|麻烦|пожалуйста)\W{0,3})?"
_AFTER = r"(\W{1,3}(please|pls|thanks|thank you|now|at once|谢谢|谢了|пожалуйста|спасибо)){0,2}\W{0,5}"
_UNWANTED = re.compile(
    rf"\W{{0,5}}{_PLEASE}((un|de)-?subscribe( me)?|opt[ -]?(me )?out|no more( of (these|your))? {_MAILS}"
    rf"|(stop|quit) ((sending|these|your|the|all|with|me) ){{0,4}}{_MAILS}|stop (e-?)?mailing( me)?"
    rf"|(do not|don[’']?t) (send|e-?mail|mail|ask)( me)?( any)?( more)?( {_MAILS})?( again| any ?more)?"
    r"|(退订|退訂|取消订阅|取消訂閱|td)(邮件|問卷|问卷)?"
    r"|(不要|别|別|勿|不用|停止)(再)?(给我|給我|向我)?(发|發|发送|發送|推送|寄)(了|邮件|郵件|问卷|信|信息|消息|给我|給我|我){0,3}"
    r"|отпи(сать|шите)(ся|сь)?( меня)?|(больше )?не (присылайте|пишите)( мне)?( больше)?)"
    rf"{_AFTER}",
    re.IGNORECASE,
)
_STOP = re.compile(rf"\W{{0,5}}{_PLEASE}(stop|cancel|remove me|停止|停|стоп){_AFTER}", re.IGNORECASE)
_STOP_LENGTH = 60


@dataclass(frozen=True, slots=True)
class Answer:
    """`score` is None where the words hold none; `comment` is what is left of them."""

    score: int | None
    comment: str


def read(text: str, scale: Mapping[str, int] | None = None) -> Answer:
    """ "4", "4/5 too slow", "5 great!", "★★★★", "四星", "4 stars", "５", "**4**", or a word of the `scale` (in small
    letters): a score stands first, or it is none. Only one that nobody can mistake may stand last: "Very bad! 1 star".

    "4 days and still no answer" is a comment. So is the first item of a list.
    """
    whole = text.strip()
    line, _, rest = _without_greeting(whole).partition("\n")
    first = _Line(line)
    label = _LABEL.match(first.plain)
    begin = label.end() if label else 0
    found = _STARS.match(first.plain, begin) or _SCORE.match(first.plain, begin)
    if found is not None:
        return Answer(_value(found), _comment(first.beyond(found.end()), rest))
    found = _LAST.match(first.plain)
    if found is not None:
        said = line.strip().removesuffix(first.beyond(found.end("before"))).strip()
        return Answer(_value(found), f"{said}\n{rest.strip()}".strip())
    for word, value in (scale or {}).items():
        if first.plain.lower().startswith(word) and _AFTER_WORD.match(first.plain, len(word)):
            return Answer(value, _comment(first.beyond(len(word)), rest))
    return Answer(None, whole)


class _Line:
    """A line as it is looked at, `plain`: letters in their usual width, without what wraps a score ("**4**")."""

    def __init__(self, line: str) -> None:
        self._line = line.strip()
        pairs = [(at, one) for at, char in enumerate(self._line) for one in unicodedata.normalize("NFKC", char)]
        pairs = [pair for pair in pairs if not _VARIANTS.match(pair[1])]
        wrapped = _WRAPPED.match("".join(one for _, one in pairs))
        if wrapped:
            pairs = pairs[slice(*wrapped.span(2 if wrapped[2] else 3))] + pairs[wrapped.end() :]
        self.plain = "".join(one for _, one in pairs)
        self._places = [at for at, _ in pairs]

    def beyond(self, at: int) -> str:
        """What was written from there on."""
        return self._line[self._places[at] :] if at < len(self._places) else ""


def is_only_thanks(text: str) -> bool:
    """ "ok, thanks" asks for nothing."""
    text = text.strip()
    return len(text) <= _THANKS_LENGTH and "?" not in text and bool(_THANKS.fullmatch(text))


def wants_to_stop(text: str) -> bool:
    """Nothing but "STOP", "please stop", "退订": in answer to a question it means that they want no more of them."""
    return wants_no_mails(text) or bool(_STOP.fullmatch(_bare(text)))


def wants_no_mails(text: str) -> bool:
    """Nothing but "unsubscribe", "no more mails", "不要再发": it means that whatever it answers.

    "Stop" alone may be what somebody tells the technician.
    """
    return bool(_UNWANTED.fullmatch(_bare(text)))


def _bare(text: str) -> str:
    text = _without_greeting(text.strip()[: 2 * _STOP_LENGTH])
    text = " ".join(unicodedata.normalize("NFKC", text).split())
    return text if len(text) <= _STOP_LENGTH else "—"


def _value(found: re.Match[str]) -> int:
    groups = found.groupdict()
    stars = groups.get("stars") or groups.get("typed")
    if stars:
        return len(stars)
    number = groups["number"].lower()
    return _NUMERALS.get(number) or _WORDS.get(number) or int(number)


def _without_greeting(text: str) -> str:
    first, _, rest = text.partition("\n")
    return rest.strip() if rest.strip() and _GREETING.fullmatch(first.strip()) else text


def _comment(line: str, rest: str) -> str:
    comment = f"{line.lstrip(_BETWEEN).strip()}\n{rest.strip()}".strip()
    return "" if _GOODBYE.match(comment) and len(comment) <= 80 else comment
