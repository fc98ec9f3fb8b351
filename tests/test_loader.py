from __future__ import annotations

import pickle
import subprocess
import sys
import types
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from reactor_actors.classic import VideoModel
from reactor_actors.classic.program import ClassicProgram
from reactor_actors.core.contract import Contract
from reactor_actors.core.errors import ModelClassError, ModelError, SetupError
from reactor_actors.engine.host import ModelHost
from reactor_actors.engine.program import Program
from reactor_actors.interface import ReactorModel
from reactor_actors.interface.program import ModelProgram
from reactor_actors.loader import (
    ModelSource,
    find_model,
    load_class,
    load_program,
    program_of,
)
from reactor_actors.manifest import (
    ImportStringError,
    Manifest,
    declare_weights_path,
    get_weights_path,
)

HEADER = "from reactor_actors.interface import ReactorModel, ReactorPipeline\n"
MODEL = HEADER + "class MyModel(ReactorModel):\n    place = __file__\n"


@pytest.fixture(autouse=True)
def _fresh_process() -> Iterator[None]:
    """Author code of one test is unknown to the next one."""
    path, modules = list(sys.path), dict(sys.modules)
    yield
    sys.path[:] = path
    for name in sys.modules.keys() - modules.keys():
        del sys.modules[name]
    sys.modules.update(modules)
    declare_weights_path(None)


def model_in(folder: Path, import_string: str = "pipeline:MyModel", **files: str) -> Manifest:
    """Write a model's folder; a file `a__b` becomes `a/b.py`."""
    for name, text in (files or {"pipeline": MODEL}).items():
        file = folder / f"{name.replace('__', '/', 1)}.py"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    (folder / "reactor.yaml").write_text(f"model: {import_string}\nconfig: config.yml\n")
    (folder / "config.yml").write_text("width: 640\nrate: ${env:RATE,30}\n")
    return find_model(folder, environ={}).manifest


def place_of(manifest: Manifest) -> Path:
    return Path(vars(load_class(manifest))["place"])


def test_a_folder_its_manifest_and_an_import_string_name_one_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    targets: list[str | Path] = [
        tmp_path,
        str(tmp_path / "reactor.yaml"),
        ".",
        "reactor.yaml",
        "pipeline:MyModel",
    ]
    found = [find_model(target, environ={}).manifest for target in targets]
    assert {manifest.folder for manifest in found} == {tmp_path}
    assert {manifest.name for manifest in found} == {"my_model"}
    assert len({load_class(manifest) for manifest in found}) == 1


def test_the_config_is_read_with_overrides_and_environment(tmp_path: Path) -> None:
    model_in(tmp_path)
    source = find_model(tmp_path, overrides=["--model.a.b=1"], environ={"RATE": "24"})
    assert source.config == {"width": 640, "rate": 24, "a": {"b": 1}}


def test_a_named_config_takes_the_place_of_the_manifests(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model_in(tmp_path / "model")
    (tmp_path / "model" / "config.yml").unlink()
    (tmp_path / "small.yml").write_text("width: 64")
    monkeypatch.chdir(tmp_path)
    assert find_model("model", config="small.yml", environ={}).config == {"width": 64}


def test_finding_a_model_imports_nothing_of_it(tmp_path: Path) -> None:
    before = sys.modules.get("pipeline")
    manifest = model_in(tmp_path, pipeline="raise RuntimeError")
    assert manifest.import_string == "pipeline:MyModel"
    assert sys.modules.get("pipeline") is before
    assert str(tmp_path) not in sys.path


def test_another_process_imports_the_class_from_a_source_that_was_sent(tmp_path: Path) -> None:
    model_in(tmp_path)
    source = find_model(tmp_path, environ={})
    assert pickle.loads(pickle.dumps(source)) == source
    program = (
        "import pickle, sys\n"
        "from reactor_actors.loader import load_class\n"
        "source = pickle.load(sys.stdin.buffer)\n"
        "print(load_class(source.manifest).place, source.config)\n"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program],
        input=pickle.dumps(source),
        stdout=subprocess.PIPE,
        check=True,
    ).stdout.decode()
    assert printed == f"{tmp_path}/pipeline.py {{'width': 640, 'rate': 30}}\n"


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("nowhere", "/nowhere: no such folder or manifest; as an import string: expected "),
        ("pipeline.py:MyModel", "did you mean 'pipeline:MyModel'?"),
        ("pipeline/MyModel", "did you mean 'pipeline:MyModel'?"),
    ],
)
def test_a_target_that_is_nothing_is_told_what_it_could_be(target: str, message: str) -> None:
    with pytest.raises(ImportStringError) as caught:
        find_model(target, environ={})
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_class_is_imported_with_its_siblings_from_its_folder(tmp_path: Path) -> None:
    manifest = model_in(
        tmp_path,
        pipeline="from waves import height\nfrom parts.lake import shore\n" + MODEL,
        waves="height = 3",
        parts__lake="shore = 4",
    )
    cls = load_class(manifest)
    assert issubclass(cls, ReactorModel)
    assert sys.path[0] == str(tmp_path)


def test_a_package_path_is_followed(tmp_path: Path) -> None:
    manifest = model_in(tmp_path, "src.pipeline:MyModel", src__pipeline=MODEL)
    assert place_of(manifest) == tmp_path / "src" / "pipeline.py"


def test_loading_again_gives_the_same_class_and_one_entry_in_the_path(tmp_path: Path) -> None:
    manifest = model_in(tmp_path)
    assert load_class(manifest) is load_class(manifest)
    assert sys.path.count(str(tmp_path)) == 1


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("pipeline", "pipeline"),
        ("src__pipeline", "src__pipeline"),
        ("src__pipeline src____init__", "src__pipeline"),
        ("src__pipeline", "src__pipeline src____init__"),
        ("src__pipeline src____init__", "src__pipeline src____init__"),
    ],
)
def test_two_folders_with_the_same_module_do_not_get_mixed_up(
    tmp_path: Path, first: str, second: str
) -> None:
    name = first.partition(" ")[0].replace("__", ".")
    models = [
        model_in(tmp_path / folder, f"{name}:MyModel", **dict.fromkeys(files.split(), MODEL))
        for folder, files in [("a", first), ("b", second)]
    ]
    for manifest in [*models, *models]:
        assert place_of(manifest).is_relative_to(manifest.folder)


def test_siblings_of_an_earlier_model_are_let_go(tmp_path: Path) -> None:
    first = model_in(tmp_path / "a", pipeline="import waves\n" + MODEL, waves="height = 1")
    second = model_in(
        tmp_path / "b", pipeline="from waves import height\n" + MODEL, waves="height = 2"
    )
    third = model_in(tmp_path / "c", pipeline="import waves\n" + MODEL)
    load_class(first)
    load_class(second)
    assert sys.modules["waves"].height == 2
    with pytest.raises(SetupError, match="No module named 'waves'"):
        load_class(third)


def test_a_module_imported_from_elsewhere_is_not_taken_for_the_models(tmp_path: Path) -> None:
    sys.modules["pipeline"] = stranger = types.ModuleType("pipeline")
    stranger.__file__ = str(tmp_path / "elsewhere" / "pipeline.py")
    manifest = model_in(tmp_path)
    assert place_of(manifest) == tmp_path / "pipeline.py"


def test_the_library_and_the_standard_library_stay_what_they_are(tmp_path: Path) -> None:
    manifest = model_in(tmp_path, pipeline=MODEL, types="", reactor_actors____init__="")
    assert issubclass(load_class(manifest), ReactorModel)
    assert sys.modules["types"] is types


def test_weights_are_where_the_manifest_of_the_loaded_model_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REACTOR_WEIGHTS_PATH", raising=False)
    model_in(tmp_path)
    (tmp_path / "reactor.yaml").write_text("model: pipeline:MyModel\nweights_path: w")
    load_class(find_model(tmp_path, environ={}).manifest)
    assert get_weights_path() == tmp_path / "w"


@pytest.mark.parametrize(
    "import_string", ["pipeline", "pipeline:", ":MyModel", "pipeline.py:MyModel"]
)
def test_an_import_string_of_another_form_is_a_value_error(
    tmp_path: Path, import_string: str
) -> None:
    with pytest.raises(ValueError, match="expected 'module:Class'"):
        load_class(Manifest(folder=tmp_path, import_string=import_string, name="x"))


@pytest.mark.parametrize(
    ("body", "came"),
    [
        ("class MyModel: ...", "came another class; it has no model class at all"),
        ("MyModel = 5", "came an object of int; it has no model class at all"),
        ("class Lake(ReactorModel): ...\nMyModel = Lake()",
         "came an object of Lake; did you mean 'pipeline:Lake'?"),
        ("MyModel = ReactorPipeline", "came another class; it has no model class at all"),
        ("class MyModel: ...\nclass Lake(ReactorModel): ...\nclass Sea(ReactorPipeline): ...",
         "came another class; did you mean 'pipeline:Lake' or 'pipeline:Sea'?"),
    ],
)  # fmt: skip
def test_what_is_no_model_class_is_a_type_error(tmp_path: Path, body: str, came: str) -> None:
    manifest = model_in(tmp_path, pipeline=HEADER + body)
    with pytest.raises(TypeError, match="derives from ReactorModel") as caught:
        load_class(manifest)
    assert isinstance(caught.value, ModelClassError)
    assert str(caught.value) == (
        f"{tmp_path}/pipeline.py: 'MyModel': "
        f"expected a class of yours that derives from ReactorModel or VideoModel, {came}"
    )


def test_a_missing_class_is_told_which_ones_would_fit(tmp_path: Path) -> None:
    manifest = model_in(tmp_path, "pipeline:MyModle", pipeline=MODEL)
    with pytest.raises(SetupError) as caught:
        load_class(manifest)
    assert str(caught.value) == (
        f"{tmp_path}/pipeline.py: no class 'MyModle'; did you mean 'pipeline:MyModel'?"
    )


@pytest.mark.parametrize(
    ("import_string", "message"),
    [
        ("pipelin:MyModel",
         "'pipelin:MyModel': there is no module 'pipelin' in {}; did you mean 'pipeline:MyModel'?"),
        ("zzz:MyModel", "'zzz:MyModel': there is no module 'zzz' in {}"),
        ("zzz.pipeline:MyModel", "'zzz.pipeline:MyModel': there is no module 'zzz' in {}"),
        ("pipeline.x:MyModel", "'pipeline.x:MyModel': there is no module 'pipeline.x' in {}"),
    ],
)  # fmt: skip
def test_a_missing_module_is_told_apart(tmp_path: Path, import_string: str, message: str) -> None:
    manifest = model_in(tmp_path, import_string, pipeline=MODEL)
    with pytest.raises(SetupError) as caught:
        load_class(manifest)
    assert str(caught.value).startswith(f"{tmp_path}/reactor.yaml: {message.format(tmp_path)}")
    assert caught.value.detail == ""


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("\nimport torchx", " at {}/pipeline.py, line 2: ModuleNotFoundError: No module named "
         "'torchx'; install it, or put it beside the model"),
        ("import importlib\nimportlib.import_module('pipeline.x')",
         " at {}/pipeline.py, line 2: ModuleNotFoundError: No module named 'pipeline.x'"),
        ("from os import nothing", " at {}/pipeline.py, line 1: ImportError: cannot import name"),
        ("def broken(:\n", ": SyntaxError: invalid syntax (pipeline.py, line 1)"),
        ("import waves\n", " at {}/waves.py, line 2: ValueError: too high"),
        ("import sys\nsys.exit('no GPU')", " at {}/pipeline.py, line 2: SystemExit: no GPU"),
        ("raise RuntimeError", " at {}/pipeline.py, line 1: RuntimeError"),
        ("raise RuntimeError('two\\nlines')", " at {}/pipeline.py, line 1: RuntimeError: two"),
        ("def __getattr__(name): raise OSError(name)",
         " at {}/pipeline.py, line 1: OSError: MyModel"),
    ],
)  # fmt: skip
def test_a_module_that_fails_to_import_is_told_where(
    tmp_path: Path, text: str, message: str
) -> None:
    manifest = model_in(tmp_path, pipeline=text, waves="\nraise ValueError('too high')")
    with pytest.raises(SetupError) as caught:
        load_class(manifest)
    told = str(caught.value)
    assert told.startswith("importing 'pipeline' failed" + message.format(tmp_path))
    assert "\n" not in told


def test_a_missing_library_is_installed_from_the_models_requirements(tmp_path: Path) -> None:
    manifest = model_in(tmp_path, pipeline="import torchx")
    (tmp_path / "requirements.txt").write_text("torchx")
    with pytest.raises(SetupError) as caught:
        load_class(manifest)
    told = f"install it, with `pip install -r {tmp_path}/requirements.txt`, or put it beside"
    assert told in caught.value.message


def test_the_detail_of_a_failed_import_is_the_authors_own_traceback(tmp_path: Path) -> None:
    text = "def build():\n    try:\n        import waves\n    finally:\n        1 / 0\nbuild()\n"
    manifest = model_in(tmp_path, pipeline=text, waves="raise ValueError('too high')")
    with pytest.raises(SetupError) as caught:
        load_class(manifest)
    lines = caught.value.detail.splitlines()
    assert [line.strip() for line in lines if line.startswith("  File")] == [
        f'File "{tmp_path}/pipeline.py", line 3, in build',
        f'File "{tmp_path}/waves.py", line 1, in <module>',
        f'File "{tmp_path}/pipeline.py", line 6, in <module>',
        f'File "{tmp_path}/pipeline.py", line 5, in build',
    ]
    assert "ValueError: too high" in lines
    assert lines[-1] == "ZeroDivisionError: division by zero"


def test_a_module_that_is_mended_imports_at_the_next_try(tmp_path: Path) -> None:
    manifest = model_in(tmp_path, pipeline="raise RuntimeError")
    with pytest.raises(SetupError):
        load_class(manifest)
    (tmp_path / "pipeline.py").write_text(MODEL)
    assert load_class(manifest).__name__ == "MyModel"


def test_a_folder_that_this_machine_does_not_have_is_named(tmp_path: Path) -> None:
    manifest = Manifest(folder=tmp_path / "gone", import_string="pipeline:MyModel", name="x")
    with pytest.raises(
        SetupError, match=r"gone: the model's folder does not exist on this machine"
    ):
        load_class(manifest)


def test_errors_of_the_loader_cross_processes() -> None:
    error = pickle.loads(pickle.dumps(ModelClassError("wrong", "detail")))
    assert (type(error), str(error), error.detail) == (ModelClassError, "wrong", "detail")


HEADERS = {
    "VideoModel": "from reactor_actors import VideoModel, VideoOut, command\n",
    "ReactorModel": "from reactor_actors.interface import *\n"
    "class Dials(InputState):\n    level: int = 1\n"
    "class Lacking(InputState):\n    _lacking: int\n",
}


@pytest.mark.parametrize(
    ("base", "body", "reason"),
    [
        (
            "VideoModel",
            "a = VideoOut(default=True)\n    b = VideoOut(default=True)",
            "ValueError: ",
        ),
        ("VideoModel", "async def start_session(self): ...", "TypeError: MyModel.start_session"),
        ("VideoModel", "emission_fps = -1", "ValueError: MyModel.emission_fps must be above"),
        ("VideoModel", "latency = 'low'", "ValueError: MyModel.latency is "),
        (
            "VideoModel",
            "start_session = print\n    @command('go')\n    def go(self, *x): ...",
            "TypeError: MyModel.go",
        ),
        ("VideoModel", "pass", "TypeError: MyModel has no start_session()"),
        ("ReactorModel", "state: Dials", "TypeError: MyModel declares `state: Dials`, but only"),
        ("ReactorModel", "fps = 0", "ValueError: fps must be above zero; got 0"),
        ("ReactorModel", "buffer_size = 0", "ValueError: MyModel.buffer_size must be a whole num"),
        ("ReactorModel", "latency = 'low'", "ValueError: MyModel.latency is "),
        ("ReactorModel", "@event(name='go')\n    def go(self, *x): ...", "TypeError: MyModel.go"),
        ("ReactorPipeline", "dials: Dials", "TypeError: MyModel: declare it as `state: Dials`"),
        ("ReactorPipeline", "state: Lacking", "TypeError: Lacking.__init__() missing 1 required"),
    ],
)
def test_a_class_that_declares_what_cannot_be_is_refused_before_it_is_constructed(
    tmp_path: Path, base: str, body: str, reason: str
) -> None:
    text = (
        f"{HEADERS.get(base, HEADERS['ReactorModel'])}class MyModel({base}):\n    {body}\n"
        "    def __init__(self, *config): raise RuntimeError('constructed')\n"
    )
    source = ModelSource(model_in(tmp_path, pipeline=text), {})
    with pytest.raises(ModelClassError) as caught:
        load_program(source)
    told = caught.value.message
    assert told.startswith(f"{tmp_path}/pipeline.py: MyModel cannot be declared: {reason}")
    assert "\n" not in told
    assert caught.value.detail == ""


def test_code_of_the_authors_that_fails_while_a_class_is_read_is_shown(tmp_path: Path) -> None:
    text = (
        f"{HEADERS['ReactorModel']}class Checked(InputState):\n    level: int = 1\n"
        "    def __post_init__(self): 1 / 0\n"
        "class MyModel(ReactorPipeline):\n    state: Checked\n"
    )
    with pytest.raises(ModelClassError, match="declared: ZeroDivisionError: div") as caught:
        load_program(ModelSource(model_in(tmp_path, pipeline=text), {}))
    assert f'File "{tmp_path}/pipeline.py", line 8, in __post_init__' in caught.value.detail
    assert "reactor_actors/" not in caught.value.detail


@pytest.mark.parametrize("base", ["VideoModel", "ReactorModel"])
def test_a_constructor_that_fails_is_no_fault_of_the_declaration(tmp_path: Path, base: str) -> None:
    text = (
        f"{HEADERS[base]}class MyModel({base}):\n    def start_session(self): ...\n"
        "    def __init__(self, *config): raise TypeError('no GPU')\n"
    )
    source = ModelSource(model_in(tmp_path, pipeline=text), {})
    host = ModelHost(lambda: load_program(source))
    with pytest.raises(ModelError, match="failed to load: TypeError: no GPU"):
        host.load().result(15)
    assert host.close()


def test_a_pipeline_without_an_inference_is_refused_as_a_class(tmp_path: Path) -> None:
    text = f"{HEADERS['ReactorModel']}class MyModel(ReactorPipeline): ...\n"
    source = ModelSource(model_in(tmp_path, pipeline=text), {})
    host = ModelHost(lambda: load_program(source))
    with pytest.raises(ModelClassError) as caught:
        host.load().result(15)
    assert caught.value.message.startswith(f"{tmp_path}/pipeline.py: MyModel has no inference(): ")
    assert host.close()


CLASSIC = """
from reactor_actors import VideoModel, model

@model(name="{name}", config={config!r})
class Face(VideoModel):
    seen = []
    def __init__(self, config):
        self.seen.append(config)
    def start_session(self): ...
"""


def loaded(source: ModelSource) -> tuple[Contract, object]:
    """Load a model of generation 1 as its process does; return its contract and its config."""
    host = ModelHost(lambda: load_program(source))
    try:
        contract = host.load().result(15)
    finally:
        assert host.close()
    seen = vars(load_class(source.manifest))["seen"]
    return contract, seen[-1]


def classic_in(folder: Path, name: str, config: str | None = "own.yml", manifest: str = "") -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "face.py").write_text(CLASSIC.format(name=name, config=config))
    (folder / "own.yml").write_text("size: {width: 1}\nfrom: decorator")
    (folder / "listed.yml").write_text("size: {width: 2}\nfrom: manifest")
    (folder / "named.yml").write_text("size: {width: 3}\nfrom: option")
    if manifest:
        (folder / "reactor.yaml").write_text(f"model: face:Face\n{manifest}")
    return folder


@pytest.mark.parametrize(
    ("manifest", "named", "expected"),
    [
        ("", None, {"size": {"width": 1}, "from": "decorator"}),
        ("name: other", None, {"size": {"width": 1}, "from": "decorator"}),
        ("config: listed.yml", None, {"size": {"width": 2}, "from": "manifest"}),
        ("config: listed.yml", "named.yml", {"size": {"width": 3}, "from": "option"}),
        ("", "named.yml", {"size": {"width": 3}, "from": "option"}),
    ],
)
def test_a_config_is_that_of_the_option_else_of_the_manifest_else_of_the_decorator(
    tmp_path: Path, manifest: str, named: str | None, expected: dict[str, object]
) -> None:
    folder = classic_in(tmp_path, "configured", manifest=manifest)
    config = None if named is None else folder / named
    source = find_model(folder, config=config, environ={})
    assert loaded(source)[1] == expected
    overridden = find_model(
        folder, config=config, overrides=["--model.size.width=9", "--model.a.b=x"], environ={}
    )
    assert loaded(overridden)[1] == {**expected, "size": {"width": 9}, "a": {"b": "x"}}


def test_overrides_alone_will_do(tmp_path: Path) -> None:
    folder = classic_in(tmp_path, "overridden", config=None)
    source = find_model(folder, overrides=["--model.a.b=1"], environ={})
    config: Any = loaded(source)[1]
    assert config == {"a": {"b": 1}}
    assert config.a.b == 1


def test_a_config_of_the_decorator_reads_the_environment_of_its_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = classic_in(tmp_path, "environed")
    (folder / "own.yml").write_text("rate: ${env:CLASSIC_RATE,30}")
    assert loaded(find_model(folder, environ={}))[1] == {"rate": 30}
    monkeypatch.setenv("CLASSIC_RATE", "24")
    assert loaded(find_model(folder, environ={}))[1] == {"rate": 24}


def test_a_config_of_the_decorator_that_is_missing_is_named(tmp_path: Path) -> None:
    folder = classic_in(tmp_path, "configless", config="gone.yml")
    with pytest.raises(SetupError, match=f"{tmp_path}/gone.yml cannot be read"):
        loaded(find_model(folder, environ={}))


def test_a_config_of_the_decorator_may_stand_beside_its_module(tmp_path: Path) -> None:
    inner = classic_in(tmp_path / "inner", "inner")
    assert inner.is_dir()
    (tmp_path / "reactor.yaml").write_text("model: inner.face:Face")
    assert loaded(find_model(tmp_path, environ={}))[1] == {
        "size": {"width": 1}, "from": "decorator",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("manifest", "name"),
    [("", "its-own-name"), ("name: written", "written"), ("a: b", "its-own-name")],
)
def test_the_name_is_the_manifests_else_the_decorators(
    tmp_path: Path, manifest: str, name: str
) -> None:
    folder = classic_in(tmp_path / "folder", "its-own-name", manifest=manifest)
    assert loaded(find_model(folder, environ={}))[0].name == name


def test_which_base_a_class_has_picks_its_generation() -> None:
    class New(ReactorModel):
        async def run(self) -> None: ...

    class Old(VideoModel):
        def start_session(self) -> None: ...

    assert isinstance(compiled(New), ModelProgram)
    assert isinstance(compiled(Old), ClassicProgram)


def compiled(cls: Any) -> Program:
    """Compile a class on a host's thread, and let go of it there."""
    made: list[Program] = []

    def build() -> Program:
        made.append(program_of(cls, {}, {}))
        return made[0]

    host = ModelHost(build)
    host.load().result(15)
    assert host.close()
    return made[0]
