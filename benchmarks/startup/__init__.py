"""From the shell to a loaded model; at rest; and back from a crash."""
