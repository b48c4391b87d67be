"""What people write beside a score: "5 great!", "3 还可以吧".

A digit before such words rates. Before anything else it may count ("5 days", "2 of the parcels", "5 great people"), so
the words must end where a noun would follow.
"""

from __future__ import annotations

_NOUNLESS = (
    r"(?:(?:i|am|i['’]m|we|we['’]re|it|it['’]s|that|this|all|everything|overall|service|support|you|is|was|are|were|been)\s+){0,3}"
    r"(?:(?:very|really|quite|so|too|far|way|pretty|rather|just|absolutely|extremely|not|but|more or less)\s+){0,3}"
)
_FEELING = (
    r"(?:good|great|fine|ok|okay|excellent|perfect|super|awesome|amazing|brilliant|fantastic|wonderful|nice|cool|top"
    r"|happy|satisfied|pleased|friendly|helpful|fast|quick|so[- ]so|meh|average|mediocre|alright|all right|acceptable"
    r"|bad|poor|terrible|awful|horrible|slow|disappointing|disappointed|dissatisfied|unhappy|unhelpful|unfriendly"
    r"|rude|useless|never again|well done|thanks|thank you|cheers|отлично|хорошо|нормально|плохо|ужасно|медленно"
    r"|спасибо)\b"
)
_CHINESE = (
    r"(?:(?:我觉得|感觉|总体|整体|总的来说|服务|态度|速度|回复|处理|都|也|还|挺|很|非常|太|真|超|最|比较|相当|十分|特别|不太"
    r"|不是很|不|有点|有些)\s?){0,4}"
    r"(?:还可以|还行|可以|不错|满意|一般般|一般|凑合|将就|马马虎虎|糟糕|失望|完美|优秀|给力|棒|赞|差劲|差|(?<=[很太点挺常较些])[慢快好]|好|糟"
    r"|谢谢|感谢|多谢)(?:[吧啊的了呀哦呢呗]|你们?|您)*"
)
_UNCOUNTED = r"(?:\s+(?:service|support|work|job|help|experience)\b)?"
_ONE = rf"(?:{_NOUNLESS}{_FEELING}{_UNCOUNTED}|{_CHINESE})"
_NO_NUMBER = r"(?!\s*[0-9])"
_GOES_ON = (
    r"(?:but|though|although|however|because|thanks?|thank you|overall|actually"
    r"|i guess|i think|so far|enough|with|for)\b"
    r"|但|不过|可是|只是|就是|然而|因为|可惜|谢|感谢|希望"
)
_FACE = r"[\u2600-\u27bf\U0001f300-\U0001faff]"
_END = rf"(?=\s*(?:$|[.,;:!?。、~)]{{1,5}}{_NO_NUMBER}|\s[—–-]{{1,5}}{_NO_NUMBER}|{_FACE}|(?:{_GOES_ON})))"
CHAIN = rf"{_ONE}(?:(?:\s*[,&]\s*|\s+and\s+|\s*又\s*){_ONE}){{0,3}}"
"""Feelings, and nothing else."""
BESIDE = rf"(?=\s*[(]?\s*{CHAIN}{_END})"
"""Stands behind a digit that rates."""
REASON = (
    rf"(?=\s+(?:but|because|though|although|however)\b(?!\s+(?:not\s+|only\s+)?[0-9])"
    rf"|\s+(?:nobody|no[ -]one|nothing|never)\b|\s*(?:但|不过|可是|因为|可惜|没人|没有人){_NO_NUMBER}"
    r"|\s*[\U0001f600-\U0001f64f\U0001f44d-\U0001f44f❤☺🎉🤗🤬🤮])"
)
"""Stands there too: why it is that score, or a face."""
