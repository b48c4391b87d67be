"""`afterword demo`: the whole product with a small company in it, for one person who plays every part.

Nothing in here is reachable from `afterword serve`: its pages ask for no login, so they exist only on loopback.
"""

from __future__ import annotations


def run(port: int, *, fresh: bool = False) -> None:
    """Serve the demonstration on 127.0.0.1 until it is stopped. What was played is kept; `fresh` begins anew."""
    from bot.demo import stage

    stage.run(port, fresh=fresh)
