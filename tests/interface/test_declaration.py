import logging
from typing import Any

import pytest

from reactor_actors.core.contract import Contract
from reactor_actors.interface import (
    Audio,
    ClientInfo,
    Input,
    InputField,
    InputState,
    ModelMessage,
    Output,
    ReactorModel,
    ReactorPipeline,
    Video,
    connected,
    disconnected,
    event,
    file_uploaded,
    session_ended,
    session_started,
)
from reactor_actors.interface.compile import program_of
from reactor_actors.interface.declaration import Declaration, declare
from tests.interface.conftest import WriteModule


class Picture(Output):
    main_video: Video


class Progress(ModelMessage):
    step: int = 0


def declared(cls: type) -> Declaration:
    return declare(cls, ReactorModel)


def contract_of(cls: type) -> Contract:
    return declared(cls).contract(name="test")


def names_of(cls: type) -> list[str]:
    return [track.name for track in declared(cls).tracks]


# What belongs to a model.


LIBRARY = """
    from reactor_actors.interface import Input, ModelMessage, Output, ReactorModel, Video

    class LibraryOutput(Output):
        library_video: Video

    class LibraryInput(Input):
        library_camera: Video

    class LibrarySaid(ModelMessage):
        text: str = ""

    class LibraryModel(ReactorModel):
        input: LibraryInput
"""


def test_what_its_module_defines_or_imports_belongs_to_a_model(write_module: WriteModule) -> None:
    write_module("library", LIBRARY)
    module = write_module(
        "own",
        """
        from library import LibraryOutput, LibrarySaid as Said
        from reactor_actors.interface import *

        class Mine(ReactorModel):
            pass

        class Picture(Output):  # further down than the model
            main_video: Video
        """,
    )
    assert names_of(module.Mine) == ["library_video", "main_video"]
    assert [m.name for m in contract_of(module.Mine).messages] == ["library_said"]


def test_what_a_library_keeps_to_itself_belongs_to_nobody_else(write_module: WriteModule) -> None:
    write_module("library", LIBRARY)
    module = write_module(
        "own",
        """
        import library
        from reactor_actors.interface import *

        class Picture(Output):
            main_video: Video

        class Mine(ReactorModel):
            pass
        """,
    )
    assert names_of(module.Mine) == ["main_video"]
    assert contract_of(module.Mine).messages == ()


def test_a_star_import_brings_what_it_names(write_module: WriteModule) -> None:
    write_module("library", LIBRARY)
    module = write_module(
        "own",
        """
        from library import *

        class Mine(ReactorModel):
            pass
        """,
    )
    assert names_of(module.Mine) == ["library_camera", "library_video"]


def test_modules_of_parents_and_mixins_count(write_module: WriteModule) -> None:
    write_module("library", LIBRARY)
    write_module(
        "talking",
        """
        from reactor_actors.interface import ModelMessage

        class Said(ModelMessage):
            text: str = ""

        class Talking:
            async def say(self, text):
                await self.send(Said(text))
        """,
    )
    module = write_module(
        "own",
        """
        import library
        import talking
        from reactor_actors.interface import ReactorModel

        class Mine(talking.Talking, library.LibraryModel):
            pass
        """,
    )
    assert names_of(module.Mine) == ["library_camera", "library_video"]
    assert {m.name for m in contract_of(module.Mine).messages} == {"said", "library_said"}


def test_classes_without_tracks_do_not_count() -> None:
    class Empty(Output):
        caption: str = ""

    class EmptyInput(Input):
        pass

    class Mine(ReactorModel):
        output = Empty
        input: EmptyInput

    assert declared(Mine).outputs == (Picture,)
    assert names_of(Mine) == ["main_video"]


def test_local_classes_are_named_in_lists_singly_or_by_annotation() -> None:
    class Depth(Output):
        depth: Video

    class Sound(Output):
        sound: Audio

    class Said(ModelMessage):
        text: str = ""

    class Listed(ReactorModel):
        output = (Depth, Sound)
        messages = (Said,)

    class Single(ReactorModel):
        output = Depth
        messages = Said

    class Annotated(ReactorModel):
        output: Depth
        said: Said

    assert names_of(Listed) == ["main_video", "depth", "sound"]
    assert names_of(Single) == names_of(Annotated) == ["main_video", "depth"]
    for cls in (Listed, Single, Annotated):
        assert {m.name for m in contract_of(cls).messages} == {"progress", "said"}


def test_explicit_lists_are_inherited() -> None:
    class Depth(Output):
        depth: Video

    class Parent(ReactorModel):
        output = (Depth,)

    class Child(Parent):
        pass

    assert names_of(Child) == ["main_video", "depth"]


@pytest.mark.parametrize("attribute", ["output", "messages"])
def test_a_list_of_something_else_is_refused(attribute: str) -> None:
    odd = type("Odd", (ReactorModel,), {attribute: (Picture, Progress, "x")})
    with pytest.raises(TypeError, match=rf"Odd\.{attribute} names \w+ subclasses; got"):
        declared(odd)


def test_two_messages_of_one_name_are_refused_naming_both() -> None:
    class OtherProgress(ModelMessage):
        name = "progress"

    class Mine(ReactorModel):
        messages = (OtherProgress,)

    with pytest.raises(ValueError, match="Progress and OtherProgress are both sent as 'progress'"):
        declared(Mine)


# Inputs.


def test_input_attributes_have_any_name_and_come_first_in_the_order_of_tracks() -> None:
    class Camera(Input):
        webcam: Video
        microphone: Audio

    class Mask(Input):
        mask: Video
        webcam: Video

    class Mine(ReactorModel):
        viewer: Camera
        painting: Mask

    assert declared(Mine).inputs == {"viewer": Camera, "painting": Mask}
    assert names_of(Mine) == ["webcam", "microphone", "mask", "main_video"]


def test_an_input_without_an_attribute_is_a_warning(
    write_module: WriteModule, caplog: pytest.LogCaptureFixture
) -> None:
    write_module("library", LIBRARY)
    module = write_module(
        "own",
        """
        from library import LibraryInput
        from reactor_actors.interface import ReactorModel

        class Mine(ReactorModel):
            pass
        """,
    )
    program_of(module.Mine)
    assert "no attribute of Mine holds it: add `input: LibraryInput`" in caplog.text


def test_one_name_in_both_directions_is_refused_at_load() -> None:
    class Camera(Input):
        webcam: Video

    class Mirror(Output):
        webcam: Video

    class Mine(ReactorModel):
        input: Camera
        output = Mirror

    with pytest.raises(ValueError, match="'webcam' is an input in Camera and an output in Mirror"):
        program_of(Mine)


def test_annotations_that_lead_nowhere_are_ignored(
    write_module: WriteModule, caplog: pytest.LogCaptureFixture
) -> None:
    module = write_module(
        "own",
        """
        from __future__ import annotations
        from typing import TYPE_CHECKING
        from reactor_actors.interface import Input, ReactorModel, Video
        if TYPE_CHECKING:
            from torch import Tensor

        class Camera(Input):
            webcam: Video

        class Mine(ReactorModel):
            latents: Tensor
            input: Camera
            count: int = 0
        """,
    )
    assert declared(module.Mine).inputs == {"input": module.Camera}


# Events.


def test_handlers_become_commands_with_schema_summary_and_reply() -> None:
    class Mine(ReactorModel):
        @event(name="set_style", description="Change the look")
        def style(self, style: str = InputField(default="none", choices=["none", "oil"])) -> None:
            pass

        @event(name="ask")
        async def ask(self, client: ClientInfo, count: int, tags: list[str] = ("a",)) -> Progress:
            """Ask for the progress.

            At length.
            """
            return Progress()

        @event(name="maybe")
        def maybe(self) -> Progress | None: ...

        @event(name="other")
        def other(self) -> dict[str, int]: ...

        @event(name="anything")
        def anything(self, what, client=None): ...  # type: ignore[no-untyped-def]

    commands = {c.name: c for c in contract_of(Mine).commands}
    assert list(commands) == ["set_style", "ask", "maybe", "other", "anything"]
    assert commands["set_style"].summary == "Change the look"
    assert commands["ask"].summary == "Ask for the progress."
    assert commands["ask"].schema == {
        "type": "object",
        "properties": {
            "count": {"type": "integer"},
            "tags": {"type": "array", "items": {"type": "string"}, "default": ["a"]},
        },
        "required": ["count"],
        "additionalProperties": False,
    }
    assert commands["anything"].schema["properties"] == {"what": {}}
    replies = [command.reply for command in commands.values()]
    assert replies == [None, "progress", "progress", None, None]


def test_a_local_message_that_is_a_reply_belongs_to_the_model() -> None:
    class Answer(ModelMessage):
        value: int = 0

    class Mine(ReactorModel):
        @event(name="ask")
        def ask(self) -> Answer: ...

    assert {m.name for m in contract_of(Mine).messages} == {"progress", "answer"}


def test_two_handlers_for_one_name_in_a_body_are_refused() -> None:
    with pytest.raises(ValueError, match=r"Mine: first\(\) and second\(\) both handle .* 'go'"):

        class Mine(ReactorModel):
            @event(name="go")
            def first(self): ...

            @event(name="go")
            def second(self): ...


def test_the_most_derived_decorated_handler_wins() -> None:
    class Parent(ReactorModel):
        @event(name="go", description="parent")
        def go(self, level: int = 1): ...

        @event(name="stay", description="parent")
        def stay(self): ...

    class Child(Parent):
        @event(name="go", description="child")
        def run_now(self, level: int = 2): ...

        def stay(self): ...  # not decorated: replaces nothing

    handlers = declared(Child).handlers
    assert handlers["go"].function is Child.run_now
    assert handlers["stay"].function is Parent.stay
    assert [c.summary for c in contract_of(Child).commands] == ["child", "parent"]


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("def go(self, *args)", r"Mine\.go: \*args cannot be published"),
        ("def go(self, **values)", r"Mine\.go: \*\*values cannot be published"),
        ("def go(self, level, /)", r"Mine\.go: 'level' is positional-only"),
        ("def go(self, levels: list[int] = [])", r"Mine\.go, argument 'levels': a default"),
        ("def go(self, level={})", r"Mine\.go, argument 'level': a default of type dict"),
        ("def go(self, level: int = 'x')", r"Mine\.go, argument 'level': its own default"),
        (
            "def go(self, level: int = InputField(default=3, le=2))",
            r"Mine\.go, argument 'level': its own default",
        ),
        ("def go(self, raw: bytes)", r"Mine\.go, argument 'raw': bytes is not a type"),
        ("def go(self, x: int | str)", r"Mine\.go, argument 'x': .* is not a type"),
        ("def go(self, x: 'Nowhere')", r"Mine\.go: an annotation cannot be resolved"),
        ("def go(self, x: str = InputField(ge=1))", r"Mine\.go, argument 'x': ge=1 does not"),
    ],
)
def test_a_handler_that_cannot_be_published_is_refused_at_load(
    write_module: WriteModule, source: str, said: str
) -> None:
    module = write_module(
        "own",
        f"""
        from reactor_actors.interface import *

        class Mine(ReactorModel):
            @event(name="go")
            {source}: ...
        """,
    )
    with pytest.raises(TypeError, match=said):
        program_of(module.Mine)


def test_a_handler_in_a_mixin_counts_and_is_checked() -> None:
    class Pausing:
        @event(name="pause")
        def pause(self): ...

        @connected
        def on_connected(self): ...

    class Mine(Pausing, ReactorModel):
        pass

    assert list(declared(Mine).handlers) == ["pause"]
    assert list(declared(Mine).hooks) == ["connected"]

    class Doubled:
        @disconnected
        def one(self): ...

        @disconnected
        def other(self): ...

    class Bad(Doubled, ReactorModel):
        pass

    with pytest.raises(TypeError, match=r"Doubled: one\(\) and other\(\) are both @disconnected"):
        declared(Bad)


def test_a_mixin_declares_state_and_inputs_too() -> None:
    class State(InputState):
        level: int = 1

    class Camera(Input):
        webcam: Video

    class Seeing:
        state: State
        viewer: Camera

    class Mine(Seeing, ReactorPipeline):
        pass

    assert declared(Mine).state is State
    assert declared(Mine).inputs == {"viewer": Camera}


# Hooks.


@pytest.mark.parametrize(
    "hook", [connected, disconnected, session_started, session_ended], ids=lambda h: h.__name__
)
def test_two_hooks_of_a_kind_in_a_body_are_refused(hook: Any) -> None:
    with pytest.raises(TypeError, match=rf"M: a\(\) and b\(\) are both @{hook.__name__} hooks"):
        type("M", (ReactorModel,), {"a": hook(lambda self: None), "b": hook(lambda self: None)})


def test_only_the_most_derived_hook_is_called() -> None:
    class Parent(ReactorModel):
        @connected
        def hello(self): ...

    class Child(Parent):
        @connected
        def welcome(self, client): ...

    assert declared(Child).hooks == {"connected": Child.welcome}
    assert declared(Parent).hooks == {"connected": Parent.hello}


@pytest.mark.parametrize(
    ("hook", "function"),
    [
        (file_uploaded, lambda self: None),
        (file_uploaded, lambda self, file: None),
        (file_uploaded, lambda self, uploaded_file, more: None),
        (file_uploaded, lambda self, client: None),
        (connected, lambda self, who: None),
        (disconnected, lambda self, client, reason: None),
        (session_started, lambda self, client: None),
        (session_ended, lambda self, session: None),
    ],
)
def test_a_hook_with_other_parameters_is_refused(hook: Any, function: Any) -> None:
    with pytest.raises(TypeError, match=rf"M\.h: a @{hook.__name__} hook takes \(self"):
        type("M", (ReactorModel,), {"h": hook(function)})


@pytest.mark.parametrize(
    ("hook", "function"),
    [
        (file_uploaded, lambda self, uploaded_file: None),
        (file_uploaded, lambda self, client, uploaded_file: None),
        (connected, lambda self: None),
        (connected, lambda self, client: None),
        (disconnected, lambda self, *, client=None: None),
        (session_started, lambda self: None),
        (session_ended, lambda self: None),
    ],
)
def test_a_hook_may_take_the_client(hook: Any, function: Any) -> None:
    cls = type("M", (ReactorModel,), {"h": hook(function)})
    assert list(declared(cls).hooks.values()) == [vars(cls)["h"]]


def test_only_a_model_with_an_upload_hook_wants_files() -> None:
    class Mine(ReactorModel):
        @file_uploaded
        def got(self, uploaded_file): ...

    assert contract_of(Mine).wants_files
    assert not contract_of(ReactorModel).wants_files


# State.


class Shared(InputState):
    """Live parameters."""

    brightness: float = InputField(default=1.0, ge=0, le=2, description="How bright")
    seed: int = 1
    _cache: Any = None


def test_every_public_field_has_a_setter_described_by_its_field() -> None:
    class Mine(ReactorPipeline):
        state: Shared

    commands = contract_of(Mine).commands
    assert [(c.name, c.summary) for c in commands] == [
        ("set_brightness", "How bright"),
        ("set_seed", "Set seed"),
    ]
    assert commands[1].schema == {
        "type": "object",
        "properties": {"seed": {"type": "integer", "default": 1}},
        "additionalProperties": False,
    }


def test_an_own_handler_replaces_the_setter_in_call_and_schema() -> None:
    class Mine(ReactorPipeline):
        state: Shared

        @event(name="set_seed", description="Roll the dice")
        def roll(self, seed: int, faces: int = 6): ...

    commands = {c.name: c for c in contract_of(Mine).commands}
    assert list(commands) == ["set_brightness", "set_seed"]
    assert commands["set_seed"].summary == "Roll the dice"
    assert commands["set_seed"].schema["required"] == ["seed"]


def test_a_state_declared_by_a_parent_is_the_childs_unless_it_declares_its_own() -> None:
    class More(Shared):
        mood: str = "calm"

    class Parent(ReactorPipeline):
        state: Shared

    class Child(Parent):
        pass

    class Other(Parent):
        state: More

    assert declared(Child).state is Shared
    assert declared(Other).state is More
    assert [c.name for c in contract_of(Other).commands] == [
        "set_brightness",
        "set_seed",
        "set_mood",
    ]


def test_a_pipeline_without_a_state_has_no_setters() -> None:
    class Mine(ReactorPipeline):
        pass

    assert declared(Mine).state is None
    assert contract_of(Mine).commands == ()


def test_a_state_by_another_name_is_refused() -> None:
    class Mine(ReactorPipeline):
        parameters: Shared

    with pytest.raises(TypeError, match="Mine: declare it as `state: Shared`"):
        declared(Mine)


def test_a_state_that_cannot_be_found_is_refused_at_load(write_module: WriteModule) -> None:
    module = write_module(
        "own",
        """
        from __future__ import annotations
        from reactor_actors.interface import InputState, ReactorPipeline

        def make():
            class Hidden(InputState):
                level: int = 1

            class Mine(ReactorPipeline):
                state: Hidden

            return Mine
        """,
    )
    with pytest.raises(TypeError, match=r"Mine\.state: .*'Hidden' cannot be resolved"):
        program_of(module.make())


def test_a_plain_model_with_a_state_is_refused_at_load() -> None:
    class Mine(ReactorModel):
        state: Shared

    with pytest.raises(TypeError, match="Mine declares `state: Shared`, but only a ReactorPipelin"):
        program_of(Mine)


# Hostile, but legal.


class Touchy:
    def __getattribute__(self, name: str) -> Any:
        raise RuntimeError(f"nobody touches {name}")


touchy = Touchy()


def test_attributes_that_do_not_like_to_be_looked_at_are_left_alone() -> None:
    class Mine(ReactorModel):
        lazy = touchy

        @property
        def pipe(self) -> Any:
            raise RuntimeError("not loaded yet")

    assert declared(Mine).handlers == {}
    program_of(Mine)


def test_the_docstring_describes_the_model_and_is_not_inherited() -> None:
    class Parent(ReactorModel):
        """Paints clouds.

        Slowly.
        """

    class Child(Parent):
        pass

    assert contract_of(Parent).description == "Paints clouds."
    assert contract_of(Child).description == ""
    assert declared(Child).title == "child"


def test_a_name_of_the_authors_own_is_no_declaration(caplog: pytest.LogCaptureFixture) -> None:
    class Mine(ReactorModel):
        messages: list[str] = []  # noqa: RUF012 - as authors write it
        input = "webcam"

        def output(self) -> None: ...

    with caplog.at_level(logging.DEBUG):
        assert declared(Mine).outputs == (Picture,)
    assert [m.name for m in contract_of(Mine).messages] == ["progress"]
