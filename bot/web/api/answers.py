"""How the API answers."""

from __future__ import annotations

from typing import Any

from fastapi import Response
from pydantic import BaseModel

from bot.web.api.shapes import Error

REFUSALS: dict[int | str, dict[str, Any]] = {
    401: {"model": Error, "description": "No token, or one that we do not know."},
    403: {"model": Error, "description": "The token lacks the scope."},
    404: {"model": Error, "description": "There is no such thing."},
    422: {"model": Error, "description": "A value cannot be used; `field` names it."},
    503: {"model": Error, "description": "The store cannot be reached; try again."},
}


def answer(shape: BaseModel, status: int = 200) -> Response:
    """Written by pydantic alone: FastAPI would check and copy it once more."""
    return Response(shape.model_dump_json(), status, media_type="application/json")
