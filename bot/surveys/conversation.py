"""The conversation with a customer, written once for every channel. It remembers nothing: the rows do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial

from bot.site import Site
from bot.surveys import (
    actions,
    answers,
    attachment_words,
    commands,
    drafts,
    groups,
    letters,
    messages,
    restraint,
    screens,
    threads,
)
from bot.surveys.actions import Action
from bot.turn import Turn
from bot.wording import LANGUAGE
from core import contacts, errors, places, transactions
from core.desk import tickets
from core.models.contacts import Address
from core.models.deliveries import Delivery
from core.models.desk import Ticket
from core.models.invites import Invite
from core.models.responses import Response
from core.plumbing import deliveries
from core.ports import (
    Acknowledgement,
    Blocked,
    Bounced,
    Channel,
    Commanded,
    Heard,
    Moved,
    Submitted,
    Tapped,
    Unblocked,
    Wrote,
)
from core.surveys import anonymity, bounces, catalogue, invites, responses, tokens
from core.surveys.scoring import Step
from core.text import COMMENT_LIMIT


@dataclass(frozen=True, slots=True)
class Conversation:
    site: Site
    worker: str

    @transactions.atomic
    async def heard(self, channel: Channel, event: Heard, *, now: datetime) -> Turn:
        """Do what the person asked for. What the domain does not allow becomes a note, and nothing else."""
        try:
            async with transactions.savepoint():
                return await self._heard(channel, event, now=now)
        except errors.Refusal as refusal:
            words = await self._refusal(channel, event, refusal)
            forgets = await self._was_about_unnamed(event)
            if isinstance(event, (Commanded, Wrote)):  # nothing was pressed, so there is nowhere to show a passing note
                subject = tokens.subject_of(event.reply_token) if isinstance(event, Wrote) else None
                invite = await invites.by_key(subject.name) if subject and subject.kind == "invite" else None
                told = await self._note(channel, event, words, invite=invite, now=now)
                return Turn(handed_over=told, forgets=forgets or refusal.label in UNNAMED)
            return Turn(Acknowledgement(note=words, alarming=True), forgets=forgets)

    async def _was_about_unnamed(self, event: Heard) -> bool:
        """Whether it wanted to say something about a question that is asked anonymously."""
        action = actions.read(event.action) if isinstance(event, (Tapped, Submitted)) else None
        invite = await invites.by_key(action.invite_key) if action is not None else None
        return invite is not None and invite.anonymous

    async def _heard(self, channel: Channel, event: Heard, *, now: datetime) -> Turn:
        match event:
            case Tapped():
                return await self._tapped(channel, event, now=now)
            case Submitted():
                return await self._submitted(channel, event, now=now)
            case Commanded():
                return await commands.obey(self, channel, event, now=now)
            case Wrote() if not channel.has_buttons:
                return await letters.heard(self, channel, event, now=now)
            case Bounced():
                await bounces.came_back(channel.name, event, now=now)
            case Wrote():
                return await self._wrote(channel, event, now=now)
            case Blocked():
                await self._blocked(channel, event)
            case Unblocked():
                await contacts.mark_reachable(channel.name, event.person.address)
            case Moved():
                await contacts.moved(channel.name, event.person.address, event.new_address)
                await places.moved(channel.name, event.person.address, event.new_address)
        return Turn()

    async def _tapped(self, channel: Channel, event: Tapped, *, now: datetime) -> Turn:
        if event.action.startswith(LANGUAGE):
            return await commands.language_pressed(self, channel, event, now=now)
        action = actions.read(event.action)
        if action is None:
            raise errors.Conflict("this message is out of date", label="note.out_of_date")
        invite = await self._own_invite(channel, event, action.invite_key)
        act = _TAPS.get(action.verb)
        if act is None:
            raise errors.Conflict("this message is out of date", label="note.out_of_date")
        turn = await act(self, channel, event, invite, action, now)
        turn.forgets = invite.anonymous
        return turn

    async def _score(self, channel: Channel, event: Tapped, invite: Invite, action: Action, now: datetime) -> Turn:
        response = await responses.give_score(invite, action.what, action.score, given_at=event.at, now=now)
        turn = await self._go_on(channel, event, invite, response, now=now)
        form = None
        if channel.has_forms:
            form = screens.form(await screens.standing(invite, self.site), channel)
        turn.answer = Acknowledgement(note=self._say(invite, "note.saved", value=action.score), form=form)
        return turn

    async def _skip(self, channel: Channel, event: Tapped, invite: Invite, action: Action, now: datetime) -> Turn:
        response = await responses.skip(invite, action.what, now=now)
        return await self._go_on(channel, event, invite, response, now=now)

    async def _reason(self, channel: Channel, event: Tapped, invite: Invite, action: Action, now: datetime) -> Turn:
        response = await responses.toggle_reason(invite, action.what, now=now)
        return await self._go_on(channel, event, invite, response, now=now)

    async def _comment(self, channel: Channel, event: Tapped, invite: Invite, action: Action, now: datetime) -> Turn:
        await responses.await_comment(invite, now=now)
        return Turn(Acknowledgement(note=self._say(invite, "note.comment_wanted"), alarming=True))

    async def _named(self, channel: Channel, event: Tapped, invite: Invite, action: Action, now: datetime) -> Turn:
        """They want to be known all the same, or no more."""
        before = await responses.of(invite)
        wanted = before is None or not before.may_contact
        await responses.let_contact(invite, wanted, now=now)
        turn = await self._redraw(channel, event, invite, now=now)
        turn.answer = Acknowledgement(note=self._say(invite, "note.named" if wanted else "note.unnamed"))
        return turn

    async def _done(self, channel: Channel, event: Tapped, invite: Invite, action: Action, now: datetime) -> Turn:
        await responses.finish(invite, now=now)
        turn = await self._redraw(channel, event, invite, now=now)
        turn.answer = Acknowledgement(note=self._say(invite, "note.thanks"))
        return turn

    async def _change(self, channel: Channel, event: Tapped, invite: Invite, action: Action, now: datetime) -> Turn:
        if channel.has_forms:
            return await self._form(channel, event, invite, action, now)
        await responses.change(invite, now=now)
        return await self._redraw(channel, event, invite, asking="change", now=now)

    async def _ask(self, channel: Channel, event: Tapped, invite: Invite, action: Action, now: datetime) -> Turn:
        return await self._redraw(channel, event, invite, asking=action.what, now=now)

    async def _form(self, channel: Channel, event: Tapped, invite: Invite, action: Action, now: datetime) -> Turn:
        return Turn(Acknowledgement(form=screens.form(await screens.standing(invite, self.site), channel)))

    async def _submitted(self, channel: Channel, event: Submitted, *, now: datetime) -> Turn:
        action = actions.read(event.action)
        if action is None:
            raise errors.Conflict("this form is out of date", label="note.out_of_date")
        invite = await self._own_invite(channel, event, action.invite_key)
        scores, reasons, comment = _filled_in(event.values)
        named = event.values.get(screens.NAMED)
        may_contact = bool(named) if named is not None else None
        await responses.answer(invite, scores, reasons, comment, may_contact=may_contact, finished=True, now=now)
        if screens.fills_its_field(channel, comment):
            await responses.await_comment(invite, now=now)
        turn = await self._redraw(channel, event, invite, now=now)
        turn.forgets = invite.anonymous
        return turn

    async def _wrote(self, channel: Channel, event: Wrote, *, now: datetime) -> Turn:
        """Words are a comment when one is awaited, a score when they are one, else part of the contact's request.

        A file is never a comment: alone it is part of the request, with words its words may be one.
        """
        if not event.private:
            if isinstance(channel, threads.ServesThreads):
                return await threads.wrote(self, channel, event, now=now)
            is_place = groups.is_place(channel, event)
            return await groups.wrote(self, channel, event, now=now) if is_place else Turn()
        known = await contacts.by_address(channel.name, event.person.address)
        if known is not None:
            await contacts.mark_reachable(channel.name, event.person.address)
            await contacts.is_called(known.contact, event.person.name)
            has_words = bool(event.text.strip()) or not event.files
            invite = await self._meant(channel, event, known, now=now) if has_words else None
            if invite is not None:
                return await self.commented(channel, event, invite, now=now)
        return await self._talk(channel, event, now=now)

    async def commented(self, channel: Channel, event: Wrote, invite: Invite, *, now: datetime) -> Turn:
        response = await responses.of(invite)
        is_cut = responses.overflows(event.text, response)
        if response is None and event.text.strip() in _DIGITS:
            score = _DIGITS[event.text.strip()]
            response = await responses.give_score(invite, "overall", score, given_at=event.at, now=now)
        else:
            response = await responses.give_comment(invite, event.text, now=now)
        turn = await self._go_on(channel, event, invite, response, now=now)
        if is_cut:
            turn.handed_over += await self.comment_cut(channel, event, invite, now=now)
        turn.forgets = invite.anonymous
        if event.files and invite.anonymous:
            turn.handed_over += await self.files_left(channel, event, invite, now=now)
        elif event.files:
            refused = await tickets.add(invite.ticket, invite.contact, channel.name, "", event.files, now=now)
            turn.handed_over += await self.not_taken(channel, event, invite.ticket, refused, now=now)
        return turn

    async def comment_cut(self, channel: Channel, event: Heard, invite: Invite, *, now: datetime) -> list[Delivery]:
        """Whoever wrote more than is kept must know, and how much of it we have."""
        words = self._say(invite, "note.comment_cut", limit=f"{COMMENT_LIMIT:,}")
        return await self._note(channel, event, words, invite=invite, locale=invite.contact.locale, now=now)

    async def files_left(self, channel: Channel, event: Heard, invite: Invite, *, now: datetime) -> list[Delivery]:
        """Files would go to the request, which has a name: with an anonymous answer they are not taken."""
        words = self._say(invite, "note.anonymous_files")
        return await self._note(channel, event, words, invite=invite, locale=invite.contact.locale, now=now)

    async def _note(
        self,
        channel: Channel,
        event: Heard,
        words: str,
        *,
        invite: Invite | None = None,
        ticket: Ticket | None = None,
        locale: str = "",
        now: datetime,
    ) -> list[Delivery]:
        """A few words beside the conversation. A mail says what they are about, and does not go on and on."""
        target = drafts.place_of(event)
        if not await restraint.may_note(channel, target, now=now):
            return []
        about: dict[str, object] = {"locale": locale} if locale else {}
        if isinstance(event, Wrote) and not channel.has_buttons:
            label = self.site.templates.label
            number = ticket.number if ticket else (invite.ticket.number if invite and not invite.anonymous else "")
            subject = (
                label("mail.about_request", locale, number=number) if number else label("mail.about_answer", locale)
            )
            about |= {"subject": subject, "thread": event.thread}
            about |= {"answers": ["invite", invite.key]} if invite else {}
            about |= {"answers": ["ticket", str(ticket.id)]} if ticket else {}
        draft = drafts.note(words, channel, target, **about)
        return [await deliveries.hand_over(draft, worker=self.worker, now=now)]

    async def _talk(self, channel: Channel, event: Wrote, *, now: datetime) -> Turn:
        person = event.person
        said = await tickets.heard_from(
            channel.name,
            person.address,
            event.text,
            name=person.name,
            locale=person.locale,
            subject=event.subject,
            files=event.files,
            only_thanks=answers.is_only_thanks(event.text) and not event.files,
            now=now,
        )
        await threads.left(said.ticket, channel, now=now)
        turn = Turn(handed_over=await self.not_taken(channel, event, said.ticket, said.refused, now=now))
        if said.opened:
            draft = drafts.received(said.ticket, channel, event.target)
            turn.handed_over.insert(0, await deliveries.hand_over(draft, worker=self.worker, now=now))
        else:
            turn.answer = Acknowledgement(note=self.site.templates.label("note.message_sent", person.locale))
        return turn

    async def not_taken(
        self, channel: Channel, event: Heard, ticket: Ticket, refused: Sequence[str], *, now: datetime
    ) -> list[Delivery]:
        """Whoever sent a file that is not kept must know, for they think that we have it."""
        if not refused:
            return []
        known = await contacts.by_address(channel.name, event.person.address)
        locale = (known.contact.locale if known else "") or event.person.locale
        words = attachment_words.refusal(self.site.templates, locale, refused)
        return await self._note(channel, event, words, ticket=ticket, locale=locale, now=now)

    async def _blocked(self, channel: Channel, event: Blocked) -> None:
        known = await contacts.by_address(channel.name, event.person.address)
        if known is not None:
            await contacts.mark_unreachable(known.id, "blocked by the contact")

    async def _meant(self, channel: Channel, event: Wrote, address: Address, *, now: datetime) -> Invite | None:
        """The invite that typed words are about: one that awaits them, or whose message they answer. A bare score is an
        answer, too.
        """
        invite = await invites.latest_open(address.contact, channel=channel.name, now=now)
        if invite is None:
            return None
        response = await responses.of(invite)
        if anonymity.is_cut(invite, response) and await anonymity.was_cut_just_now(invite, now=now):
            return invite  # they may still believe that it goes on with the answer; they are told that it does not
        if response is not None and not responses.can_change(response, catalogue.settings_for(invite), now=now):
            return None
        if event.receipt:
            shown = await deliveries.shown(invites.screen_of(invite.id))
            return invite if shown is not None and shown.receipt == event.receipt else None
        is_score = response is None and event.text.strip() in _DIGITS
        if not is_score and not responses.awaits_words(response, now=now):
            return None
        asked_for = response is not None and response.comment_until is not None
        return invite if is_score or asked_for or not await self._staff_spoke(invite, response) else None

    async def _staff_spoke(self, invite: Invite, response: Response | None) -> bool:
        """Whether staff have written since the contact's last tap: then words go on with that."""
        since = response.changed_at if response is not None else invite.created_at
        return await Delivery.filter(contact_id=invite.contact_id, kind="reply", sent_at__gt=since).exists()

    async def _go_on(
        self, channel: Channel, event: Heard, invite: Invite, response: Response, *, now: datetime
    ) -> Turn:
        """Ask what comes next; when nothing does, the answer is finished."""
        now_stands = await screens.standing(invite, self.site, response=response)
        if not channel.has_forms:
            step = now_stands.question().step
            if step == Step.THANKS and response.finished_at is None:
                now_stands.response = await responses.finish(invite, now=now)
            elif step == Step.COMMENT and response.comment_until is None:
                await responses.await_comment(invite, now=now)
        turn = await self._redraw(channel, event, invite, now=now)
        for delivery in turn.handed_over:
            draw = partial(messages.draw_screen, delivery, now_stands, channel, self.site, now=now)
            turn.drawings[delivery.id] = draw
        return turn

    async def _redraw(self, channel: Channel, event: Heard, invite: Invite, *, asking: str = "", now: datetime) -> Turn:
        """The next screen, in the place of the one that was answered."""
        receipt = event.receipt if isinstance(event, Tapped) else ""
        payload = {"asking": asking} if asking else {}
        draft = drafts.screen(invite, channel, event.target, receipt=receipt, **payload)
        return Turn(handed_over=[await deliveries.hand_over(draft, worker=self.worker, now=now)])

    async def _own_invite(self, channel: Channel, event: Heard, key: str) -> Invite:
        """Only the invited contact can answer."""
        invite = await invites.by_key(key)
        if invite is None:
            raise errors.NotFound("this message is out of date", label="note.out_of_date")
        address = invite.address
        if address.channel == channel.name and address.address == event.person.address:
            return invite
        own = await contacts.by_address(channel.name, event.person.address)
        if own is None or own.contact_id != invite.contact_id:
            raise errors.NotAllowed("this is not your question", label="note.not_yours")
        return invite

    async def _refusal(self, channel: Channel, event: Heard, refusal: errors.Refusal) -> str:
        if not refusal.label:
            return refusal.message
        known = await contacts.by_address(channel.name, event.person.address)
        locale = known.contact.locale if known and known.contact.locale else event.person.locale
        return self.site.templates.label(refusal.label, locale, **refusal.values)

    def _say(self, invite: Invite, label: str, **values: object) -> str:
        return self.site.templates.label(label, invite.contact.locale, **values)


_Tap = Callable[[Conversation, Channel, Tapped, Invite, Action, datetime], Awaitable[Turn]]
_TAPS: Mapping[str, _Tap] = {
    actions.SCORE: Conversation._score,
    actions.SKIP: Conversation._skip,
    actions.REASON: Conversation._reason,
    actions.COMMENT: Conversation._comment,
    actions.DONE: Conversation._done,
    actions.CHANGE: Conversation._change,
    actions.ASK: Conversation._ask,
    actions.FORM: Conversation._form,
    actions.NAMED: Conversation._named,
}
UNNAMED = frozenset({"note.anonymous_cut"})
"""Refusals of what would have been said anonymously."""
_DIGITS = {str(score): score for score in range(1, 6)} | {"★" * score: score for score in range(1, 6)}


def _filled_in(values: Mapping[str, tuple[str, ...]]) -> tuple[dict[str, int], list[str], str | None]:
    scores = {
        name.removeprefix("score_"): int(chosen[0])
        for name, chosen in values.items()
        if name.startswith("score_") and chosen and chosen[0] in _DIGITS
    }
    comment = values.get("comment")
    return scores, list(values.get("reasons", ())), (comment[0] if comment else "") if comment is not None else None
