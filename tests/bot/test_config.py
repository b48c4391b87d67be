"""The configuration: what is read, who wins, and what people are told when it is wrong."""

from __future__ import annotations

import os
import re
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from pydantic import BaseModel

from bot import channels, config
from bot.channels.settings import ChannelSettings
from bot.config_models import Config, Logs, SignIn, Site, Store

EXAMPLE = Path(__file__).parents[2] / "config.example.toml"
TOKEN = "4839201:AAExampleExampleExampleExampleExample"
BOT = '[channels.support-bot]\nkind = "telegram"\ntoken = "123:abc"\n'


def load(tmp_path: Path, text: str, **environ: str) -> Config:
    path = tmp_path / "config.toml"
    path.write_text(text, encoding="utf-8")
    return config.load(path, environ)


def told(tmp_path: Path, text: str, **environ: str) -> str:
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, text, **environ)
    return str(caught.value)


def token_of(settings: ChannelSettings) -> str:
    return str(settings.token.get_secret_value())  # type: ignore[attr-defined] # only Telegram's are asked


# ---------------------------------------------------------------- reading


def test_an_empty_file_gives_the_defaults(tmp_path: Path) -> None:
    found = load(tmp_path, "")

    assert found.site.listen == "127.0.0.1:8080"
    assert found.site.base_url == "http://127.0.0.1:8080"
    assert found.store.url == "sqlite://data/afterword.db"
    assert found.store.path == Path("data/afterword.db")
    assert found.channels == {}
    assert (found.logs.format, found.logs.level) == ("console", "INFO")


def test_the_configuration_that_outside_programs_depend_on_is_understood(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        """
        [site]
        listen = "127.0.0.1:9099"
        base_url = "http://127.0.0.1:9099/"
        [store]
        url = "postgres://user@host/db"
        [channels.support-bot]
        kind = "telegram"
        token = "123:abc"
        mode = "webhook"
        webhook_secret = "0123456789012345678901234567890123"
        api_base = "https://api.telegram.org"
        [channels.slack]
        kind = "slack"
        mode = "http"
        bot_token = "xoxb-1"
        signing_secret = "secret"
        api_base = "https://slack.com/api/"
        [channels.mail]
        kind = "email"
        from = "Support <support@example.org>"
        smtp_host = "127.0.0.1"
        smtp_port = 2525
        smtp_tls = "none"
        [channels.webchat]
        kind = "webchat"
        """,
    )

    assert (found.site.host, found.site.port) == ("127.0.0.1", 9099)
    assert found.site.base_url == "http://127.0.0.1:9099"
    assert {name: one.kind for name, one in found.channels.items()} == {
        "support-bot": "telegram",
        "slack": "slack",
        "mail": "email",
        "webchat": "webchat",
    }


def test_the_environment_wins_over_the_file_and_reaches_a_channel_with_a_dash_in_its_name(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        BOT,
        AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN=TOKEN,
        AFTERWORD_SITE__TRUSTED_PROXIES="127.0.0.1, 10.0.0.0/8",
        AFTERWORD_LOGS__FORMAT="json",
        HOME="/nowhere",
    )

    assert token_of(found.channels["support-bot"]) == TOKEN
    assert found.site.trusted_proxies == ("127.0.0.1", "10.0.0.0/8")
    assert found.logs.format == "json"


def test_a_secret_may_be_the_content_of_a_file_named_by_the_environment_or_by_the_file(tmp_path: Path) -> None:
    secret = tmp_path / "telegram"
    secret.write_text(f"{TOKEN}\n", encoding="utf-8")

    by_environment = load(tmp_path, BOT, AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN_FILE=str(secret))
    by_file = load(tmp_path, f'[channels.b]\nkind = "telegram"\ntoken_file = "{secret}"\n')

    assert token_of(by_environment.channels["support-bot"]) == TOKEN
    assert token_of(by_file.channels["b"]) == TOKEN


def test_the_environment_wins_however_either_of_the_two_gives_the_secret(tmp_path: Path) -> None:
    secret, other = tmp_path / "telegram", tmp_path / "other"
    secret.write_text(f"{TOKEN}\n", encoding="utf-8")
    other.write_text("1:other", encoding="utf-8")
    by_file = f'[channels.support-bot]\nkind = "telegram"\ntoken_file = "{other}"\n'

    for text, environ in (
        (BOT, {"AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN_FILE": str(secret)}),
        (by_file, {"AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN": TOKEN}),
        (by_file, {"AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN_FILE": str(secret)}),
    ):
        assert token_of(load(tmp_path, text, **environ).channels["support-bot"]) == TOKEN


def test_the_password_of_a_database_can_be_kept_in_a_file_too(tmp_path: Path) -> None:
    kept = tmp_path / "url"
    kept.write_text("postgres://ann:hidden@db/afterword\n", encoding="utf-8")

    found = load(tmp_path, "", AFTERWORD_STORE__URL_FILE=str(kept))

    assert found.store.url == "postgres://ann:hidden@db/afterword"
    assert found.secrets() == {"hidden"}


def test_a_variable_may_hold_a_list_a_table_or_text_that_only_looks_like_one(tmp_path: Path) -> None:
    found = load(
        tmp_path,
        "",
        AFTERWORD_CHANNELS__CHAT='{"kind": "webchat", "title": "Talk to us"}',
        AFTERWORD_CHANNELS__CHAT__ALLOWED_ORIGINS='["https://www.example.org"]',
        AFTERWORD_CHANNELS__MAIL__KIND="email",
        AFTERWORD_CHANNELS__MAIL__FROM="support@example.org",
        AFTERWORD_CHANNELS__MAIL__SMTP_HOST="smtp.example.org",
        AFTERWORD_CHANNELS__MAIL__SMTP_USER="true",
        AFTERWORD_CHANNELS__MAIL__SMTP_PASSWORD="12345678",
        AFTERWORD_CHANNELS__MAIL__SMTP_PORT="2525",
        AFTERWORD_SITE__LISTEN="[::1]:8080",
        AFTERWORD_SITE__NAME="[Example]",
    )

    assert found.channels["chat"].model_dump(include={"title", "allowed_origins"}) == {
        "title": "Talk to us",
        "allowed_origins": ("https://www.example.org",),
    }
    assert found.channels["mail"].model_dump(include={"smtp_port", "smtp_user"}) == {
        "smtp_port": 2525,
        "smtp_user": "true",
    }
    assert {"12345678"} <= found.secrets()
    assert (found.site.host, found.site.name) == ("::1", "[Example]")


def test_the_file_may_be_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "config.toml"
    os.mkfifo(pipe)

    with ThreadPoolExecutor(1) as apart:
        apart.submit(pipe.write_text, '[site]\nname = "Example"', encoding="utf-8")
        found = config.load(pipe, {})

    assert found.site.name == "Example"


def test_a_configuration_that_is_made_by_hand_reads_neither_file_nor_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "config.toml").write_text('[site]\nname = "The file"', encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("AFTERWORD_SITE__NAME", "The environment")
    monkeypatch.setenv("SITE", '{"name": "Some other program"}')

    assert Config(logs=Logs(level="ERROR")).site.name == "Afterword"
    assert config.load().site.name == "The environment"


def test_a_whole_channel_may_come_from_the_environment(tmp_path: Path) -> None:
    found = load(tmp_path, "", AFTERWORD_CHANNELS__NEW_BOT__KIND="telegram", AFTERWORD_CHANNELS__NEW_BOT__TOKEN="1:a")

    assert list(found.channels) == ["new-bot"]


def test_a_variable_that_is_no_setting_is_left_alone(tmp_path: Path) -> None:
    assert load(tmp_path, "", AFTERWORD_HOME="/srv", AFTERWORDS="x").channels == {}


# ---------------------------------------------------------------- what people are told


def test_every_wrong_setting_is_named_at_once_with_what_would_be_right(tmp_path: Path) -> None:
    text = told(
        tmp_path,
        """
        [site]
        listen = "8080"
        [stor]
        [store]
        url = "mysql://host/db"
        [logs]
        level = "LOUD"
        [channels.telegram]
        kind = "telegram"
        tokn = "1:a"
        [channels.chat]
        kind = "webchatt"
        [channels.other]
        token = "1:a"
        """,
    )

    assert text.split("\n")[1:] == [
        "  stor: unknown setting; did you mean store?",
        '  site.listen: must be host and port, such as "127.0.0.1:8080"',
        '  store.url: must be "sqlite://data/afterword.db" or "postgres://user:password@host/database"',
        "  logs.level: must be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'",
        "  channels.telegram.token: is missing",
        "  channels.telegram.tokn: unknown setting; did you mean token?",
        "  channels.chat.kind: unknown kind of channel; did you mean webchat?",
        "  channels.other.kind: is missing; there are email, slack, telegram and webchat",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[site", "is not TOML"),
        ("site = 3", "site: must be a table, [site]"),
        ("channels = 3", "channels: must hold tables"),
        ("[channels]\nx = 3", "channels.x"),
        ('[channels."Ünter bot"]\nkind = "webchat"', "a name has small letters"),
        ('[site]\nlisten = "127.0.0.1:99999"', "site.listen: must be host and port"),
        ('[site]\nbase_url = "survey.example.org"', "site.base_url: must be the address that people see"),
        ('[site]\nlisten = "0.0.0.0:80"', "base_url must be set"),
        ('[site]\nsecret_key = "short"', "site.secret_key: must have at least 32 characters"),
        ('[site]\ntrusted_proxies = ["nginx"]', "site.trusted_proxies: must be addresses or networks"),
    ],
)
def test_a_wrong_file_is_refused_with_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    assert said in told(tmp_path, text)


def test_a_wrong_variable_is_named(tmp_path: Path) -> None:
    text = told(tmp_path, BOT, AFTERWORD_CHANNELS__SUPPORT_BOT__MODE="push", AFTERWORD_SITE_NAME="Example")

    assert "AFTERWORD_SITE_NAME: unknown setting; did you mean AFTERWORD_SITE__NAME?" in text
    assert "(from AFTERWORD_CHANNELS__SUPPORT_BOT__MODE)" in text


def test_a_wrong_setting_of_a_channel_with_any_name_is_named_where_it_stands(tmp_path: Path) -> None:
    text = told(
        tmp_path,
        '[channels.is-a]\nkind = "webchat"\ntitel = "x"\n[channels.Big]\nkind = "webchat"\naccent = "red"\n',
        AFTERWORD_CHANNELS__IS_A__ACCENT="blue",
    )

    form = "does not have the right form. The colour of buttons: #rrggbb."
    assert text.split("\n")[1:] == [
        f"  channels.is-a.accent: {form} (from AFTERWORD_CHANNELS__IS_A__ACCENT)",
        "  channels.is-a.titel: unknown setting; did you mean title?",
        '  channels.Big: a name has small letters, digits, "-" and "_", and at most 60 of them',
        f"  channels.Big.accent: {form}",
    ]


def test_a_password_file_that_is_not_there_is_one_problem_and_not_two(tmp_path: Path) -> None:
    text = told(
        tmp_path,
        '[channels.mail]\nkind = "email"\nfrom = "a@example.org"\nsmtp_host = "localhost"\nsmtp_user = "a"\n'
        'smtp_password_file = "nowhere"\n',
    )

    assert "nowhere" in text
    assert "go together" not in text


def test_a_variable_that_is_a_table_and_a_setting_at_once_is_named(tmp_path: Path) -> None:
    text = told(tmp_path, BOT, AFTERWORD_SITE__NAME="Example", AFTERWORD_SITE__NAME__EN="Example")

    assert "AFTERWORD_SITE__NAME__EN: names a table and a single setting at once" in text


@pytest.mark.parametrize(
    ("content", "said"), [(b" \n", "is an empty file"), (b"\xff\xfe", "is not UTF-8 text"), (None, "Is a directory")]
)
def test_a_secret_file_without_a_secret_in_it_is_named(tmp_path: Path, content: bytes | None, said: str) -> None:
    secret = tmp_path / "secret"
    secret.mkdir() if content is None else secret.write_bytes(content)

    text = told(tmp_path, f'[site]\nsecret_key_file = "{secret}"\nlisten = "8080"')

    assert f"site.secret_key_file: {secret} " in text
    assert said in text
    assert "site.listen: must be host and port" in text


def test_a_directory_in_place_of_the_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"cannot be read \(Is a directory\)"):
        config.load(tmp_path, {})


def test_a_secret_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "no-such-file"

    text = told(tmp_path, BOT, AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN_FILE=str(missing))

    assert f"channels.support-bot.token_file: {missing} cannot be read (No such file or directory)" in text


def test_a_secret_that_is_given_twice_in_one_place_is_refused(tmp_path: Path) -> None:
    text = told(tmp_path, '[channels.b]\nkind = "telegram"\ntoken = "1:a"\ntoken_file = "x"')

    assert "channels.b.token: is set twice" in text


MAIL = 'kind = "email"\nfrom = "a@example.org"\nsmtp_host = "127.0.0.1"\nlisten_smtp = "{}"\n'


@pytest.mark.parametrize("where", ["127.0.0.1:8080", "0.0.0.0:8080"])
def test_a_listener_on_the_port_of_the_pages_is_refused(tmp_path: Path, where: str) -> None:
    said = told(tmp_path, "[channels.mail]\n" + MAIL.format(where))
    assert "channels.mail.listen_smtp: is the port of site.listen too; choose another one" in said


def test_two_listeners_on_one_port_are_refused(tmp_path: Path) -> None:
    both = "[channels.mail]\n" + MAIL.format("127.0.0.1:2525") + "[channels.post]\n" + MAIL.format("127.0.0.1:2525")
    assert "channels.post.listen_smtp: is the port of channels.mail.listen_smtp too" in told(tmp_path, both)
    load(tmp_path, both.replace("2525", "2526", 1))


def test_a_missing_file_is_told_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(config.ConfigError, match=r"there is no such file\. Copy config\.example\.toml to config\.toml"):
        config.load(tmp_path / "config.toml", {})


def test_no_secret_is_ever_shown(tmp_path: Path) -> None:
    canary = "canary0123456789canary0123456789canary"
    good = load(
        tmp_path,
        f'[site]\nsecret_key = "{canary}"\n[store]\nurl = "postgres://user:{canary}@host/db"\n{BOT}',
        AFTERWORD_CHANNELS__SUPPORT_BOT__TOKEN=f"1:{canary}",
    )
    bad = told(
        tmp_path,
        f'[site]\nsecret_key = ["{canary}"]\n[store]\nurl = "mysql://u:{canary}@h/d"\n'
        f'[channels.b]\nkind = "telegram"\ntoken = "no colon {canary}"\nwebhook_secret = 3\n',
    )

    assert canary not in repr(good)
    assert canary not in str(good)
    assert canary not in good.store.shown
    assert canary not in bad
    assert good.secrets() == {canary, f"1:{canary}"}


# ---------------------------------------------------------------- the secret for links


def test_the_secret_for_links_is_made_once_and_nobody_else_may_read_it(tmp_path: Path) -> None:
    settings = Config(store=Store(url=f"sqlite://{tmp_path}/data/afterword.db"))

    first = config.link_secret(settings)

    assert len(first) >= 32
    assert config.link_secret(settings) == first
    kept = tmp_path / "data" / "secret.key"
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert [path.name for path in kept.parent.iterdir()] == ["secret.key"]


def test_a_secret_that_is_set_is_used_and_no_file_is_made(tmp_path: Path) -> None:
    settings = load(tmp_path, f'[site]\nsecret_key = "{"k" * 32}"\n[store]\nurl = "sqlite://{tmp_path}/d/a.db"')

    assert config.link_secret(settings) == b"k" * 32
    assert not (tmp_path / "d").exists()


def test_a_damaged_secret_is_refused_rather_than_replaced(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("half", encoding="utf-8")

    with pytest.raises(config.ConfigError, match="damaged"):
        config.link_secret(Config(store=Store(url=f"sqlite://{tmp_path}/afterword.db")))


# ---------------------------------------------------------------- the example


def uncommented(text: str) -> str:
    """The example with every setting in it: those that are commented out are set, but for a second one of a name."""
    return re.sub(r"^#(?=\[|[a-z_]+ = )(?!url = )", "", text, flags=re.MULTILINE)


def test_the_example_can_be_used_as_it_is(tmp_path: Path) -> None:
    found = load(tmp_path, EXAMPLE.read_text(encoding="utf-8"))

    assert found.channels.keys() == {"webchat"}


def test_the_example_can_be_used_with_everything_set(tmp_path: Path) -> None:
    certificates = tmp_path / "ca.pem"
    certificates.touch()
    text = uncommented(EXAMPLE.read_text(encoding="utf-8")).replace("/etc/ssl/certs/our-own.pem", str(certificates))

    found = load(tmp_path, text)

    assert {one.kind for one in found.channels.values()} == set(channels.KINDS)


@pytest.mark.parametrize(
    ("table", "model"),
    [
        ("[site]", Site),
        ("[store]", Store),
        ("[logs]", Logs),
        ("[sign_in.company]", SignIn),
        *((f'kind = "{kind}"', channels.settings_class(kind)) for kind in channels.KINDS),
    ],
)
def test_the_example_explains_every_setting(table: str, model: type[BaseModel]) -> None:
    text = uncommented(EXAMPLE.read_text(encoding="utf-8"))
    section = re.split(r"^\[", text[text.index(table) :].removeprefix("["), maxsplit=1, flags=re.MULTILINE)[0]

    said = set(re.findall(r"^([a-z_]+) = ", f"{section}", flags=re.MULTILINE))

    assert said | {"kind"} == {field.alias or name for name, field in model.model_fields.items()} | {"kind"}
    assert not any(name.endswith("_file") for name in model.model_fields), "that would be the content of a file"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('issuer = "http://login.example.org"', "issuer must be the https address"),
        ("", "issuer must be the https address"),
        ('issuer = "https://x.example?a=1"', "issuer must be the https address"),
        ('issuer = "https://x.example"\nscope = "email"', 'scope must hold "openid"'),
        ('kind = "slack"', "teams must name your workspaces"),
        ('kind = "saml"', "sign_in.company.kind: must be"),
    ],
)
def test_a_provider_that_would_let_in_anybody_is_refused(tmp_path: Path, text: str, said: str) -> None:
    table = f'{BOT}[sign_in.company]\nclient_id = "a"\nclient_secret = "s3cret"\n{text}\n'
    with pytest.raises(config.ConfigError) as caught:
        load(tmp_path, table)

    assert said in str(caught.value)
    assert "s3cret" not in str(caught.value)


def test_a_providers_secret_may_come_from_a_file(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("of-the-client\n")
    found = load(
        tmp_path,
        f'{BOT}[sign_in.slack]\nkind = "slack"\nclient_id = "1.2"\nclient_secret_file = "{secret}"\nteams = ["T1"]\n',
    )

    assert found.sign_in["slack"].client_secret.get_secret_value() == "of-the-client"
    assert found.sign_in["slack"].issuer == "https://slack.com"
    assert "of-the-client" in found.secrets()
