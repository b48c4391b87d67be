"""What other settings would have done, and what they keep from some people."""

from __future__ import annotations

from core.models.setup import Survey
from core.store import Store
from core.surveys import accessibility, catalogue, what_if
from core.surveys.settings import SurveySettings, Symbol
from tests.core.builders import at, company, resolved

LOCALES = ("en", "zh-Hans")


async def test_a_survey_is_tried_in_its_place_and_nothing_is_written(store: Store) -> None:
    survey = await company()
    for number in range(10):
        kind = "complaint" if number < 4 else "inquiry"
        await resolved(
            f"T-{number}", contact=f"c-{number}", addresses=(("bot", str(number)),), type=kind, now=at(days=1)
        )
    other = catalogue.settings_of(survey).model_copy(update={"conditions": {"types": ("complaint",)}})
    other = SurveySettings.model_validate(other.model_dump(mode="json", warnings=False))
    found = await what_if.compare("default", other, days=30, now=at(days=2))
    assert (found.now.asked, found.then.asked, found.one_in) == (10, 4, 1)
    assert found.then.reasons["condition.type"] == 6
    assert await Survey.all().count() == 1


async def test_of_many_only_some_contacts_are_looked_at_each_whole(store: Store) -> None:
    survey = await company(budget="1 per 30d")
    for number in range(60):
        await resolved(
            f"T-{number}",
            contact=f"c-{number // 2}",
            addresses=(("bot", str(number // 2)),),
            now=at(days=1, minutes=number),
        )
    found = await what_if.compare("default", catalogue.settings_of(survey), days=30, now=at(days=3), most=20)
    assert found.one_in == 3
    assert 0 < found.now.reasons.total() < 60
    assert found.now.asked == found.now.not_asked, "of each contact's two the second is over the budget"


def scale(symbols: str, word: str = "w") -> SurveySettings:
    words = {locale: word for locale in LOCALES if word}
    return SurveySettings(scale="own", symbols=tuple(Symbol(symbol=one, word=words) for one in symbols))


def test_a_scale_is_warned_of_that_some_people_cannot_read() -> None:
    def told(settings: SurveySettings) -> list[str]:
        return list(accessibility.warnings(settings, LOCALES))

    assert told(SurveySettings()) == []
    assert told(SurveySettings(scale="faces")) == ["faces"]
    assert told(scale("🔴🟠🟡🟢🔵")) == ["colour_only"]
    assert told(scale("💔🌧⛅🌤☀", word="")) == ["no_word"]
    assert told(scale("甲乙丙丁戊")) == []
    assert told(scale("\ue000bcde")) == ["unspoken"]
