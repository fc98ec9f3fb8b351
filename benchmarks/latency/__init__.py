"""What a queue costs in latency and saves in gaps: six sorts of model, with the lead on and off."""
