"""Addresses for answers and for bounces: the token in them says what a mail is about, whatever its sender did to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.channels.email.addresses import Mailbox

LONGEST_LOCAL = 21  # octets; with the delimiter, "b." and a token of 40 letters it makes the 64 of RFC 5321
_BOUNCES = "b."


@dataclass(frozen=True, slots=True)
class ReplyAddress:
    """`support@example.org`, and all that the mail server delivers with it: `support+<token>@example.org`."""

    base: Mailbox
    delimiter: str = "+"

    def for_answers(self, token: str) -> Mailbox:
        """Where a person's answer goes; without a token the bare address."""
        return self._with(token) if token else self.base

    def for_bounces(self, token: str) -> Mailbox:
        """The envelope sender: bounces and most holiday notes come here (VERP)."""
        return self._with(_BOUNCES + token) if token else self.base

    def token_in(self, text: str) -> str:
        """The token of the first address of ours in a header's value; "" when there is none. Not proven genuine."""
        return next(iter(self.tokens_in(text)), "")

    def tokens_in(self, text: str) -> list[str]:
        return [found.lower() for found in self._pattern().findall(text)]

    def takes(self, address: str) -> bool:
        """Whether mail to it is meant for us."""
        return address.lower() == self.base.address.lower() or bool(self._pattern().fullmatch(address))

    def _with(self, extension: str) -> Mailbox:
        return Mailbox(f"{self.base.local}{self.delimiter}{extension}", self.base.domain, self.base.name)

    def _pattern(self) -> re.Pattern[str]:
        local, domain = re.escape(self.base.local + self.delimiter), re.escape(self.base.domain)
        return re.compile(rf"(?<![\w.+=-]){local}(?:b\.)?([a-z0-9.]{{1,40}})@{domain}(?![\w.-])", re.IGNORECASE)
