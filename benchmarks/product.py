"""The product as it is installed: a configuration, a store, and `afterword serve` in a process of its own."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import processes
from benchmarks.processes import Program
from bot import config as configs
from bot.config import Config

SECRET = "0123456789abcdef0123456789abcdef"
TOKEN = "4242:bench-AAbbCCddEEffGGhhIIjjKK"


def configuration(folder: Path, port: int, *, api_port: int = 0, pace: float = 0) -> Config:
    """Write config.toml: without `api_port` there are no channels, `pace` is the bot's messages per second."""
    lines = [
        "[site]",
        f'listen = "127.0.0.1:{port}"',
        f'secret_key = "{SECRET}"',
        "[store]",
        f'url = "sqlite://{folder / "afterword.db"}"',
    ]
    if api_port:
        lines += _channels(api_port, pace)
    path = folder / "config.toml"
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return configs.load(path)


def _channels(api_port: int, pace: float) -> list[str]:
    return [
        "[channels.support-bot]",
        'kind = "telegram"',
        f'token = "{TOKEN}"',
        'mode = "webhook"',
        f'webhook_secret = "{SECRET}"',
        f'api_base = "http://127.0.0.1:{api_port}"',
        *([f"messages_per_second = {pace}"] if pace else []),
        "[channels.slack]",
        'kind = "slack"',
        'mode = "http"',
        'bot_token = "xoxb-benchmark"',
        f'signing_secret = "{SECRET}"',
        f'api_base = "http://127.0.0.1:{api_port}/api/"',
    ]


@contextlib.contextmanager
def serving(folder: Path, port: int, *, prefix: Sequence[str] = ()) -> Iterator[Program]:
    """`afterword serve`, from when it is ready."""
    with Program(
        "bot", "serve", "--config", folder / "config.toml", cores=processes.MEASURED, folder=folder, prefix=prefix
    ) as running:
        processes.wait_for_port(running, port)
        processes.wait_for(lambda: processes.is_ready(port), "the product is ready")
        yield running


def hook_order(port: int, bodies: Sequence[str], *, connections: int, per_second: float = 0) -> Mapping[str, Any]:
    """What the generator does to a hook; the floors ignore the header."""
    return {
        "port": port,
        "path": "/hooks/support-bot",
        "headers": {"X-Telegram-Bot-Api-Secret-Token": SECRET},
        "bodies": bodies,
        "connections": connections,
        "per_second": per_second,
    }
