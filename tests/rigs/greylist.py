"""A greylist for Postfix (its policy protocol): who is new is told to come back, and let in when they do.

with Greylist() as greylist:
    ...  # check_policy_service inet:127.0.0.1:{greylist.port}
    assert greylist.asked == [("support@example.org", "grey@example.net")]
"""

from __future__ import annotations

import socketserver
import threading
from types import TracebackType
from typing import Self


class Greylist:
    """Strict with recipients whose name begins with `grey`. It knows a pair of envelope addresses, as real ones do."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self._server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def judge(self, sender: str, recipient: str) -> str:
        if not recipient.startswith("grey"):
            return "dunno"
        is_known = (sender, recipient) in self.asked
        self.asked.append((sender, recipient))
        return "dunno" if is_known else "defer_if_permit Greylisted, come back in five minutes"


def _handler(greylist: Greylist) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            said: dict[str, str] = {}
            for line in self.rfile:
                name, _, value = line.decode().rstrip("\n").partition("=")
                if name:
                    said[name] = value
                    continue
                self.wfile.write(f"action={greylist.judge(said['sender'], said['recipient'])}\n\n".encode())
                said = {}

    return Handler
