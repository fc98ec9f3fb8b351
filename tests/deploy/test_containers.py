"""The Kubernetes manifest, the Compose file and the image: well formed, and of one mind."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import ray
import yaml

from tests.deploy.shapes import COMPOSE, KUBERNETES
from tests.deploy.test_coturn import settings

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
INSTRUCTIONS = {
    *("FROM", "RUN", "ENV", "COPY", "USER", "WORKDIR", "EXPOSE", "CMD", "HEALTHCHECK"),
    *("ARG", "ENTRYPOINT", "LABEL", "STOPSIGNAL", "VOLUME", "SHELL", "ADD"),
}
SIZES = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30}


def objects() -> dict[str, Any]:
    """Return the manifest's objects by their kind."""
    written = list(yaml.safe_load_all((DEPLOY / "kuberay.yaml").read_text()))
    found = {item["kind"]: item for item in written}
    assert len(found) == len(written)
    return found


def services() -> dict[str, Any]:
    """Return the services of the Compose file."""
    found: dict[str, Any] = yaml.safe_load((DEPLOY / "compose.yaml").read_text())["services"]
    return found


def dockerfile() -> list[tuple[str, str]]:
    """Return the image's instructions and their words."""
    text = (DEPLOY / "Dockerfile").read_text()
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    pairs = [line.split(maxsplit=1) for line in joined.splitlines() if line.strip()]
    return [(word, rest.strip()) for word, rest in pairs]


def pods() -> dict[str, Any]:
    """Return the head's and the workers' pods."""
    spec = objects()["RayCluster"]["spec"]
    [workers] = spec["workerGroupSpecs"]
    groups = {"head": spec["headGroupSpec"], "gpu": workers}
    return {
        name: {**group["template"]["spec"], "start": group["rayStartParams"]}
        for name, group in groups.items()
    }


def container(name: str) -> Any:
    """Return a container of either pod."""
    [found] = [c for pod in pods().values() for c in pod["containers"] if c["name"] == name]
    return found


@pytest.mark.parametrize("kind", KUBERNETES)
def test_an_object_of_the_manifest_uses_the_api_as_it_is_documented(kind: str) -> None:
    jsonschema.validate(objects()[kind], KUBERNETES[kind])


def test_the_compose_file_uses_the_specification_as_it_is_documented() -> None:
    composed = yaml.safe_load((DEPLOY / "compose.yaml").read_text())
    jsonschema.validate(composed, COMPOSE)
    composed["services"]["server"]["shm"] = "1gb"
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate(composed, COMPOSE)


def test_every_instruction_of_the_image_is_known_and_what_it_copies_is_there() -> None:
    assert {word for word, _ in dockerfile()} <= INSTRUCTIONS
    kept = (DEPLOY / "Dockerfile.dockerignore").read_text().splitlines()
    for word, rest in dockerfile():
        for source in rest.split()[:-1] if word == "COPY" else ():
            assert (ROOT / source).exists(), source
            assert f"!{source}" in kept, f"{source} is not in what Docker is sent"


def test_the_image_runs_the_server_as_somebody_with_no_rights() -> None:
    words = dict(dockerfile())
    assert words["FROM"] == "python:3.11-slim"
    assert words["USER"] == "reactor"
    order = [word for word, _ in dockerfile()]
    assert order.index("USER") > max(i for i, word in enumerate(order) if word == "RUN")
    assert json.loads(words["CMD"])[0] == "reactor-actors"
    assert words["EXPOSE"] == "8080/tcp 20000-20100/udp"


def test_the_image_and_the_cluster_are_of_the_ray_that_the_tests_run_with() -> None:
    told = re.findall(r"ray\[default\]==([\d.]+)", str(dockerfile()))
    told.append(objects()["RayCluster"]["spec"]["rayVersion"])
    assert told == [ray.__version__] * 2


def test_all_containers_run_one_image_of_this_version() -> None:
    version = re.search(r'^version = "(.+)"', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    assert version is not None
    images = {c["image"] for pod in pods().values() for c in pod["containers"]}
    assert images == {services()["server"]["image"]} == {f"reactor-actors:{version[1]}"}


def test_clients_come_in_at_the_head_and_nowhere_else() -> None:
    start = {name: pod["start"] for name, pod in pods().items()}
    # KubeRay passes the text to a shell, which takes the quotes away.
    [resources] = shlex.split(start["head"]["resources"])
    assert json.loads(resources) == {"reactor_ingress": 1}
    assert "resources" not in start["gpu"]
    assert pods()["head"]["hostNetwork"] is True
    assert "hostNetwork" not in pods()["gpu"]
    selector = objects()["Service"]["spec"]["selector"]
    assert selector == {
        "ray.io/cluster": objects()["RayCluster"]["metadata"]["name"],
        "ray.io/node-type": "head",
    }


def test_the_service_and_every_probe_find_the_port_that_is_served() -> None:
    [port] = objects()["Service"]["spec"]["ports"]
    server = container("server")
    probes = [server[f"{name}Probe"]["httpGet"] for name in ("startup", "readiness", "liveness")]
    assert {probe["path"] for probe in probes} == {"/health"}
    served = {int(n) for n in re.findall(r"--port (\d+)", server["args"][0])}
    assert {probe["port"] for probe in probes} == served == {port["targetPort"]}
    assert served <= {p["containerPort"] for p in container("ray-head")["ports"]}


def test_the_server_finds_ray_where_the_head_keeps_its_sockets() -> None:
    mounts = {name: container(name)["volumeMounts"] for name in ("ray-head", "server")}
    assert mounts["ray-head"] == mounts["server"]
    assert {"name": "ray-logs", "mountPath": "/tmp/ray"} in mounts["server"]
    assert pods()["head"]["shareProcessNamespace"] is True


@pytest.mark.parametrize("name", ["head", "gpu"])
def test_an_object_store_fits_its_shared_memory_which_fits_the_pod(name: str) -> None:
    pod = pods()[name]
    [shm] = [v["emptyDir"] for v in pod["volumes"] if v["name"] == "shm"]
    limit = pod["containers"][0]["resources"]["limits"]["memory"]
    assert shm["medium"] == "Memory"
    sizes = [int(text[:-2]) * SIZES[text[-2:]] for text in (shm["sizeLimit"], limit)]
    assert int(pod["start"]["object-store-memory"]) < sizes[0] < sizes[1]
    mounted = {m["name"] for c in pod["containers"] for m in c["volumeMounts"]}
    assert mounted == {volume["name"] for volume in pod["volumes"]}


def test_a_pod_and_a_container_are_given_time_for_a_clean_end() -> None:
    assert pods()["head"]["terminationGracePeriodSeconds"] >= 45
    assert int(services()["server"]["stop_grace_period"].rstrip("s")) >= 45


def test_the_relay_of_the_compose_file_listens_where_clients_are_sent() -> None:
    user, password, url = services()["server"]["environment"]["TURN_SERVERS"].split(";")
    turn = services()["turn"]
    assert f"--user={user}:{password}" in turn["command"]
    assert url.rpartition(":")[2] == dict(settings())["listening-port"]
    [mounted] = turn["volumes"]
    source, target, _ = mounted.split(":")
    assert (DEPLOY / source).is_file()
    assert turn["command"][:2] == ["-c", target]
    assert services()["server"]["network_mode"] == turn["network_mode"] == "host"


def test_the_ports_of_the_relay_are_not_those_of_the_server() -> None:
    relay = dict(settings())
    between = range(int(relay["min-port"]), int(relay["max-port"]) + 1)
    assert not set(between) & {8080, *range(20000, 20101)}
    assert len(between) >= int(relay["total-quota"])
