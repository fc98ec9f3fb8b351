"""What travels on the data channels: bytes on one side, frozen dataclasses on the other.

Start with `frames`, the vocabulary; `codec` is what one connection holds. `v0` and `v1` are the two
framings, `sniff` tells them apart, `chunking` cuts what is too large for one frame. Nothing here
waits, reads a clock or knows what a session is.

The package itself imports nothing, so that whoever needs only the vocabulary loads no protobuf.
"""
