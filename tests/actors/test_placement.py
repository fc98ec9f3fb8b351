"""Where the actors of a deployment go."""

from __future__ import annotations

import pytest

from reactor_actors.actors.placement import INGRESS, gpus_for, holds, plan

HEAD = {"CPU": 4.0, "memory": 1e10, INGRESS: 1.0}
WORKER = {"CPU": 8.0, "memory": 1e10, "GPU": 2.0}
SMALL = {"CPU": 8.0, "memory": 1e10, "GPU": 1.0}


def test_one_machine_needs_no_placement_group() -> None:
    chosen = plan([WORKER], "auto", replicas=2)
    assert chosen.bundles == ()
    assert (chosen.transport, chosen.model) == ({}, {"GPU": 1.0})


def test_a_transport_and_its_models_share_a_node_that_is_large_enough() -> None:
    chosen = plan([SMALL, WORKER], 1.0, replicas=2)
    assert len(chosen.bundles) == 3
    assert holds(WORKER, chosen.bundles)
    assert not holds(SMALL, chosen.bundles)
    assert all(chosen.bundles)


def test_without_such_a_node_they_go_wherever_there_is_room() -> None:
    chosen = plan([SMALL, SMALL], 1.0, replicas=2)
    assert chosen.bundles == ()


def test_viewers_come_in_where_the_cluster_says_so() -> None:
    chosen = plan([HEAD, WORKER], "auto", replicas=1)
    assert list(chosen.transport) == [INGRESS]
    assert chosen.model == {"GPU": 1.0}
    assert chosen.bundles == ()  # the node with the GPU is not one of them


def test_a_node_that_viewers_reach_and_that_has_a_gpu_takes_both() -> None:
    chosen = plan([HEAD, {**WORKER, INGRESS: 1.0}], "auto", replicas=2)
    assert INGRESS in chosen.bundles[0]
    assert [bundle.get("GPU") for bundle in chosen.bundles] == [None, 1.0, 1.0]


def test_a_transport_for_media_alone_need_not_be_reached_by_http() -> None:
    assert plan([HEAD, WORKER], "auto", replicas=1, ingress=False).transport == {}


@pytest.mark.parametrize(
    ("wanted", "nodes", "expected"),
    [
        ("auto", [HEAD], 0.0),
        ("auto", [HEAD, SMALL], 1.0),
        (0.0, [WORKER], 0.0),
        (0.5, [HEAD], 0.5),
        (2.0, [WORKER], 2.0),
    ],
)
def test_a_model_gets_the_gpus_it_asks_for_and_by_itself_one_where_there_is_any(
    wanted: float, nodes: list[dict[str, float]], expected: float
) -> None:
    assert gpus_for(wanted, nodes) == expected
