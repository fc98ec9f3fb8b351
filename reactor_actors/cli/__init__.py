"""The command line. The only place that reads the environment."""
