"""Files to and from Slack. What people share is fetched from Slack's own servers only: our token goes nowhere else."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from aiohttp import ClientError, ClientResponse, ClientTimeout

from bot.channels.slack.calling import LARGE_SECONDS, Api
from bot.channels.slack.errors import retry_after
from bot.channels.slack.payloads import text
from core.ports import Enclosure, File, TryLater, Undeliverable
from core.text import clean_line

SLACKS = "files.slack.com"
PIECE = 64 * 1024
MOST_IN_MESSAGE = 10
NAME = 200
REF = 400  # a longer one is asked for by the file's id
LARGE = ClientTimeout(total=LARGE_SECONDS, sock_connect=10, sock_read=10)

_ID = re.compile(r"F[A-Z0-9]{2,40}")
_SEPARATORS = re.compile(r"[/\\]+")

_GONE = frozenset({"file_not_found", "file_deleted"})
# Shown in Slack, but nowhere to be fetched.
_NOT_THERE = frozenset({"tombstone", "hidden_by_limit", "external"})


# ---------------------------------------------------------------- what people share


def shared(event: Mapping[str, Any]) -> tuple[File, ...]:
    """The files of a message. Only their ids may be known of those that come from another company (Slack Connect)."""
    found = event.get("files")
    items = [one for one in found if isinstance(one, Mapping)] if isinstance(found, list) else []
    return tuple(_file(one) for one in items if _ID.fullmatch(text(one, "id")) and text(one, "mode") not in _NOT_THERE)


def _file(one: Mapping[str, Any]) -> File:
    name = clean_line(text(one, "name") or text(one, "title"), limit=NAME)
    size = one.get("size")
    url = text(one, "url_private_download") or text(one, "url_private")
    ref = url if 0 < len(url) <= REF else text(one, "id")
    return File(name, clean_line(text(one, "mimetype"), limit=100), size if isinstance(size, int) else 0, ref)


async def fetched(api: Api, ref: str, media_type: str, *, most: int) -> bytes:
    """Raises Undeliverable when it is larger than `most` bytes, gone, or not at Slack's; TryLater when it is busy.

    `dead_address` of an Undeliverable is false where a right of ours is missing.
    """
    if _ID.fullmatch(ref):
        ref = await _address(api, ref)
    if not _is_slacks(ref, api.wire.base_url):
        raise Undeliverable("the file is not at Slack's")
    headers = {"Authorization": f"Bearer {await api.token()}"}
    try:
        async with api.wire.session.get(
            ref, headers=headers, allow_redirects=False, proxy=api.client.proxy, timeout=LARGE
        ) as answer:
            _look_at(answer, media_type, most)
            return await _read(answer, most)
    except (ClientError, OSError) as error:
        raise TryLater(f"no proper answer from Slack: {type(error).__name__}") from error


async def _address(api: Api, id_: str) -> str:
    try:
        about = (await api.call(api.client.files_info, file=id_)).get("file")
    except Undeliverable as refused:
        raise Undeliverable(refused.reason, dead_address=refused.reason in _GONE) from refused
    return text(about, "url_private_download") or text(about, "url_private")


def _is_slacks(url: str, base_url: str) -> bool:
    """`url` came from outside, if signed. No other host, port or scheme, and nobody's name in front of the host."""
    try:
        there, ours = urlsplit(url), urlsplit(base_url)
        place = (there.scheme, there.hostname, there.port)
        own = (ours.scheme, ours.hostname, ours.port)
    except ValueError:
        return False
    return place in {("https", SLACKS, None), own} and there.username is None and there.password is None


def _look_at(answer: ClientResponse, media_type: str, most: int) -> None:
    """By the head alone, before a byte of it is read."""
    status = answer.status
    if status == 429:
        raise TryLater("ratelimited", retry_after(answer.headers))
    if status >= 500:
        raise TryLater(f"no proper answer from Slack: HTTP {status}")
    if status in (404, 410):
        raise Undeliverable("the file is gone")
    # Without the right to it one gets a page where a person logs in, or is sent there.
    is_log_in = answer.content_type == "text/html" and media_type != "text/html"
    if status != 200 or is_log_in:
        raise Undeliverable(f"Slack keeps the file from us: HTTP {status}; is files:read missing?", dead_address=False)
    if (answer.content_length or 0) > most:
        raise Undeliverable(f"larger than {most} bytes")


async def _read(answer: ClientResponse, most: int) -> bytes:
    """What it says about its size is not believed."""
    data = bytearray()
    async for piece in answer.content.iter_chunked(PIECE):
        data += piece
        if len(data) > most:
            raise Undeliverable(f"larger than {most} bytes")
    return bytes(data)


# ---------------------------------------------------------------- what goes out


async def share(api: Api, files: Sequence[Enclosure], *, channel: str, thread: str | None) -> None:
    """Upload them into that conversation. Raises as `Api.call` does."""
    if taken := _uploads(files):
        client = await api.uploading_client()
        await api.call(client.files_upload_v2, file_uploads=taken, channel=channel, thread_ts=thread)


def _uploads(files: Sequence[Enclosure]) -> list[dict[str, Any]]:
    """Slack takes no empty file, and a name that is no path."""
    full = [one for one in files if one.data][:MOST_IN_MESSAGE]
    return [{"filename": _name(one), "title": _name(one), "content": one.data} for one in full]


def _name(one: Enclosure) -> str:
    return clean_line(_SEPARATORS.sub("_", one.name), limit=NAME).lstrip(".") or "file"
