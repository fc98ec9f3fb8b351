"""A cluster of two nodes: viewers come in at one, the model lives on the other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from ray.cluster_utils import Cluster

from tests.clients.conftest import PYTHON, Join
from tests.clients.servers import MODEL, Server
from tests.clients.sight import until

pytestmark = pytest.mark.timeout(240)

STORE = 128 * 2**20
HEAD = {"num_cpus": 2, "num_gpus": 0, "resources": {"reactor_ingress": 1}}
# Ray takes these for two machines. It moves 127.0.0.1 itself to the machine's outer address.
ENTRANCE, ELSEWHERE = "127.0.0.2", "127.0.0.3"


class TwoNodes:
    """A cluster of two, of which the one with the GPU can be lost and replaced."""

    def __init__(self) -> None:
        options = {**HEAD, "include_dashboard": False, "object_store_memory": STORE}
        self._cluster = Cluster(
            initialize_head=True, head_node_args={**options, "node_ip_address": ENTRANCE}
        )
        self.address: str = self._cluster.address
        self._other: Any = None
        self.add()

    def add(self) -> None:
        self._other = self._cluster.add_node(
            num_cpus=2, num_gpus=1, object_store_memory=STORE, node_ip_address=ELSEWHERE
        )

    def lose(self) -> None:
        """Let the node of the model die, without a word."""
        self._cluster.remove_node(self._other, allow_graceful=False)

    def close(self) -> None:
        self._cluster.shutdown()


@pytest.fixture
def nodes() -> Iterator[TwoNodes]:
    cluster = TwoNodes()
    yield cluster
    cluster.close()


async def test_a_model_on_another_node_is_seen_steered_and_outlived(
    nodes: TwoNodes, serve: Callable[..., Server], join: Join
) -> None:
    server = serve(MODEL / "elsewhere.yaml", "--address", nodes.address)
    assert "the model lives on another node" in server.output()
    viewer = await join(PYTHON, server)
    await viewer.connect()
    await viewer.sees_moving()
    await viewer.hears(440)
    await viewer.send("set_colour", colour="green")
    await viewer.sees(lambda s: s.block == "green", "a green block")
    await viewer.film((40, 160, 220))
    await viewer.sees_webcam((40, 160, 220))

    nodes.lose()
    lost = await viewer.heard_of("modelRestarting", seconds=60)
    assert lost["reason"] == "error"
    assert viewer.ready
    nodes.add()
    await until(
        lambda: [m for m in viewer.messages if m["type"] == "modelRestarted"],
        "a model on the new node",
        seconds=90,
    )
    await viewer.sees(lambda s: s.block == "red", "a fresh state")
    await viewer.sees_moving()
    assert not viewer.errors


async def test_where_no_link_of_one_machine_can_be_it_is_said(nodes: TwoNodes) -> None:
    with pytest.raises(AssertionError, match="--link ring: the model lives on another node"):
        Server(MODEL / "elsewhere.yaml", "--address", nodes.address, "--link", "ring")
