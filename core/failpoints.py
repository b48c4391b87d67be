"""Steps at which a test may have the process killed, as a power cut would. Where nobody arms one they do nothing.

`AFTERWORD_FAILPOINT=delivery.sent.alert:2` is SIGKILL at the second alert that was sent and is not yet marked as sent.
"""

from __future__ import annotations

import functools
import os
import signal

VARIABLE = "AFTERWORD_FAILPOINT"


def fp(step: str, about: str = "") -> None:
    """This step is reached; `about` says with what, and is a part of the name: `delivery.sent` + `alert`."""
    armed = _armed()
    if armed is not None:
        armed.reached(f"{step}.{about}" if about else step)


class _Armed:
    def __init__(self, name: str, passes: int) -> None:
        self._name = name
        self._passes = passes

    def reached(self, name: str) -> None:
        if name == self._name:
            self._passes -= 1
            if self._passes == 0:
                os.kill(os.getpid(), signal.SIGKILL)


@functools.cache
def _armed() -> _Armed | None:
    name, _, nth = os.environ.get(VARIABLE, "").partition(":")
    return _Armed(name, int(nth or 1)) if name else None
