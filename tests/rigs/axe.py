"""axe-core, which finds what keeps people with a screen reader, a keyboard or weak eyes out of a page.

assert await axe.complaints(page) == []
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Protocol

from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]

TAGS = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa")

_AT_REST = """Promise.allSettled(
  document.getAnimations().filter((one) => one.effect.getComputedTiming().endTime < Infinity).map((one) => one.finished)
)"""


class Document(Protocol):
    """A page, or a frame in it."""

    async def evaluate(self, expression: str, arg: Any = None) -> Any: ...


async def complaints(*documents: Document) -> list[str]:
    """Each breach of WCAG 2.2 AA as "rule: where: what", for all documents; frames have to be named one by one."""
    return [line for document in documents for line in await _of(document)]


async def _of(document: Document) -> Iterable[str]:
    """Colours are judged when they have arrived where they fade to; what moves for ever is judged as it is."""
    await document.evaluate(_AT_REST)
    await document.evaluate(Axe().axe_script)
    options = {
        "runOnly": {"type": "tag", "values": TAGS},
        "resultTypes": ["violations"],
        "iframes": False,
        "preload": False,
    }
    found = await document.evaluate("(options) => axe.run(document, options)", options)
    return [
        f"{rule['id']}: {' '.join(map(str, node['target']))}: {' '.join(node['failureSummary'].split())}"
        for rule in found["violations"]
        for node in rule["nodes"]
    ]
