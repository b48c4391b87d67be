"""What stand-in networks accepted, drawn as people's clients draw it: bubbles, blocks, mails side by side."""

from __future__ import annotations

import base64
import html
from collections.abc import Mapping, Sequence
from typing import Any

from bot.web.admin import marked
from tests.rigs.telegram import Shown

STYLE = """
:root { color-scheme: light dark; --back: #eef1f5; --ink: #1d1c1d; --soft: #616061; --line: #d8dce2; --card: #fff;
  --key: #4a6d94; }
@media (prefers-color-scheme: dark) {
  :root { --back: #16181d; --ink: #e8e8ea; --soft: #a5a8ad; --line: #3a3f48; --card: #22252b; --key: #35475f; }
}
* { box-sizing: border-box; }
body { display: flex; gap: 20px; align-items: flex-start; margin: 0; padding: 20px; background: var(--back);
  color: var(--ink); font: 14px/1.42 "Liberation Sans", "DejaVu Sans", "Noto Sans CJK SC", sans-serif; }
section { flex: none; width: var(--wide); }
h2 { margin: 0 0 2px; color: var(--soft); font: 600 11px/1.4 "Liberation Mono", monospace; }
article { margin: 0 0 16px; }
img, iframe { display: block; width: 100%; border: 0; border-radius: 12px; }
.telegram { width: fit-content; max-width: 100%; min-width: 70%; }
.telegram .bubble { padding: 7px 11px; border-radius: 14px 14px 14px 4px; background: var(--card);
  white-space: pre-wrap; box-shadow: 0 1px 1px rgb(0 0 0 / .15); overflow-wrap: anywhere; }
.telegram blockquote { margin: 4px 0; padding: 3px 8px; border-inline-start: 3px solid #3390ec; border-radius: 4px;
  background: rgb(51 144 236 / .1); }
.telegram .row, .slack .row { display: flex; gap: 4px; margin-top: 4px; }
.telegram .row span { flex: 1; padding: 8px 4px; border-radius: 9px; background: var(--key); color: #fff;
  font-weight: 600; text-align: center; white-space: nowrap; overflow: hidden; text-overflow: ellipsis; }
.telegram .row .primary { background: #1f6fc2; } .telegram .row .success { background: #217a41; }
.telegram .row .danger { background: #c8423b; }
.slack { padding: 10px 12px; border: 1px solid var(--line); border-radius: 10px; background: var(--card);
  overflow-wrap: anywhere; }
.slack .text { margin: 0 0 8px; white-space: pre-wrap; } .slack .plain { color: var(--ink); }
.slack .fields { display: grid; grid-template-columns: 1fr 1fr; gap: 8px 14px; margin: 0 0 8px; white-space: pre-wrap; }
.slack .context { color: var(--soft); font-size: 12px; } .slack .row { flex-wrap: wrap; gap: 8px; margin: 0 0 8px; }
.slack .row span { padding: 5px 11px; border: 1px solid var(--line); border-radius: 7px; font-weight: 700;
  font-size: 13px; }
.slack .row .primary { border-color: #007a5a; background: #007a5a; color: #fff; }
.slack .row .danger { border-color: #e01e5a; background: #e01e5a; color: #fff; }
.subject { padding: 6px 10px; border-radius: 10px 10px 0 0; background: var(--card); font-weight: 700; }
pre { margin: 0; padding: 10px 12px; border-radius: 10px; background: var(--card); white-space: pre-wrap;
  font: 12px/1.5 "Liberation Mono", "Noto Sans CJK SC", monospace; overflow-wrap: anywhere; }
.slack h3 { margin: 0 0 8px; font-size: 15px; } .slack .field { margin: 0 0 10px; } .slack .field b { display: block; }
.slack .field small { display: block; color: var(--soft); }
.slack .field i { display: block; min-height: 30px; padding: 4px 8px; border: 1px solid var(--line); border-radius: 5px;
  font-style: normal; }
.leads { color: LinkText; text-decoration: underline; }
.slack code { padding: 1px 3px; border: 1px solid var(--line); border-radius: 3px; color: #e01e5a; }
"""


def sheet(columns: Sequence[Sequence[tuple[str, str]]], *, wide: int) -> str:
    """A page of columns of (kind, drawing)."""
    drawn = "".join(
        "<section>" + "".join(f"<article><h2>{kind}</h2>{one}</article>" for kind, one in column) + "</section>"
        for column in columns
    )
    return f'<!doctype html><meta charset="utf-8"><style>{STYLE}:root {{ --wide: {wide}px }}</style>{drawn}'


def telegram(shown: Shown) -> str:
    """`source` is what we sent, in Telegram's HTML, which is HTML."""
    text = shown.source if shown.parse_mode else html.escape(shown.source)
    rows = "".join(f'<div class="row">{"".join(map(_key, row))}</div>' for row in shown.rows)
    return f'<div class="telegram"><div class="bubble">{text}</div>{rows}</div>'


def slack(blocks: Sequence[Mapping[str, Any]]) -> str:
    return f'<div class="slack">{"".join(map(_block, blocks))}</div>'


def form(view: Mapping[str, Any]) -> str:
    """A modal: its title, what it asks, and its two buttons."""
    heading = f"<h3>{html.escape(view['title']['text'])}</h3>"
    asked = "".join(_field(one) if one["type"] == "input" else _block(one) for one in view["blocks"])
    close, submit = (html.escape(view[name]["text"]) for name in ("close", "submit"))
    return (
        f'<div class="slack">{heading}{asked}<div class="row"><span>{close}</span>'
        f'<span class="primary">{submit}</span></div></div>'
    )


def _field(block: Mapping[str, Any]) -> str:
    element = block["element"]
    chosen = [one["value"] for one in element.get("initial_options", ())]
    chosen += [element["initial_option"]["value"]] if "initial_option" in element else []
    one, none = ("☑", "☐") if element["type"] == "checkboxes" else ("◉", "○")
    lines = [
        f"{one if option['value'] in chosen else none} {html.escape(option['text']['text'])}"
        for option in element.get("options", ())
    ]
    drawn = "<br>".join(lines) if lines else f"<i>{html.escape(element.get('initial_value', ''))}</i>"
    hint = f"<small>{html.escape(block['hint']['text'])}</small>" if "hint" in block else ""
    return f'<div class="field"><b>{html.escape(block["label"]["text"])}</b>{drawn}{hint}</div>'


def text_part(words: str) -> str:
    return f"<pre>{html.escape(words)}</pre>"


def mail(page: str, *, subject: str, height: int) -> str:
    heading = f'<div class="subject">{html.escape(subject)}</div>'
    return f'{heading}<iframe srcdoc="{html.escape(page)}" style="height:{height}px"></iframe>'


def picture(png: bytes) -> str:
    return f'<img src="data:image/png;base64,{base64.b64encode(png).decode()}" alt="">'


def _key(button: Mapping[str, Any]) -> str:
    return f'<span class="{button.get("style", "")}">{html.escape(button["text"])}</span>'


def _block(block: Mapping[str, Any]) -> str:
    match block["type"]:
        case "section" if "fields" in block:
            return f'<div class="fields">{"".join(f"<div>{_text(one)}</div>" for one in block["fields"])}</div>'
        case "section" | "header":
            return f'<div class="text">{_text(block["text"])}</div>'
        case "context":
            return f'<div class="context">{"".join(map(_text, block["elements"]))}</div>'
        case "divider":
            return "<hr>"
    buttons = (
        f'<span class="{one.get("style", "")}">{html.escape(one["text"]["text"])}</span>'
        for one in block.get("elements", ())
        if one["type"] == "button"
    )
    return f'<div class="row">{"".join(buttons)}</div>'


def _text(text: Mapping[str, Any]) -> str:
    if text["type"] == "plain_text":
        return f'<span class="plain">{html.escape(text["text"])}</span>'
    return str(marked.of_mrkdwn(text["text"]))
