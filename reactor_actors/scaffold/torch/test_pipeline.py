"""The model without a server: run `pytest` in this folder."""

import torch

from reactor_actors.interface import PipelineExecutor

from pipeline import MyModel


def test_it_dreams_another_dream_for_every_seed():
    with PipelineExecutor(MyModel, {"width": 64, "height": 36}) as pipeline:
        pipeline.connect()
        pipeline.send_event("set_speed", speed=0.0)
        first = next(pipeline).output.main_video
        assert first.shape == (36, 64, 3)
        assert first.dtype == torch.uint8
        assert torch.equal(next(pipeline).output.main_video, first)

        pipeline.send_event("set_seed", seed=5)
        other = next(pipeline).output.main_video
        assert (other.float() - first.float()).abs().mean() > 10
