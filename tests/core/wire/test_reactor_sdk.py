"""Frames that the published Python client put on the wire, kept as it sent them.

Its protobuf code is compiled into a library and has no Python face, so these were taken from data
channels of `reactor-sdk` 1.13.0 connected to a peer. That our answers are understood in turn is
for the tests with the real clients.
"""

from __future__ import annotations

import pytest

from reactor_actors.core.wire import inbound as said
from reactor_actors.core.wire.codec import Codec
from reactor_actors.core.wire.frames import Channel
from reactor_actors.core.wire.sniff import Version
from reactor_actors.core.wire.uploads import UploadRef

FILE = UploadRef("u1", "a.bin", "application/octet-stream", 3)
FILE_ARGUMENT = {
    "upload_id": "u1",
    "name": "a.bin",
    "mime_type": "application/octet-stream",
    "size": 3.0,
}
ECHO_ARGUMENTS = {
    "i": 1.0,
    "f": 1.5,
    "s": "héllo",
    "b": True,
    "n": None,
    "l": [1.0, [2.0]],
    "d": {"x": {}},
}

FRAMES = [
    (Channel.CONTROL, "10035200", said.Ping()),
    (
        Channel.DATA,
        "0a06646174615f311001527e0a046563686f12760a070a0162120220010a100a0164120b2a090a070a01781202"
        "2a000a0e0a0166120911000000000000f83f0a0e0a0169120911000000000000f03f0a210a016c121c321a0a09"
        "11000000000000f03f0a0d320b0a091100000000000000400a070a016e120208000a0d0a017312081a0668c3a9"
        "6c6c6f",
        said.Command("data_1", "echo", ECHO_ARGUMENTS),
    ),
    (
        Channel.DATA,
        "0a06646174615f321001520b0a076e6f7468696e671200",
        said.Command("data_2", "nothing"),
    ),
    (
        Channel.DATA,
        "0a06646174615f35100152170a0362696712100a0e0a016e12091100000000006a0841",
        said.Command("data_5", "big", {"n": 200_000.0}),
    ),
    (Channel.CONTROL, "0a066374726c5f3110015a00", said.SchemaRequest("ctrl_1")),
    (Channel.CONTROL, "0a066374726c5f3210016a09090000000000001440", said.ClipRequest("ctrl_2")),
    (Channel.CONTROL, "0a066374726c5f3310017200", said.RecordingRequest("ctrl_3")),
    (Channel.CONTROL, "0a066374726c5f3410017a050a0363616d", said.Publish("ctrl_4", "cam")),
    (
        Channel.CONTROL,
        "100362270a0275311205612e62696e1a186170706c69636174696f6e2f6f637465742d73747265616d2003",
        said.FileUploaded(FILE),
    ),
    (
        Channel.DATA,
        "0a07646174615f3130100152a6010a046563686f126d0a6b0a016c126632640a622a600a270a096d696d655f74"
        "797065121a1a186170706c69636174696f6e2f6f637465742d73747265616d0a0f0a046e616d6512071a05612e"
        "62696e0a110a0473697a6512091100000000000008400a110a0975706c6f61645f696412041a0275311a2f0a04"
        "66696c6512270a0275311205612e62696e1a186170706c69636174696f6e2f6f637465742d73747265616d2003",
        said.Command("data_10", "echo", {"l": [FILE_ARGUMENT]}, {"file": FILE}),
    ),
    (Channel.CONTROL, "10039201050a0363616d", said.Unpublish("cam")),
    (
        Channel.CONTROL,
        "10039a019002128d0208909b90c59f34121c0a11636f6e6e656374696f6e5f7274745f6d7311000000000000f0"
        "3f121d0a1274696d655f746f5f636f6e6e6563745f6d7311fa7e6abc74e347401a270a06707974686f6e120631"
        "2e31332e301a056c696e7578220631322e302e302a067838365f363422160a096666695f706172736511330eda"
        "ab8f87c63f180922120a05737061776e1166942bbccb45e13f180922120a056275696c6411c0217d21e4bc9f3f"
        "180922130a06656e636f646511002a840eba84b33f180922190a0c7265706c795f6465636f64651158c9cb9a58"
        "e0c93f180922150a0864656c697665727911d1ef15dd7a4de73f180922170a0a6666695f72657475726e11605f"
        "79909e2210401809",
        said.Ignored("nothing to do for client_stats"),
    ),
]


@pytest.mark.parametrize(("channel", "frame", "meaning"), FRAMES)
def test_a_frame_of_the_real_client_is_understood(
    channel: Channel, frame: str, meaning: said.Inbound
) -> None:
    codec = Codec()
    assert codec.receive(channel, bytes.fromhex(frame)) == [meaning]
    assert codec.version is Version.V1


@pytest.mark.parametrize(("channel", "frame", "meaning"), FRAMES)
def test_the_same_frame_is_understood_in_the_chunks_it_comes_in_when_negotiated(
    channel: Channel, frame: str, meaning: said.Inbound
) -> None:
    assert Codec(chunked=True).receive(channel, b"\x00" + bytes.fromhex(frame)) == [meaning]
