"""One model, run into files: no server, no network, no second process. Knows no Ray, no aiortc."""
