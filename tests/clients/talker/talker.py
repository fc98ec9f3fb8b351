"""A model without a picture and without a sound."""

from reactor_actors.interface import ModelMessage, ReactorModel, event


class Said(ModelMessage):
    """A word, and how many there have been."""

    word: str
    count: int


class Talker(ReactorModel):
    """Repeats words."""

    messages = (Said,)

    def load(self, config: dict[str, object]) -> None:
        self.count = 0

    @event(name="say")
    def say(self, word: str) -> Said:
        self.count += 1
        return Said(word=word, count=self.count)

    @event(name="shout")
    async def shout(self, word: str) -> None:
        await self.send(self.say(word.upper()))
