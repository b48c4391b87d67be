"""A private Dovecot on loopback: mailboxes by IMAP, delivery by LMTP, quota, holiday notes. It needs root.

with Dovecot() as server:
    ...  # server.imap_port, server.lmtp_port, password "secret"
    server.deliver("support", raw)
"""

from __future__ import annotations

import os
import shutil
import smtplib
import socket
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.ports import free_port

PASSWORD = "secret"
_CONFIG = """
protocols = imap lmtp
listen = 127.0.0.1
base_dir = {folder}/run
state_dir = {folder}/state
log_path = {folder}/dovecot.log
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain login{mechanisms}
auth_username_format = %Ln
mail_location = maildir:{folder}/mail/%n
mail_home = {folder}/mail/%n
mail_uid = {owner}
mail_gid = {group}
first_valid_uid = 1
recipient_delimiter = +
hostname = mx.example.net
postmaster_address = postmaster@example.net
submission_host = 127.0.0.1:{submission_port}
quota_full_tempfail = no
imap_idle_notify_interval = 2 mins
mail_max_userip_connections = 0
mailbox_idle_check_interval = 1 s
mail_plugins = quota
{token_database}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%n {folder}/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%n {folder}/users
}}
protocol lmtp {{
  mail_plugins = quota sieve
}}
plugin {{
  quota = maildir:User quota
  quota_rule = *:storage=100M
  sieve = file:{folder}/sieve/%n.sieve
  sieve_vacation_min_period = 0
}}
service imap-login {{
  chroot =
  inet_listener imap {{
    port = {imap_port}
  }}
  inet_listener imaps {{
    port = 0
  }}
}}
service lmtp {{
  inet_listener lmtp {{
    address = 127.0.0.1
    port = {lmtp_port}
  }}
}}
service anvil {{
  chroot =
  # Whoever once had a wrong password would wait longer and longer; all of us come from 127.0.0.1.
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
"""


_TOKENS = """
passdb {{
  driver = oauth2
  mechanisms = xoauth2 oauthbearer
  args = {folder}/oauth2.conf
}}
"""
_OAUTH2 = """
introspection_mode = auth
introspection_url = {introspection}
username_attribute = username
username_format = %Ln
active_attribute = active
active_value = true
"""


class Dovecot:
    """With `introspection`, a URL that tells whose an access token is, it takes XOAUTH2 as well.

    Its users are `users`; one with "full" in the name has a mailbox of one kilobyte."""

    def __init__(self, *users: str, submission_port: int = 25, introspection: str = "") -> None:
        assert shutil.which("dovecot"), "install dovecot-imapd, dovecot-lmtpd and dovecot-sieve"
        assert os.geteuid() == 0, "Dovecot can only be started by root"
        self.users = users or ("support",)
        self.imap_port, self.lmtp_port = free_port(), free_port()
        self._submission_port = submission_port
        self._introspection = introspection
        self._folder = Path(tempfile.mkdtemp(prefix="dovecot-"))
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.prepare()
        self.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def prepare(self) -> None:
        self._folder.chmod(0o755)
        for name in ("run", "state", "mail", "sieve"):
            (self._folder / name).mkdir()
        for name in ("mail", "sieve"):
            shutil.chown(self._folder / name, "nobody", "nogroup")
        config = _CONFIG.format(
            folder=self._folder,
            owner="nobody",
            group="nogroup",
            imap_port=self.imap_port,
            lmtp_port=self.lmtp_port,
            submission_port=self._submission_port,
            mechanisms=" xoauth2" if self._introspection else "",
            token_database=_TOKENS.format(folder=self._folder) if self._introspection else "",
        )
        (self._folder / "oauth2.conf").write_text(_OAUTH2.format(introspection=self._introspection))
        (self._folder / "dovecot.conf").write_text(config)
        lines = [f"{user}:{PASSWORD}::::::{_quota(user)}" for user in self.users]
        (self._folder / "users").write_text("\n".join(lines) + "\n")
        (self._folder / "users").chmod(0o644)

    def start(self) -> None:
        self._process = subprocess.Popen(["dovecot", "-F", "-c", str(self._folder / "dovecot.conf")])
        for port in (self.imap_port, self.lmtp_port):
            self._wait_for(port)

    def stop(self) -> None:
        assert self._process is not None
        self._process.terminate()
        self._process.wait(timeout=20)

    def away(self, user: str, words: str) -> None:
        """That user is on holiday."""
        script = self._folder / "sieve" / f"{user}.sieve"
        script.write_text(f'require ["vacation"];\nvacation :addresses ["{user}@example.net"] "{words}";\n')
        shutil.chown(script, "nobody", "nogroup")

    def deliver(self, user: str, raw: bytes, *, sender: str = "ann@example.net") -> None:
        """By LMTP, as a mail server does; `user` may have a "+token". Raises smtplib's errors."""
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as lmtp:
            lmtp.sendmail(sender, [f"{user}@example.org"], raw)

    @property
    def log(self) -> str:
        path = self._folder / "dovecot.log"
        return path.read_text() if path.exists() else ""

    def _wait_for(self, port: int) -> None:
        end = time.monotonic() + 30
        while time.monotonic() < end:
            with socket.socket() as probe:
                probe.settimeout(1)
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            assert self._process is not None
            assert self._process.poll() is None, self.log
            time.sleep(0.05)
        raise AssertionError(self.log)


def _quota(user: str) -> str:
    return "userdb_quota_rule=*:bytes=1024" if "full" in user else ""
