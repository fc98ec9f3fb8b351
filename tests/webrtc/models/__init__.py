"""Models for the loopback. What a module declares belongs to every model in it."""
