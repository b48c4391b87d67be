"""What a customer can ask for with a command."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING

from bot.surveys import drafts, groups
from bot.surveys.messages import prefix_of
from bot.turn import Turn
from bot.wording import LANGUAGE
from core import contact_links, contacts, errors, places
from core.contacts import AddressFacts, ContactFacts
from core.desk import numbering, tickets
from core.models.contacts import Contact
from core.models.desk import OPEN_STATUSES, Ticket
from core.models.invites import UNANSWERED, Invite
from core.plumbing import deliveries
from core.ports import Acknowledgement, Channel, Commanded, Person, Tapped, Wrote
from core.surveys import invites
from core.surveys.tokens import new_key
from core.text import shorten

if TYPE_CHECKING:
    from bot.surveys.conversation import Conversation

_Command = Callable[["Conversation", Channel, Commanded, Contact, datetime], Awaitable["Turn"]]


async def obey(conversation: Conversation, channel: Channel, event: Commanded, *, now: datetime) -> Turn:
    """Do it and answer; an unknown command is answered with the help. Asking for help makes nobody a contact."""
    if event.name in NOT_FOR_US:
        return Turn()
    if event.name == ONE_FOR_ALL:  # Slack has a single command, with what to do behind it
        name, _, argument = event.argument.strip().partition(" ")
        name = name.lower() or "help"
        event = replace(event, name=_BEHIND_IT.get(name, name), argument=argument.strip())
    command = _COMMANDS.get(event.name, _help)
    known = await contacts.by_address(channel.name, event.person.address)
    contact = known.contact if known else await _contact(channel, event, command, now=now)
    return await command(conversation, channel, event, contact, now)


def behind_a_call(event: Wrote) -> Commanded | None:
    """Somebody called us by name with nothing but a command ("help", "status CS…"), or with nothing at all."""
    name, _, argument = event.text.strip().lstrip("/").partition(" ")
    number, rest = numbering.read(argument)
    nothing_more = not argument.strip() or bool(number and not rest)
    if not event.called or event.files or not nothing_more or name.lower() not in {"", *_COMMANDS}:
        return None
    return Commanded(
        event.person, event.target, event.handle, "", False, ONE_FOR_ALL, f"{name} {argument}".strip(), at=event.at
    )


async def say(
    conversation: Conversation,
    channel: Channel,
    event: Commanded,
    contact: Contact,
    kind: str,
    now: datetime,
    *,
    here: bool = False,
    **payload: object,
) -> Turn:
    """`here`: it is no secret, and is answered in the group where it was asked."""
    here = here and groups.is_place(channel, event)
    if here:
        payload["thread"] = event.handle
    draft = deliveries.Draft(
        key=f"{kind}:{new_key()}",
        kind=kind,
        channel=channel.name,
        target=event.target if here else drafts.place_of(event),
        priority=deliveries.ANSWER,
        contact_id=contact.pk,
        payload={"locale": contact.locale or event.person.locale, **payload},
    )
    return Turn(handed_over=[await deliveries.hand_over(draft, worker=conversation.worker, now=now)])


async def _start(
    conversation: Conversation, channel: Channel, event: Commanded, contact: Contact, now: datetime
) -> Turn:
    """A link of ours carries an invite's token, or one that was made for a contact: whoever opens it is that contact;
    of an invite, they are asked right here.
    """
    invite = await invites.by_token(event.argument) if event.argument else None
    if event.argument and invite is None:
        link = await contact_links.find(event.argument, now=now)
        if link is not None and link.contact.erased_at is None:
            await contact_links.use(link, AddressFacts(channel.name, event.person.address), now=now)
            return await _started(conversation, channel, event, link.contact, linked=True, now=now)
        words = _label(conversation, contact, event, "note.link_unknown")
        return await say(conversation, channel, event, contact, "note", now, text=words)
    if invite is None:
        return await _started(conversation, channel, event, contact, linked=False, now=now)
    if contact.opted_out_at is not None:
        await contacts.opt_in(contact)
    if invite.state not in UNANSWERED or _is_taken(invite, channel, event):
        raise errors.Conflict("this link has been used already", label="note.link_used")
    await _link(invite, channel, event, now=now)
    return await _ask(conversation, channel, event, invite, now=now)


async def _started(
    conversation: Conversation, channel: Channel, event: Commanded, contact: Contact, *, linked: bool, now: datetime
) -> Turn:
    resumed = contact.opted_out_at is not None
    if resumed:
        await contacts.opt_in(contact)
    return await say(conversation, channel, event, contact, "started", now, linked=linked, resumed=resumed)


async def _stop(
    conversation: Conversation, channel: Channel, event: Commanded, contact: Contact, now: datetime
) -> Turn:
    await invites.stop_asking(contact, now=now)
    return await say(conversation, channel, event, contact, "stopped", now)


async def _rate(
    conversation: Conversation, channel: Channel, event: Commanded, contact: Contact, now: datetime
) -> Turn:
    invite = await invites.latest_open(contact, channel=channel.name, now=now)
    if invite is None:
        raise errors.NotFound("there is nothing to rate", label="note.nothing_to_rate")
    return await _ask(conversation, channel, event, invite, now=now)


async def _status(
    conversation: Conversation, channel: Channel, event: Commanded, contact: Contact, now: datetime
) -> Turn:
    """Their open requests; with a number that one, open or not. Nobody learns whether somebody else's exists."""
    own = Ticket.filter(contact_id=contact.id) if contact.pk else Ticket.filter(id=0)
    if event.argument:
        rows = await own.filter(number=numbering.read(event.argument)[0])
        if not rows:
            values = {"number": shorten(event.argument, 60), "prefix": prefix_of(channel)}
            raise errors.NotFound("they have no such request", label="note.unknown_request", **values)
    else:
        rows = await own.filter(status__in=OPEN_STATUSES).order_by("-id").limit(10)
    label = conversation.site.templates.label
    locale = contact.locale or event.person.locale
    lines = [
        label(
            "status_list.line",
            locale,
            number=row.number,
            subject=row.subject,
            status=label(f"ticket_status.{row.status.value.removesuffix('_for_customer')}", locale),
        )
        for row in rows
    ]
    heading = [] if event.argument else [label("status_list.heading", locale)]
    text = "\n".join([*heading, *lines]) if lines else label("status_list.empty", locale)
    return await say(conversation, channel, event, contact, "note", now, text=text)


async def _language(
    conversation: Conversation, channel: Channel, event: Commanded, contact: Contact, now: datetime
) -> Turn:
    templates = conversation.site.templates
    if not event.argument:
        return await say(conversation, channel, event, contact, "language", now)
    wanted = event.argument.strip().casefold()
    by_name = {templates.label("language.name", one).casefold(): one for one in templates.locales()}
    by_tag = {tag: one for one in templates.locales() for tag in (one.casefold(), one.split("-")[0].casefold())}
    locale = by_name.get(wanted) or by_tag.get(wanted) or by_tag.get(wanted.split("-")[0].split("_")[0])
    if locale is None and len(wanted) > 1:  # a part of its name: 中文
        locale = next((one for name, one in by_name.items() if wanted in name), None)
    if locale is None:
        raise errors.Invalid("that language is not spoken here", label="note.language_unknown")
    await contacts.choose_locale(contact, locale)
    contact.locale = locale
    return await say(
        conversation, channel, event, contact, "note", now, text=templates.label("note.language_set", locale)
    )


async def language_pressed(conversation: Conversation, channel: Channel, event: Tapped, *, now: datetime) -> Turn:
    """The message with the languages is redrawn in the one that was pressed."""
    templates = conversation.site.templates
    locale = event.action.removeprefix(LANGUAGE)
    if locale not in templates.locales():
        raise errors.Conflict("this message is out of date", label="note.out_of_date")
    contact = await _remembered(channel, event.person, now=now)
    await contacts.choose_locale(contact, locale)
    draft = deliveries.Draft(
        key=f"language:{new_key()}",
        kind="language",
        channel=channel.name,
        target=drafts.place_of(event),
        priority=deliveries.ANSWER,
        contact_id=contact.id,
        screen=f"language:{channel.name}:{event.receipt}",
        receipt=event.receipt,
        payload={"locale": locale},
    )
    redrawn = await deliveries.hand_over(draft, worker=conversation.worker, now=now)
    return Turn(Acknowledgement(note=templates.label("note.language_set", locale)), handed_over=[redrawn])


async def _privacy(
    conversation: Conversation, channel: Channel, event: Commanded, contact: Contact, now: datetime
) -> Turn:
    return await say(conversation, channel, event, contact, "privacy", now)


async def _help(
    conversation: Conversation, channel: Channel, event: Commanded, contact: Contact, now: datetime
) -> Turn:
    return await say(conversation, channel, event, contact, "help", now, here=True)


async def _new(conversation: Conversation, channel: Channel, event: Commanded, contact: Contact, now: datetime) -> Turn:
    """`/new` with words opens a request, even beside an open one; without, it asks for them. In a group all of it
    stays there, where it was said.
    """
    if not event.argument:
        text = _label(conversation, contact, event, "chat.greeting")
        return await say(conversation, channel, event, contact, "note", now, here=True, text=text)
    subject = shorten(event.argument.split("\n")[0], 80)
    here = groups.is_place(channel, event)
    thread = places.written(event.target, event.handle) if here else ""
    ticket = await tickets.open_ticket(
        contact=contact, subject=subject, channel=channel.name, text=event.argument, thread=thread, now=now
    )
    target = event.target if here else drafts.place_of(event)
    draft = drafts.received(ticket, channel, target, thread=event.handle if here else "")
    return Turn(handed_over=[await deliveries.hand_over(draft, worker=conversation.worker, now=now)])


ONE_FOR_ALL = "afterword"
_BEHIND_IT = {"ticket": "status"}  # staff look tickets up with it, and customers mean the same
NOT_FOR_US = frozenset({"home"})  # somebody opened Slack's home tab
_COMMANDS: Mapping[str, _Command] = {
    "new": _new,
    "ticket": _new,
    "start": _start,
    "stop": _stop,
    "rate": _rate,
    "status": _status,
    "language": _language,
    "privacy": _privacy,
    "help": _help,
}
_REMEMBERED = frozenset({_new, _start, _stop, _language})


async def _contact(channel: Channel, event: Commanded, command: _Command, *, now: datetime) -> Contact:
    """A stranger becomes a contact when something has to be remembered of them; else they are one for this moment."""
    person = event.person
    if command not in _REMEMBERED:
        return Contact(name=person.name, locale=person.locale)
    return await _remembered(channel, person, now=now)


async def _remembered(channel: Channel, person: Person, *, now: datetime) -> Contact:
    known = await contacts.by_address(channel.name, person.address)
    if known is not None:
        return known.contact
    facts = ContactFacts(
        name=person.name, locale=person.locale, addresses=(AddressFacts(channel.name, person.address),)
    )
    return await contacts.learn(facts, now=now)


def _is_taken(invite: Invite, channel: Channel, event: Commanded) -> bool:
    """The question stands in somebody's chat with this bot already: a link that was passed on connects nobody else.

    In a browser it works as before, for then it is the same person's link from the same mail.
    """
    return invite.address.channel == channel.name and invite.address.address != event.person.address


async def _link(invite: Invite, channel: Channel, event: Commanded, *, now: datetime) -> None:
    """The chat belongs to the invite's contact from now on, after their other addresses, and the question moves there.

    Only while it is unanswered: a link that was answered and then forwarded connects nobody.
    """
    where = AddressFacts(channel.name, event.person.address)
    row = await contacts.give_address(invite.contact_id, where, rank=contact_links.LAST, now=now)
    if not await Invite.filter(id=invite.id, address_id=invite.address_id).update(address_id=row.id):
        raise errors.Conflict("this link has been used already", label="note.link_used")
    invite.address, invite.address_id = row, row.id


async def _ask(
    conversation: Conversation, channel: Channel, event: Commanded, invite: Invite, *, now: datetime
) -> Turn:
    """Show the question (again) as a message of its own; it is the one that is redrawn from now on."""
    draft = drafts.screen(invite, channel, drafts.place_of(event), anew=True)
    return Turn(handed_over=[await deliveries.hand_over(draft, worker=conversation.worker, now=now)])


def _label(conversation: Conversation, contact: Contact, event: Commanded, key: str) -> str:
    return conversation.site.templates.label(key, contact.locale or event.person.locale)
