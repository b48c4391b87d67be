"""Files: what a message brought along, and how its bytes are fetched. Nobody looks into them."""

from __future__ import annotations

from aiogram.exceptions import TelegramBadRequest
from aiogram.methods import GetFile
from aiogram.types import Message, PhotoSize

from bot.channels.telegram.api import Api
from core.ports import File, TryLater, Undeliverable

GIVEN_OUT = 20 * 1000 * 1000
"""Bytes. The Bot API gives out nothing larger."""


_KINDS = (
    ("animation", "video.mp4", "video/mp4"),  # before document, which repeats it for old programs
    ("video", "video.mp4", "video/mp4"),
    ("video_note", "video.mp4", "video/mp4"),
    ("voice", "voice.ogg", "audio/ogg"),
    ("audio", "audio.mp3", "audio/mpeg"),
    ("document", "file", ""),
)
"""And what they are called when nobody said."""


def sent_along(message: Message) -> tuple[File, ...]:
    """The file of a message. An album comes as several messages, each with one."""
    if message.photo:
        size = _best(message.photo)
        return (File("photo.jpg", "image/jpeg", size.file_size or 0, size.file_id),)
    for kind, name, media_type in _KINDS:
        if found := getattr(message, kind):
            name = getattr(found, "file_name", None) or name
            media_type = getattr(found, "mime_type", None) or media_type
            return (File(name, media_type, found.file_size or 0, found.file_id),)
    return ()


async def fetch(api: Api, ref: str, *, most: int) -> bytes:
    """Raises Undeliverable for what is larger or gone, TryLater for what Telegram cannot give now."""
    try:
        found = await api.call(GetFile(file_id=ref))
    except TelegramBadRequest as error:
        if "temporarily unavailable" in error.message.lower():
            raise TryLater(error.message) from None
        raise Undeliverable(error.message) from None  # too big, or not a file that this bot may have
    if (found.file_size or 0) > most:
        raise Undeliverable(f"{found.file_size} bytes, and {most} are wanted at most")
    if not found.file_path or ".." in found.file_path.split("/"):
        raise Undeliverable("Telegram does not say where the file is")
    return await api.download(found.file_path, most=most)


def _best(sizes: list[PhotoSize]) -> PhotoSize:
    """The largest that Telegram gives out; when none is, the smallest."""
    by_area = sorted(sizes, key=lambda size: size.width * size.height)
    fitting = [size for size in by_area if (size.file_size or 0) <= GIVEN_OUT]
    return fitting[-1] if fitting else by_area[0]
