"""What `reactor-actors init` writes: folders that are good to begin from, as data.

A template is a model of an author's and its files. Nothing here imports one.
"""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from reactor_actors.core.errors import SetupError

TEMPLATES = {
    "pipeline": "a generator that yields pictures, with live parameters",
    "model": "a loop of its own, with commands, messages and hooks",
    "webcam": "a viewer's webcam in, pictures out",
    "classic": "the API of generation 1",
    "torch": "a network on a GPU, where there is one",
}
FILES = (
    *("pipeline.py", "reactor.yaml", "config.yml", "requirements.txt", "README.md"),
    "test_pipeline.py",
)
PLACEHOLDER = "NAME"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def write(path: Path, template: str = "pipeline") -> Path:
    """Write a model into a new folder and return it. Raises `SetupError`; nothing is written then.

    The folder's name becomes the model's.
    """
    folder = path.expanduser()
    if template not in TEMPLATES:
        known = ", ".join(TEMPLATES)
        raise SetupError(f"--template expects one of {known}; got {template!r}")
    if not _NAME.fullmatch(folder.name):
        raise SetupError(f"init expects a name of letters, digits, . _ and -; got {folder.name!r}")
    source = files(__name__) / template
    texts = {name: (source / name).read_text(encoding="utf-8") for name in FILES}
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise SetupError(f"{path} exists already: init makes a new folder") from None
    except OSError as error:
        raise SetupError(f"{path} cannot be made: {error.strerror}") from None
    for name, text in texts.items():
        own = text if name.endswith(".py") else text.replace(PLACEHOLDER, folder.name)
        (folder / name).write_text(own, encoding="utf-8")
    return folder
