"""Words that are tried out look as they will look."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot import channels
from bot.placeholders import KINDS
from bot.rendering import Rendered, Templates
from bot.trials import samples
from bot.trials.surfaces import SURFACES


def test_a_surface_says_the_same_of_its_kind_as_the_channel_itself() -> None:
    assert SURFACES.keys() == channels.KINDS.keys()
    for kind, surface in SURFACES.items():
        channel = channels._load(channels.KINDS[kind].channel)
        for name in ("dialect", "has_buttons", "has_edits", "has_forms"):
            assert getattr(surface, name) == getattr(channel, name), f"{kind} {name}"
        assert surface.prefix == getattr(channel, "command_prefix", ""), kind


def test_each_kind_has_its_place_among_the_groups() -> None:
    placed = [kind for kinds in (*samples.GROUPS.values(), samples.STAFF) for kind in kinds]
    assert sorted(placed) == sorted(KINDS)


@pytest.mark.parametrize("locale", ["en", "zh-Hans"])
async def test_each_kind_can_be_tried_out_on_each_surface(locale: str) -> None:
    templates = Templates.load()
    for kind in KINDS:
        for surface in SURFACES.values():

            async def render(context: Mapping[str, object], kind: str = kind, surface: object = surface) -> Rendered:
                source = templates.shipped(kind, locale)
                return await templates.try_out(kind, source, locale, SURFACES[surface.kind].dialect, context)  # type: ignore[attr-defined]

            made = await samples.message(kind, surface, templates, locale, render)
            usual = await templates.render(
                kind, locale, surface.dialect, samples.context_of(kind, templates, locale, surface.prefix)
            )
            assert made.text == usual.text or kind in ("sorry", "question")
            assert made.subject == usual.subject
            assert all(button.action.startswith("trial:") or button.url for row in made.rows for button in row)
    await templates.close()


async def test_a_mail_only_ever_asks_for_the_number_that_words_came_without() -> None:
    templates = Templates.load()

    async def render(context: Mapping[str, object]) -> Rendered:
        return await templates.render("question", "en", SURFACES["email"].dialect, context)

    made = await samples.message("question", SURFACES["email"], templates, "en", render)
    assert "we have your words" in made.plain
    assert [button.label for row in made.rows for button in row] == ["1★", "2★", "3★", "4★", "5★"]
    assert all(button.url for row in made.rows for button in row)
    await templates.close()
