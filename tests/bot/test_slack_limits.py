"""Whatever a message or a form holds, Slack takes it: by Block Kit's limits and by slack_sdk's own models."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from slack_sdk.errors import SlackObjectFormationError
from slack_sdk.models.blocks import Block
from slack_sdk.models.views import View

from bot.channels.slack import drawing, forms
from core.ports import Button, Fact, FieldKind, Form, FormField, Message, Option, Tone
from tests.rigs import slack_blocks

NASTY = [
    *(
        "x",
        "👩‍👩‍👧‍👦",
        "שלום \u202eevil ",
        "<!channel> ",
        "&amp;",
        "<",
        "> ",
        "\n",
        " ",
        "*_~`",
        "e\u0301",
        "是",
        "\u0000",
    ),
    *("@here\n", "<https://evil|x>", "\ufeff", "a b "),
]
WORDS = st.text(max_size=120) | st.builds(
    lambda sign, times: sign * times, st.sampled_from(NASTY), st.integers(0, 5000)
)
ACTIONS = st.from_regex(r"[a-z0-9:_-]{0,60}", fullmatch=True)
URLS = st.builds(lambda path: "https://us.example/" + path, st.from_regex(r"[a-zA-Z0-9/_-]{0,3500}", fullmatch=True))
BUTTONS = st.builds(
    Button,
    label=WORDS,
    action=ACTIONS,
    url=st.just("") | URLS,
    tone=st.sampled_from(Tone),
    hint=WORDS,
    chosen=st.booleans(),
)
MARKED = WORDS.map(drawing.escape) | WORDS.map(lambda words: f"*{drawing.escape(words)}* <https://us.example|here>")
MESSAGES = st.builds(
    Message,
    key=st.just("alert:1"),
    kind=st.just("alert"),
    text=MARKED,
    plain=WORDS,
    rows=st.lists(st.lists(BUTTONS, max_size=9).map(tuple), max_size=60).map(tuple),
    facts=st.lists(st.builds(Fact, WORDS, WORDS), max_size=40).map(tuple),
    quote=WORDS,
    footer=WORDS,
)
OPTIONS = st.lists(st.builds(Option, value=st.text(max_size=200), label=WORDS), max_size=130).map(tuple)
FIELDS = st.builds(
    FormField,
    name=st.just("field"),
    label=WORDS,
    kind=st.sampled_from(FieldKind),
    options=OPTIONS,
    values=st.lists(WORDS, max_size=3).map(tuple),
    required=st.booleans(),
    max_length=st.integers(1, 9000),
    hint=WORDS,
)
FORMS = st.builds(
    lambda fields, **given: Form(
        fields=tuple(FormField(**_with(field, name=f"field_{at}")) for at, field in enumerate(fields)), **given
    ),
    fields=st.lists(FIELDS, max_size=8),
    action=st.from_regex(r"[a-z0-9:_-]{1,60}", fullmatch=True),
    title=WORDS,
    submit=WORDS,
    cancel=WORDS,
    intro=WORDS,
)
ORIGINS = st.builds(
    forms.Origin, st.sampled_from(["", "D0ANN", "C" * 20]), st.sampled_from(["", "D0ANN:1780000001.000100"])
)


def _with(field: FormField, **given: Any) -> dict[str, Any]:
    return {name: getattr(field, name) for name in FormField.__slots__} | given


def models_problems(blocks: Sequence[Mapping[str, Any]]) -> list[str]:
    """What slack_sdk's models find, and what they would not send as it stands."""
    found = []
    for block in blocks:
        parsed = Block.parse(dict(block))
        if parsed is None:
            found.append(f"no model for {block['type']}")
            continue
        try:
            parsed.validate_json()
            known = parsed.to_dict()
        except SlackObjectFormationError as error:
            found.append(str(error))
            continue
        if missing := set(block) - set(known):
            found.append(f"{block['type']}: unknown to the model: {missing}")
    return found


@given(MESSAGES)
@settings(max_examples=60, deadline=None)
def test_slack_takes_every_message(message: Message) -> None:
    drawn = drawing.drawn(message)
    assert slack_blocks.message_problems({"channel": "C1", **drawn}) == []
    assert models_problems(drawn["blocks"]) == []
    json.dumps(drawn).encode()


@given(MESSAGES)
@settings(max_examples=20, deadline=None)
def test_slack_takes_every_home(message: Message) -> None:
    view = drawing.home(message)
    assert slack_blocks.view_problems(view) == []
    View(**view).validate_json()


@given(FORMS, ORIGINS)
@settings(max_examples=60, deadline=None)
def test_slack_takes_every_form(form: Form, origin: forms.Origin) -> None:
    view = forms.view(form, origin)
    assert slack_blocks.view_problems(view) == []
    assert models_problems(view["blocks"]) == []
    View(**view).validate_json()
    assert forms.remembered(view) == (form.action, origin)


@pytest.mark.parametrize(
    ("spoiled", "problem"),
    [
        ([{"type": "section", "text": {"type": "mrkdwn", "text": "x" * 3001}}], "3001 characters"),
        ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "x"}] * 11}], "11 fields"),
        ([{"type": "section", "fields": [{"type": "mrkdwn", "text": "x" * 2001}]}], "2001 characters"),
        ([{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}], "151 characters"),
        ([{"type": "context", "elements": [{"type": "mrkdwn", "text": "x"}] * 11}], "11 elements"),
        ([{"type": "divider"}] * 51, "51 blocks"),
        ([{"type": "actions", "elements": [{"type": "button", "action_id": str(n), "text": {
            "type": "plain_text", "text": "x"}} for n in range(26)]}], "26 elements"),
        ([{"type": "actions", "elements": [{"type": "button", "action_id": "a", "text": {
            "type": "plain_text", "text": "x" * 76}}]}], "76 characters"),
        ([{"type": "actions", "elements": [{"type": "button", "action_id": "a", "value": "x" * 2001, "text": {
            "type": "plain_text", "text": "x"}}]}], "value: too long"),
        ([{"type": "actions", "elements": [{"type": "button", "action_id": "a", "url": "us", "text": {
            "type": "plain_text", "text": "x"}}]}], "url 'us'"),
        ([{"type": "divider", "block_id": "x" * 256}], "block_id"),
        ([{"type": "divider", "colour": "red"}], "invalid additional property"),
        ([{"type": "input"}], "cannot stand here"),
    ],
)  # fmt: skip
def test_the_schema_knows_the_limits(spoiled: list[dict[str, Any]], problem: str) -> None:
    """So that the tests above prove something."""
    assert any(problem in one for one in slack_blocks.message_problems({"text": "x", "blocks": spoiled}))


@pytest.mark.parametrize(
    ("spoiled", "problem"),
    [
        ({"title": {"type": "plain_text", "text": "x" * 25}}, "title: 25 characters"),
        ({"submit": {"type": "plain_text", "text": "x" * 25}}, "submit: 25 characters"),
        ({"private_metadata": "x" * 3001}, "private_metadata"),
        ({"callback_id": "x" * 256}, "callback_id"),
        ({"blocks": [{"type": "divider"}] * 101}, "101 blocks"),
        ({"colour": "red"}, "invalid additional property"),
        ({"type": "popup"}, "popup"),
    ],
)
def test_the_schema_knows_the_limits_of_views(spoiled: dict[str, Any], problem: str) -> None:
    view = forms.view(Form("a", "Title", "Send", "Back", (FormField("x", "X", FieldKind.TEXT),)), forms.Origin())
    assert slack_blocks.view_problems(view) == []
    assert any(problem in one for one in slack_blocks.view_problems({**view, **spoiled}))


def test_a_long_comment_that_is_not_touched_does_not_lose_its_end() -> None:
    comment = FormField("comment", "In your words", FieldKind.TEXT, values=("word " * 800,), max_length=4000)
    view = forms.view(Form("a", "Title", "Send", "Back", (comment,)), forms.Origin())
    shown = view["blocks"][0]["element"]["initial_value"]
    cases: list[tuple[str | None, dict[str, tuple[str, ...]] | None]] = [
        (shown, {}),
        (shown[:-9] + "changed", None),
        ("short", {"comment": ("short",)}),
        (None, {"comment": ()}),
    ]
    for typed, values in cases:
        state = {"values": {"comment": {"comment": {"type": "plain_text_input", "value": typed}}}}
        given = forms.values({**view, "state": state})
        assert given == values if values is not None else "comment" in given


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("*这是测试。*没有客户", "*这是测试。*\u200b没有客户"),
        ("您的工单 *CS1*“路由器”", "您的工单 *CS1*\u200b“路由器”"),
        ("工单*CS1*", "工单\u200b*CS1*"),
        ("Your *CS1*, (*CS2*): *CS3*\n*CS4*", "Your *CS1*, (*CS2*): *CS3*\n*CS4*"),
    ],
)
def test_what_is_bold_touches_no_letter(text: str, shown: str) -> None:
    """Slack would show the asterisks."""
    [block] = drawing.blocks(Message(key="note:1", kind="note", text=text, plain=text))
    assert block["text"]["text"] == shown
