"""What is said in exactly one language as things stand: in own words, else in those that ship."""

from __future__ import annotations

from dataclasses import dataclass

from bot.rendering import Templates
from bot.translations.counting import Own


@dataclass(frozen=True, slots=True)
class Standing:
    """Everything is "" that is said in another language so far."""

    templates: Templates
    own: Own
    locale: str

    def message(self, kind: str) -> str:
        ships = self.templates.shipped_labels_of(self.locale) is not None
        return self.own.template(kind, self.locale) or (self.templates.shipped(kind, self.locale) if ships else "")

    def word(self, name: str) -> str:
        """A short word, by the name under which an own one is kept: "button.done", "duration.hour.one"."""
        return self.own.labels.get(self.locale, {}).get(name, "") or self._shipped(name)

    def _shipped(self, name: str) -> str:
        shipped = self.templates.shipped_labels_of(self.locale)
        if shipped is None:
            return ""
        if name in shipped:
            return shipped.forms(name)["other"]
        key, _, form = name.rpartition(".")
        return shipped.forms(key).get(form, "") if key in shipped else ""
