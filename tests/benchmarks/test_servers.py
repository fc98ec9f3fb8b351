import os
import subprocess
import sys
import uuid

from benchmarks.servers import processes

FAMILY = """
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "print(1, flush=True); input()"], env={})
child.wait()
"""


def test_a_process_that_has_lost_the_mark_is_found_by_its_parent() -> None:
    name, value = "REACTOR_BENCHMARK", str(uuid.uuid4())
    parent = subprocess.Popen(
        [sys.executable, "-c", FAMILY],
        env={**os.environ, name: value},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    with parent:
        assert parent.stdout is not None
        assert parent.stdout.readline() == b"1\n"
        found = processes(f"{name}={value}")
        assert len(found) == len(set(found)) == 2
        assert found[0].name == str(parent.pid)


def test_nobody_has_a_mark_that_was_never_given() -> None:
    assert processes(f"REACTOR_BENCHMARK={uuid.uuid4()}") == []
