"""The lines for Postfix in the documentation, as they stand there: it hands mails over through a pipe."""

from __future__ import annotations

import asyncio
import contextlib
import re
import sys
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.worker import SWEEP
from core.models.deliveries import Arrival
from core.models.desk import Ticket
from tests import world
from tests.ports import free_port
from tests.rigs.correspondent import Correspondent
from tests.rigs.postfix import Postfix
from tests.rigs.smtp import SmtpRig
from tests.world import World

pytestmark = pytest.mark.slow

PAGE = (Path(__file__).parent.parent / "docs/howto/email.md").read_text()
ARGV, CONFIG = "/opt/afterword/.venv/bin/afterword", "/etc/afterword/config.toml"
AFTERWORD = Path(sys.executable).parent / "afterword"

# Postfix runs the command as a user who may not be let in where the tests' Python lies: this one only hands on.
_GO_BETWEEN = """#!/usr/bin/perl
use IO::Socket::UNIX;
my $there = IO::Socket::UNIX->new(Peer => "{socket}") or exit 75;
local $/; my $mail = <STDIN>;
print $there join("\\0", @ARGV), "\\n", length($mail), "\\n", $mail;
$there->flush; my ($end, $said) = split(/\\n/, <$there>, 2);
print STDERR $said;
exit int($end);
"""


def master() -> str:
    found = re.search(r"^afterword unix .*\n  argv=.*$", PAGE, re.MULTILINE)
    assert found is not None
    return found.group()


def main() -> str:
    found = re.search(r"`(afterword_\w+ = \d+)` in `main.cf`", PAGE)
    assert found is not None
    return found.group(1)


def route() -> tuple[str, str]:
    found = re.search(r"`(\S+@\S+) (afterword:)` in the transport table", PAGE)
    assert found is not None
    return found.group(1), found.group(2)


@contextlib.asynccontextmanager
async def handing_on(folder: Path) -> AsyncIterator[Path]:
    """What runs `afterword`, with the arguments, the mail and the end that Postfix gives and gets."""

    async def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        arguments = (await reader.readline()).decode().rstrip("\n").split("\0")
        mail = await reader.readexactly(int(await reader.readline()))
        pipe = asyncio.subprocess.PIPE
        command = await asyncio.create_subprocess_exec(str(AFTERWORD), *arguments, stdin=pipe, stderr=pipe, stdout=pipe)
        _, said = await command.communicate(mail)
        writer.write(f"{command.returncode}\n".encode() + said)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    def begin(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        under_way.append(asyncio.create_task(run(reader, writer)))

    under_way: list[asyncio.Task[None]] = []
    server = await asyncio.start_unix_server(begin, folder / "socket")
    (folder / "socket").chmod(0o777)
    program = folder / "afterword"
    program.write_text(_GO_BETWEEN.format(socket=folder / "socket"))
    program.chmod(0o755)
    async with server:
        yield program
        await asyncio.gather(*under_way)


@pytest.fixture
async def config(sqlite_url: str, tmp_path: Path, mail: SmtpRig) -> Path:
    path = tmp_path / "config.toml"
    table = f'kind = "email"\nfrom = "support@example.org"\nsmtp_host = "127.0.0.1"\nsmtp_port = {mail.port}\n'
    table += 'smtp_tls = "none"\nlargest_mail_mb = 1\n'
    path.write_text(f'[store]\nurl = "{sqlite_url}"\n[channels.mail]\n{table}')
    return path


@pytest.fixture
async def postfix(config: Path, mail: SmtpRig) -> AsyncIterator[Postfix]:
    address, transport = route()
    routes = {address: transport, "example.net": f"smtp:[127.0.0.1]:{mail.port}"}
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="pipe-")))
        folder.chmod(0o755)
        async with handing_on(folder) as program:
            lines = master().replace(ARGV, str(program)).replace(CONFIG, str(config))
            lines = lines.replace("user=afterword", "user=nobody")
            server = stack.enter_context(Postfix(routes, main=main(), master=lines))
            yield server
            print(server.log)  # noqa: T201 - shown by pytest when the test failed


@pytest.fixture
async def here(sqlite_url: str, mail: SmtpRig, postfix: Postfix) -> AsyncIterator[World]:
    table = {"kind": "email", "from": "support@example.org", "reply_address": "support@example.org"}
    table |= {"smtp_host": "127.0.0.1", "smtp_port": mail.port, "smtp_tls": "none"}  # type: ignore[dict-item]
    async with world.running(sqlite_url, {"mail": table}) as running:
        running.clock.ahead = 2 * SWEEP  # what others stored is seen at the next sweep
        yield running


@pytest.fixture
def ann(postfix: Postfix) -> Correspondent:
    return Correspondent("ann@example.net", postfix.port)


async def test_a_mail_becomes_a_request_and_an_answer_a_rating(here: World, mail: SmtpRig, ann: Correspondent) -> None:
    await ann.writes("My router blinks.", subject="Router")
    await here.until(lambda: _opened(here, "Router"), seconds=40)
    await here.resolve("T-2", addresses=[("mail", ann.address)])
    await mail.until(lambda: any("answer this e-mail" in one.text for one in mail.mailbox(ann.address)))
    question = next(one for one in mail.mailbox(ann.address) if "answer this e-mail" in one.text)
    await ann.answers(question, "4/5 quick")
    [response] = await here.until(lambda: _answered(here, "T-2"), seconds=40)
    assert (response["scores"], response["comment"]) == ({"overall": 4}, "quick")


async def test_a_mail_that_cannot_be_stored_now_is_kept_and_comes_later(
    here: World, postfix: Postfix, config: Path, ann: Correspondent
) -> None:
    good = config.read_text()
    config.write_text(re.sub("sqlite://.*afterword.db", f"postgres://nobody@127.0.0.1:{free_port()}/gone", good))
    await ann.writes("My router blinks.", subject="Router")
    await here.until(lambda: _logged(postfix, "status=deferred"), seconds=40)
    config.write_text(good)
    await asyncio.to_thread(postfix.flush)
    await here.until(lambda: _opened(here, "Router"), seconds=40)
    assert await Arrival.all().count() == 1
    assert "status=bounced" not in postfix.log


async def test_a_mail_that_is_refused_goes_back_to_its_sender(
    here: World, mail: SmtpRig, postfix: Postfix, ann: Correspondent
) -> None:
    await ann.writes("x" * 1024 * 1024, subject="Router")
    await mail.until(lambda: bool(mail.mailbox(ann.address)), seconds=40)
    assert "larger than 1 MB" in mail.mailbox(ann.address)[0].text
    assert "status=bounced" in postfix.log
    assert not await Arrival.exists()


async def _opened(here: World, subject: str) -> bool:
    await here.app.worker.sweep()
    return await Ticket.filter(subject=subject).exists()


async def _answered(here: World, ref: str) -> list[dict[str, Any]]:
    await here.app.worker.sweep()
    return await here.responses(ref)


async def _logged(postfix: Postfix, words: str) -> bool:
    return words in await asyncio.to_thread(lambda: postfix.log)
