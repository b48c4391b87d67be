"""Who stands before an admin page: signed in, with the right, and really asking for it (SEC-21, SEC-46, SEC-47)."""

from __future__ import annotations

import hmac
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urlsplit

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from bot import channel_names, troubles, wording_time
from bot.web import pages, reading
from bot.web.admin import measures, navigation
from bot.web.policies import Policy
from bot.web.sessions import cookie_name, is_genuine, seal, set_cookie
from bot.web.site import Here, Site
from core.accounts import roles, sessions
from core.accounts.roles import Right
from core.errors import NotAllowed, Refusal
from core.models.accounts import Account, Session
from core.phrases import Phrase

SAFE = frozenset({"GET", "HEAD"})
FORM_FIELDS = 1000
_COOKIE, _STRANGER = "afterword-admin", "afterword-door"
_HOUR = 3600
_DAY = 24 * _HOUR


class SignInFirst(Exception):
    """Nobody is signed in in this browser (any more)."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who is signed in and may make it; draws pages and says what they need to know."""

    request: Request
    site: Site
    session: Session
    locale: str

    @property
    def account(self) -> Account:
        return self.session.account

    @property
    def now(self) -> datetime:
        return self.site.clock()

    @property
    def csrf(self) -> str:
        return seal(self.site, "csrf", self.session.token_hash)

    def may(self, right: Right) -> bool:
        return roles.may(self.account.role, right)

    def must(self, right: Right) -> None:
        """Raises NotAllowed: for what only some may of those to whom a page is open."""
        if not self.may(right):
            raise NotAllowed(f"a role {self.account.role} may not do that", label="admin.forbidden")

    def say(self, key: str, **values: object) -> str:
        """A label in the reader's language."""
        return self.site.templates.label(key, self.locale, **values)

    def when(self, moment: datetime, zone: str = "") -> str:
        """A moment on the site's clock, unless another `zone` is shown; its day named."""
        clock = zone or self.site.timezone
        return wording_time.unbroken(self.site.templates.when(moment, self.locale, clock, now=self.now, lasting=True))

    def zone_name(self, own: str = "") -> str:
        """The zone of the times on this page, the site's unless it is the reader's `own`: "Asia/Shanghai (UTC+8)"."""
        name = own or self.site.timezone
        offset = wording_time.zone_name(self.now, name)
        return offset if offset == "UTC" else self.say("admin.zone", name=name, offset=offset)

    def channel(self, name: str) -> str:
        return channel_names.called(name, self.site.place(self.site.timezone), self.locale)

    def trouble(self, sentence: str) -> str:
        """Why something did not go out or was not understood, as it was stored."""
        return troubles.in_words(sentence, self.site.templates, self.locale)

    def span(self, length: timedelta) -> str:
        """To the second: "1 minute 30 seconds"."""
        left, told = int(length.total_seconds()), []
        for unit, size in (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1)):
            count, left = divmod(left, size)
            told += [self.say(f"duration.{unit}", count=count)] if count else []
        return self.say("time.between_units").join(told) or self.say("duration.second", count=0)

    def why(self, refusal: Refusal) -> str:
        """Why something was refused, in the reader's language where it has been translated."""
        return self.say(refusal.label, **refusal.values) if refusal.label else refusal.message

    def tell(self, phrase: Phrase) -> str:
        """What only the reader's page can say."""
        values = {name: self._told(value) for name, value in phrase.values.items()}
        return self.say(phrase.label, **values).strip()

    def _told(self, value: object) -> object:
        if isinstance(value, timedelta):
            return self.span(value)
        return self.tell(value) if isinstance(value, Phrase) else value

    def listed(self, parts: Iterable[object], *, long: bool = False) -> str:
        """Several things in one sentence; `long` ones may have commas in them."""
        return self.site.templates.listed(parts, self.locale, long=long)

    def wrong(self, refusal: Refusal | None) -> dict[str, str]:
        """For a form that is shown again: which field, and what is wrong with it; empty when nothing is."""
        return {"field": refusal.field if refusal else "", "problem": self.why(refusal) if refusal else ""}

    async def form(self) -> dict[str, str]:
        """The fields of the form that was sent, the last value of each."""
        return {name: values[-1] for name, values in (await self.form_lists()).items()}

    async def form_lists(self) -> dict[str, list[str]]:
        """The same with every value. Raises errors.Malformed."""
        return await reading.form(self.request, most=FORM_FIELDS)

    async def file(self, name: str) -> bytes:
        """The file that was sent in this field. Raises errors.Malformed."""
        return await reading.file(self.request, name, most=FORM_FIELDS)

    def draw(self, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """`templates/web/admin/<name>.html.j2`, with `visit` in it. A fragment when it does not extend the layout."""
        shown = {
            "visit": self,
            "measures": measures,
            "site_name": self.site.name,
            "section_groups": navigation.grouped(navigation.shown_to(self.account.role)),
            **values,
        }
        return pages.of(self.request).draw(f"admin/{name}", self.locale, shown, status=status)

    def back(self, path: str, *, said: str = "", **query: str) -> Response:
        """After something was done: on to a page of ours, which says `admin.said.<said>`."""
        given = {**query, **({"said": said} if said else {})}
        address = f"{path}?{urlencode(given)}" if given else path
        if self.request.headers.get("hx-request"):
            return Response(status_code=204, headers={"HX-Redirect": address})
        return RedirectResponse(address, 303)

    def is_in(self, section: navigation.Section) -> bool:
        """Whether the page that is shown belongs to this section."""
        path = self.request.url.path
        return path == section.path or (section.path != navigation.HOME and path.startswith(f"{section.path}/"))

    def language(self, tag: str) -> str:
        return self.site.templates.language(tag, self.locale)

    @property
    def languages(self) -> list[tuple[str, str]]:
        """The languages that there are, each in its own words, for a choice."""
        words = self.site.templates
        return [(tag, words.label("language.name", tag)) for tag in words.locales()]

    def languages_with(self, tags: Iterable[str]) -> list[tuple[str, str]]:
        """Those, and what else there are words in: a language that is not finished, or was taken away."""
        known = self.languages
        return known + [(tag, self.language(tag)) for tag in tags if tag not in dict(known)]

    def named(self, section: str, code: str) -> str:
        """A code in words, where there are some for it."""
        return self.site.templates.named(section, code, self.locale)

    def sent(self, kind: str) -> str:
        """What kind of message a delivery is."""
        own = "admin.ticket.delivery"
        return self.named(own if self.site.templates.has_label(f"{own}.{kind}") else "kind", kind)

    @property
    def said(self) -> str:
        """What the page before did, from its address; only what we could have said."""
        key = f"admin.said.{self.request.query_params.get('said', '')[:60]}"
        return self.say(key) if self.site.templates.has_label(key) else ""


class Member:
    """The policy of an admin page: somebody signed in whose role has the right. What it gives is the `Visit`."""

    def __init__(self, right: Right) -> None:
        self.policy = Policy(right=right)
        self.right = right

    async def __call__(self, request: Request, site: Here) -> Visit:
        session = await who_is_in(request, site)
        if session is None:
            raise SignInFirst
        visit = Visit(request, site, session, locale_of(request, site, session.account.locale))
        visit.must(self.right)
        if request.method not in SAFE:
            await check_genuine(request, site, visit.csrf)
        return visit


def locale_of(request: Request, site: Site, wanted: str = "") -> str:
    return site.templates.best_locale(wanted or request.headers.get("accept-language", "")[:200])


async def check_genuine(request: Request, site: Site, token: str) -> None:
    """Raises NotAllowed unless one of our own pages sent this: the token is right, the browser names no other site."""
    given = request.headers.get("x-csrf-token", "")
    if not given:
        given = (await reading.form(request, most=FORM_FIELDS)).get("csrf", [""])[-1]
    if not (_is_our_own(request, site) and hmac.compare_digest(given.encode(), token.encode())):
        raise NotAllowed("this was not sent by one of our own pages", label="admin.not_genuine")


def _is_our_own(request: Request, site: Site) -> bool:
    if request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}:
        return False
    origin = request.headers.get("origin", "null")  # "null" where pages send no referrer, as ours do
    if origin == "null":
        return True
    ours = {urlsplit(site.base_url).netloc, request.headers.get("host", "")}
    return urlsplit(origin).netloc in ours


# ---------------------------------------------------------------- what the browser keeps


async def who_is_in(request: Request, site: Site) -> Session | None:
    """The session of this browser, if it has one that is good."""
    return await sessions.find(request.cookies.get(cookie_name(site, _COOKIE), ""), now=site.clock())


async def let_in(response: Response, request: Request, site: Site, account: Account, *, how: str) -> None:
    """From now on this browser is signed in, until it has been idle for long or a day is over."""
    browser = request.headers.get("user-agent", "")
    token = await sessions.begin(account, browser=browser, how=how, now=site.clock())
    set_cookie(response, site, _COOKIE, token, seconds=_DAY)


def show_out(response: Response, site: Site) -> None:
    response.delete_cookie(cookie_name(site, _COOKIE), path="/", secure=site.secure, httponly=True, samesite="lax")


def draw_for_stranger(request: Request, site: Site, name: str, *, status: int = 200, **values: Any) -> HTMLResponse:
    """A form for somebody who is not signed in: their browser keeps a secret, and `csrf` is the token to it."""
    secret = request.cookies.get(cookie_name(site, _STRANGER), "")
    if not (20 <= len(secret) <= 100):
        secret = secrets.token_urlsafe(24)
    shown = {
        "site_name": site.name,
        "csrf": seal(site, "stranger", secret),
        "providers": [one.settings for one in site.providers.values()],
        "path": request.url.path,
        **values,
    }
    response = pages.of(request).draw(f"admin/{name}", chosen_locale(request, site), shown, status=status)
    set_cookie(response, site, _STRANGER, secret, seconds=_HOUR)
    return response


def chosen_locale(request: Request, site: Site) -> str:
    """What the address asks for with `?lang=`, else what the browser wants."""
    return locale_of(request, site, request.query_params.get("lang", "")[:20])


async def check_stranger(request: Request, site: Site, fields: Mapping[str, Sequence[str]]) -> None:
    """Raises NotAllowed unless the form came from a page that this very browser got from us."""
    secret = request.cookies.get(cookie_name(site, _STRANGER), "")
    given = (fields.get("csrf") or [""])[-1]
    if not (secret and _is_our_own(request, site) and is_genuine(site, given, "stranger", secret)):
        raise NotAllowed("this was not sent by one of our own pages", label="admin.not_genuine")
