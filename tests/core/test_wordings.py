"""Own words: kept while they are written, published, and taken back."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from core import audit, errors
from core import setup as setups
from core.models.setup import Wording
from core.models.wordings import WordingDraft, WordingVersion
from core.store import Store
from core.wordings import drafts, publishing
from core.wordings.drafts import Words
from core.wordings.scopes import Scope

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN, KIM = "ann@example.org", "kim@example.org"
INVITE = Scope("invite", "en")


async def write(source: str, seen: str = "0.0.0", author: str = ANN) -> str:
    return (await drafts.save(INVITE, Words("", source), seen=seen, author=author, now=NOW)).mark


async def publish(source: str, note: str = "") -> None:
    seen = (await drafts.standing(INVITE)).mark
    await publishing.publish(INVITE, Words("", source), seen=seen, actor=ANN, now=NOW, note=note)


async def versions() -> list[tuple[int, str, str, str]]:
    return [(one.number, one.source, one.author, one.note) for one in reversed(await publishing.history(INVITE))]


def test_words_are_looked_for_from_the_closest_to_the_widest() -> None:
    chain = [one.key for one in Scope("invite", "en", "repairs", "slack").chain()]
    assert chain == [
        "invite locale=en team=repairs channel=slack", "invite locale=en team=repairs",
        "invite locale=en channel=slack", "invite locale=en",
        "invite team=repairs channel=slack", "invite team=repairs", "invite channel=slack", "invite",
    ]  # fmt: skip
    assert [one.key for one in INVITE.chain()] == ["invite locale=en", "invite"]


async def test_a_draft_stays_when_the_browser_is_closed_and_goes_to_nobody(store: Store) -> None:
    await write("Half a {{")
    standing = await drafts.standing(INVITE)
    assert standing.draft is not None
    assert (standing.draft.source, standing.draft.author) == ("Half a {{", ANN)
    assert not await Wording.exists()
    assert await audit.latest(9) == []


async def test_who_has_not_seen_the_others_draft_overwrites_nothing(store: Store) -> None:
    mark = await write("mine")
    await write("theirs", mark, KIM)
    for attempt in (mark, "0.0.0", ""):
        with pytest.raises(drafts.StaleDraft) as stale:
            await write("mine again", attempt)
        assert stale.value.theirs.newest == Words("", "theirs")
    with pytest.raises(drafts.StaleDraft):
        await publishing.publish(INVITE, Words("", "mine"), seen=mark, actor=ANN, now=NOW)
    with pytest.raises(drafts.StaleDraft):
        await drafts.discard(INVITE, seen=mark, actor=ANN, now=NOW)
    assert (await WordingDraft.get()).source == "theirs"


async def test_who_publishes_over_a_newer_publication_is_told(store: Store) -> None:
    mark = (await drafts.standing(INVITE)).mark
    await publish("theirs")
    with pytest.raises(drafts.StaleDraft):
        await publishing.publish(INVITE, Words("", "mine"), seen=mark, actor=KIM, now=NOW)
    assert (await Wording.get()).source == "theirs"


async def test_publishing_ends_the_draft_and_leaves_a_version_and_one_line_in_the_audit(store: Store) -> None:
    await write("one")
    await publish("one", "shorter")
    assert not await WordingDraft.exists()
    assert (await Wording.get()).source == "one"
    assert await versions() == [(1, "one", ANN, "shorter")]
    await publish("one", "once more")
    assert await versions() == [(1, "one", ANN, "shorter")], "the same again is no version"
    assert [(line.actor, line.action) for line in await audit.latest(9)] == [(ANN, "template.added")]


async def test_an_old_version_is_published_again_and_a_draft_stays(store: Store) -> None:
    await publish("one")
    await publish("two")
    await write("three", (await drafts.standing(INVITE)).mark)
    first = await WordingVersion.get(number=1)
    assert await publishing.restore(first.id, actor=KIM, now=NOW) == INVITE
    assert (await Wording.get()).source == "one"
    assert [(number, source) for number, source, _, _ in await versions()] == [(1, "one"), (2, "two"), (3, "one")]
    assert (await WordingDraft.get()).source == "three"
    with pytest.raises(errors.NotFound):
        await publishing.restore(first.id + 999, actor=KIM, now=NOW)


async def test_own_words_are_taken_away_and_come_back(store: Store) -> None:
    await publish("one")
    await publishing.take_away(INVITE, seen=(await drafts.standing(INVITE)).mark, actor=KIM, now=NOW)
    assert not await Wording.exists()
    assert await versions() == [(1, "one", ANN, ""), (2, "", KIM, "")]
    gone = await WordingVersion.get(number=2)
    with pytest.raises(errors.Conflict):
        await publishing.restore(gone.id, actor=KIM, now=NOW)
    with pytest.raises(drafts.StaleDraft):
        await publishing.take_away(INVITE, seen=(await drafts.standing(INVITE)).mark, actor=KIM, now=NOW)
    await publishing.restore((await WordingVersion.get(number=1)).id, actor=KIM, now=NOW)
    assert (await Wording.get()).source == "one"


async def test_what_a_file_publishes_is_a_version_too_and_what_stood_before_is_the_first(store: Store) -> None:
    await Wording.create(kind="invite", locale="en", source="from long ago", subject="Hello")
    text = '[[templates]]\nkind = "invite"\nlocale = "en"\nsource = "by file"\n'
    for _ in range(2):
        await setups.apply(setups.parse(text), now=NOW)
    assert await versions() == [(1, "from long ago", "", "as it was"), (2, "by file", audit.COMMAND_LINE, "")]


async def test_a_draft_is_thrown_away_and_the_audit_keeps_what_it_said(store: Store) -> None:
    mark = await write("one")
    await drafts.discard(INVITE, seen=mark, actor=KIM, now=NOW)
    assert not await WordingDraft.exists()
    [line] = await audit.latest(9)
    assert (line.action, line.before) == (
        "template.draft_discarded", {"subject": "", "source": "one", "author": ANN}
    )  # fmt: skip


@pytest.mark.parametrize("source", ["x" * 20_001, "a\x00b", "\ud800"])
async def test_what_no_store_keeps_is_refused(store: Store, source: str) -> None:
    with pytest.raises(errors.Invalid):
        await write(source)
