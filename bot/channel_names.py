"""What a channel is called before people: by its kind, and by its name as well where there are several of that kind."""

from __future__ import annotations

from bot.site import Site


def called(channel: str, site: Site, locale: str) -> str:
    """ "web chat"; "web chat (shop)" where there are two. What no channel is called, but an outside desk, stays."""
    kind = site.channels.get(channel, channel)
    if not site.templates.has_label(f"channel.{kind}"):
        return channel
    words = site.templates.label(f"channel.{kind}", locale)
    if list(site.channels.values()).count(kind) < 2:
        return words
    return site.templates.label("alert.one_of_channels", locale, kind=words, name=channel)
