"""A private Postfix on loopback, which carries mail between our listener and a Dovecot, and bounces it for real.

with Postfix({"example.org": "smtp:[127.0.0.1]:2527", "example.net": "lmtp:[127.0.0.1]:2424"}) as server:
    ...  # smtp_host = "127.0.0.1", smtp_port = server.port
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import free_port

_MAIN = """
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/data
maillog_file = {folder}/postfix.log
maillog_file_prefixes = {folder}
mail_owner = postfix
setgid_group = postdrop
inet_interfaces = loopback-only
inet_protocols = ipv4
mynetworks = 127.0.0.0/8
myhostname = mx.example.net
mydestination =
local_transport = error:no local mail here
alias_maps =
relay_domains = {domains}
transport_maps = inline:{{ {transports} }}
default_transport = error:only loopback
recipient_delimiter = +
smtpd_relay_restrictions = permit_mynetworks, reject
smtpd_recipient_restrictions = {policy} permit_mynetworks, reject
bounce_queue_lifetime = 1m
delay_warning_time = 1s
notify_classes =
smtp_tls_security_level = none
lmtp_tls_security_level = none
smtpd_tls_security_level = none
smtp_host_lookup = native
lmtp_host_lookup = native
disable_dns_lookups = yes
"""
_MASTER = """
127.0.0.1:{port} inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
smtp unix - - n - - smtp
relay unix - - n - - smtp
lmtp unix - - n - - lmtp
error unix - - n - - error
retry unix - - n - - error
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
tlsmgr unix - - n 1000? 1 tlsmgr
postlog unix-dgram n - n - 1 postlogd
"""


class Postfix:
    """`routes` says for each domain or address where its mail goes; nothing else leaves. `policy` is the port of a
    policy service; `main` and `master` are more lines for main.cf and master.cf.

    Whoever sent what has to wait is told at once ("delayed").
    """

    def __init__(
        self, routes: Mapping[str, str], *, port: int = 0, policy: int = 0, main: str = "", master: str = ""
    ) -> None:
        assert shutil.which("postfix"), "install postfix"
        assert os.geteuid() == 0, "Postfix can only be started by root"
        self.port = port or free_port()
        self._routes = routes
        self._more_main, self._more_master = main, master
        self._policy = f"check_policy_service inet:127.0.0.1:{policy}," if policy else ""
        self._folder = Path(tempfile.mkdtemp(prefix="postfix-"))
        self._config = self._folder / "config"

    def __enter__(self) -> Self:
        self._folder.chmod(0o755)
        for name in ("config", "queue", "data"):
            (self._folder / name).mkdir(mode=0o755)
        shutil.chown(self._folder / "data", "postfix")
        transports = ", ".join(f"{{ {domain} = {where} }}" for domain, where in self._routes.items())
        main = _MAIN.format(
            folder=self._folder,
            domains=" ".join(route.rpartition("@")[2] for route in self._routes),
            transports=transports,
            policy=self._policy,
        )
        (self._config / "main.cf").write_text(f"{main}{self._more_main}\n")
        (self._config / "master.cf").write_text(f"{_MASTER.format(port=self.port)}{self._more_master}\n")
        self._say("start")
        self._wait()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._say("stop")
        shutil.rmtree(self._folder, ignore_errors=True)

    @property
    def log(self) -> str:
        path = self._folder / "postfix.log"
        return path.read_text() if path.exists() else ""

    def flush(self) -> None:
        """Try at once what waits."""
        self._say("flush")

    def _say(self, what: str) -> None:
        done = subprocess.run(["postfix", "-c", str(self._config), what], capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr + self.log

    def _wait(self) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError(self.log)
