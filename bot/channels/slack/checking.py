"""Are the tokens good, and may the app do what it must? Each finding says what to do about it."""

from __future__ import annotations

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_slack_response import AsyncSlackResponse

from bot.channels.slack import methods
from bot.channels.slack.calling import Api
from bot.channels.slack.errors import code, translated
from bot.channels.slack.installed import InstalledApi
from bot.channels.slack.socket import Socket
from core.ports import Finding, TryLater, Undeliverable

_NEW_BOT_TOKEN = "Put the Bot User OAuth Token (xoxb-…) of the app's page OAuth & Permissions into bot_token."
_NEW_APP_TOKEN = "Put an app-level token (xapp-…) with the scope connections:write into app_token."
_LATER = "Slack does not answer as it should; look at https://slack-status.com and at your own way out."


async def bot_token(api: Api, name: str) -> Finding:
    try:
        answer = await api.client.auth_test()
    except Exception as error:
        return _failed(f"{name}: the bot token", error, _NEW_BOT_TOKEN)
    return _found(answer, name)


async def installed(api: InstalledApi, name: str, remedy: str) -> Finding:
    """A workspace that installed the app. Asking may renew its token."""
    try:
        await api.token()
        answer = await api.client.auth_test()
    except (TryLater, Undeliverable) as failed:
        return Finding(False, f"{name}: {api.team}: {failed.reason}", remedy)
    except Exception as error:
        return _failed(f"{name}: {api.team}", error, remedy)
    return _found(answer, name)


def _found(answer: AsyncSlackResponse, name: str) -> Finding:
    who = f"{name}: {answer.get('user')} in {answer.get('team')}"
    granted = {scope.strip() for scope in str(answer.headers.get("x-oauth-scopes", "")).split(",")} - {""}
    if granted and (missing := methods.needed() - granted):
        listed = ", ".join(sorted(missing))
        return Finding(False, f"{who} lacks {listed}", "Add the scopes under OAuth & Permissions and install again.")
    return Finding(True, who)


async def socket(api: Api, app_token: SecretStr, listening: Socket | None) -> Finding:
    """Asks for an address only where nobody listens: Slack gives out few a minute, and the listener needs them."""
    what = "Socket Mode"
    if listening is not None:
        if await listening.is_connected():
            return Finding(True, f"{what}: connected")
        return Finding(False, f"{what}: not connected at the moment", _LATER)
    try:
        await api.client.apps_connections_open(app_token=app_token.get_secret_value())
    except Exception as error:
        return _failed(f"{what}: the app token", error, _NEW_APP_TOKEN)
    return Finding(True, f"{what}: the app token is good")


def _failed(what: str, error: Exception, remedy: str) -> Finding:
    if isinstance(error, SlackApiError) and code(error):
        return Finding(False, f"{what}: {code(error)}", remedy)
    return Finding(False, f"{what}: {translated(error) or type(error).__name__}", _LATER)
