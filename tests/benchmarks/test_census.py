from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from benchmarks.census import Process, census, kind_of, per_kind, since_boot
from benchmarks.servers import processes
from benchmarks.startup.__main__ import STAGES, at_rest, stages

# The one that it starts has lost the mark, as have Ray's agents.
PARENT = """
import os, subprocess, sys
free = {k: v for k, v in os.environ.items() if k != "CENSUS"}
child = subprocess.Popen([sys.executable, "-c", "input()"], env=free, stdin=subprocess.PIPE)
print(child.pid, flush=True)
input()
child.communicate(b"\\n")
"""


@contextmanager
def family() -> Iterator[tuple[str, set[int]]]:
    mark = uuid.uuid4().hex
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    environment = {**os.environ, "CENSUS": mark}
    with subprocess.Popen([sys.executable, "-c", PARENT], env=environment, **pipes) as parent:
        assert parent.stdout is not None
        child = int(parent.stdout.readline())
        yield f"CENSUS={mark}", {parent.pid, child}
        parent.communicate(b"\n")


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("ray::ModelActor.run", "the model's actor"),
        ("ray::TransportActor", "the transport's actor"),
        ("ray::IDLE", "Ray: idle workers"),
        ("ray::Echo.answer", "another actor"),
        ("/a/ray/core/src/ray/raylet/raylet --node_ip_address=127.0.0.2", "Ray: raylet"),
        ("python -u /a/ray/_private/log_monitor.py", "Ray: log monitor"),
        ("python -u /a/ray/autoscaler/_private/monitor.py", "Ray: autoscaler"),
        ("python -m reactor_actors serve examples/brightness", "the program"),
    ],
)
def test_a_process_is_told_by_its_command_line(command: str, kind: str) -> None:
    assert kind_of(command) == kind


def test_what_a_marked_process_has_started_is_its_own_though_it_has_lost_the_mark() -> None:
    with family() as (mark, pids):
        assert {int(folder.name) for folder in processes(mark)} == pids
    assert processes(mark) == []


def test_a_census_tells_what_a_process_uses_and_when_it_began() -> None:
    before = since_boot()
    with family() as (mark, pids):
        found = census(mark)
        assert {one.pid for one in found} == pids
        assert all(one.memory_mb > 1 for one in found)
        assert all(before - 0.1 < one.began < since_boot() + 0.1 for one in found)
        assert 0 < sum(one.cpu for one in found) < 2 * (since_boot() - before) + 0.1


def process(kind: str, began: float, pid: int = 1, cpu: float = 0.0, mb: float = 1.0) -> Process:
    return Process(pid, kind, began, cpu, mb)


BARE = [
    process("the program", 10.0),
    process("Ray: gcs server", 11.0),
    process("Ray: raylet", 13.0),
    process("another actor", 16.0),
]


def test_the_stages_of_a_start_add_up_to_all_of_it() -> None:
    took = stages(BARE, [20.0, 25.0])
    assert took == dict(zip(STAGES, [1.0, 2.0, 3.0, 4.0, 5.0], strict=True))


def test_a_start_that_answers_once_has_one_stage_less() -> None:
    assert stages(BARE, [20.0]) == dict(zip(STAGES, [1.0, 2.0, 3.0, 4.0], strict=False))


def test_the_first_of_several_processes_of_a_kind_counts() -> None:
    assert stages([*BARE, process("Ray: raylet", 14.0)], [20.0])[STAGES[1]] == 2.0


def test_a_program_without_ray_has_no_stages() -> None:
    assert stages([process("the program", 10.0)], [20.0]) == {}


def test_at_rest_each_kind_is_summed_up_and_a_newcomer_has_used_nothing_yet() -> None:
    before = [process("Ray: raylet", 0, 1, 1.0), process("Ray: idle workers", 0, 2, 5.0)]
    after = [
        process("Ray: raylet", 0, 1, 1.5),
        process("Ray: idle workers", 0, 2, 5.1, 40),
        process("Ray: idle workers", 0, 3, 9.0, 2),
    ]
    found = at_rest(before, after, 10.0)
    assert found["Ray: raylet"] == {"MB": 1.0, "mcores": pytest.approx(50.0)}
    assert found["Ray: idle workers"] == {"MB": 42.0, "mcores": pytest.approx(10.0)}
    assert per_kind(after).keys() == found.keys()
