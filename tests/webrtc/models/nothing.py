"""A model without tracks."""

from __future__ import annotations

from reactor_actors.interface import ModelMessage, ReactorModel, event


class Told(ModelMessage):
    text: str


class Nothing(ReactorModel):
    """Has no tracks."""

    @event(name="whisper")
    async def whisper(self, text: str) -> Told:
        return Told(text=text)
