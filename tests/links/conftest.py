"""A Ray cluster of this machine alone, for the tests that need one."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import pytest


@pytest.fixture(scope="package")
def cluster() -> Iterator[None]:
    import ray

    ray.init(
        address="local",  # none that happens to run on this machine
        num_cpus=2,
        include_dashboard=False,
        object_store_memory=256 * 2**20,
        _node_ip_address="127.0.0.1",
        logging_level=logging.ERROR,
        log_to_driver=False,
    )
    yield
    ray.shutdown()


@pytest.fixture(scope="package")
def actors(cluster: None) -> Iterator[Any]:
    """Two actors that live through all tests."""
    from tests.links.actors import Actors

    both = Actors()
    yield both
    both.end()
