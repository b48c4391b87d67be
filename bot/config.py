"""What this installation is set up with: `config.toml` and the environment, checked as a whole before anything starts.

The environment wins over the file, the file over the defaults. `AFTERWORD_SITE__BASE_URL` is `site.base_url`,
`AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN` is the token of `[channels.support-bot]`, and a secret may also be the content
of a file: `AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN_FILE`, or `token_file` in `config.toml`.
"""

from __future__ import annotations

import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from bot import channels, config_sources
from bot.channels.settings import ChannelSettings
from bot.config_models import Config, Logs, Site, Store
from core.setting_problems import Place, Problem, dotted, explain, listed, unknown

__all__ = ["DEFAULT_PATH", "Config", "ConfigError", "Logs", "Site", "Store", "link_secret", "load"]

DEFAULT_PATH = Path("config.toml")
SECTIONS: dict[str, type[BaseModel]] = {"site": Site, "store": Store, "logs": Logs}
_CHANNEL_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,59}")


class ConfigError(Exception):
    """The configuration cannot be used. The text names every wrong setting, and what would be right."""


def load(path: Path = DEFAULT_PATH, environ: Mapping[str, str] | None = None) -> Config:
    """Read `path` and the environment. Raises ConfigError that names everything that is wrong, all at once."""
    written = _toml(path)
    named = config_sources.from_environment(os.environ if environ is None else environ, _channel_names(written))
    problems = list(named.problems)
    problems += [Problem((name,), unknown(name, [*SECTIONS, "channels"])) for name in written if name not in _TABLES]
    parts = {
        name: _section(model, written.get(name, {}), named.settings.get(name, {}), (name,), problems)
        for name, model in SECTIONS.items()
    }
    configured = _channels(written.get("channels", {}), named.settings.get("channels", {}), problems)
    if problems:
        raise ConfigError(_letter(path, problems, named.origins))
    return Config.model_validate({**parts, "channels": configured})


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
    if len(secret) < config_sources.SECRET_LENGTH:
        raise ConfigError(f"{path}: is damaged. Restore it from a backup, or delete it: links sent before will be dead")
    return secret


def secret_path(config: Config) -> Path:
    """Where the secret for links is kept when `site.secret_key` is not set."""
    return (config.store.path.parent if config.store.path else Path("data")) / "secret.key"


_TABLES = frozenset({*SECTIONS, "channels"})


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


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        remedy = "Copy config.example.toml to config.toml and change it, or name yours with --config"
        raise ConfigError(f"{path}: there is no such file. {remedy}") from None
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read ({error.strerror})") from None
    except UnicodeDecodeError:
        raise ConfigError(f"{path}: is not UTF-8 text") from None
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(f"{path}: is not TOML: {error}") from None


def _channel_names(written: Mapping[str, Any]) -> list[str]:
    tables = written.get("channels", {})
    return list(tables) if isinstance(tables, dict) else []


def _section(
    model: type[BaseModel], written: object, named: object, place: Place, problems: list[Problem]
) -> BaseModel | None:
    """One table of the file, under what the environment says; None when something is wrong with it."""
    if not isinstance(written, dict):
        problems.append(Problem(place, f"must be a table, [{dotted(place)}]"))
        return None
    if not isinstance(named, dict):
        problems.append(Problem(place, "is a table, not a single setting"))
        return None
    table = config_sources.merged(model, written, named, place, problems)
    try:
        return model.model_validate(table)
    except ValidationError as error:
        problems.extend(explain(error, model, place))
        return None


def _channels(written: object, named: object, problems: list[Problem]) -> dict[str, ChannelSettings]:
    if not isinstance(written, dict) or not isinstance(named, dict):
        problems.append(Problem(("channels",), "must hold tables, such as [channels.telegram]"))
        return {}
    found: dict[str, ChannelSettings] = {}
    for name in {**written, **named}:
        settings = _channel(name, written.get(name, {}), named.get(name, {}), problems)
        if isinstance(settings, ChannelSettings):
            found[name] = settings
    return found


def _channel(name: str, written: object, named: object, problems: list[Problem]) -> BaseModel | None:
    place: Place = ("channels", name)
    if not _CHANNEL_NAME.fullmatch(name):
        problems.append(Problem(place, 'a name has small letters, digits, "-" and "_", and at most 60 of them'))
        return None
    tables = [table for table in (named, written) if isinstance(table, dict)]
    kind = next((table["kind"] for table in tables if "kind" in table), None)
    if kind is None and len(tables) == 2:
        problems.append(Problem((*place, "kind"), f"is missing; there are {listed(channels.KINDS)}"))
        return None
    if kind is not None and (not isinstance(kind, str) or kind not in channels.KINDS):
        problems.append(Problem((*place, "kind"), unknown(str(kind), channels.KINDS, "kind of channel")))
        return None
    model = channels.settings_class(kind) if kind is not None else ChannelSettings
    return _section(model, written, named, place, problems)


def _letter(path: Path, problems: list[Problem], origins: Mapping[Place, str]) -> str:
    """What people read: one line for each problem, with the variable that it came from, if it did."""
    lines = []
    for problem in problems:
        origin = origins.get(problem.place) or origins.get(
            (*problem.place[:-1], f"{(problem.place or ('',))[-1]}_file")
        )
        lines.append(f"{problem} (from {origin})" if origin else str(problem))
    return f"{path}: " + (lines[0] if len(lines) == 1 else "\n  ".join([f"{len(lines)} settings are wrong", *lines]))
