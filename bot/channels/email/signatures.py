"""What stands below a person's words in every mail of theirs: a signature, a closing, the name of their program."""

from __future__ import annotations

import re

_LINE = 80
_MOST_LINES = 8
_MOST_LETTERS = 500
_NAME_LINES = 4
_TAIL = 60
_DEVICE = (
    r"(iPhone|iPad|Android|Samsung|Galaxy|Huawei|Xiaomi|Outlook|Mail|Yahoo|Proton|Spark|BlueMail|Почт|Яндекс|телефон)"
)
_PROGRAM = re.compile(
    rf"(Sent (from|with|using) (my [\w .'-]{{2,40}}|.{{0,20}}{_DEVICE}.{{0,40}})|Get Outlook for \w{{2,10}}.{{0,80}}"
    r"|Von meinem [\w .-]{2,30} gesendet|Envoyé de mon [\w .-]{2,30}|Enviado desde mi [\w .-]{2,30}"
    rf"|Отправлено (с|из) .{{0,20}}{_DEVICE}.{{0,40}}"
    r"|([发發]自|寄自|從)我的\s{0,2}[A-Za-z0-9][\w .-]{0,30}"
    r"|[发發]自我的\s{0,2}.{0,12}(手机|手機|邮箱|平板|安卓|苹果|华为|小米|荣耀)"
    r"|([发發]自|[来來]自)\s{0,2}(网易邮箱大师|網易郵箱大師|QQ邮箱|新浪邮箱|钉钉|飞书|企业微信|腾讯企业邮箱|Outlook|QQ|Foxmail|iPhone|iPad).{0,20}"
    r"|[从從]我的 ?[\w .-]{2,30}(发送|傳送|寄出)"
    r"|获取 ?(适用于 .{2,20}的 ?)?Outlook.{0,40}|来自 ?Outlook.{0,20})\s?[.。]?",
    re.IGNORECASE,
)
_CLOSING = re.compile(
    r"(thanks (and|&) regards|(with )?(kind|kindest|best|warm|warmest)( regards| wishes)|regards|best|cheers"
    r"|all the best"
    r"|(yours )?sincerely( yours)?|yours (truly|faithfully)"
    r"|mit freundlichen grüßen|mit freundlichem gruß|viele grüße|beste grüße|liebe grüße"
    r"|cordialement|bien cordialement|saludos( cordiales)?|с уважением"
    r"|此致[，,]?\s?敬礼|此致|敬礼|祝好|顺颂商祺|谨上)",
    re.IGNORECASE,
)
_CLOSED = re.compile(rf"{_CLOSING.pattern}\s?[,.!，。！]{{0,2}}", re.IGNORECASE)
_THANKED = re.compile(
    r"((many |kind )?thanks( in advance| again)?|thank you( very much)?|thx|谢谢|謝謝|多谢|感谢|спасибо)"
    r"\s?[,.!，。！]{0,2}",
    re.IGNORECASE,
)
_UPPER, _CHINESE = r"[A-ZÀ-ÞŁŠŽА-ЯЁ]", r"[\u4e00-\u9fff]{2,4}"
_NAME = re.compile(rf"{_UPPER}[\w.'’-]{{0,30}}( ({_UPPER}[\w.'’-]{{0,30}}|[a-z]{{1,3}})){{0,4}},?")
_SURNAMES = (
    "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗高梁郑谢宋唐许韩冯邓曹彭曾肖田董袁潘于蒋蔡余杜叶程苏魏吕丁任沈姚卢姜崔"
    "钟谭陆汪范金石廖贾夏韦付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃武戴莫孔向汤張劉陳楊黃趙吳孫馬羅鄭謝許"
)
_THANKFUL = re.compile(
    rf"{_UPPER}[\w.'’-]{{0,30}}( {_UPPER}[\w.'’-]{{0,30}}){{0,2}},?|[{_SURNAMES}][\u4e00-\u9fff]{{1,2}}"
)
_SIGNED = re.compile(rf"{_NAME.pattern}|[a-z]{{2,20}}|{_CHINESE}")
_CONTACT = re.compile(r"\d[\d ()/.-]{4,}\d|@|www\.|https?://|\|")
_WORDS_END = (".", "!", "?", "。", "！", "？", ";", "；", ":", "：", "…")
_POSTSCRIPT = re.compile(r"(p\.? ?s\b|附|又及)", re.IGNORECASE)


def without(lines: list[str]) -> str:
    """The lines as one text without what stands at their end in every mail. A mail that is nothing else keeps it."""
    lines = _without_delimited(lines)
    for _ in range(3):
        lines = _stripped(lines)
        shorter = _without_closing(_without_program(_without_table(lines)))
        if len(shorter) == len(lines):
            break
        lines = shorter
    return "\n".join(lines).strip()


def _stripped(lines: list[str]) -> list[str]:
    end = len(lines)
    while end and not lines[end - 1].strip():
        end -= 1
    return lines[:end]


def _without_delimited(lines: list[str]) -> list[str]:
    """All below "-- " (RFC 3676). Without the blank it may be a rule: then only what is as short as a signature."""
    exact = next((at for at, line in enumerate(lines) if line == "-- "), None)
    if exact is not None:
        return lines[:exact]
    first = max(0, len(lines) - _TAIL)
    for at in range(len(lines) - 1, first - 1, -1):
        if lines[at].strip() in ("--", "—", "——", "__", "___"):
            below = [line for line in lines[at + 1 :] if line.strip()]
            is_short = len(below) <= _MOST_LINES and sum(map(len, below)) <= _MOST_LETTERS
            return lines[:at] if below and is_short and not any(map(_is_sentence, below)) else lines
    return lines


def _without_program(lines: list[str]) -> list[str]:
    last = lines[-1].strip() if lines else ""
    return lines[:-1] if last and len(last) <= 120 and _PROGRAM.fullmatch(last) else lines


def _without_table(lines: list[str]) -> list[str]:
    """NetEase's program draws a signature as a table: "| |", the name, "|", …, "|"."""
    if not lines or lines[-1].strip() != "|":
        return lines
    for at in range(len(lines) - 1, max(-1, len(lines) - 2 * _MOST_LINES), -1):
        if re.fullmatch(r"\|\s{0,4}\|", lines[at].strip()[:8]):
            return lines[:at]
    return lines


def _without_closing(lines: list[str]) -> list[str]:
    """ "Kind regards," and a name below it or beside it, but only at the very end, and never all that there is."""
    for at in range(len(lines) - 1, max(0, len(lines) - 2 * _MOST_LINES), -1):
        line = lines[at].strip()
        if len(line) > _LINE:
            return lines
        if _CLOSED.fullmatch(line) and _is_name_card(lines[at + 1 :]):
            break
        if _THANKED.fullmatch(line) and _names_who_thanks(lines[at + 1 :]):
            break
        if (beside := _beside(line)) and _NAME.fullmatch(beside) and _is_name_card([beside, *lines[at + 1 :]]):
            break
    else:
        return lines
    return lines[:at] if any(one.strip() for one in lines[:at]) else lines


def _names_who_thanks(lines: list[str]) -> bool:
    """Thanks alone are a person's words; with nothing but a name below they close the letter."""
    first = next((line.strip() for line in lines if line.strip()), "")
    return bool(_THANKFUL.fullmatch(first)) and _is_name_card(lines)


def _beside(line: str) -> str:
    """The name in "Kind regards, Bob Miller" or "Kind regards Bob"; "" when there is none. "Best Buy" is a shop."""
    closing = _CLOSING.match(line)
    if closing is None:
        return ""
    rest = line[closing.end() :]
    return rest.strip(", ") if rest.startswith(",") or (rest.startswith(" ") and " " in closing[0]) else ""


def _is_name_card(lines: list[str]) -> bool:
    """A name and what belongs to it. What comes after a gap must tell how to reach somebody, else it is more words."""
    blocks: list[list[str]] = [[]]
    for line in lines:
        if line.strip():
            blocks[-1].append(line.strip())
        elif blocks[-1]:
            blocks.append([])
    blocks = [block for block in blocks if block]
    if blocks and not _SIGNED.fullmatch(blocks[0][0]):
        return False
    if sum(map(len, blocks)) > _MOST_LINES or (blocks and len(blocks[0]) > _NAME_LINES and not _reaches(blocks[0])):
        return False
    if any(len(line) > _LINE or _is_sentence(line) for block in blocks for line in block):
        return False
    return all(_reaches(block) for block in blocks[1:])


def _reaches(block: list[str]) -> bool:
    return any(_CONTACT.search(line) for line in block)


def _is_sentence(line: str) -> bool:
    line = line.strip()
    return (line.endswith(_WORDS_END) and not _CONTACT.search(line)) or bool(_POSTSCRIPT.match(line))
