"""What must be decided, without waiting, clocks, threads or I/O."""
