"""Every word that anybody reads: templates and labels, in the language, team, channel and dialect that fit.

What ships is checked at the start and rendered here. What admins wrote is checked the same and rendered in a process of
its own; where it fails, the shipped words are sent and the problem is told.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from bot import labels, template_rules
from bot.labels import Labels
from bot.placeholders import KINDS
from bot.render_process import RenderError, RenderProcess
from bot.template_context import project
from bot.template_engine import Draw, compiled
from bot.template_source import Parts, TemplateError, split
from bot.words import Choice, Words
from core.phrases import OTHER
from core.ports import Dialect

__all__ = ["Choice", "Override", "Problem", "RenderError", "Rendered", "TemplateError", "Templates"]

_FAILURES_BEFORE_SET_ASIDE = 3
_SUBJECT_LIMIT = 200
TRY_SECONDS = 8.0
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Rendered:
    """A message's words: `text` in the dialect asked for, the others without mark-up. The last two are for mail."""

    text: str
    plain: str
    subject: str = ""
    preheader: str = ""


@dataclass(frozen=True, slots=True)
class Override:
    """A template that an admin wrote. Empty `locale`, `team` or `channel`: for any."""

    kind: str
    source: str
    locale: str = ""
    team: str = ""
    channel: str = ""

    @property
    def name(self) -> str:
        return " ".join(part for part in (self.kind, self.locale, self.team, self.channel) if part)


@dataclass(frozen=True, slots=True)
class Problem:
    """An admin's template could not be used; the shipped one was."""

    template: str
    what: str


@dataclass(slots=True)
class _Shipped:
    locale: str
    parts: Parts


@dataclass(slots=True)
class _Overriding:
    override: Override
    parts: Parts
    failures: int = 0


class Templates(Words):
    """Made by `load`. One for the whole program; `close` it at the end."""

    def __init__(
        self,
        words: Mapping[str, Labels],
        shipped: Mapping[tuple[str, str], _Shipped],
        default: str,
        on_problem: Callable[[Problem], None] | None = None,
    ) -> None:
        super().__init__(words, default)
        self.problems: list[Problem] = []
        self._shipped = shipped
        self._ships = {locale for _, locale in shipped}
        self._on_problem = on_problem
        self._overrides: dict[tuple[str, str, str, str], _Overriding] = {}
        self._process = RenderProcess()
        self._trying = RenderProcess()  # what somebody is writing keeps nobody's message waiting

    @classmethod
    def load(
        cls,
        overrides: Iterable[Override] = (),
        default: str = "en",
        on_problem: Callable[[Problem], None] | None = None,
    ) -> Templates:
        """Read and check all that ships; raises TemplateError if any of it is wrong. A wrong override is a problem."""
        folder = files("bot") / "templates" / "messages"
        locales = sorted(one.name for one in folder.iterdir() if one.is_dir())
        if default not in locales:
            told = f"there are no words in '{default}'; there are {', '.join(locales)}"
            raise TemplateError(told, OTHER)
        shipped = {(kind, locale): _read(folder / locale, kind, locale) for locale in locales for kind in KINDS}
        try:
            words = {locale: labels.read(locale, folder / locale) for locale in locales}
        except ValueError as error:
            raise TemplateError(str(error), OTHER) from error
        templates = cls(words, shipped, default, on_problem)
        templates.use(overrides)
        return templates

    def use(self, overrides: Iterable[Override]) -> None:
        """Use these from now on, instead of those before. One that is wrong is left out, and a problem."""
        accepted: dict[tuple[str, str, str, str], _Overriding] = {}
        for override in overrides:
            try:
                template_rules.check(override.kind, override.source, template=override.name)
            except TemplateError as error:
                self._tell(Problem(override.name, str(error)))
                continue
            key = (override.kind, override.locale, override.team, override.channel)
            accepted[key] = _Overriding(override, split(override.source))
        self._overrides = accepted

    def check(self, kind: str, source: str) -> None:
        """Raises TemplateError, with the line, when a template may not be used for this kind."""
        template_rules.check(kind, source)

    async def close(self) -> None:
        await self._process.close()
        await self._trying.close()

    async def try_out(
        self, kind: str, source: str, locale: str, dialect: Dialect, context: Mapping[str, object]
    ) -> Rendered:
        """What this source would make of it; nothing is kept. Answers or ends within `TRY_SECONDS`.

        Raises TemplateError for what may not be used (then nothing is run), and RenderError for what does not work.
        """
        template_rules.check(kind, source)
        values = project(kind, context)
        try:
            async with asyncio.timeout(TRY_SECONDS):
                return await self._rendered(self._trying, kind, split(source), locale, dialect, values)
        except TimeoutError:
            raise RenderError("others are trying out words at this moment; try again") from None

    async def render_given(
        self, kind: str, source: str, locale: str, dialect: Dialect, context: Mapping[str, object]
    ) -> Rendered:
        """A message's words from this source, for somebody who really gets them.

        Raises TemplateError for what may not be used (then nothing is run), and RenderError for what does not work.
        """
        template_rules.check(kind, source)
        values, tag = project(kind, context), self.locale_of_templates(locale)
        return await self._rendered(self._process, kind, split(source), tag, dialect, values)

    def shipped(self, kind: str, locale: str) -> str:
        """The source of the words that ship, in the language that fits best."""
        parts = self._shipped_for(kind, self.best_locale(locale)).parts
        above = [("Subject", parts.subject), ("Preheader", parts.preheader)]
        lines = [f"{name}: {text}" for name, text in above if text]
        return "\n".join([*lines, *([""] if lines else []), parts.body])

    def own(self, kind: str, locale: str, team: str = "", channel: str = "") -> str:
        """The source of the own words that `render` would take first; "" where it would take the shipped ones."""
        tag = self.locale_of_templates(locale)
        return next((one.override.source for one in self._candidates(kind, tag, team, channel)), "")

    def locale_of_templates(self, wanted: str) -> str:
        """The language whose templates are looked for. Admins may add one that does not ship."""
        added = {override_key[1] for override_key in self._overrides if override_key[1]}
        return labels.best_match(wanted, [*self._labels, *sorted(added - self._labels.keys())]) or self._default

    async def render(
        self, kind: str, locale: str, dialect: Dialect, context: Mapping[str, object], team: str = "", channel: str = ""
    ) -> Rendered:
        """A message's words. Raises ValueError or TypeError when `context` is not what the kind declares."""
        values = project(kind, context)
        tag = self.locale_of_templates(locale)
        for overriding in self._candidates(kind, tag, team, channel):
            try:
                return await self._render_override(overriding, tag, dialect, values)
            except RenderError as error:
                self._failed(overriding, str(error))
        return _render_shipped(self._shipped_for(kind, tag), dialect, values)

    def _candidates(self, kind: str, locale: str, team: str, channel: str) -> Iterator[_Overriding]:
        """The closest first: team, channel and language, and then less and less of it."""
        shipped_default = [] if locale in self._ships else [self._default]
        for tag in (locale, "", *shipped_default):
            for key in dict.fromkeys([(team, channel), (team, ""), ("", channel), ("", "")]):
                found = self._overrides.get((kind, tag, *key))
                if found and found.failures < _FAILURES_BEFORE_SET_ASIDE:
                    yield found

    async def _render_override(
        self, overriding: _Overriding, locale: str, dialect: Dialect, values: Mapping[str, object]
    ) -> Rendered:
        return await self._rendered(self._process, overriding.override.kind, overriding.parts, locale, dialect, values)

    async def _rendered(
        self,
        process: RenderProcess,
        kind: str,
        parts: Parts,
        locale: str,
        dialect: Dialect,
        values: Mapping[str, object],
    ) -> Rendered:
        pieces = [(parts.body, dialect), (parts.body, Dialect.PLAIN)]
        pieces += [(parts.subject, Dialect.PLAIN), (parts.preheader, Dialect.PLAIN)]
        text, plain, subject, preheader = await process.render(pieces, self._shipped_locale(locale), values)
        if not plain:
            raise RenderError("the text is empty")
        if not subject:
            subject = _render_shipped(self._shipped_for(kind, locale), dialect, values).subject
        return Rendered(text, plain, _one_line(subject), _one_line(preheader))

    def _failed(self, overriding: _Overriding, what: str) -> None:
        overriding.failures += 1
        if overriding.failures == 1:
            self._tell(Problem(overriding.override.name, what))

    def _tell(self, problem: Problem) -> None:
        self.problems.append(problem)
        log.warning("template not used: %s", problem.what, extra={"template": problem.template})
        if self._on_problem:
            self._on_problem(problem)

    def _shipped_for(self, kind: str, locale: str) -> _Shipped:
        return self._shipped[kind, self._shipped_locale(locale)]

    def _shipped_locale(self, locale: str) -> str:
        return locale if locale in self._ships else self._default


def _read(folder: Traversable, kind: str, locale: str) -> _Shipped:
    name = f"{locale}/{kind}.j2"
    try:
        source = (folder / f"{kind}.j2").read_text("utf-8")
    except FileNotFoundError:
        raise TemplateError("is missing", OTHER, template=name) from None
    template_rules.check(kind, source, template=name)
    return _Shipped(locale, split(source))


def _render_shipped(shipped: _Shipped, dialect: Dialect, values: Mapping[str, object]) -> Rendered:
    parts, locale = shipped.parts, shipped.locale
    plain = _compiled(parts.body, Dialect.PLAIN, locale)(values)
    return Rendered(
        plain if dialect is Dialect.PLAIN else _compiled(parts.body, dialect, locale)(values),
        plain,
        _one_line(_compiled(parts.subject, Dialect.PLAIN, locale)(values)),
        _one_line(_compiled(parts.preheader, Dialect.PLAIN, locale)(values)),
    )


@lru_cache(maxsize=1000)
def _compiled(source: str, dialect: Dialect, locale: str) -> Draw:
    return compiled(source, dialect, locale)


def _one_line(text: str) -> str:
    return " ".join(text.split())[:_SUBJECT_LIMIT]
