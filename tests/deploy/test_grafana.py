"""The dashboard asks for what `/metrics` has, for all of it, and by labels that are there."""

from __future__ import annotations

import itertools
import json
import re
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from reactor_actors.core.events import Note
from reactor_actors.core.session import State
from reactor_actors.core.tally import Spread, Tally
from reactor_actors.flow.lag import LAG_SECONDS
from reactor_actors.interface import Output, ReactorPipeline, Video
from reactor_actors.transports.figures import (
    STAGE_SECONDS,
    EncoderFigures,
    Figures,
    TrackFigures,
)
from reactor_actors.transports.http.metrics import Metrics
from reactor_actors.transports.http.observatory import Observed
from reactor_actors.transports.http.settings import HttpSettings
from reactor_actors.transports.settings import ServerSettings
from reactor_actors.transports.status import Encoding, ReplicaStatus
from tests.hosted import hosting

ROOT = Path(__file__).parents[2]
DASHBOARD = json.loads((ROOT / "deploy" / "grafana.json").read_text())
PANELS = [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]
VARIABLES = {variable["name"]: variable for variable in DASHBOARD["templating"]["list"]}
EXPRESSIONS = [target["expr"] for panel in PANELS for target in panel["targets"]]
NAME = re.compile(r"\bruntime_[a-z_]+")
GROUPED = re.compile(r"\bby \(([a-z_, ]+)\)")
SELECTED = re.compile(r"\b(runtime_[a-z_]+)\{([^}]*)\}")

ADDED = {"instance"}
"""What Prometheus adds to everything that it reads."""

LEFT_OUT: set[str] = set()
"""Families that no panel shows."""


class Picture(Output):
    main_video: Video


class Grey(ReactorPipeline):
    def inference(self) -> Any:
        while True:
            yield Picture(main_video=np.full((48, 64, 3), 90, np.uint8))


def full() -> Metrics:
    """Return metrics of which every family has a sample."""
    metrics = Metrics()
    metrics.serving("grey", "1")
    for kind, facts in (
        ("session_started", {}),
        ("session_ended", {"reason": "stopped"}),
        ("connection_opened", {"seconds": 0.1}),
        ("command", {"name": "set_level", "outcome": "ok"}),
        ("model_loaded", {"seconds": 1.0, "outcome": "ok"}),
        ("model_restarting", {}),
        ("queue", {"waiting": 1}),
    ):
        metrics.receive(Note(kind, facts))
    encoding = Encoding("main_video", "VP8", 1_000_000)
    status = ReplicaStatus("0", State.STREAMING, lead=0.1, encoders=(encoding,))
    seconds = Tally(STAGE_SECONDS)
    seconds.count(0.004)
    work = EncoderFigures(seconds.read(), 1, seconds.read())
    made = TrackFigures({"shown": 1}, {"VP8": work}, seconds.read())
    observed = Observed([(status, Figures({"main_video": made}))], [Spread.none(LAG_SECONDS)])
    metrics.watch(lambda: observed)
    return metrics


def families(text: str) -> dict[str, dict[str, set[str]]]:
    """Return each family's samples and their labels, but for those that say when it began."""
    found: dict[str, dict[str, set[str]]] = {}
    for family in text_string_to_metric_families(text):
        if not family.name.endswith("_created"):
            labels = found.setdefault(family.name, {})
            for sample in family.samples:
                labels.setdefault(sample.name, set()).update(sample.labels)
    return found


FAMILIES = families(full().render().decode())
SAMPLES = {name: labels for family in FAMILIES.values() for name, labels in family.items()}


async def test_a_running_server_has_every_family_that_the_dashboard_shows() -> None:
    settings = ServerSettings(http=HttpSettings(host="127.0.0.1", port=0))
    async with hosting(Grey, settings=settings) as hosted:
        await hosted.server.start()
        async with (
            aiohttp.ClientSession() as asking,
            asking.get(f"{hosted.server.url}/metrics") as answer,
        ):
            found = families(await answer.text())
    assert found.keys() == FAMILIES.keys()


def test_every_family_is_on_the_dashboard_or_left_out_on_purpose() -> None:
    shown = {name for expression in EXPRESSIONS for name in NAME.findall(expression)}
    assert shown <= SAMPLES.keys()
    unseen = {name for name, samples in FAMILIES.items() if not shown & samples.keys()}
    assert unseen == LEFT_OUT


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_an_expression_picks_and_groups_by_labels_that_are_there(expression: str) -> None:
    names = NAME.findall(expression)
    assert [name for name, _ in SELECTED.findall(expression)] == names
    for _, matchers in SELECTED.findall(expression):
        assert matchers == 'instance=~"$instance"'
    known = set.intersection(*(SAMPLES[name] for name in names)) | ADDED
    for labels in GROUPED.findall(expression):
        assert set(labels.split(", ")) <= known
    assert ("histogram_quantile" in expression) == any(n.endswith("_bucket") for n in names)
    counters = [name for name in names if name.endswith(("_total", "_bucket", "_sum", "_count"))]
    assert len(re.findall(r"\b(?:rate|increase)\(", expression)) == len(counters)
    for opened, closed in ("()", "{}", "[]"):
        assert expression.count(opened) == expression.count(closed)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel["title"])
def test_a_panel_says_what_it_shows_and_names_its_lines_by_labels_they_have(
    panel: dict[str, Any],
) -> None:
    assert panel["title"]
    assert panel["description"].endswith(".")
    assert panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}
    for target in panel["targets"]:
        assert target["datasource"] == panel["datasource"]
        grouped = [set(labels.split(", ")) for labels in GROUPED.findall(target["expr"])]
        bare = [SAMPLES[name] for name in NAME.findall(target["expr"])]
        known = set.intersection(*(grouped or bare))
        assert set(re.findall(r"\{\{(\w+)\}\}", target["legendFormat"])) <= known


def test_the_panels_fill_their_rows_and_none_lies_on_another() -> None:
    places = [(panel["id"], panel["gridPos"]) for panel in DASHBOARD["panels"]]
    assert len({number for number, _ in places}) == len(places)
    taken = [
        (x, y)
        for _, at in places
        for x, y in itertools.product(
            range(at["x"], at["x"] + at["w"]), range(at["y"], at["y"] + at["h"])
        )
    ]
    height = max(y for _, y in taken) + 1
    assert sorted(taken) == sorted(itertools.product(range(24), range(height)))


def test_the_dashboard_asks_which_server_and_which_prometheus() -> None:
    assert VARIABLES["datasource"]["query"] == "prometheus"
    assert VARIABLES["instance"]["definition"] == "label_values(runtime_info, instance)"
    assert "runtime_info" in SAMPLES


def test_the_page_for_operators_names_every_family() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    missing = [name for name in FAMILIES if not re.search(rf"`{name}(?:_total)?[`{{]", page)]
    assert not missing
