"""An older backup brings nobody back who wanted to be forgotten: the ledger of erasures (SEC-54)."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from dataclasses import replace
from pathlib import Path

import pytest

from core import contacts
from core import store as stores
from core.contacts import AddressFacts, ContactFacts
from core.insight import today
from core.models.accounts import AuditLine
from core.models.contacts import Address, Contact
from core.models.deliveries import Arrival, ArrivalState
from core.models.responses import Score
from core.privacy import again, erase
from core.privacy.ledger import Ledger, LedgerUnavailable
from tests.core.builders import NOON, at
from tests.core.test_erase import ADDRESSES, BY, BYTES, CANARY, MAIL, everywhere, tables_with
from tests.rigs import postgres as rig


@asynccontextmanager
async def opened(url: str) -> AsyncIterator[stores.Store]:
    store = await stores.open_store(url)
    try:
        yield store
    finally:
        await store.close()


class Vault:
    """Where backups are kept: whole copies of a store that is not open."""

    def __init__(self, folder: Path, postgres: rig.Server | None) -> None:
        self._folder = folder
        self._postgres = postgres
        self._made: list[str] = []

    async def copy(self, url: str) -> str:
        """The URL of the copy: as `sqlite3 .backup` makes it, or a database with the other one as its template."""
        if self._postgres is not None:
            made = await self._postgres.create_database(url.rpartition("/")[2])
            self._made.append(made)
            return made
        to = self._folder / "backup" / "afterword.db"
        to.parent.mkdir()
        with closing(sqlite3.connect(url.removeprefix("sqlite://"))) as old, closing(sqlite3.connect(to)) as new:
            old.backup(new)
        return f"sqlite://{to}"

    async def close(self) -> None:
        for url in self._made:
            assert self._postgres is not None
            await self._postgres.drop_database(url)


@pytest.fixture
async def vault(request: pytest.FixtureRequest, store_url: str, tmp_path: Path) -> AsyncIterator[Vault]:
    server = None if store_url.startswith("sqlite") else request.getfixturevalue("postgres")
    vault = Vault(tmp_path, server)
    yield vault
    await vault.close()


async def learn(ref: str | None, *addresses: str, hours: int = 0) -> Contact:
    facts = tuple(AddressFacts("support-bot", one) for one in addresses)
    return await contacts.learn(ContactFacts(ref=ref, name=f"Ann {CANARY}", addresses=facts), now=at(hours=hours))


async def alive() -> set[int]:
    return set(await Contact.filter(erased_at=None).values_list("id", flat=True))


# ---------------------------------------------------------------- restoring


async def test_who_is_in_a_restored_backup_is_erased_again_to_the_last_byte(
    store_url: str, vault: Vault, ledger: Ledger, tmp_path: Path
) -> None:
    async with opened(store_url):
        ann = await everywhere()
        other = await learn("c-2", "888")
        await Arrival.filter(key="mail:m1").update(state=ArrivalState.NEW)
        figures, scores = await today.figures(zone="UTC", now=at(hours=1)), await Score.all().count()
    backup = await vault.copy(store_url)
    async with opened(store_url):
        await erase.erase(await Contact.get(id=ann.id), ledger=ledger, by="command line", now=at(hours=1))

    async with opened(backup) as restored:
        assert await tables_with(restored, CANARY)
        seen = await again.catch_up(ledger, now=at(hours=2))

        assert [number for number, _ in seen.back] == [ann.id]
        await Contact.filter(id=other.id).update(name="Bob")
        assert await tables_with(restored, CANARY) == []
        assert await today.figures(zone="UTC", now=at(hours=1)) == figures
        assert await Score.all().count() == scores
        assert await alive() == {other.id}
        lines = {line.action: line for line in await AuditLine.all()}
        assert lines["contact.erased"].actor == again.ACTOR
        first = {"again": True, "by": "command line", "first": at(hours=1).isoformat(), "tickets": 1}
        assert lines["contact.erased"].after == first
        assert lines["erasures.applied"].after == {"contacts": 1, "lines": 1}
        assert (await again.catch_up(ledger, now=at(hours=3))).back == ()
    for file in (tmp_path / "backup").glob("*"):
        assert BYTES not in file.read_bytes().lower(), file


async def test_who_came_back_later_is_somebody_new(store_url: str, vault: Vault, ledger: Ledger) -> None:
    async with opened(store_url):
        ann = await learn("c-1", "777")
        await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
        anew = await learn("c-1", "777", hours=2)
        assert (await again.catch_up(ledger, now=at(hours=3))).back == ()
    async with opened(await vault.copy(store_url)):
        assert (await again.catch_up(ledger, now=at(hours=4))).back == ()
        assert await alive() == {anew.id}


async def test_who_was_another_contact_then_is_found_by_the_address(
    store_url: str, vault: Vault, ledger: Ledger
) -> None:
    """Known by a chat alone when the backup was made, and as a part of somebody with a reference when erased."""
    async with opened(store_url):
        stranger = await learn(None, "777")
        family = await learn("c-3", "999")
        await learn(None, "555")
    backup = await vault.copy(store_url)
    async with opened(store_url):
        ann = await learn("c-1", "777", hours=1)
        await learn("c-1", "777", "999", hours=1)
        await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=2))
    async with opened(backup):
        seen = await again.catch_up(ledger, now=at(hours=3))
        assert [number for number, _ in seen.back] == [stranger.id]
        assert seen.alike == (family.id,), "another reference: somebody has to look"
        assert await Address.filter(address="777").count() == 0
        assert (await Contact.get(id=family.id)).name == f"Ann {CANARY}"


async def test_a_store_that_was_begun_anew_has_others_behind_the_same_numbers(
    store_url: str, vault: Vault, ledger: Ledger
) -> None:
    begun_anew = await vault.copy(store_url)
    async with opened(store_url):
        ann = await learn("c-1", "777")
        await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    async with opened(begun_anew):
        bob = await learn("c-2", "888", hours=-5)
        assert bob.id == ann.id
        assert (await again.catch_up(ledger, now=at(hours=2))).back == ()


async def test_who_was_erased_without_a_line_has_one_from_the_next_start_on(
    store_url: str, vault: Vault, ledger: Ledger, tmp_path: Path
) -> None:
    """By an older version, or on another machine that has its own ledger."""
    async with opened(store_url):
        ann = await everywhere()
    backup = await vault.copy(store_url)
    async with opened(store_url):
        elsewhere = replace(ledger, path=tmp_path / "other.ledger")
        await erase.erase(await Contact.get(id=ann.id), ledger=elsewhere, by=BY, now=at(hours=1))
        await again.catch_up(ledger, now=at(hours=2))
        await again.catch_up(ledger, now=at(hours=2))
    assert len(ledger.read_now().entries) == 1
    async with opened(backup) as restored:
        await again.catch_up(ledger, now=at(hours=3))
        assert await tables_with(restored, CANARY) == []


async def test_ledgers_of_several_machines_are_put_one_behind_the_other(
    sqlite_store: stores.Store, ledger: Ledger, tmp_path: Path
) -> None:
    other = replace(ledger, path=tmp_path / "other.ledger")
    await erase.erase(await learn("c-1", "777"), ledger=ledger, by=BY, now=at(hours=1))
    await erase.erase(await learn("c-2", "888"), ledger=other, by=BY, now=at(hours=1))
    ledger.path.write_bytes(other.path.read_bytes() + ledger.path.read_bytes())
    assert len(ledger.read_now().entries) == 2
    assert (await again.look(ledger)).unwritten == ()


# ---------------------------------------------------------------- the file


@pytest.fixture
async def ann(sqlite_store: stores.Store) -> Contact:
    return await learn(f"c-{CANARY}", *(address for _, address in ADDRESSES))


async def test_nobody_reads_in_it_whom_it_is_about(ann: Contact, ledger: Ledger) -> None:
    await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    said = ledger.path.read_bytes()
    for name in (CANARY, MAIL, BY, "lee", "c-1"):
        assert name.encode() not in said
    assert ledger.path.stat().st_mode & 0o777 == 0o600
    [entry] = ledger.read_now().entries
    assert entry.at == at(hours=1)
    assert ledger.address("support-bot", MAIL) in entry.addresses


async def test_a_line_that_a_power_cut_tore_harms_nobody(ann: Contact, ledger: Ledger) -> None:
    await ledger.add([ledger.entry(ann, [], by=BY, at=NOON)])
    line = ledger.path.read_bytes()
    for size in range(len(line)):
        ledger.path.write_bytes(line + line[:size])
        assert len(ledger.read_now().entries) in (1, 2), size
        await ledger.add([ledger.entry(ann, [], by="kim", at=NOON)])
        contents = ledger.read_now()
        assert contents.damaged == (), size
        assert len(contents.entries) == (3 if size == len(line) - 1 else 2), "whole but for its end: it counts"


async def test_a_damaged_line_is_named_and_the_others_hold(
    ann: Contact, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    await ledger.add([ledger.entry(ann, [], by=BY, at=at(hours=hour)) for hour in range(3)])
    first, second, third = ledger.path.read_bytes().splitlines(keepends=True)
    ledger.path.write_bytes(first + second.replace(b"T13", b"T11") + b"\x00\xff\n[1]\n" + third)
    seen = await again.catch_up(ledger, now=at(hours=5))
    assert seen.contents.damaged == (2, 3, 4)
    assert [entry.at for entry in seen.contents.entries] == [at(hours=0), at(hours=2)]
    assert [number for number, _ in seen.back] == [ann.id]
    assert "these lines are damaged" in caplog.text
    assert "2, 3, 4" in caplog.text


async def test_lines_of_another_secret_are_told_apart(
    ann: Contact, ledger: Ledger, caplog: pytest.LogCaptureFixture
) -> None:
    await replace(ledger, secret=b"x" * 32).add([ledger.entry(ann, [], by=BY, at=NOON)])
    seen = await again.catch_up(ledger, now=at(hours=5))
    assert (seen.contents.foreign, seen.contents.damaged, seen.back) == ((1,), (), ())
    assert "another secret" in caplog.text


async def test_nobody_is_erased_when_it_cannot_be_written(ann: Contact, ledger: Ledger) -> None:
    ledger.path.mkdir()
    with pytest.raises(LedgerUnavailable, match=r"store\.erasures"):
        await erase.erase(ann, ledger=ledger, by=BY, now=at(hours=1))
    with pytest.raises(LedgerUnavailable, match="cannot be read"):
        await again.catch_up(ledger, now=at(hours=1))
    assert (await Contact.get(id=ann.id)).name == f"Ann {CANARY}"


async def test_many_are_compared_in_pages(
    sqlite_store: stores.Store, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(again, "_PAGE", 3)
    people = [await learn(f"c-{number}", f"{number}") for number in range(10)]
    await ledger.add([ledger.entry(one, [], by=BY, at=at(hours=1)) for one in people[::4]])
    seen = await again.catch_up(ledger, now=at(hours=2))
    assert [number for number, _ in seen.back] == [one.id for one in people[::4]]
    assert await alive() == {one.id for one in people} - {one.id for one in people[::4]}
