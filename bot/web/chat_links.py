"""The channels into whose chat a link leads, for who makes such a link."""

from __future__ import annotations

from bot.site import opened_by_link
from bot.web.site import Site
from core import errors
from core.ports import OpensByLink, TryLater, Undeliverable


def doors(site: Site) -> list[str]:
    """Their names."""
    return sorted(one.name for one in opened_by_link(site.channels.values()))


async def door(site: Site, name: str) -> OpensByLink:
    """That channel, whose own name on its network is known now. Raises errors.Invalid, and Conflict when it is not."""
    found = next((one for one in opened_by_link(site.channels.values()) if one.name == name), None)
    if found is None:
        known = " or ".join(doors(site)) or "none"
        raise errors.Invalid(
            f"no channel called {name!r} is opened by a link: choose {known}",
            field="channel",
            label="contacts.channel_unknown",
        )
    try:
        known_as = await found.username()
    except (TryLater, Undeliverable) as error:
        raise _unknown() from error
    if not known_as:
        raise _unknown()
    return found


def _unknown() -> errors.Conflict:
    return errors.Conflict(
        "the channel has not answered, so the bot's name is not known yet",
        field="channel",
        label="contacts.link.unknown",
    )
