"""What we ask Slack for: every method that we call with the scope that it takes, every event with its own.

The manifest, `afterword check` and the way to install in another workspace are all made from these two tables.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

METHODS: Mapping[str, str] = {
    "apps.connections.open": "",  # by the app-level token, with connections:write
    "auth.test": "",
    "chat.getPermalink": "",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.open": "im:write",
    "files.completeUploadExternal": "files:write",
    "files.getUploadURLExternal": "files:write",
    "files.info": "files:read",
    "oauth.v2.access": "",  # by client_id and client_secret
    "users.info": "users:read",
    "users.lookupByEmail": "users:read.email",
    "views.open": "",
    "views.publish": "",
}
EVENTS: Mapping[str, str] = {
    "app_home_opened": "",
    "app_mention": "app_mentions:read",
    "app_uninstalled": "",
    "message.channels": "channels:history",
    "message.groups": "groups:history",
    "message.im": "im:history",
    "tokens_revoked": "",
}
MAY_BE_LEFT_OUT = frozenset({"app_mention", "message.channels", "message.groups"})
"""Who serves nobody in channels needs no mentions. Without the other two, threads are not heard: notes
of the staff under an alert, and words of customers who do not call us.
"""


def scopes(events: Iterable[str] = EVENTS) -> list[str]:
    """What the app must be allowed, in the order of the alphabet."""
    return sorted({"commands", *METHODS.values(), *(EVENTS[one] for one in events)} - {""})


def needed() -> frozenset[str]:
    """Without these something does not work that everybody needs. Who has no /afterword knows it."""
    return frozenset(scopes(set(EVENTS) - MAY_BE_LEFT_OUT)) - {"commands"}
