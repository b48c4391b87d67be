"""The process in which templates that people wrote are run: `python -m bot.render_child`, one JSON line in, one out.

It holds nothing worth stealing and may be killed at any moment. It limits its own memory, and ends itself when a
template takes too long, even if nobody is left to kill it.
"""

from __future__ import annotations

import contextlib
import json
import resource
import signal
import sys
from functools import lru_cache
from typing import Any

from bot.template_engine import Draw, compiled
from core.ports import Dialect

MEMORY = 256 * 1024 * 1024
SECONDS = 1.0


def main() -> None:
    _limit()
    _say({"ready": True})
    for line in sys.stdin:
        signal.setitimer(signal.ITIMER_REAL, SECONDS * 1.5)
        answer = _answer(json.loads(line))
        signal.setitimer(signal.ITIMER_REAL, 0)
        _say(answer)
        if answer.get("out_of_memory"):
            break


def _say(answer: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _answer(request: dict[str, Any]) -> dict[str, Any]:
    try:
        return {"texts": [_draw(source, dialect, request) for source, dialect in request["pieces"]]}
    except MemoryError:
        return {"error": "it takes too much memory", "out_of_memory": True}
    except RecursionError:
        return {"error": "it is nested too deeply"}
    except Exception as error:  # whatever a template can do wrong is the template's fault
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def _draw(source: str, dialect: str, request: dict[str, Any]) -> str:
    return _compiled(source, dialect, request["locale"])(request["context"])


@lru_cache(maxsize=200)
def _compiled(source: str, dialect: str, locale: str) -> Draw:
    return compiled(source, Dialect(dialect), locale)


def _limit() -> None:
    for what, most in ((resource.RLIMIT_AS, MEMORY), (resource.RLIMIT_CORE, 0), (resource.RLIMIT_FSIZE, 0)):
        with contextlib.suppress(ValueError, OSError):  # macOS does not limit memory
            resource.setrlimit(what, (most, most))


if __name__ == "__main__":
    main()
