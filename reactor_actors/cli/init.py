"""`reactor-actors init`: a folder to begin from."""

from __future__ import annotations

import re
from importlib.resources import files
from pathlib import Path

from reactor_actors.cli import options
from reactor_actors.core.errors import SetupError

FILES = ("pipeline.py", "reactor.yaml", "config.yml", "requirements.txt", "README.md")
PLACEHOLDER = "NAME"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


def init(path: options.NewFolder) -> None:
    """Make a folder with a model that runs, to begin from."""
    folder = scaffold(path)
    print(f"{folder} is a model that runs. Next:\n\n    reactor-actors serve {path}")


def scaffold(path: Path) -> Path:
    """Write a model into a new folder. Raises `SetupError`, and nothing is written then."""
    folder = path.expanduser()
    if not _NAME.fullmatch(folder.name):
        raise SetupError(f"init expects a name of letters, digits, . _ and -; got {folder.name!r}")
    texts = {name: files("reactor_actors.scaffold").joinpath(name).read_text() for name in FILES}
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise SetupError(f"{path} exists already: init makes a new folder") from None
    except OSError as error:
        raise SetupError(f"{path} cannot be made: {error.strerror}") from None
    for name, text in texts.items():
        own = text if name.endswith(".py") else text.replace(PLACEHOLDER, folder.name)
        (folder / name).write_text(own)
    return folder
