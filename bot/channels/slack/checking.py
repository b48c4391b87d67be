"""Are the tokens good, and may the app do what it must? Each finding says what to do about it."""

from __future__ import annotations

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.channels import network_words
from bot.channels.slack import methods
from bot.channels.slack.calling import Api
from bot.channels.slack.errors import code
from bot.channels.slack.installed import InstalledApi
from bot.channels.slack.socket import Socket
from core.ports import Finding, Keep, TryLater, Undeliverable, Unread

_NEW_BOT_TOKEN = "Put the Bot User OAuth Token (xoxb-…) of the app's page OAuth & Permissions into bot_token."
_NEW_APP_TOKEN = "Put an app-level token (xapp-…) with the scope connections:write into app_token."
_STORE = "Make the store first (afterword db upgrade, afterword serve), then look again."
_LATER = "Slack does not answer as it should; look at https://slack-status.com and at your own way out."


async def bot_token(api: Api) -> Finding:
    try:
        answer = await api.client.auth_test()
    except Exception as error:
        return _failed("the bot token", error, _NEW_BOT_TOKEN)
    return _found(answer)


async def installed(api: InstalledApi, remedy: str) -> Finding:
    """A workspace that installed the app. Asking may renew its token."""
    try:
        await api.token()
        answer = await api.client.auth_test()
    except (TryLater, Undeliverable) as failed:
        return Finding.problem(f"{api.team}: {failed.reason}", remedy)
    except Exception as error:
        return _failed(api.team, error, remedy)
    return _found(answer)


def _found(answer: AsyncSlackResponse) -> Finding:
    who = f"{answer.get('user')} in {answer.get('team')}"
    granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")} - {""}
    if granted and (missing := methods.needed() - granted):
        listed = ", ".join(sorted(missing))
        return Finding.problem(f"{who} lacks {listed}", "Add the scopes under OAuth & Permissions and install again.")
    return Finding.good(f"{who}, with every right that it needs" if granted else who)


def nobody(keep: Keep, remedy: str) -> Finding:
    """That no workspace has installed the app is known only to whoever could look into the store."""
    if isinstance(keep, Unread):
        return Finding.unseen("who has installed the app stands in the store, which could not be opened", _STORE)
    return Finding.problem("no workspace has installed the app yet", remedy)


async def socket(api: Api, app_token: SecretStr, listening: Socket | None) -> Finding:
    """Asks for an address only where nobody listens: Slack gives out few a minute, and the listener needs them."""
    what = "Socket Mode"
    if listening is not None:
        if await listening.is_connected():
            return Finding.good(f"{what}: connected")
        return Finding.problem(f"{what}: not connected at the moment", _LATER)
    try:
        await api.client.apps_connections_open(app_token=app_token.get_secret_value())
    except Exception as error:
        return _failed(f"{what}: the app token", error, _NEW_APP_TOKEN)
    return Finding.good(f"{what}: the app token is good")


def _failed(what: str, error: Exception, remedy: str) -> Finding:
    if isinstance(error, SlackApiError) and code(error):
        return Finding.problem(f"{what}: {code(error)}", remedy)
    return Finding.problem(f"{what}: no answer from Slack ({network_words.of(error)})", _LATER)
