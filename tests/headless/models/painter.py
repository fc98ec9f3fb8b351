"""Generation 1."""

from drawing import drawn

from reactor_actors.classic import VideoModel, command, get_ctx


class Painter(VideoModel):
    """Generation 1: shows one number until it has shown enough."""

    emission_fps = 25

    def __init__(self, config: object) -> None:
        self.number, self.enough = 30, config.get("enough", 1_000_000)

    def start_session(self) -> None:
        for _ in range(self.enough):
            if get_ctx().should_stop():
                return
            get_ctx().get_track().emit(drawn(self.number))

    @command("set_number")
    def set_number(self, number: int) -> None:
        self.number = number
