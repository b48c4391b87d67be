"""Makes the frame of our mails from its MJML: `python -m tools.mail_layout`, after a change in layout.mjml.

MJML knows what each mail program needs around a column of text, Outlook's tables above all. It is needed for this
alone; an installation has the result.
"""

from __future__ import annotations

import re
from pathlib import Path

from mjml import mjml2html

FOLDER = Path(__file__).resolve().parent.parent / "bot" / "channels" / "email"
SOURCE = FOLDER / "layout.mjml"
COMPILED = FOLDER / "layout.html.j2"
_HEAD = """{# Made from layout.mjml by tools/mail_layout.py: change that, and make this anew. #}
{% import "layout_parts.html.j2" as parts %}
"""
_HTML = re.compile(r'<html lang="([^"]*)" dir="([^"]*)"[^>]*>')


def compiled() -> str:
    """The frame as a template. Its writing direction is the language's own, which MJML does not foresee."""
    html = mjml2html(SOURCE.read_text(encoding="utf-8"))
    html = _HTML.sub(r'<html lang="\1" dir="\2">', html)
    html = html.replace("direction:ltr", "direction:{{ page.direction }}")
    html = re.sub(r"text-align:left", 'text-align:{{ "right" if page.direction == "rtl" else "left" }}', html)
    html = re.sub(r'align="left"', 'align="{{ "right" if page.direction == "rtl" else "left" }}"', html)
    return _HEAD + html.strip() + "\n"


if __name__ == "__main__":
    COMPILED.write_text(compiled(), encoding="utf-8")
