"""Where Slack reaches us, and where we send people at Slack."""

from __future__ import annotations

from urllib.parse import quote


def hook(base_url: str, channel: str) -> str:
    return f"{base_url.rstrip('/')}/hooks/{quote(channel)}"


def install(base_url: str, channel: str) -> str:
    """The page that an administrator of another workspace opens."""
    return f"{base_url.rstrip('/')}/slack/{quote(channel)}/install"


def redirect(base_url: str, channel: str) -> str:
    """Where Slack sends the browser back to; must stand in the app's settings to the letter."""
    return f"{base_url.rstrip('/')}/slack/{quote(channel)}/oauth"


def authorize(api_base: str) -> str:
    """Slack's own page "… wants to access your workspace", beside its Web API."""
    return api_base.rstrip("/").removesuffix("/api") + "/oauth/v2/authorize"
