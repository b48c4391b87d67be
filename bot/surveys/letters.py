"""The conversation by letter: on a channel without buttons every message stands for itself and says what it answers."""

from __future__ import annotations

import logging
from datetime import datetime
from typing import TYPE_CHECKING

from bot.surveys import answers, drafts, messages, restraint, stopping
from bot.turn import Turn
from bot.wording import Wording
from core import contacts, errors, suppressions, unread
from core.desk import attachments, letters, tickets
from core.desk.letters import Letter
from core.models.contacts import Contact, Reach
from core.models.deliveries import Delivery
from core.models.desk import OPEN_STATUSES, Ticket
from core.models.invites import ANSWERABLE, Invite
from core.plumbing import deliveries
from core.ports import Channel, Wrote
from core.reactions import recoveries
from core.surveys import anonymity, catalogue, invites, responses, scoring, tokens

if TYPE_CHECKING:
    from bot.surveys.conversation import Conversation

logger = logging.getLogger(__name__)


async def heard(talk: Conversation, channel: Channel, event: Wrote, *, now: datetime) -> Turn:
    """An answer to a question, more about a request, or a new one.

    Only who got a mail of ours can rate, or open a request again (SEC-18): a genuine reply token shows it, or else the
    name of that mail, which nobody can guess, together with an address of the contact's own. The sender's name alone
    is anybody's to write.
    """
    subject = tokens.subject_of(event.reply_token)
    if subject is not None and subject.kind == "unsubscribe":
        contact = await Contact.get_or_none(id=int(subject.name))
        return await stopping.stopped(talk, channel, event, contact, now=now) if contact is not None else Turn()
    if not (event.text.strip() or event.files or event.subject):
        return Turn()
    letter = _letter(channel, event)
    await _is_back(letter)
    if subject is not None and subject.kind == "invite":
        invite = await invites.by_key(subject.name)
        if invite is not None:
            return await _about_invite(talk, channel, event, letter, invite, now=now)
    if subject is not None and subject.kind == "ticket" and subject.name.isdigit():
        ticket = await Ticket.get_or_none(id=int(subject.name))
        if ticket is not None:
            return await _about_ticket(talk, channel, event, letter, ticket, proven=True, now=now)
    meant = await letters.meant_by(letter)
    if meant is None:
        return await _new(talk, channel, event, letter, now=now)
    answered = meant.answered if not event.reply_token else None  # whoever makes up a token is not to be believed
    if answered is not None and answered.kind in messages.SURVEY_KINDS:
        invite = await invites.by_id(answered.subject_id or 0)
        if invite is not None:
            return await _about_invite(talk, channel, event, letter, invite, now=now)
    proven = answered is not None and answered.kind in messages.TICKET_KINDS
    return await _about_ticket(talk, channel, event, letter, meant.ticket, proven=proven, now=now)


async def _is_back(letter: Letter) -> None:
    """Who writes can be written to, unless the address was put on the list: its name proves nothing."""
    known = await letters.sender_of(letter)
    if known is None or known.reach == Reach.OK:
        return
    if not await suppressions.is_suppressed(known.channel, known.address):
        await contacts.mark_reachable(known.channel, known.address)


async def _about_invite(
    talk: Conversation, channel: Channel, event: Wrote, letter: Letter, invite: Invite, *, now: datetime
) -> Turn:
    if answers.wants_to_stop(letter.text):
        return await stopping.stopped(talk, channel, event, invite.contact, about=invite, now=now)
    wording = Wording(talk.site.templates, catalogue.settings_for(invite), "")
    answer = answers.read(event.text, wording.scale_words())
    if invite.anonymous:
        return await _unnamed(talk, channel, event, invite, answer, now=now)
    says_nothing = answer.score is None and (not answer.comment or answers.is_only_thanks(answer.comment))
    counts = not says_nothing and await _can_answer(invite, now=now)
    rates = counts and answer.score is not None
    if (event.files and not rates) or (not counts and not says_nothing and answer.comment):
        return await _about_ticket(talk, channel, event, letter, invite.ticket, proven=True, now=now)
    if says_nothing:
        return Turn()
    turn = await _answered(talk, channel, event, invite, answer, now=now)
    if event.files:  # beside a score they may be no more than the logo in a signature: they open nothing again
        refused = await tickets.add(invite.ticket, invite.contact, channel.name, "", event.files, now=now)
        turn.handed_over += await talk.not_taken(channel, event, invite.ticket, refused, now=now)
    return turn


async def _unnamed(
    talk: Conversation, channel: Channel, event: Wrote, invite: Invite, answer: answers.Answer, *, now: datetime
) -> Turn:
    """Nothing of it goes to the request, which has a name: not even what comes too late, or files."""
    if answer.score is None and (not answer.comment or answers.is_only_thanks(answer.comment)):
        turn = Turn()
    elif not await _can_answer(invite, now=now):
        raise errors.Conflict("this answer has no name any more", label="note.anonymous_cut")
    else:
        turn = await _answered(talk, channel, event, invite, answer, now=now)
    if event.files:
        turn.handed_over += await talk.files_left(channel, event, invite, now=now)
    turn.forgets = True
    return turn


async def _answered(
    talk: Conversation, channel: Channel, event: Wrote, invite: Invite, answer: answers.Answer, *, now: datetime
) -> Turn:
    if answer.score is not None:
        await responses.give_score(invite, "overall", answer.score, given_at=event.at, now=now)
    told: list[Delivery] = []
    if answer.comment:
        if responses.overflows(answer.comment, await responses.of(invite)):
            told += await talk.comment_cut(channel, event, invite, now=now)
        await responses.give_comment(invite, answer.comment, now=now)
    if await _finish(invite, now=now):
        return Turn(handed_over=told)
    target = invite.address.address if invite.address.channel == channel.name else event.target
    if unread.nobody_reads(target) or await suppressions.is_suppressed(channel.name, target):
        return Turn(handed_over=told)
    if not await restraint.may_answer(invite, channel, rated=await _is_rated(invite), now=now):
        return Turn(handed_over=told)
    draft = drafts.screen(invite, channel, target)
    return Turn(handed_over=[await deliveries.hand_over(draft, worker=talk.worker, now=now), *told])


async def _is_rated(invite: Invite) -> bool:
    response = await responses.of(invite)
    return response is not None and bool(await responses.scores_of(response))


async def _finish(invite: Invite, *, now: datetime) -> bool:
    """Nobody is asked on and on by mail: what was not said is passed over, but for a comment that the survey needs.

    It is judged at once, for what comes of that is the answer: True says that a letter of regret is on its way, and a
    second one that thanks is too much.
    """
    response = await responses.of(invite)
    scores = await responses.scores_of(response) if response is not None else {}
    settings = catalogue.settings_for(invite)
    if response is None or not scores:
        return False
    if scoring.needs_comment(scores, settings) and not response.comment:
        for what in (*(one for one in settings.dimension_keys if one not in scores), "reasons"):
            await responses.skip(invite, what, now=now)
        return False
    await responses.finish(invite, now=now)
    await responses.settle(response.id, now=now)
    return await recoveries.regrets(response)


async def _can_answer(invite: Invite, *, now: datetime) -> bool:
    """Whether words still count as an answer; else they are words about the request, for they must not get lost."""
    if invite.state not in ANSWERABLE or now >= invite.expires_at:
        return False
    response = await responses.of(invite)
    if anonymity.is_cut(invite, response):
        return False
    return response is None or responses.can_change(response, catalogue.settings_for(invite), now=now)


async def _about_ticket(
    talk: Conversation, channel: Channel, event: Wrote, letter: Letter, ticket: Ticket, *, proven: bool, now: datetime
) -> Turn:
    is_open = ticket.status in OPEN_STATUSES
    stops = proven and answers.wants_no_mails(letter.text)
    asks_nothing = stops or (answers.is_only_thanks(letter.text) and not event.files)
    if not is_open and not asks_nothing and not (proven and tickets.is_recent(ticket, now=now)):
        return await _new(talk, channel, event, letter, follows=ticket, now=now)
    entry = await letters.join(ticket, letter, proven=proven, reopens=not is_open and not asks_nothing, now=now)
    refused = await attachments.keep(ticket, entry, channel.name, event.files, now=now)
    turn = Turn()
    if stops:
        contact = await Contact.get(id=ticket.contact_id)
        turn = await stopping.stopped(talk, channel, event, contact, about=ticket, now=now)
    turn.handed_over += await talk.not_taken(channel, event, ticket, refused, now=now)
    return turn


async def _new(
    talk: Conversation, channel: Channel, event: Wrote, letter: Letter, *, follows: Ticket | None = None, now: datetime
) -> Turn:
    ticket, entry = await letters.begin(letter, follows=follows, now=now)
    refused = await attachments.keep(ticket, entry, channel.name, event.files, now=now)
    if await suppressions.is_suppressed(channel.name, event.target):
        return Turn()
    if unread.nobody_reads(event.target):
        logger.info("%s: no receipt for %s; nobody reads its sender's mail", channel.name, ticket.number)
        return Turn()
    if not await restraint.may_confirm(channel, event.target, now=now):
        return Turn()
    receipt = await deliveries.hand_over(drafts.received(ticket, channel, event.target), worker=talk.worker, now=now)
    return Turn(handed_over=[receipt, *await talk.not_taken(channel, event, ticket, refused, now=now)])


def _letter(channel: Channel, event: Wrote) -> Letter:
    return Letter(
        channel=channel.name,
        address=event.person.address,
        text=event.text.strip() or event.subject,
        name=event.person.name,
        locale=event.person.locale,
        subject=event.subject,
        answers=event.receipt,
        thread=event.thread,
    )
