"""`reactor-actors schema`: what clients may say to a model, and what it says to them."""

from __future__ import annotations

import json
import os

from reactor_actors.cli import options
from reactor_actors.cli.words import one_place

IMPORT_SECONDS = 120.0
"""How long a model may take to be imported: a large library on a cold disk takes half a minute."""


def schema(target: options.Target = None, path: options.ModelPath = None) -> None:
    """Print a model's OpenAPI document, without loading it. What it prints goes to stderr."""
    from reactor_actors.apart import STANDARD_ERROR, apart
    from reactor_actors.core.schema import openapi
    from reactor_actors.declaring import contract_of
    from reactor_actors.loader import find_unconfigured

    source = find_unconfigured(one_place(target, path), os.environ)
    what = f"importing {source.manifest.name}"
    contract = apart(what, contract_of, source, seconds=IMPORT_SECONDS, output=STANDARD_ERROR)
    print(json.dumps(openapi(contract), indent=2))
