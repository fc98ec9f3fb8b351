"""`reactor-actors init`: a folder to begin from."""

from __future__ import annotations

import shlex

from reactor_actors import scaffold
from reactor_actors.cli import options


def init(path: options.NewFolder, template: options.Template = "pipeline") -> None:
    """Make a folder with a model that runs, to begin from."""
    folder = scaffold.write(path, template)
    print(
        f"{folder} is a model that runs: {scaffold.TEMPLATES[template]}. Next:\n\n"
        f"    reactor-actors check {shlex.quote(str(path))}\n"
        f"    reactor-actors serve {shlex.quote(str(path))}"
    )
