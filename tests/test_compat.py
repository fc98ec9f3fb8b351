from __future__ import annotations

import importlib
import importlib.util
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import reactor_actors
from reactor_actors import interface
from reactor_actors.compat import Alias, alias_of, explain, foreign, install, installed
from reactor_actors.core.errors import SetupError
from reactor_actors.loader import find_model, load_class

ROOT = Path(__file__).parents[1]
PATHS = ["", ".interface", ".tracks", ".transports", ".transports.media"]
MODEL = """
import reactor_runtime
from reactor_runtime.interface import Output, ReactorPipeline, Video

class Picture(Output):
    main_video: Video

class MyModel(ReactorPipeline):
    def inference(self):
        yield None
"""
CLASSIC = """
from reactor_runtime import VideoModel, command, get_ctx, model
from reactor_runtime.tracks import VideoIn, VideoOut
from reactor_runtime.transports.media import MediaBundle

@model(name="face-transform")
class FaceTransform(VideoModel):
    webcam = VideoIn()
    main_video = VideoOut(default=True)

    def start_session(self):
        get_ctx().get_track().emit(None)

    def on_media(self, bundle: MediaBundle):
        pass
"""


@pytest.fixture(autouse=True)
def _without_alias() -> Iterator[None]:
    path, modules = list(sys.path), set(sys.modules)
    yield
    install(Alias.OFF)
    sys.path[:] = path
    for name in sys.modules.keys() - modules:
        if name.partition(".")[0] in ("reactor_runtime", "pipeline"):
            del sys.modules[name]


def original_in(folder: Path) -> Path:
    """Put something into a folder that looks like the original, installed there."""
    package = folder / "reactor_runtime"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("from reactor_runtime.interface import ReactorModel\n")
    (package / "interface.py").write_text("class ReactorModel: ...\n")
    (package / "extra.py").write_text("")
    return folder


def found_first(folder: Path) -> None:
    sys.path.insert(0, str(folder))
    importlib.invalidate_caches()


def printed_by(code: str, *path: Path) -> str:
    """Return what a fresh process prints that has these folders on its path."""
    ran = subprocess.run(
        [sys.executable, "-c", code],
        env={"PYTHONPATH": ":".join(map(str, [*path, ROOT]))},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
        timeout=50,
    )
    return ran.stdout.strip()


@pytest.mark.parametrize(
    ("text", "alias"), [("auto", Alias.AUTO), ("force", Alias.FORCE), (" OFF ", Alias.OFF)]
)
def test_the_switch_is_a_word_in_any_case(text: str, alias: Alias) -> None:
    assert alias_of(text) is alias


@pytest.mark.parametrize("text", ["", "on", "1", "auto,force"])
def test_another_word_is_told_what_was_expected_and_what_came(text: str) -> None:
    with pytest.raises(SetupError) as caught:
        alias_of(text)
    expected = "auto, force or off"
    assert str(caught.value) == f"REACTOR_ACTORS_ALIAS: expected {expected}, came {text!r}"


def test_a_mode_that_is_none_is_refused_and_changes_nothing() -> None:
    with pytest.raises(ValueError, match="forced"):
        install("forced")
    assert not installed()


@pytest.mark.parametrize("path", PATHS)
def test_a_module_of_the_original_is_the_very_one_of_this_package(path: str) -> None:
    install()
    assert sys.modules[f"reactor_runtime{path}"] is sys.modules[f"reactor_actors{path}"]
    module = importlib.import_module(f"reactor_runtime{path}")
    assert module is importlib.import_module(f"reactor_actors{path}")
    assert module.__name__ == f"reactor_actors{path}"


@pytest.mark.parametrize(
    ("text", "class_name", "base"),
    [(MODEL, "MyModel", "ReactorPipeline"), (CLASSIC, "FaceTransform", "VideoModel")],
    ids=["generation 2", "generation 1"],
)
def test_a_model_file_of_the_original_runs_unedited_in_a_fresh_process(
    tmp_path: Path, text: str, class_name: str, base: str
) -> None:
    (tmp_path / "pipeline.py").write_text(text)
    code = (
        "from reactor_actors import compat\ncompat.install()\n"
        f"import reactor_actors, pipeline\ncls = pipeline.{class_name}\n"
        f"print(cls.__mro__[1] is reactor_actors.{base}, cls.__mro__[1].__module__)"
    )
    same, module = printed_by(code, tmp_path).split()
    assert same == "True"
    assert module.startswith("reactor_actors.")


@pytest.mark.parametrize(
    "statement",
    [
        "import reactor_runtime.interface as module",
        "from reactor_runtime import interface as module",
        "import reactor_runtime.interface\nmodule = reactor_runtime.interface",
        "import importlib\nmodule = importlib.import_module('.interface', 'reactor_runtime')",
    ],
)
def test_every_form_of_import_gives_the_same_module(statement: str) -> None:
    install()
    namespace: dict[str, object] = {}
    exec(statement, namespace)
    assert namespace["module"] is interface


def test_everything_can_be_imported_by_a_star() -> None:
    install()
    namespace: dict[str, object] = {}
    exec("from reactor_runtime.interface import *", namespace)
    assert namespace["ReactorPipeline"] is interface.ReactorPipeline
    assert interface.__all__ == [name for name in interface.__all__ if name in namespace]


def test_a_module_that_is_reloaded_stays_the_same_under_both_names() -> None:
    install()
    module = importlib.import_module("reactor_runtime.tracks")
    assert importlib.reload(module) is sys.modules["reactor_actors.tracks"] is module
    assert "reactor_runtime.tracks" in sys.modules


def test_who_asks_whether_the_original_is_there_is_told_yes() -> None:
    assert importlib.util.find_spec("reactor_runtime") is None
    install()
    assert importlib.util.find_spec("reactor_runtime") is not None
    assert importlib.util.find_spec("reactor_runtime.transports.media") is not None


@pytest.mark.parametrize("module", ["loader", "compat", "profiling", "transports.webrtc", "a.b"])
def test_any_other_module_of_the_original_is_refused_by_its_name(module: str) -> None:
    install()
    with pytest.raises(ModuleNotFoundError) as caught:
        importlib.import_module(f"reactor_runtime.{module}")
    refused = "reactor_runtime.a" if module == "a.b" else f"reactor_runtime.{module}"
    assert caught.value.name == refused
    assert f"has no {refused!r}: docs/migrating.md " in str(caught.value)
    assert refused not in sys.modules


@pytest.mark.parametrize("alias", [Alias.AUTO, Alias.OFF])
@pytest.mark.parametrize("module", ["loader", "profiling"])
def test_who_asks_for_any_other_module_is_refused_as_where_the_original_is_missing(
    alias: Alias, module: str
) -> None:
    install(alias)
    with pytest.raises(ModuleNotFoundError):
        importlib.util.find_spec(f"reactor_runtime.{module}")


def test_no_module_of_this_package_is_loaded_a_second_time() -> None:
    install()
    from reactor_runtime import loader

    assert loader is sys.modules["reactor_actors.loader"]
    assert {name for name in sys.modules if name.startswith("reactor_runtime")} == {
        f"reactor_runtime{path}" for path in PATHS
    }


def test_other_modules_that_are_missing_fail_as_python_fails() -> None:
    install()
    for name in ("reactor_runtime_tools", "nowhere"):
        with pytest.raises(ModuleNotFoundError, match=f"^No module named '{name}'$"):
            importlib.import_module(name)


def test_off_fails_as_python_fails() -> None:
    for before in (Alias.OFF, Alias.AUTO, Alias.FORCE):
        install(before)
        install(Alias.OFF)
        assert not installed()
        for path in PATHS:
            with pytest.raises(ModuleNotFoundError, match=r"^No module named 'reactor_runtime'$"):
                importlib.import_module(f"reactor_runtime{path}")


def test_what_was_imported_goes_on_working_without_the_alias() -> None:
    install()
    module = importlib.import_module("reactor_runtime.interface")
    install(Alias.OFF)
    assert module.ReactorModel is reactor_actors.ReactorModel


def test_installing_again_changes_nothing() -> None:
    before = list(sys.meta_path)
    install()
    first = list(sys.meta_path)
    for alias in (Alias.AUTO, Alias.FORCE, Alias.AUTO):
        install(alias)
        assert sys.meta_path == first
        assert installed()
    install(Alias.OFF)
    install(Alias.OFF)
    assert sys.meta_path == before


WHICH = "import reactor_runtime; print(reactor_runtime.ReactorModel.__module__)"


@pytest.mark.parametrize(
    ("alias", "whose"),
    [
        ("auto", "reactor_runtime.interface"),
        ("force", "reactor_actors.interface.model"),
        ("off", "reactor_runtime.interface"),
    ],
)
@pytest.mark.parametrize("imported", [False, True], ids=["fresh", "imported already"])
def test_an_original_that_is_installed_gives_way_to_force_alone(
    tmp_path: Path, alias: str, whose: str, imported: bool
) -> None:
    before = "import reactor_runtime.extra\n" if imported else ""
    code = f"{before}from reactor_actors.compat import install\ninstall({alias!r})\n{WHICH}"
    assert printed_by(code, original_in(tmp_path)) == whose


def test_nothing_of_the_original_is_left_where_it_has_been_forced_out(tmp_path: Path) -> None:
    found_first(original_in(tmp_path))
    importlib.import_module("reactor_runtime.extra")
    install(Alias.FORCE)
    with pytest.raises(ModuleNotFoundError, match=r"has no 'reactor_runtime\.extra'"):
        importlib.import_module("reactor_runtime.extra")
    install(Alias.AUTO)
    assert importlib.import_module("reactor_runtime.extra")
    assert Path(str(sys.modules["reactor_runtime"].__file__)).is_relative_to(tmp_path)


def test_a_module_of_that_name_beside_the_model_counts_as_the_original(tmp_path: Path) -> None:
    install()
    (tmp_path / "reactor_runtime.py").write_text("theirs = True")
    found_first(tmp_path)
    install()
    assert importlib.import_module("reactor_runtime").theirs
    assert not installed()
    with pytest.raises(ModuleNotFoundError, match="is not a package"):
        importlib.import_module("reactor_runtime.interface")


def test_one_that_stands_in_for_it_already_counts_as_the_original() -> None:
    theirs = sys.modules["reactor_runtime"] = type(sys)("reactor_runtime")
    install()
    assert importlib.import_module("reactor_runtime") is theirs


def test_a_folder_that_happens_to_have_the_name_is_not_the_original(tmp_path: Path) -> None:
    (tmp_path / "reactor_runtime" / "logs").mkdir(parents=True)
    found_first(tmp_path)
    install()
    assert importlib.import_module("reactor_runtime") is reactor_actors


class OldFinder:
    """Of the kind that Python asks no more, from 3.12 on."""

    def find_module(self, name: str, path: object = None) -> None: ...


def test_a_finder_of_the_oldest_kind_is_passed_over() -> None:
    oldest = OldFinder()
    sys.meta_path.insert(0, oldest)
    try:
        install()
        assert sys.meta_path[1] is oldest
    finally:
        sys.meta_path.remove(oldest)


def test_the_alias_goes_on_from_one_models_folder_to_the_next(tmp_path: Path) -> None:
    install()
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "pipeline.py").write_text(MODEL)
        (folder / "reactor.yaml").write_text("model: pipeline:MyModel")
        cls = load_class(find_model(folder, environ={}).manifest)
        assert issubclass(cls, reactor_actors.ReactorPipeline)
        assert vars(sys.modules["pipeline"])["reactor_runtime"] is reactor_actors
        assert installed()


@pytest.mark.parametrize("path", PATHS)
def test_an_entry_that_somebody_removes_is_found_again(path: str) -> None:
    install()
    ours = sys.modules[f"reactor_actors{path}"]
    del sys.modules[f"reactor_runtime{path}"]
    assert importlib.import_module(f"reactor_runtime{path}") is ours
    assert ours.__spec__ is not None
    assert ours.__spec__.name == ours.__name__ == f"reactor_actors{path}"
    assert ours.__spec__.loader is ours.__loader__


def test_threads_that_import_at_the_same_time_get_the_same_module() -> None:
    install()
    threads = 8
    start = threading.Barrier(threads, timeout=10)
    interval = sys.getswitchinterval()

    def imported() -> list[object]:
        found = []
        for _ in range(400):
            if start.wait() == 0:
                sys.modules.pop("reactor_runtime.interface", None)
                sys.modules.pop("reactor_runtime", None)
            start.wait()
            namespace: dict[str, object] = {}
            exec("from reactor_runtime.interface import ReactorModel", namespace)
            found.append(namespace["ReactorModel"])
        return found

    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(threads) as pool:
            jobs = [pool.submit(imported) for _ in range(threads)]
            found = {model for job in jobs for model in job.result()}
    finally:
        sys.setswitchinterval(interval)
    assert found == {interface.ReactorModel}


@pytest.mark.parametrize(
    ("start", "above", "status"),
    [
        ("spawn", "", 1),
        ("spawn", "from reactor_actors import compat\ncompat.install()\n", 0),
        ("fork", "", 0),
    ],
)
def test_a_process_that_a_model_spawns_has_the_alias_where_its_module_installs_it(
    tmp_path: Path, start: str, above: str, status: int
) -> None:
    text = "import reactor_runtime\ndef work(): assert reactor_runtime.VideoModel\n"
    (tmp_path / "worker.py").write_text(above + text)
    code = (
        "from multiprocessing import get_context\n"
        "from reactor_actors import compat\ncompat.install()\nimport worker\n"
        f"process = get_context({start!r}).Process(target=worker.work)\n"
        "process.start()\nprocess.join()\nprint(process.exitcode)"
    )
    assert printed_by(code, tmp_path) == str(status)


def test_what_is_pickled_is_read_where_there_is_no_alias() -> None:
    install()
    file = importlib.import_module("reactor_runtime.interface").UploadedFile("a", "b", 1, b"c")
    pickled = pickle.dumps((file, type(file)))
    install(Alias.OFF)
    assert b"reactor_runtime" not in pickled
    assert pickle.loads(pickled) == (file, type(file))


@pytest.mark.parametrize("package", ["reactor_actors", "reactor_runtime"])
@pytest.mark.parametrize("module", ["", ".interface", ".tracks", ".transports.media"])
def test_a_name_that_is_not_here_is_explained(package: str, module: str) -> None:
    install()
    with pytest.raises(ImportError, match="cannot import name 'Foo'") as caught:
        exec(f"from {package}{module} import Foo")
    assert explain(caught.value).startswith("; docs/migrating.md ")
    assert not hasattr(importlib.import_module(f"{package}{module}"), "Foo")


def test_what_explains_itself_is_not_explained_again() -> None:
    install()
    for statement in ("import reactor_runtime.profiling", "from reactor_runtime import profile_fn"):
        with pytest.raises(ImportError, match=r"docs/migrating\.md") as caught:
            exec(statement)
        assert explain(caught.value) == ""


@pytest.mark.parametrize(
    "error",
    [
        ImportError("no name"),
        ModuleNotFoundError("No module named 'torch'", name="torch"),
        ImportError("cannot import name 'a' from 'b'", name="b"),
        ImportError("cannot import name 'a' from 'reactor_actors_tools'", name="reactor_tools"),
    ],
)
def test_errors_about_other_modules_are_not_explained(error: ImportError) -> None:
    for alias in Alias:
        install(alias)
        assert explain(error) == ""


def test_without_the_alias_the_switch_is_named_where_it_would_help(tmp_path: Path) -> None:
    def hint(statement: str) -> str:
        with pytest.raises(ImportError) as caught:
            exec(statement)
        return explain(caught.value)

    switch = "; REACTOR_ACTORS_ALIAS=force has reactor_actors stand in for reactor_runtime"
    assert hint("import reactor_runtime.interface") == switch
    found_first(original_in(tmp_path))
    install()
    assert hint("from reactor_runtime.tracks import VideoOut") == switch
    assert hint("from reactor_runtime import VideoModel") == switch
    assert hint("import reactor_runtime.nowhere") == ""


def test_a_class_of_the_original_is_told_from_one_of_this_package(tmp_path: Path) -> None:
    install()
    ours = type("Ours", (importlib.import_module("reactor_runtime").ReactorModel,), {})
    found_first(original_in(tmp_path))
    install()
    theirs = type("Theirs", (importlib.import_module("reactor_runtime").ReactorModel,), {})
    assert foreign(theirs)
    assert foreign(type("Child", (theirs,), {}))
    assert not foreign(ours)
    assert not foreign(int)
    assert not foreign(type("Other", (), {"__module__": "reactor_runtime_tools"}))


def test_installing_loads_nothing_heavy() -> None:
    heavy = ("ray", "aiortc", "av", "aiohttp", "torch", "cv2")
    code = (
        "import sys\nfrom reactor_actors import compat\ncompat.install()\n"
        f"print(compat.installed(), *(m for m in {heavy} if m in sys.modules))"
    )
    assert printed_by(code) == "True"
