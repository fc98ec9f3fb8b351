"""The model without a server: run `pytest` in this folder."""

import numpy as np

from reactor_actors.interface import PipelineExecutor

from pipeline import MyModel


def window():
    """A grey square on black: the picture of a webcam."""
    frame = np.zeros((48, 64, 3), np.uint8)
    frame[12:36, 16:48] = 120
    return frame


def test_a_webcams_picture_comes_back_as_lines():
    with PipelineExecutor(MyModel) as pipeline:
        pipeline.connect()
        pipeline.send_event("set_neon", neon=1.0)
        pipeline.push_media("webcam", window())
        red, _, blue = np.moveaxis(next(pipeline).output.main_video, -1, 0)
        assert red[24, 16] > 200
        assert blue[12, 32] > 200
        assert red[24, 32] == blue[24, 32] == 0

        pipeline.send_event("set_neon", neon=0.0)
        pipeline.push_media("webcam", window())
        assert np.array_equal(next(pipeline).output.main_video, window())


def test_colour_bars_are_shown_while_no_webcam_is_there():
    with PipelineExecutor(MyModel, {"patience": 0.01}) as pipeline:
        pipeline.connect()
        assert len(np.unique(next(pipeline).output.main_video.reshape(-1, 3), axis=0)) == 6
