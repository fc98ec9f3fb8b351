"""Viewers of a running server, many at a time, and what they measure. Knows no Ray and no model."""
