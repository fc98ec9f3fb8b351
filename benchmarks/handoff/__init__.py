"""What it costs to hand a picture to another process."""
