"""The project's own measurements: each prints ratios against a baseline of the same run."""
