"""Whether a port can be had."""

from __future__ import annotations

import socket


def tried(host: str, port: int) -> int:
    """Bind it and let it go: the port, or for 0 one that nobody has. Raises OSError when it cannot be had now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind((host, port))
        return int(probe.getsockname()[1])
