from __future__ import annotations

from pathlib import Path

import pytest

from reactor_actors.cli.checks import machine
from reactor_actors.cli.checks.finding import Mark
from reactor_actors.cli.checks.machine import Torch

SMI = "NVIDIA H200, 143771 MiB, 570.1"


def test_this_machine_has_what_a_ring_needs() -> None:
    assert machine.shared_memory().mark is Mark.GOOD
    assert machine.object_store().found.startswith("/dev/shm: ")
    assert machine.python().found.startswith("3.")


def test_little_shared_memory_is_told_in_one_line_with_the_remedy() -> None:
    found = machine.room(64 * 2**20)
    assert found.mark is Mark.WARNING
    assert found.found.startswith("/dev/shm: 64 MiB free; Ray's object store takes 128")
    assert "--shm-size" in found.remedy
    assert machine.room(128 * 2**20).mark is Mark.GOOD
    assert "No such file" in machine.room(0, "No such file").found


@pytest.mark.parametrize(
    ("named", "trouble", "seen", "mark", "words"),
    [
        ([], "", None, Mark.GOOD, "none"),
        ([SMI], "", None, Mark.GOOD, SMI),
        ([SMI], "", ("2.9", 1), Mark.GOOD, "torch 2.9 sees 1"),
        ([], "", ("2.9+cpu", 0), Mark.GOOD, "none; torch 2.9+cpu sees none"),
        ([SMI], "", ("2.9+cpu", 0), Mark.WARNING, "torch 2.9+cpu sees none"),
        ([], "driver mismatch", None, Mark.WARNING, "nvidia-smi fails: driver mismatch"),
    ],
)
def test_a_gpu_that_torch_does_not_see_is_a_warning(
    named: list[str], trouble: str, seen: Torch | None, mark: Mark, words: str
) -> None:
    found = machine.gpus(named, trouble, seen)
    assert found.mark is mark
    assert words in found.found
    assert bool(found.remedy) is (mark is not Mark.GOOD)


@pytest.mark.parametrize(
    ("wanted", "nodes", "mark"),
    [
        ("auto", [{"CPU": 2.0}], None),
        (0.0, [{"CPU": 2.0}], None),
        (1.0, [{"GPU": 1.0}], Mark.GOOD),
        (0.5, [{"CPU": 2.0}, {"GPU": 1.0}], Mark.GOOD),
        (2.0, [{"GPU": 1.0}, {"GPU": 1.0}], Mark.BAD),
        (1.0, [{"CPU": 2.0}], Mark.BAD),
    ],
)
def test_gpus_that_no_node_has_would_be_waited_for_for_ever(
    wanted: machine.Gpus, nodes: list[machine.Resources], mark: Mark | None
) -> None:
    found = machine.gpus_wanted(wanted, nodes)
    assert (found and found.mark) is mark
    assert found is None or (mark is Mark.GOOD) or "--address" in found.remedy


def smi(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "nvidia-smi"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:/usr/bin:/bin")


def test_the_driver_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert machine.nvidia() == ([], "")
    smi(tmp_path, f"echo '{SMI}'; echo '{SMI}'", monkeypatch)
    assert machine.nvidia() == ([SMI, SMI], "")
    smi(tmp_path, "echo 'Driver/library version mismatch'; exit 18", monkeypatch)
    assert machine.nvidia() == ([], "Driver/library version mismatch")


def test_a_cluster_that_is_not_there_is_told() -> None:
    found, nodes = machine.cluster("127.0.0.1:1")
    assert (found.mark, nodes) == (Mark.BAD, [])
    assert found.found.startswith("no Ray cluster answers at ")
    assert found.remedy
