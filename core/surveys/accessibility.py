"""What a scale keeps from some people: from who sees no colours, who cannot see, who reads faces otherwise."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from unicodedata import category

from core.surveys.settings import SurveySettings

_SAME_SHAPE = (
    "🔴🟠🟡🟢🔵🟣🟤⚫⚪",
    "🟥🟧🟨🟩🟦🟪🟫⬛⬜",
    "❤🧡💛💚💙💜🤎🖤🤍🩷🩵🩶",
    "🔶🔷🔸🔹",
    "📕📗📘📙",
)
_VARIANT = "\ufe0e\ufe0f"


def warnings(settings: SurveySettings, locales: Collection[str]) -> Iterator[str]:
    """Codes: "colour_only", "faces", "no_word" (in one of `locales`), "unspoken" (a character without a name)."""
    if settings.scale == "faces":
        yield "faces"
    if settings.scale != "own":
        return
    symbols = [one.symbol.strip(_VARIANT) for one in settings.symbols]
    if any(sum(symbol in shape for symbol in symbols) > 1 for shape in _SAME_SHAPE):
        yield "colour_only"
    if any(not one.word.get(locale, "").strip() for one in settings.symbols for locale in locales):
        yield "no_word"
    if any(category(char) in ("Co", "Cn") for symbol in symbols for char in symbol):
        yield "unspoken"
