"""A server under everything at once: what grows, what stands still, what is left behind."""
