"""What this installation is set up with: `config.toml` and the environment, checked as a whole before anything starts.

The environment wins over the file, the file over the defaults. `AFTERWORD_SITE__BASE_URL` is `site.base_url`,
`AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN` is the token of `[channels.support-bot]`, and a secret, as any setting, may be
the content of a file: `AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN_FILE`, or `token_file` in `config.toml`.
"""

from __future__ import annotations

import os
import secrets
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from bot.config_models import LONG_ENOUGH, Config, Logs, Site, Store, Webhooks
from bot.config_sources import FILE, Environment, File
from core.setting_problems import Place, Problem, explain

__all__ = [
    "DEFAULT_PATH",
    "Config",
    "ConfigError",
    "Logs",
    "Site",
    "Store",
    "Webhooks",
    "erasures_path",
    "link_secret",
    "load",
]

DEFAULT_PATH = Path("config.toml")


class ConfigError(Exception):
    """The configuration cannot be used. The text names every wrong setting, and what would be right."""


def load(path: Path = DEFAULT_PATH, environ: Mapping[str, str] | None = None) -> Config:
    """Read `path` and the environment. Raises ConfigError that names everything that is wrong, all at once."""
    file = _file(path)
    environment = Environment(Config, os.environ if environ is None else environ, file.channels)
    # In a dictionary, because mypy takes the fields alone for parameters.
    sources: dict[str, Any] = {"_build_sources": ((environment, file), {})}
    wrong: list[Problem] = []
    try:
        config = Config(**sources)
    except ValidationError as error:
        wrong = explain(error, Config)
    if problems := _causes([*environment.problems, *file.problems], wrong):
        raise ConfigError(_letter(path, problems, environment.origins))
    return config


def link_secret(config: Config) -> bytes:
    """What the tokens in links are made with: `site.secret_key`, or the file that is made at the first start.

    The file is `secret.key` beside the SQLite store, or in `data/` with PostgreSQL; nobody else may read it. Losing it
    makes every link that was sent a dead one. Raises ConfigError when the file cannot be used.
    """
    if config.site.secret_key is not None:
        return config.site.secret_key.get_secret_value().encode()
    path = secret_path(config)
    try:
        _make_secret(path)
        secret = path.read_bytes().strip()
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}; or set site.secret_key instead of this file") from error
    if len(secret) < LONG_ENOUGH:
        raise ConfigError(f"{path}: is damaged. Restore it from a backup, or delete it: links sent before will be dead")
    return secret


def secret_path(config: Config) -> Path:
    """Where the secret for links is kept when `site.secret_key` is not set."""
    return (config.store.path.parent if config.store.path else Path("data")) / "secret.key"


def erasures_path(config: Config) -> Path:
    """Where the ledger of erasures is: as `store.erasures` says, or beside the secret for links."""
    said = config.store.erasures
    return Path(said).expanduser() if said else secret_path(config).with_name("erasures.ledger")


def _make_secret(path: Path) -> None:
    """Make it whole or not at all, so that of two processes that start together both read the same one."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(secrets.token_urlsafe(48) + "\n")
        file.flush()
        os.fsync(file.fileno())
    try:
        os.link(draft, path)
    except FileExistsError:
        pass
    finally:
        draft.unlink()


def _causes(read: Sequence[Problem], wrong: Sequence[Problem]) -> list[Problem]:
    """What could not be read, and what is wrong besides: a table that lacks a secret whose file is missing is not."""
    unread = {problem.place[:-1] for problem in read}
    return [*read, *(problem for problem in wrong if not problem.place or problem.place not in unread)]


def _file(path: Path) -> File:
    try:
        return File(Config, path)
    except FileNotFoundError:
        remedy = "Copy config.example.toml to config.toml and change it, or name yours with --config"
        raise ConfigError(f"{path}: there is no such file. {remedy}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None


def _letter(path: Path, problems: Sequence[Problem], origins: Mapping[Place, str]) -> str:
    """What people read: one line for each problem, with the variable that it came from, if it did."""
    lines = []
    for problem in sorted(problems, key=lambda one: len(one.place) > 1):
        *table, name = problem.place or ("",)
        origin = origins.get(problem.place) or origins.get((*table, f"{name}{FILE}"))
        lines.append(f"{problem} (from {origin})" if origin else str(problem))
    return f"{path}: " + (lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} settings are wrong", *lines]))
