"""Files that people send along: what is kept, what is refused, and what may be their name."""

from __future__ import annotations

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core import errors, transactions
from core.desk import attachments, tickets
from core.desk.tickets import Said
from core.models.desk import Attachment, AttachmentState, EntryKind, Ticket, TicketEntry
from core.plumbing.jobs import Engine
from core.ports import File
from core.store import Store
from core.store.sqlite import SqliteClient
from tests.core.builders import at

PHOTO = File("photo.jpg", "image/jpeg", data=b"\xff\xd8 not really")
LATER = File("plan.pdf", "application/pdf", size=2048, ref="file-17")


async def sent(*files: File, text: str = "") -> Said:
    return await tickets.heard_from("support-bot", "777", text, name="Ann <3", files=files, now=at())


async def test_a_file_without_words_opens_a_request_that_is_called_like_it(store: Store) -> None:
    said = await sent(PHOTO)
    assert said.opened
    assert said.ticket.subject == "photo.jpg"
    row = await Attachment.get()
    assert (row.state, row.body, row.size) == (AttachmentState.STORED, PHOTO.data, len(PHOTO.data))
    entry = await TicketEntry.get(id=row.entry_id)
    assert (entry.kind, entry.text, entry.internal) == (EntryKind.MESSAGE, "", False)


async def test_words_name_the_request_and_the_file_hangs_on_them(store: Store) -> None:
    said = await sent(PHOTO, text="It blinks\nred")
    assert said.ticket.subject == "It blinks"
    assert (await TicketEntry.get(kind=EntryKind.MESSAGE)).text == "It blinks\nred"
    assert [row.name for row in await attachments.of_ticket(said.ticket)] == ["photo.jpg"]


async def test_a_file_joins_the_open_request(store: Store) -> None:
    first = await sent(text="It blinks")
    second = await sent(PHOTO)
    assert not second.opened
    assert second.ticket.id == first.ticket.id
    assert await Ticket.all().count() == 1


async def test_what_is_not_here_yet_waits_and_a_job_looks_at_it(store: Store) -> None:
    looked_at: list[int] = []

    async def look(attachment_id: int) -> None:
        looked_at.append(attachment_id)
        engine.stop()

    engine = Engine(store, {attachments.JOB: look}, at)
    await sent(LATER)
    row = await Attachment.get()
    assert (row.state, row.ref, row.body) == (AttachmentState.WAITING, "file-17", None)
    await engine.run()
    assert looked_at == [row.id]


async def test_what_was_rolled_back_is_neither_kept_nor_looked_at(store: Store) -> None:
    async def fall() -> None:
        await sent(LATER)
        raise RuntimeError("the unit of work failed")

    with pytest.raises(RuntimeError):
        await transactions.run(fall)
    assert await Attachment.all().count() == 0


@pytest.mark.parametrize(
    "large",
    [File("big.iso", "", size=attachments.MOST_BYTES + 1, ref="x"), File("big.iso", "", data=bytes(10_485_761))],
    ids=["told", "here"],
)
async def test_what_is_too_large_is_refused_and_not_kept(store: Store, large: File) -> None:
    said = await sent(large, PHOTO)
    assert said.refused == ["big.iso"]
    refused = await Attachment.get(name="big.iso")
    assert (refused.state, refused.body) == (AttachmentState.REFUSED, None)
    assert refused.problem == "10485761 bytes, and a file may have 10485760"
    assert (await Attachment.get(name="photo.jpg")).state == AttachmentState.STORED


async def test_a_file_of_exactly_the_limit_is_kept(store: Store) -> None:
    said = await sent(File("full.bin", "", data=bytes(attachments.MOST_BYTES)))
    assert not said.refused
    assert (await Attachment.get()).size == attachments.MOST_BYTES


async def test_a_thousand_files_in_one_message_become_twenty_and_one_line(store: Store) -> None:
    said = await sent(*(File(f"{number}.txt", "text/plain", data=b"x") for number in range(1000)))
    assert await Attachment.filter(state=AttachmentState.STORED).count() == attachments.MOST_FILES
    assert [row.problem for row in await Attachment.filter(state=AttachmentState.REFUSED)] == [
        "980 more than the 20 files that a message may have"
    ]
    assert len(said.refused) == 980
    assert await Attachment.all().count() == 21


async def test_an_empty_file_is_a_file(store: Store) -> None:
    await sent(File("empty.txt", "text/plain"))
    assert (await Attachment.get()).state == AttachmentState.STORED


async def test_a_fetched_file_is_stored_once_and_a_late_second_one_changes_nothing(store: Store) -> None:
    await sent(LATER)
    row = await attachments.waiting((await Attachment.get()).id)
    assert row is not None
    assert row.ticket.contact.name == "Ann <3"
    await attachments.fetched(row, b"%PDF")
    await attachments.fetched(row, b"another")
    assert not await attachments.refuse(row, "too late")
    kept = await Attachment.get()
    assert (kept.state, kept.body, kept.size) == (AttachmentState.STORED, b"%PDF", 4)
    assert await attachments.waiting(kept.id) is None


async def test_more_than_the_channel_promised_is_refused_when_it_comes(store: Store) -> None:
    await sent(LATER)
    row = await Attachment.get()
    await attachments.fetched(row, bytes(attachments.MOST_BYTES + 1))
    assert (await Attachment.get()).state == AttachmentState.REFUSED


async def test_a_fetch_that_fails_comes_again_and_ends_at_last(store: Store) -> None:
    await sent(LATER)
    for tried in range(len(attachments.RETRIES)):
        row = await Attachment.get()
        assert row.attempts == tried
        assert await attachments.postpone(row, "Bad Gateway", after=None, now=at())
    assert not await attachments.postpone(await Attachment.get(), "Bad Gateway", after=None, now=at())
    row = await Attachment.get()
    assert (row.state, row.problem) == (AttachmentState.REFUSED, "given up after 8 tries: Bad Gateway")


async def test_what_was_refused_meanwhile_is_not_tried_again(store: Store) -> None:
    await sent(LATER)
    row = await Attachment.get()
    await attachments.refuse(row, "gone")
    await attachments.postpone(row, "later", after=None, now=at())
    assert (await Attachment.get()).problem == "gone"


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\ann\\bill.pdf", "bill.pdf"),
        ("/", "file"),
        ("..", "file"),
        ("", "file"),
        (" \t\n", "file"),
        ("a\u202egpj.exe", "agpj.exe"),
        ("bill\x00\x1b[2J.pdf", "bill[2J.pdf"),
        ("new\r\nSet-Cookie: a=b.txt", "new Set-Cookie_ a=b.txt"),
        ('"; rm -rf *.txt', "_; rm -rf _.txt"),
        (".htaccess", "htaccess"),
        ("账单 2026.pdf", "账单 2026.pdf"),
        ("a" * 300 + ".jpeg", "a" * 195 + ".jpeg"),
        ("b" * 300, "b" * 200),
        ("c" * 5000 + ".tar.gz", "c" * 197 + ".gz"),
        ("\ud800.txt", "\ufffd.txt"),
    ],
)
def test_a_name_is_a_name_and_no_path(said: str, kept: str) -> None:
    assert attachments.file_name(said) == kept


@given(st.text(max_size=600))
def test_no_name_leads_out_of_a_folder_or_onto_another_line(said: str) -> None:
    name = attachments.file_name(said)
    assert 0 < len(name) <= 200
    assert not set(name) & set('/\\<>:"|?*\r\n\x00\u202e')
    assert not name.startswith(".")
    assert attachments.file_name(name) == name


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("image/jpeg", "image/jpeg"),
        ("Text/HTML; charset=utf-8", "text/html"),
        ("image/svg+xml", "image/svg+xml"),
        ("", "application/octet-stream"),
        ("nonsense", "application/octet-stream"),
        ("a/b\r\nX: y", "application/octet-stream"),
        ("x" * 300 + "/y", "application/octet-stream"),
    ],
)
def test_a_media_type_is_one_or_says_nothing(said: str, kept: str) -> None:
    assert attachments.media_type(said) == kept


async def test_only_what_is_stored_is_handed_out(store: Store) -> None:
    await sent(PHOTO, LATER)
    stored, waiting = await Attachment.all().order_by("id")
    assert (await attachments.stored(f"att_{stored.id}")).body == PHOTO.data
    for name in (f"att_{waiting.id}", "att_999", "att_", "1", "att_1 OR 1=1", "att_" + "9" * 30):
        with pytest.raises(errors.NotFound):
            await attachments.stored(name)


async def test_a_large_file_is_written_beside_the_loop_and_in_its_turn(sqlite_store: Store) -> None:
    large = b"\x00" * 300_000
    written: list[tuple[str, bool]] = []
    loop = threading.get_ident()

    def note(statement: str) -> None:
        names = [one for one in ("first.txt", "large.bin", "last.txt") if f"'{one}'" in statement]
        if statement.startswith('INSERT INTO "attachments"'):
            written.append((names[0], threading.get_ident() == loop))

    client = sqlite_store.client
    assert isinstance(client, SqliteClient)
    client.live._conn.set_trace_callback(note)
    await sent(
        *(File(name, "", data=data) for name, data in (("first.txt", b"1"), ("large.bin", large), ("last.txt", b"3")))
    )
    client.live._conn.set_trace_callback(None)
    assert [name for name, _ in written] == ["first.txt", "large.bin", "last.txt"]
    assert dict(written) == {"first.txt": True, "large.bin": False, "last.txt": True}
    assert [row.body for row in await Attachment.all().order_by("id")] == [b"1", large, b"3"]


async def test_with_a_large_file_a_unit_of_work_is_undone_as_a_whole(store: Store) -> None:
    async def half_done() -> None:
        await sent(File("large.bin", "", data=b"x" * 300_000))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await transactions.run(half_done)
    assert await Attachment.all().count() == 0
