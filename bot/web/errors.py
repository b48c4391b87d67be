"""One shape for everything that goes wrong: {"error": {"code", "message", "field"}}, or a page where people look."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from fastapi.exceptions import RequestValidationError
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Scope

from bot.web import pages
from core import errors, transactions
from core.text import keepable

RETRY_SECONDS = 5
Handler = Callable[[Request, Any], Coroutine[Any, Any, Response]]
_PAGES = ("/r/", "/u/", "/admin", "/setup/")
_CALLED = ("/api/", "/hooks/", "/static/", "/chat/", "/slack/")
"""Where programs ask, whatever they say that they accept."""
_STATUS: dict[type[errors.Refusal], int] = {
    errors.NotFound: 404,
    errors.Invalid: 422,
    errors.Conflict: 409,
    errors.NotAllowed: 403,
}
UNKEEPABLE = "Has a character that cannot be kept: NUL, or half of a surrogate pair."
_CODES = {404: "not_found", 405: "method_not_allowed"}
_MESSAGES = {404: "There is nothing here.", 405: "This address does not take that method."}


_TAGS = {
    "union_tag_invalid": "'{tag}' is not one of {expected_tags}",
    "union_tag_not_found": "Field required",
}


class Unauthorized(Exception):
    """The call carries no token that opens this."""


class TooMany(Exception):
    """Somebody knocks too often; `seconds` until it makes sense to try again."""

    def __init__(self, seconds: float) -> None:
        super().__init__("too many requests")
        self.seconds = seconds


class Malformed(Exception):
    """A body that cannot be read at all."""


def plain(
    scope: Scope,
    status: int,
    code: str,
    message: str,
    *,
    field: str = "",
    headers: Mapping[str, str] | None = None,
    label: str = "",
) -> Response:
    """An error for whoever asked: a page where people look, JSON everywhere else. `label` says it in their language."""
    if _looks(scope, status):
        return pages.error(scope, status, headers, text=label)
    body = {"error": {"code": code, "message": keepable(message), "field": keepable(field) or None}}
    return JSONResponse(body, status, headers)


def _looks(scope: Scope, status: int) -> bool:
    """Whether a person sees it: where pages are, and where there is nothing at all and a browser asks for a page."""
    path = str(scope["path"])
    if path.startswith(_PAGES):
        return True
    wanted = Headers(scope=scope).get("accept", "")
    return status == 404 and "text/html" in wanted and not path.startswith(_CALLED)


def store_away(scope: Scope) -> Response:
    """Nothing is known to be stored: come again."""
    wait = {"Retry-After": str(RETRY_SECONDS)}
    return plain(scope, 503, "store_unavailable", "The store cannot be reached. Please try again.", headers=wait)


def handlers() -> dict[int | type[Exception], Handler]:
    """For FastAPI; what is not in here is answered by `security.Shield`."""
    return {
        errors.Refusal: _refused,
        HTTPException: _http,
        Malformed: _malformed,
        RequestValidationError: _invalid,
        TooMany: _too_many,
        Unauthorized: _unauthorized,
        transactions.StoreUnavailable: _store_away,
    }


def first_problem(problems: list[Any]) -> tuple[str, str]:
    """Field and message of the first thing that pydantic found wrong: ("ticket.ref", "Field required")."""
    problem = problems[0]
    if problem["type"] in _TAGS:
        context = problem.get("ctx", {})
        name = str(context.get("discriminator", "")).strip("'")
        return name, _TAGS[problem["type"]].format(**context)
    where = [str(part) for part in problem["loc"] if part not in ("query", "header", "path", "body")]
    message = str(problem["msg"]).removeprefix("Value error, ")
    return ".".join(where), message[:1].upper() + message[1:]


async def _refused(request: Request, error: errors.Refusal) -> Response:
    status = next((code for kind, code in _STATUS.items() if isinstance(error, kind)), 422)
    label = error.label if not error.values else ""
    return plain(request.scope, status, error.code, error.message, field=error.field, label=label)


async def _http(request: Request, error: HTTPException) -> Response:
    message = _MESSAGES.get(error.status_code, str(error.detail))
    code = _CODES.get(error.status_code, "refused")
    return plain(request.scope, error.status_code, code, message, headers=error.headers)


async def _malformed(request: Request, error: Exception) -> Response:
    return plain(request.scope, 400, "malformed", str(error))


async def _invalid(request: Request, error: RequestValidationError) -> Response:
    problems = list(error.errors())
    is_page = str(request.scope["path"]).startswith(_PAGES)
    if is_page and any(one["loc"][0] == "path" for one in problems):
        return plain(request.scope, 404, "not_found", _MESSAGES[404])  # nothing of ours is called so
    field, message = first_problem(problems)
    return plain(request.scope, 422, "invalid", message, field=field)


async def _too_many(request: Request, error: TooMany) -> Response:
    wait = {"Retry-After": str(max(1, round(error.seconds + 0.5)))}
    return plain(request.scope, 429, "too_many", "That was a bit much at once. Please wait.", headers=wait)


async def _unauthorized(request: Request, error: Exception) -> Response:
    headers = {"WWW-Authenticate": 'Bearer realm="afterword"'}
    message = "This needs a token: Authorization: Bearer aw_…"
    return plain(request.scope, 401, "unauthorized", message, headers=headers)


async def _store_away(request: Request, error: Exception) -> Response:
    return store_away(request.scope)
