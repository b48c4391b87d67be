"""The screens of the survey page: the form, one more tap, thanks, and what is said when it is closed."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from bot.site import start_link
from bot.web import pages, sessions, survey_form, survey_thanks
from bot.web.site import Site
from bot.web.survey_words import Words
from core import contacts, errors
from core.models.invites import ANSWERABLE, UNANSWERED, Invite, InviteState
from core.models.responses import Band
from core.models.responses import Response as Stored
from core.surveys import anonymity, invites, responses, scoring, tokens, visits
from core.surveys.visits import Answer
from core.text import COMMENT_LIMIT

_CLOSED_STATUS = 410


async def find(request: Request, site: Site, token: str) -> Screen | None:
    """The screens of the invite behind a link; None when there is none."""
    invite = await invites.by_token(token)
    return Screen(request, site, token, invite) if invite is not None else None


class Screen:
    """What one browser sees of one invite. `session` is the browser's secret, "" until it has one."""

    def __init__(self, request: Request, site: Site, token: str, invite: Invite) -> None:
        self.site = site
        self.invite = invite
        self.session = sessions.read(request, site)
        self.change = request.query_params.get("change", "")[:100]
        self._request = request
        self._token = token
        self._thanks = request.query_params.get("thanks", "")[:100]
        self._stored: Stored | None = None
        self._looked = False
        self.locale = self._asked_locale = ""
        self.language(request.query_params.get("lang", ""))

    def language(self, wanted: str) -> None:
        """The language asked for on the page, else the contact's, else the browser's."""
        asked = wanted if wanted in self.site.templates.locales() else ""
        header = self._request.headers.get("accept-language", "")
        self.locale = asked or self.locale or self.site.templates.best_locale(self.invite.contact.locale or header)
        self._asked_locale = asked or self._asked_locale
        self.words = Words(self.invite, self.site.templates, self.locale)

    # ------------------------------------------------------------ what is so

    async def stored(self) -> Stored | None:
        if not self._looked:
            self._stored = await Stored.get_or_none(invite_id=self.invite.id)
            self._looked = True
        return self._stored

    async def is_theirs(self) -> bool:
        """Whether this browser, or a link that we gave it, may see what was answered."""
        if await self.stored() is None:
            return False
        shown = bool(self._thanks) and sessions.is_genuine(self.site, self._thanks, "thanks", self.invite.key)
        return shown or self.has_change_link() or await visits.answered_by(self.invite, self.session)

    async def is_finished(self) -> bool:
        stored = await self.stored()
        return stored is not None and not stored.partial

    async def may_overwrite(self) -> bool:
        """Whether what is sent from here may replace what was answered."""
        return self.has_change_link() or await visits.answered_by(self.invite, self.session)

    def has_change_link(self) -> bool:
        """The *Change* link is signed, and stands only in the thanks: whoever has it saw them."""
        if not self.change:
            return False
        ours = tokens.is_change_token(self.change, self.invite.key)  # of a mail that thanked
        return ours or sessions.is_genuine(self.site, self.change, "change", self.invite.key)

    async def before(self) -> Answer:
        stored = await self.stored()
        if stored is None:
            return Answer({})
        scores = await responses.scores_of(stored)
        return Answer(scores, tuple(stored.reasons), stored.comment, stored.may_contact)

    async def _in_time(self) -> bool:
        stored = await self.stored()
        return stored is None or responses.can_change(stored, self.words.settings, now=self.site.clock())

    def address(self, *, thanks: bool = False, change: bool = False, locale: str = "") -> str:
        """This survey's path, with what must be carried on; its own path, so that nobody is led elsewhere."""
        carried = {
            "thanks": sessions.seal(self.site, "thanks", self.invite.key) if thanks else "",
            "change": sessions.seal(self.site, "change", self.invite.key) if change else "",
            "lang": locale or self._asked_locale,
        }
        query = urlencode({name: value for name, value in carried.items() if value})
        return f"/r/{self._token}" + (f"?{query}" if query else "")

    # ------------------------------------------------------------ what is seen

    async def closed(self) -> Response | None:
        """The page for a question that cannot be answered any more; None while it can."""
        if self.invite.state == InviteState.EXPIRED or self.site.clock() >= self.invite.expires_at:
            if await self.is_theirs():
                return await self.thanks()
            return await self.notice("expired", status=_CLOSED_STATUS)
        if anonymity.is_cut(self.invite, await self.stored()):
            return await self.notice("cut")
        if self.invite.state not in ANSWERABLE:
            return await self.notice("closed", status=_CLOSED_STATUS)
        if not await self._in_time():
            return await self.thanks() if await self.is_theirs() else await self.notice("closed", status=_CLOSED_STATUS)
        return None

    async def form(
        self, answer: Answer, *, nonce: str, wrong: errors.Invalid | None = None, status: int = 200
    ) -> Response:
        words, stored = self.words, await self.stored()
        values: dict[str, Any] = {
            "title": words.title,
            "asked": words.asked(answer),
            "ends": words.ends,
            "chips": words.chips(answer),
            "comment": answer.comment,
            "count": len(answer.comment),
            "limit": COMMENT_LIMIT,
            "counted": survey_form.counted,
            "about_comment": words.about_comment,
            "comment_wanted": words.settings.comment != "off",
            "anonymous": self.invite.anonymous,
            "may_contact": answer.may_contact,
            "told": stored is not None and stored.revision > 0,
            "nonce": nonce,
            "problem": self._problem(wrong),
            "wrong": wrong.field if wrong else "",
            "style": words.settings.scale,
            "telegram_url": self._telegram_url(),
        }
        return self._draw("survey", {**values, "languages": self._languages(answer.scores.get("overall"))}, status)

    def _telegram_url(self) -> str:
        """Where the question can be answered as well, as long as nobody has."""
        if self.invite.state not in UNANSWERED:
            return ""
        return start_link(self._token, self.site.channels.values(), asked_in=self.invite.address.channel)

    def one_more_tap(self, answer: Answer, *, nonce: str) -> Response:
        """For whom we are not sure about: what they chose, and one button."""
        values: dict[str, Any] = {"given": self.words.given(answer), "comment": answer.comment, "nonce": nonce}
        values["may_contact"] = answer.may_contact
        overall = answer.scores.get("overall")
        # A link carries no words: who has written some goes back in their browser, which has them.
        values["correct_url"] = "" if answer.comment else self._page_with(overall)
        # In another language this page would be another question: nothing to switch to.
        return self._draw("confirm", {**values, "overall": overall, "languages": []})

    async def thanks(self) -> Response:
        answer = await self.before()
        stored = await self.stored()
        until = stored.created_at + self.words.settings.edit_for if stored is not None else None
        is_open = anonymity.is_open(self.invite, stored)
        if stored is not None and is_open:
            until = stored.settle_at
        open_still = until is not None and self.site.clock() < min(until, self.invite.expires_at)
        negative = scoring.band_of(answer.scores, self.words.settings) == Band.NEGATIVE
        values = {
            "given": self.words.given(answer),
            "reasons": self.words.reasons(answer),
            "comment": answer.comment,
            "negative": negative,
            "own_words": await survey_thanks.own(self.invite, stored, self.site, self.locale),
            "promise": ("named" if answer.may_contact else "open") if is_open else "",
            "change_url": self.address(change=True) if open_still else "",
            "until": self._when(min(until, self.invite.expires_at)) if open_still and until is not None else "",
        }
        return self._draw("thanks", values)

    async def notice(self, what: str, *, status: int = 200) -> Response:
        words = {
            "own_words": await survey_thanks.ending(self.invite, await self.stored(), self.site, self.locale, what),
            "title": f"page.{what}_title",
            "text": f"page.{what}",
            "mood": "done" if what in ("answered", "cut") else "over",
        }
        return self._draw("notice", words, status)

    def _draw(self, name: str, values: dict[str, Any], status: int = 200) -> Response:
        ticket = self.invite.ticket
        common: dict[str, Any] = {
            "site_name": self.site.name,
            "ticket": {"number": ticket.number, "subject": ticket.subject},
            "action": f"/r/{self._token}",
            "change": self.change if self.has_change_link() else "",
            "languages": self._languages(),
            "asked_locale": self._asked_locale,
        }
        response = pages.of(self._request).draw(name, self.locale, {**common, **values}, status=status)
        if self.session:
            sessions.keep(response, self.site, self.session)
        return response

    def _page_with(self, overall: int | None, *, thanks: bool = False, locale: str = "") -> str:
        address = self.address(thanks=thanks, change=self.has_change_link(), locale=locale)
        return address + (f"{'&' if '?' in address else '?'}overall={overall}" if overall else "")

    def _languages(self, overall: int | None = None) -> list[dict[str, object]]:
        """The other ways to see this page; the score that it shows goes along."""
        templates = self.site.templates
        theirs = bool(self._thanks) and sessions.is_genuine(self.site, self._thanks, "thanks", self.invite.key)
        return [
            {
                "tag": tag,
                "name": templates.label("language.name", tag),
                "url": self._page_with(overall, thanks=theirs, locale=tag),
                "current": tag == self.locale,
            }
            for tag in templates.locales()
        ]

    def _problem(self, wrong: errors.Invalid | None) -> str:
        if wrong is None:
            return ""
        known = wrong.label and self.site.templates.has_label(wrong.label)
        return self.site.templates.label(wrong.label if known else "page.choose_score", self.locale, **wrong.values)

    def _when(self, moment: datetime) -> str:
        contact = self.invite.contact
        zoned = not contacts.is_zone(contact.timezone)
        return self.site.templates.when(
            moment, self.locale, contacts.zone_of(contact), now=self.site.clock(), zoned=zoned
        )
