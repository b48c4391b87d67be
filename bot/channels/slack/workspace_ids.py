"""Ids of several workspaces side by side: those of the usual one are bare, those of another are "T123/C456"."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TypeVar

from core.ports import Heard, Wrote

AnyHeard = TypeVar("AnyHeard", bound=Heard)

_PREFIXED = re.compile(r"([TE][A-Z0-9]{2,}/)(.+)", re.DOTALL)


def split(address: str) -> tuple[str, str]:
    """("T123/", "C456"); nothing in front of a bare one."""
    found = _PREFIXED.fullmatch(address)
    return (found[1], found[2]) if found else ("", address)


def bare(address: str) -> str:
    return split(address)[1]


def addressed(heard: AnyHeard, prefix: str) -> AnyHeard:
    """The same, so that whatever is sent to its addresses finds the way back to its workspace."""
    if not prefix:
        return heard
    person = replace(heard.person, address=prefix + heard.person.address)
    receipt = prefix + heard.receipt if heard.receipt else ""
    there = replace(heard, person=person, target=prefix + heard.target, receipt=receipt)
    if isinstance(there, Wrote) and there.files:
        return replace(there, files=tuple(replace(file, ref=prefix + file.ref) for file in there.files))
    return there
