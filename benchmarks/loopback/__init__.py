"""One stream over the loopback, watched by real peers: ours beside a plain aiortc server."""
