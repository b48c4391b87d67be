"""What admins set up, as a file: `afterword apply` writes it into the store, `afterword export` reads it back.

A file is partial: teams, surveys and single fields that it does not mention are left as they are.
"""

from core.setup.changes import Change
from core.setup.document import parse, to_toml
from core.setup.editing import Seen, Stale, changed, check, find, read, remove, removed, save
from core.setup.models import (
    AlertTarget,
    DigestSetup,
    LabelsSetup,
    RetentionSetup,
    RuleSetup,
    Setup,
    SetupError,
    StaffSetup,
    SurveySetup,
    TeamSetup,
    TemplateSetup,
    WebhookSetup,
)
from core.setup.storing import apply, export, plan

__all__ = [
    "AlertTarget",
    "Change",
    "DigestSetup",
    "LabelsSetup",
    "RetentionSetup",
    "RuleSetup",
    "Seen",
    "Setup",
    "SetupError",
    "StaffSetup",
    "Stale",
    "SurveySetup",
    "TeamSetup",
    "TemplateSetup",
    "WebhookSetup",
    "apply",
    "changed",
    "check",
    "export",
    "find",
    "parse",
    "plan",
    "read",
    "remove",
    "removed",
    "save",
    "to_toml",
]
