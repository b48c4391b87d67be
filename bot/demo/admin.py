"""Lets whoever plays into the admin's browser, as the member of staff whom they are."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from bot.demo.sight import Sight
from bot.web.admin import door
from bot.web.site import Site
from core import transactions
from core.accounts import accounts
from core.models.accounts import Account, Role

_BY = "demo"


async def let_in(request: Request, site: Site, sight: Sight) -> Response:
    """Everybody there is an admin, for there is nobody else."""
    response = RedirectResponse("/admin/", 303)
    await door.let_in(response, request, site, await _account(sight), how=_BY)
    return response


@transactions.atomic
async def _account(sight: Sight) -> Account:
    staff, now = sight.staff, sight.now
    known = await Account.get_or_none(staff_id=staff.id)
    if known is None:
        made = await accounts.create(staff.key, Role.ADMIN, name=staff.name, locale=sight.locale, by=_BY, now=now)
        known = await accounts.change(made.id, staff=staff.key, by=_BY, now=now)
    elif known.locale != sight.locale:
        known = await accounts.change(known.id, locale=sight.locale, by=_BY, now=now)
    return known
