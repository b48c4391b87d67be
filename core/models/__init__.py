"""Every table, and nothing but tables: one noun a file."""

from __future__ import annotations

MODULES = [
    "core.models.access",
    "core.models.accounts",
    "core.models.contacts",
    "core.models.deliveries",
    "core.models.desk",
    "core.models.invites",
    "core.models.keeps",
    "core.models.lanes",
    "core.models.reactions",
    "core.models.responses",
    "core.models.setup",
    "core.models.wordings",
    "core.models.webhooks",
]

TORTOISE = {
    "connections": {"default": "sqlite://:memory:"},  # `tortoise makemigrations` never opens it
    "apps": {"models": {"models": MODULES, "default_connection": "default", "migrations": "core.migrations"}},
    "use_tz": True,
    "timezone": "UTC",
}
