"""The published packages, fetched once into a folder that is not kept in the repository."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
CACHE = HERE / ".cache"
PAGE = HERE / "page"


def python_sdk_08() -> Path:
    """Return a folder with `reactor-sdk` 0.8.0 alone; what it needs, the tests have anyway."""
    return fetched(
        "python-sdk-0.8.0",
        lambda folder: [
            *(sys.executable, "-m", "pip", "install", "--quiet", "--no-deps"),
            *("--disable-pip-version-check", "--target", str(folder), "reactor-sdk==0.8.0"),
        ],
    )


def page() -> Path:
    """Return a folder with the test page, built from the published npm packages."""
    manifest = (PAGE / "package.json").read_bytes()

    def install(folder: Path) -> list[str]:
        (folder / "package.json").write_bytes(manifest)
        return [
            *("npm", "install", "--no-package-lock", "--ignore-scripts", "--no-audit"),
            *("--no-fund", "--loglevel=error", "--prefix", str(folder)),
        ]

    name = f"page-{hashlib.sha256(manifest).hexdigest()[:12]}"
    packages = fetched(name, install)
    for source in (PAGE / "page.jsx", PAGE / "index.html"):
        shutil.copy(source, packages)
    command(
        [
            *("node", str(packages / "node_modules/esbuild/bin/esbuild"), "page.jsx"),
            *("--bundle", "--format=iife", "--jsx=automatic", "--outfile=bundle.js"),
            *('--define:process.env.NODE_ENV="production"', "--log-level=warning"),
        ],
        packages,
    )
    return packages


def fetched(name: str, install: Callable[[Path], list[str]]) -> Path:
    """Return the cached folder of that name, made by a command if it is not there."""
    folder = CACHE / name
    if not folder.exists():
        CACHE.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=CACHE) as made:
            target = Path(made) / name
            target.mkdir()
            command(install(target), target)
            try:
                os.replace(target, folder)
            except OSError:
                assert folder.exists()  # another run was quicker
    return folder


def command(words: list[str], folder: Path) -> None:
    """Run a command; if it fails, raise what it said."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} failed:\n{done.stdout}\n{done.stderr}")
