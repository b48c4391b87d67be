"""Ports that nobody else is given: below those that the system hands out for outgoing connections."""

from __future__ import annotations

import random
import socket

_CHANCE = random.SystemRandom()  # no seed of a test run must make all tests ask for the same ports


def free_port() -> int:
    """A port of 127.0.0.1 that is free now, and that no connection of another test takes meanwhile."""
    while True:
        port = _CHANCE.randint(10_000, 32_000)
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
