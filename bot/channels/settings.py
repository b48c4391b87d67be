"""What the settings of every channel have in common."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class ChannelSettings(BaseModel):
    """One `[channels.<name>]` table. A wrong setting stops the start and is named; secrets are SecretStr."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    kind: str
    messages_per_second: float | None = Field(default=None, gt=0, description="Overrides the channel's usual pace.")

    @property
    def own_listener(self) -> tuple[str, str, int] | None:
        """A port that the channel listens on by itself, as (setting, host, port): nobody else may have it."""
        return None
