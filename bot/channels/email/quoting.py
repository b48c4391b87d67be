"""What a person wrote themselves: without what they answer to, and without their signature.

Every rule looks at one line, or at a few beside it, so a mail takes as long as it has letters. Where a rule is in doubt
the words stay: too much in a comment is a nuisance, too little is a loss.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from bot.channels.email import signatures

MOST = 20_000
_LINE = 300
_BLOCK = 8
_MARKER = re.compile(r"\W{0,8}##-.{1,120}-##\W{0,8}")
_PREVIEW_ENDS = "\u034f\u200c"
_HEADER = re.compile(r"^[\W_]{0,4}\w[\w ./-]{0,24}\*?\s?[:：]")  # "From:", "*От:*", "发件人："
_TIME = re.compile(r"(?<!\d)\d{1,2}[:.]\d\d(?!\d)|\d点\d|\d时\d")
_DATE = re.compile(r"(?<!\d)(19|20)\d\d(?!\d)|(?<!\d)\d{1,2}[./-]\d{1,2}[./-]\d\d(?!\d)")
_WHEN = re.compile(r"(?<!\d)((19|20)\d\d|\d{1,2}[:.]\d\d)(?!\d)|\d年|\d月")
_WROTE = re.compile(r"(wrote|schrieb|a écrit|escribió|escreveu|ha scritto|написал|пишет|写道|寫道)", re.IGNORECASE)
_WROTE_THAT_DAY = re.compile(  # Apple Mail in Chinese names no time
    r"[在於于]\s?(19|20)\d\d\s?年\s?\d{1,2}\s?月\s?\d{1,2}\s?日(?![^\n]*[你您]们?[写寫]道)[^\n]{1,200}[写寫]道\s?[:：]"
)
_RULE = re.compile(r"\s*([-_=*—]{5,}[^\n]{0,60}[-_=*—]{2,}|[-_=*—]{5,})\s*")
_ORIGINAL = re.compile(
    r"[>\s]{0,4}[-_=*—]{2,40}\s{0,4}(原始邮件|原始郵件|回复的原邮件|回复的邮件|原邮件|Original( Message| E-?mail)?"
    r"|Replied Message|Ursprüngliche Nachricht|Message d'origine|Mensaje original|Исходное сообщение"
    r"|Пересылаемое сообщение)\s{0,4}[-_=*—]{2,40}\s{0,4}",
    re.IGNORECASE,
)
_FORWARDED = re.compile(r"forwarded|转发|轉寄|weitergeleitet|пересыла", re.IGNORECASE)
_NAMES = {
    "from": "from|von|de|от|发件人|發件人|寄件者|寄件人",
    "date": "sent|date|gesendet|datum|envoyé|отправлено|дата|发送时间|发送日期|發送時間|寄件日期|傳送時間|日期|时间",
    "to": "to|an|à|кому|收件人|收件者",
    "more": "cc|bcc|reply-to|kopie|копия|抄送|副本|密送|回复|答复",
    "subject": "subject|betreff|objet|тема|主\\s?题|主旨|主\\s?題",
}
_NAMED = re.compile(
    r"[\s*_>|]{0,4}(?:" + "|".join(f"(?P<{kind}>{names})" for kind, names in _NAMES.items()) + r")[\s*_|]{0,4}[:：]",
    re.IGNORECASE,
)


def marker(words: str) -> str:
    """The line above which an answer is to be written, as it stands in our mails: known again whatever its words."""
    return f"##- {words} -##"


def own_words(text: str, is_ours: Callable[[str], bool]) -> str:
    """Cut where the quotation begins: at our marker or address, or at what mail programs write above one.

    `is_ours` tells whether a line holds an address, or a link, that only a mail of ours has. Who answers below or
    between the lines of a quotation is understood too.
    """
    lines = text[: 2 * MOST].splitlines()
    cut = next((at for at, line in enumerate(lines) if _begins_quotation(lines, at, line, is_ours)), len(lines))
    cut = _lead_in(lines, cut) if cut < len(lines) else cut
    above = _own(lines[:cut])
    if above or not any(_is_quoted(line) for line in lines[cut:]):
        return above[:MOST]
    below = [line for line in lines[cut:] if not (is_ours(line) or _MARKER.fullmatch(line.strip()[:200]))]
    return _own(below)[:MOST]


def _begins_quotation(lines: list[str], at: int, line: str, is_ours: Callable[[str], bool]) -> bool:
    if not line or line.isspace():
        return False
    if is_ours(line) and _quotes(line):
        return True
    short = line[:_LINE]
    if _is_our_top(line):
        return True
    if _ORIGINAL.fullmatch(short):
        return True
    if (":" in short or "：" in short) and _NAMED.match(short) and _is_block(lines, at):
        return True
    return _is_attribution(lines, at) and not _leads_to_quoted(lines, at)


def _is_our_top(line: str) -> bool:
    """What our mails begin with: the marker, and before it in HTML the preview, with what keeps the rest out of it."""
    return _PREVIEW_ENDS in line or ("##-" in line and bool(_MARKER.fullmatch(line.strip()[:200])))


def _quotes(line: str) -> bool:
    """People name our address too: "I wrote to support@example.org". A program does it in its own way."""
    line = line.strip()
    in_brackets = re.search(r"[<\[(][^<>\[\]()@]{0,80}@[^<>\[\]()]{0,200}[>\])]", line[:500])
    return bool(
        in_brackets or line.startswith(">") or line.endswith((":", "：")) or _HEADER.match(line) or "://" in line
    )


def _is_block(lines: list[str], at: int) -> bool:
    """The headers of the mail that is answered: who, when, and about what. Two of them may be a person's own words."""
    kinds: set[str | None] = set()
    block = ""
    for line in [one[:_LINE] for one in lines[at : at + 2 * _BLOCK] if one.strip()][:_BLOCK]:
        named = _NAMED.match(line)
        if named is None:
            break
        kinds.add(named.lastgroup)
        if named.lastgroup == "date" and not _WHEN.search(line):
            return False
        block += line
    is_one = {"from", "date"} <= kinds and ("subject" in kinds or "@" in block)
    return is_one and not any(_FORWARDED.search(line[:_LINE]) for line in lines[max(0, at - 2) : at])


def _is_attribution(lines: list[str], at: int) -> bool:
    """ "On Mon, 2 Mar 2026 at 09:00, Support wrote:", also over three lines. Programs name both date and time."""
    if _WROTE_THAT_DAY.fullmatch(lines[at].strip()[:_LINE]):
        return True
    end = lines[at].rstrip()[-_LINE:]
    if not end.endswith((":", "：")):
        return False
    said = " ".join(one[-_LINE:] for one in lines[max(0, at - 2) : at + 1] if one.strip())
    return bool(_WROTE.search(said) and _DATE.search(said) and _TIME.search(said))


def _lead_in(lines: list[str], at: int) -> int:
    """Where the quotation at `at` really begins: "On Monday, 2 March 2026 at 9:00 Support" may stand a line above its
    address, headers above our marker, and a rule above them all.
    """
    if _NAMED.match(lines[at][:_LINE]) or _is_our_top(lines[at]):
        first = max(0, at - _BLOCK)
        while at > first and (not lines[at - 1].strip() or _leads_in(lines[at - 1])):
            at -= 1
    elif not _WHEN.search(lines[at][:_LINE]) or _is_attribution(lines, at):
        first = max(0, at - 2)
        while at > first and lines[at - 1].strip() and not _whole(lines[at]) and _WHEN.search(lines[at - 1][:_LINE]):
            at -= 1
    while at and (not lines[at - 1].strip() or _RULE.fullmatch(lines[at - 1][:200])):
        at -= 1
    return at


def _leads_in(line: str) -> bool:
    """A header, or an attribution in whatever language."""
    return bool(
        _NAMED.match(line[:_LINE])
        or _is_our_top(line)
        or (line.rstrip().endswith((":", "：")) and _WHEN.search(line[-_LINE:]))
    )


def _whole(line: str) -> bool:
    """Whether an attribution has all in this one line."""
    line = line[:_LINE]
    return bool(_WROTE_THAT_DAY.fullmatch(line.strip()) or (_DATE.search(line) and _TIME.search(line)))


def _own(lines: list[str]) -> str:
    kept = [line for at, line in enumerate(lines) if not (_is_quoted(line) or _introduces(lines, at))]
    return signatures.without(kept)


def _is_quoted(line: str) -> bool:
    return line.startswith(">")


def _introduces(lines: list[str], at: int) -> bool:
    """Whether a line belongs to an attribution of at most three lines that a quotation with ">" follows."""
    if not lines[at].strip():
        return False
    return any(
        _is_attribution(lines, end) and _leads_to_quoted(lines, end) and (end == at or not _whole(lines[end]))
        for end in range(at, min(at + 3, len(lines)))
    )


def _leads_to_quoted(lines: list[str], at: int) -> bool:
    following = (line for line in lines[at + 1 : at + 4] if line.strip())
    return _is_quoted(next(following, ""))
