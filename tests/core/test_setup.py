"""The set-up as a file: written once, changed in part, read back whole."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core import setup as setups
from core import transactions
from core.models.setup import Rule, Staff, StaffAddress, Survey, Team, Wording
from core.setup import SetupError
from core.store import Store
from core.surveys import catalogue

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)

WHOLE = """
[[teams]]
key = "support"
name = "Router & cable"
alert = { channel = "slack", to = "C0ALERTS" }
timezone = "Europe/Berlin"
quiet_hours = "22:00-07:00"
ladder = [
  { after = "15m", to = "duty" },
  { after = "30m", to = "admins", channel = "mail" },
  { after = "1h", channel = "slack", address = "C0MANAGERS" },
]
duty = [{ who = "li@example.org", days = ["mon", "fri"], hours = "18:00-08:00" }, { who = "li@example.org" }]
stand_ins = [{ who = "li@example.org", since = 2026-12-24, until = "2026-12-26" }]

[[staff]]
email = "li@example.org"
name = "Li <3"
team = "support"
leads = true
locale = "zh-Hans"
timezone = "Asia/Shanghai"
quiet_hours = "23:00-06:00"
addresses = [{ channel = "slack", address = "U2" }, { channel = "mail", address = "li@example.org" }]

[[surveys]]
key = "default"
delay = "0s"
window = "always"
settle_after = "1s"
budget = "none"
negative_up_to = 2

[[surveys]]
key = "repairs"
title = { en = "Your repair", zh-Hans = "维修" }
dimensions = [{ key = "overall" }, { key = "speed", label = { en = "How quick" } }]
reasons = []
conditions = { types = ["technical_support"], min_replies = 1 }
window = "20:00-08:00"
budget = "1 per 7d, 4 per 30d"

[[rules]]
key = "late"
when = { bands = ["negative"], teams = ["support"] }
then = ["alert"]

[[templates]]
kind = "invite"
locale = "en"
subject = "How was it?"
source = \"\"\"
Hello {{ contact.name }},
how was it? "Tell" us.
\"\"\"
"""


async def apply(text: str, now: datetime = NOW) -> list[str]:
    return [str(change) for change in await setups.apply(setups.parse(text), now=now)]


async def forget_everything() -> None:
    for model in (StaffAddress, Staff, Survey, Team, Rule, Wording):
        await model.all().delete()


def problems(text: str) -> list[str]:
    with pytest.raises(SetupError) as caught:
        setups.parse(text)
    return str(caught.value).split("\n")


# ---------------------------------------------------------------- applying


async def test_a_file_is_written_into_an_empty_store(store: Store) -> None:
    said = await apply(WHOLE)

    assert [line.split(":")[0] for line in said] == [
        "+ team support",
        "+ staff li@example.org",
        "+ survey default",
        "+ survey repairs",
        "+ rule late",
        "+ template invite locale=en",
    ]
    team = await Team.get(key="support")
    assert (team.name, team.alert_channel, team.alert_to) == ("Router & cable", "slack", "C0ALERTS")
    li = await Staff.get(key="li@example.org").prefetch_related("team", "addresses")
    assert (li.email, li.leads, li.active, li.team and li.team.key) == ("li@example.org", True, True, "support")
    assert {(one.channel, one.address) for one in li.addresses} == {("slack", "U2"), ("mail", "li@example.org")}
    default, repairs = await catalogue.current()
    assert (default.key, repairs.key) == ("default", "repairs")
    assert catalogue.settings_of(default).delay == timedelta(0)
    assert catalogue.settings_of(default).window is None
    assert catalogue.settings_of(default).budget == ()
    assert catalogue.settings_of(repairs).dimension_keys == ("overall", "speed")
    assert (await Wording.get()).source == 'Hello {{ contact.name }},\nhow was it? "Tell" us.\n'
    assert (await Rule.get()).settings["then"] == ["alert"]


async def test_applying_a_file_twice_changes_nothing(store: Store) -> None:
    await apply(WHOLE)
    before = await Survey.all().order_by("id").values()

    assert await apply(WHOLE, NOW + timedelta(days=1)) == []
    assert await setups.plan(setups.parse(WHOLE)) == []
    assert await Survey.all().order_by("id").values() == before


async def test_what_a_file_does_not_mention_stays_as_it_is(store: Store) -> None:
    await apply(WHOLE)

    said = await apply(
        '[[surveys]]\nkey = "default"\ndelay = "90s"\n[[staff]]\nkey = "li@example.org"\nlocale = "en"\n'
    )

    assert said == ["~ staff li@example.org: locale: zh-Hans → en", "~ survey default: delay: 0s → 1m30s"]
    settings = catalogue.settings_of(await Survey.get(key="default", current=True))
    assert (settings.delay, settings.settle_after, settings.window) == (
        timedelta(seconds=90),
        timedelta(seconds=1),
        None,
    )
    assert await StaffAddress.all().count() == 2
    assert await Team.all().count() == 1


async def test_a_survey_that_changes_gets_another_version_and_keeps_the_old_one_for_its_answers(store: Store) -> None:
    await apply(WHOLE)
    await apply('[[surveys]]\nkey = "default"\ndelay = "1h"\n', NOW + timedelta(hours=1))

    old, new = await Survey.filter(key="default").order_by("version")

    assert (old.version, old.current, old.settings["delay"]) == (1, False, "0s")
    assert (new.version, new.current, new.settings["delay"], new.position) == (2, True, "1h", old.position)
    assert new.created_at == NOW + timedelta(hours=1)


async def test_another_place_in_the_order_is_no_other_version(store: Store) -> None:
    await apply(WHOLE)

    said = await apply('[[surveys]]\nkey = "repairs"\nposition = 0\n[[surveys]]\nkey = "default"\nposition = 1\n')

    assert said == ["~ survey repairs: position: 1 → 0", "~ survey default: position: 0 → 1"]
    assert [one.key for one in await catalogue.current()] == ["repairs", "default"]
    assert await Survey.all().count() == 2


async def test_a_dry_run_writes_nothing(store: Store) -> None:
    planned = await setups.plan(setups.parse(WHOLE))

    assert (planned[0].action, planned[0].kind, planned[0].key) == ("add", "team", "support")
    assert "name Router & cable" in planned[0].after
    assert not await Team.exists()
    assert not await Survey.exists()


async def test_an_address_may_go_from_one_person_to_another(store: Store) -> None:
    await apply(WHOLE)

    await apply(
        '[[staff]]\nkey = "li@example.org"\naddresses = []\n'
        '[[staff]]\nkey = "bo"\naddresses = [{ channel = "slack", address = "U2" }]\n'
    )

    [address] = await StaffAddress.all().prefetch_related("staff")
    assert (address.staff.key, address.address) == ("bo", "U2")


async def test_what_was_exported_changes_nothing_when_it_is_applied(store: Store) -> None:
    await apply(WHOLE)
    await catalogue.ensure_default(now=NOW)

    text = setups.to_toml(await setups.export())

    assert await apply(text) == []


async def test_an_export_sets_up_another_store_just_the_same(store: Store) -> None:
    await apply(WHOLE)
    text = setups.to_toml(await setups.export())
    await transactions.run(forget_everything)

    await apply(text)

    assert setups.to_toml(await setups.export()) == text


# ---------------------------------------------------------------- what is refused


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[surveys]]\nkey = "default"\ndely = "5m"', "surveys[0].dely: unknown setting; did you mean delay?"),
        ('[[survey]]\nkey = "default"', "survey: unknown setting; did you mean surveys?"),
        (
            '[[teams]]\nkey = "a"\nalert = { chanel = "slack", to = "C0" }',
            "teams[0].alert.chanel: unknown setting; did you mean channel?",
        ),
        ('[[teams]]\nname = "Support"', "teams[0].key: is missing"),
        ('[[teams]]\nkey = "a"\nalert = { to = "C0" }', "teams[0].alert: must have both"),
        ('[[staff]]\nname = "Li"', "staff[0]: must have a key or an email"),
        ('[[staff]]\nkey = "li"\ntimezone = "Mars/Olympus"', "staff[0].timezone: must be the name of a time zone"),
        ('[[surveys]]\nkey = "a"\ndelay = 5', 'surveys[0].delay: a duration is written as "90s"'),
        ('[[surveys]]\nkey = "a"\nwindow = "9-21"', 'surveys[0].window: a delivery window is written as "09:00-21:00"'),
        ('[[surveys]]\nkey = "a"\nnegative_up_to = "2"', "surveys[0].negative_up_to: must be a valid integer"),
        ('[[surveys]]\nkey = "a"\nnegative_up_to = 9', "surveys[0].negative_up_to: must be less than or equal to 5"),
        (
            '[[surveys]]\nkey = "a"\ndimensions = [{ key = "overall", lable = { en = "x" } }]',
            "surveys[0].dimensions[0].lable: unknown setting; did you mean label?",
        ),
        ('[[rules]]\nkey = "a"\nthen = ["shout"]', "rules[0].then[0]: must be 'reopen'"),
        ('[[teams]]\nkey = "a"\n[[teams]]\nkey = "a"', "teams[0]: a stands here more than once"),
        ('[[teams]]\nkey = "a', "it is not TOML: "),
    ],
)
def test_a_wrong_file_is_refused_and_the_place_is_named(text: str, said: str) -> None:
    assert problems(text)[0].startswith(said)


def test_everything_that_is_wrong_is_named_at_once_and_a_broken_line_by_its_number() -> None:
    assert len(problems('[[surveys]]\nkey = "a"\ndely = "5m"\nwindow = "x"\n[[teams]]\nnme = "x"')) == 4
    assert "line 2" in problems("[[teams]]\nkey =\n")[0]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[[staff]]\nkey = "bo"\nteam = "suport"', "staff[0].team: suport: unknown team; did you mean support?"),
        (
            '[[teams]]\nkey = "a"\nalert = { channel = "slak", to = "C0" }',
            "teams[0].alert.channel: slak: unknown channel; did you mean slack?",
        ),
        (
            '[[staff]]\nkey = "bo"\naddresses = [{ channel = "slack", address = "U2" }]',
            "staff[0].addresses[0]: slack U2 is li@example.org already",
        ),
        ('[[surveys]]\nkey = "default"\npositive_from = 3\nnegative_up_to = 3', "surveys[0].positive_from: must be"),
        ('[[rules]]\nkey = "a"\nthen = ["alert", "alert"]', "rules[0].then[1]: alert stands above already"),
        (
            """[[rules]]\nkey = "a"\nthen = [
            { do = "priority", priority = "high" }, { do = "tag", tag = "a" }, { do = "tag", tag = "b" },
            { do = "priority", priority = "low" }]""",
            "rules[0].then[3]: priority stands above already",
        ),
    ],
)
async def test_what_does_not_fit_the_store_is_refused_and_nothing_is_written(
    store: Store, text: str, said: str
) -> None:
    await apply(WHOLE)
    before = await setups.export()

    with pytest.raises(SetupError) as caught:
        await setups.apply(setups.parse(f'[[teams]]\nkey = "new"\n{text}'), now=NOW, channels=["slack", "mail"])

    assert str(caught.value).replace("teams[1]", "teams[0]").startswith(said)
    assert await setups.export() == before


def test_an_emoji_is_pasted_and_not_named_as_only_slack_does() -> None:
    def symbols(*them: str) -> str:
        listed = ", ".join(f'{{ symbol = "{one}" }}' for one in them)
        return f'[[surveys]]\nkey = "default"\nscale = "own"\nsymbols = [{listed}]\n'

    with pytest.raises(SetupError) as caught:
        setups.parse(symbols(":thumbsdown:", "2", ":)", ":", ":our-party_3:"))
    assert [problem.place[-2:] for problem in caught.value.problems] == [(0, "symbol"), (4, "symbol")]
    assert "paste the emoji itself" in str(caught.value)
    assert setups.parse(symbols("👎", ":(", ":|", ":)", "🎉"))
