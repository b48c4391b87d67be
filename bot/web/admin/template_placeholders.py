"""What can be put into the words of a kind, as the editor offers it."""

from __future__ import annotations

from bot.placeholders import KINDS
from bot.trials import samples
from bot.web.admin.door import Visit


def shown(visit: Visit, kind: str, locale: str) -> list[dict[str, object]]:
    """What can be put in: the code, what it is, and a sample in the language of the message."""
    templates = visit.site.templates
    values = samples.context_of(kind, templates, templates.best_locale(locale), "/")
    found: list[dict[str, object]] = []
    for one in KINDS[kind].placeholders:
        about, value = _about(visit, kind, one.name), values.get(one.name)
        fields = [(field, _about(visit, kind, f"{one.name}_{field.name}")) for field in one.fields]
        if one.many:
            each = [{"code": f"{{{{ one.{field.name} }}}}", "about": told} for field, told in fields]
            words = " ".join(item["code"] for item in each) or "{{ one }}"
            code = f"{{% for one in {one.name} %}}\n{words}\n{{% endfor %}}"
            found.append({"code": code, "name": one.name, "about": about, "each": each, "sample": ""})
        elif one.fields:
            known = value if isinstance(value, dict) else {}
            for field, told in fields:
                code, sample = f"{{{{ {one.name}.{field.name} }}}}", known.get(field.name) or field.sample
                found.append(
                    {
                        "code": code,
                        "name": "",
                        "about": visit.say("audit.part", name=about, value=told),
                        "each": [],
                        "sample": sample,
                    }
                )
        else:
            sample = one.sample if value in (None, "") else value
            found.append({"code": f"{{{{ {one.name} }}}}", "name": "", "about": about, "each": [], "sample": sample})
    return found


def _about(visit: Visit, kind: str, name: str) -> str:
    own = f"placeholder.{kind}_{name}"
    return visit.say(own if visit.site.templates.has_label(own) else f"placeholder.{name}")
