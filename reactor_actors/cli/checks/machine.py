"""The machine: Python, Ray, shared memory and GPUs."""

from __future__ import annotations

import importlib
import importlib.util
import os
import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import version
from typing import TypeAlias

from reactor_actors.actors.cluster import OBJECT_STORE_BYTES
from reactor_actors.actors.placement import Gpus, Resources, gpus_for
from reactor_actors.actors.trial import nodes_of
from reactor_actors.apart import apart
from reactor_actors.cli.checks.finding import Finding, Mark
from reactor_actors.core.errors import ModelError, SetupError
from reactor_actors.links.ring import SMALLEST, Ring, Window
from reactor_actors.version import __version__

RAY_SECONDS = 120.0
TORCH_SECONDS = 120.0
SHM = "/dev/shm"
MEBIBYTE = 2**20

Torch: TypeAlias = tuple[str, int]
"""The version of torch, and how many GPUs it sees."""


def python() -> Finding:
    """Say what runs this."""
    told = f"{platform.python_version()} on {platform.machine()}, reactor-actors {__version__}"
    return Finding("python", told)


def shared_memory() -> Finding:
    """Try the memory that pictures cross in on one machine."""
    try:
        ring = Ring(0, 1, SMALLEST)
        slot = ring.take()
        assert slot is not None
        slot.memory[:] = 7
        told = Window(ring.detach(), 0, 1, SMALLEST).slot(0).memory
        if int(told.min()) != 7:
            raise OSError("what was written is not what is read")
    except (AttributeError, OSError, ValueError) as error:
        return Finding(
            "shared memory",
            f"no memfd: {error}",
            Mark.WARNING,
            "pictures go through Ray's object store, at several times the cost; allow memfd_create",
        )
    return Finding("shared memory", "memfd works: pictures cross without a copy")


def object_store() -> Finding:
    """Look at the room for Ray's object store."""
    try:
        told = os.statvfs(SHM)
    except OSError as error:
        return room(0, str(error.strerror))
    return room(told.f_bavail * told.f_frsize)


def room(free: int, trouble: str = "") -> Finding:
    """Judge the free bytes of shared memory."""
    wanted = OBJECT_STORE_BYTES // MEBIBYTE
    told = f"{SHM}: {trouble or f'{free // MEBIBYTE} MiB free'}"
    if free >= OBJECT_STORE_BYTES:
        return Finding("object store", told)
    return Finding(
        "object store",
        f"{told}; Ray's object store takes {wanted}, and uses the disk instead",
        Mark.WARNING,
        "Docker: --shm-size=1g; Kubernetes: an emptyDir with medium: Memory at /dev/shm",
    )


def cluster(address: str | None) -> tuple[Finding, list[Resources]]:
    """Start Ray, or join it, and end it again; return what there is on its nodes."""
    what = f"joining Ray at {address}" if address else "starting Ray"
    try:
        nodes, seconds = apart(what, nodes_of, address, seconds=RAY_SECONDS)
    except (SetupError, ModelError) as error:
        remedy = "`ray status` on the cluster says more" if address else _RAY_REMEDY
        return Finding("ray", error.message, Mark.BAD, remedy, error.detail), []
    cpus = sum(node.get("CPU", 0) for node in nodes)
    how = f"joined at {address}, {len(nodes)} nodes" if address else "starts"
    told = f"{version('ray')} {how} in {seconds:.1f} s; {cpus:g} CPUs"
    return Finding("ray", told), nodes


_RAY_REMEDY = (
    "Ray needs room in /tmp, ports of 127.0.0.1 and the right to start processes; its own words "
    "are in /tmp/ray/session_latest/logs"
)


def nvidia() -> tuple[list[str], str]:
    """Return the GPUs that the driver names, and what keeps it from naming them."""
    query = ["nvidia-smi", "--query-gpu=name,memory.total,driver_version", "--format=csv,noheader"]
    try:
        told = subprocess.run(query, capture_output=True, text=True, timeout=20, check=False)
    except FileNotFoundError:
        return [], ""
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], str(error)
    lines = [line.strip() for line in (told.stdout + told.stderr).splitlines() if line.strip()]
    return (lines, "") if told.returncode == 0 else ([], " ".join(lines))


def import_torch() -> Torch:
    """Return what torch sees. Belongs to a process of its own: importing it takes its time."""
    torch = importlib.import_module("torch")
    return str(torch.__version__), int(torch.cuda.device_count())


def torch() -> Torch | None:
    """Ask torch, if it is installed, which GPUs it sees. Raises `ModelError` when it fails."""
    if importlib.util.find_spec("torch") is None:
        return None
    return apart("importing torch", import_torch, seconds=TORCH_SECONDS)


def gpu() -> Finding:
    """Ask the driver and torch, and judge what they say."""
    named, trouble = nvidia()
    try:
        seen = torch()
    except ModelError as error:
        told = f"{'; '.join(named) or trouble or 'none'}; torch fails: {error.message}"
        return Finding("gpu", told, Mark.WARNING, _BROKEN_REMEDY, error.detail)
    return gpus(named, trouble, seen)


def gpus(named: Sequence[str], trouble: str, seen: Torch | None) -> Finding:
    """Judge the GPUs that the driver names and those that torch sees."""
    if trouble:
        return Finding("gpu", f"nvidia-smi fails: {trouble}", Mark.WARNING, _DRIVER_REMEDY)
    told = "; ".join(named) or "none"
    if seen is not None:
        told += f"; torch {seen[0]} sees {seen[1] or 'none'}"
    if named and seen is not None and not seen[1]:
        return Finding("gpu", told, Mark.WARNING, _TORCH_REMEDY)
    return Finding("gpu", told)


_DRIVER_REMEDY = (
    "reload the driver or restart the machine; in a container, start it with --gpus all"
)
_BROKEN_REMEDY = "a model that imports torch cannot be loaded: install it again, with what it needs"
_TORCH_REMEDY = (
    "install a build of torch for CUDA, of a version that the driver supports (`nvidia-smi` "
    "names the newest), and see that CUDA_VISIBLE_DEVICES hides none"
)


def gpus_wanted(wanted: Gpus, nodes: Sequence[Resources]) -> Finding | None:
    """Judge whether a node has the GPUs that a model's manifest asks for; None: it asks for none.

    Ray would wait for them for ever.
    """
    number, most = gpus_for(wanted, nodes), max((node.get("GPU", 0.0) for node in nodes), default=0)
    if wanted == "auto" or not number:
        return None
    if number <= most:
        return Finding("gpus:", f"{number:g} for each replica; a node has {most:g}")
    return Finding(
        "gpus:",
        f"the manifest asks for {number:g}, and no node has more than {most:g}",
        Mark.BAD,
        "change `gpus:` in reactor.yaml, or join a cluster that has them with --address",
    )
