"""The model without a server: run `pytest` in this folder."""

from reactor_actors.interface import PipelineExecutor

from pipeline import MyModel


def test_it_yields_pictures_that_viewers_can_darken():
    with PipelineExecutor(MyModel, {"width": 64, "height": 48, "chunk_size": 2}) as pipeline:
        pipeline.connect()
        pictures = next(pipeline).output.main_video
        assert pictures.shape == (2, 48, 64, 3)
        assert pictures.max() > 200

        pipeline.send_event("set_brightness", brightness=0.0)
        assert next(pipeline).output.main_video.max() == 0
