"""The files of Ray's cluster launcher, against the schema that Ray itself reads them with."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ray
import yaml
from ray.autoscaler._private.util import prepare_config, validate_config

ROOT = Path(__file__).parents[2]
CLOUD = ROOT / "ray_cluster.yaml"
PREMISES = ROOT / "deploy" / "on_premises.yaml"


def read(path: Path) -> dict[str, Any]:
    """Return what is written in a file."""
    written: dict[str, Any] = yaml.safe_load(path.read_text())
    return written


@pytest.mark.parametrize("path", [CLOUD, PREMISES], ids=lambda path: path.name)
def test_ray_accepts_the_file(path: Path) -> None:
    validate_config(prepare_config(read(path)))


@pytest.mark.parametrize("path", [CLOUD, PREMISES], ids=lambda path: path.name)
def test_ray_refuses_the_file_with_a_word_of_ours_in_it(path: Path) -> None:
    with pytest.raises(jsonschema.ValidationError):
        validate_config(prepare_config({**read(path), "idle_minutes": 5}))


@pytest.mark.parametrize("path", [CLOUD, PREMISES], ids=lambda path: path.name)
def test_every_machine_is_given_the_ray_that_the_tests_run_with(path: Path) -> None:
    text = path.read_text()
    versions = re.findall(r"ray\[default\]==([\d.]+)", text) + re.findall(
        r"rayproject/ray:([\d.]+)-", text
    )
    assert versions
    assert set(versions) == {ray.__version__}


@pytest.mark.parametrize("path", [CLOUD, PREMISES], ids=lambda path: path.name)
def test_what_is_mounted_is_there(path: Path) -> None:
    mounts = read(path)["file_mounts"]
    [token] = [remote for remote in mounts if remote.endswith("/.ray/auth_token")]
    assert mounts.pop(token) == "~/.ray/auth_token"
    for local in mounts.values():
        assert (ROOT / local).is_dir(), local


@pytest.mark.parametrize("path", [CLOUD, PREMISES], ids=lambda path: path.name)
def test_no_machine_speaks_to_who_does_not_know_the_secret(path: Path) -> None:
    assert re.search(
        r"echo 'export .*RAY_AUTH_MODE=token' >> ~/.bashrc", read(path)["setup_commands"][-1]
    )


def test_the_head_of_the_cloud_takes_the_clients_and_gpu_machines_come_and_go() -> None:
    types = read(CLOUD)["available_node_types"]
    assert types["head"]["resources"] == {"reactor_ingress": 1}
    assert "reactor_ingress" not in types["gpu"]["resources"]
    assert types["gpu"]["min_workers"] == 0
    assert 0 < types["gpu"]["max_workers"] <= read(CLOUD)["max_workers"]


def test_the_world_reaches_http_and_media_of_the_cloud_and_nothing_of_rays() -> None:
    rules = read(CLOUD)["provider"]["security_group"]["IpPermissions"]
    opened = {(rule["IpProtocol"], rule["FromPort"], rule["ToPort"]) for rule in rules}
    assert opened == {("tcp", 8080, 8080), ("udp", 20000, 20100)}


def test_the_object_stores_of_the_cloud_fit_into_their_shared_memory() -> None:
    cluster = read(CLOUD)
    for kind, commands in (("head", "head_start"), ("worker", "worker_start")):
        [size] = re.findall(r"--shm-size=(\d+)g", str(cluster["docker"][f"{kind}_run_options"]))
        told = str(cluster[f"{commands}_ray_commands"])
        [store] = re.findall(r"--object-store-memory=(\d+)", told)
        assert int(store) < int(size) * 2**30


def test_on_premises_no_port_is_used_twice_on_a_machine_and_workers_have_those_of_the_head() -> (
    None
):
    cluster = read(PREMISES)
    ports = {}
    for kind in ("head", "worker"):
        command = cluster[f"{kind}_start_ray_commands"][-1]
        ports[kind] = dict(re.findall(r"--([a-z-]*port)=(\d+)", command))
        assert len(set(ports[kind].values())) == len(ports[kind])
    assert ports["head"].pop("port") == "6379"
    assert ports["head"] == ports["worker"]


def test_on_premises_all_machines_join_and_only_the_head_takes_clients() -> None:
    cluster = read(PREMISES)
    workers = len(cluster["provider"]["worker_ips"])
    assert cluster["min_workers"] == cluster["max_workers"] == workers
    assert "--resources='{\"reactor_ingress\":1}'" in cluster["head_start_ray_commands"][-1]
    assert "reactor_ingress" not in str(cluster["worker_start_ray_commands"])
