"""From machines with nothing on them to a picture, in the words of `deploy/on_premises.yaml`.

Started by its test as the first process of a network of its own. Prints what it has seen as JSON.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path
from typing import Any

import yaml

from tests.deploy.machines import Machine, enter, key_pair
from tests.deploy.watching import available, watched

ROOT = Path(__file__).parents[2]
BIN = Path(sys.executable).parent
SECONDS = 120.0
NAME = f"reactor-{os.urandom(4).hex()}"


def main(folder: Path) -> None:
    enter(folder)
    private, public = key_pair(folder)
    (folder / "token").write_text(os.urandom(32).hex())
    head, worker = (Machine(n, i, folder, public) for i, n in ((2, "head"), (4, "worker")))
    cluster = folder / "cluster.yaml"
    seen: dict[str, Any] = {}
    try:
        cluster.write_text(variant(private, head, worker))
        ray("up", "--yes", cluster)
        seen["nodes"] = joined(cluster, head, worker)
        seen["machines"] = [head.address, worker.address]
        asked = stranger(f"{head.address}:6379", folder)
        served = serve(cluster)
        try:
            url = f"http://{head.address}:8080"
            available(url)
            seen |= watched(url)
        finally:
            ray("exec", cluster, "kill -INT $(cat ~/serve.pid)")
            seen["status"] = served.wait(SECONDS)
        seen["stranger"] = asked.wait(SECONDS)
        ray("down", "--yes", cluster)
        seen["left"] = head.programs()
        print(json.dumps(seen))
    finally:
        for machine in (head, worker):
            machine.close()
        # Ray's own name for where the connections of a cluster's ssh are kept.
        for place in Path("/tmp").glob(f"ray_ssh_*/{sha256(NAME.encode()).hexdigest()[:10]}"):
            shutil.rmtree(place)


def variant(private: Path, head: Machine, *workers: Machine) -> str:
    """Return the file as its user would edit it, with what is installed here in place of `pip`."""
    cluster: dict[str, Any] = yaml.safe_load((ROOT / "deploy" / "on_premises.yaml").read_text())
    cluster["cluster_name"] = NAME
    cluster["file_mounts"]["~/.ray/auth_token"] = str(private.with_name("token"))
    addresses = [worker.address for worker in workers]
    cluster["provider"] |= {"head_ip": head.address, "worker_ips": addresses}
    cluster |= {"min_workers": len(workers), "max_workers": len(workers)}
    cluster["auth"] |= {"ssh_private_key": str(private)}
    shell = cluster["setup_commands"][-1].replace("$HOME/.reactor/bin", str(BIN))
    mounted = "echo 'export PYTHONPATH=$HOME/reactor_actors' >> ~/.bashrc"
    cluster["setup_commands"] = [shell, mounted]
    return yaml.safe_dump(cluster)


def joined(cluster: Path, *machines: Machine) -> list[str]:
    """Wait until Ray runs on all of them; return the addresses that the head knows its nodes by."""
    deadline = time.monotonic() + SECONDS
    nodes: list[str] = []
    while len(nodes) < len(machines) and time.monotonic() < deadline:
        time.sleep(0.5)
        if all("/raylet" in " ".join(machine.programs()) for machine in machines):
            told = ray("exec", cluster, "ray list nodes --format=json --filter=state=ALIVE")
            rows = next(line for line in told.splitlines() if line.startswith("[{"))
            nodes = sorted(node["node_ip"] for node in json.loads(rows))
    return nodes


def stranger(address: str, folder: Path) -> subprocess.Popen[bytes]:
    """Begin to ask Ray how it is, without its secret."""
    return subprocess.Popen(
        [BIN / "ray", "status", "--address", address],
        env={**os.environ, "HOME": str(folder)},
        stdout=(folder / "stranger.log").open("wb"),
        stderr=subprocess.STDOUT,
    )


def ray(*words: str | Path) -> str:
    """Run one of Ray's commands and return what it says."""
    command = [BIN / "ray", *words]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=SECONDS)
    if done.returncode:
        raise AssertionError(f"{command}: {done.stdout}\n{done.stderr}")
    return done.stdout


def serve(cluster: Path) -> subprocess.Popen[bytes]:
    """Begin to serve, as docs/deploy.md says it; ~/serve.pid is what to end."""
    command = (
        "echo $BASHPID > ~/serve.pid; exec "
        "reactor-actors serve ~/reactor_actors/examples/brightness --address auto "
        "--webrtc-port-range 20000:20100"
    )
    log = (cluster.parent / "serve.log").open("wb")
    return subprocess.Popen(
        [BIN / "ray", "exec", cluster, command], cwd=ROOT, stdout=log, stderr=log
    )


if __name__ == "__main__":
    os.environ |= {"RAY_USAGE_STATS_ENABLED": "0", "TMPDIR": sys.argv[1]}
    main(Path(sys.argv[1]))
