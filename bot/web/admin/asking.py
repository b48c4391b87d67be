"""What cannot be undone is asked about first: a page with the question, and a way back. It needs no script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.responses import Response

from bot.web.admin.door import Visit

_OF_THE_STEP = frozenset({"csrf", "do", "sure"})


async def first(
    visit: Visit, *, title: str, about: str, button: str, back: str, along: Mapping[str, str] | None = None
) -> Response | None:
    """The question; None when its answer came: the form says `sure`. Each line of `about` is a paragraph.

    What was sent goes along, or only what `along` says.
    """
    fields = await visit.form_lists()
    if "sure" in fields:
        return None
    kept = sent(fields) if along is None else list(along.items())
    return visit.draw("ask", title=title, about=about.splitlines(), button=button, back=back, sent=kept)


def sent(fields: Mapping[str, Sequence[str]]) -> list[tuple[str, str]]:
    """What was filled in, field by field, to be sent once more."""
    return [(name, one) for name, values in fields.items() if name not in _OF_THE_STEP for one in values]
