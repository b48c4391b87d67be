"""What became of a connection, in words for people: no network library's class names."""

from __future__ import annotations

import re

_TABLE = (
    (r"DNSError|gaierror", "this machine's name server does not know the name"),
    (r"Certificate|SSL", "no certificate that is to be trusted"),
    (r"Timeout|timeout", "no answer in time"),
    (r"Refused|ConnectError|ClientConnector|ClientOSError|OSError", "cannot be reached"),
    (r"Disconnected|Reset|BrokenPipe|Aborted|Incomplete|ClientPayload", "hung up in the middle"),
)
_OTHERWISE = "what came back makes no sense"


def of(error: BaseException) -> str:
    """The most exact of what the error and its causes say."""
    names = " ".join(_names(error))
    return next((words for pattern, words in _TABLE if re.search(pattern, names)), _OTHERWISE)


def of_text(said: str) -> str:
    """The same for a library that tells only in words, "ServerTimeoutError: …"; "" where it names no failure."""
    name = re.match(r"\w*(Error|[Tt]imeout)", said.partition(":")[0].replace(" ", ""))
    return next((words for pattern, words in _TABLE if name and re.search(pattern, name[0])), "")


def _names(error: BaseException | None) -> list[str]:
    if error is None:
        return []
    bases = [one.__name__ for one in type(error).__mro__ if one.__module__ != "builtins" or one is type(error)]
    return [*bases, *_names(error.__cause__ or error.__context__)]
