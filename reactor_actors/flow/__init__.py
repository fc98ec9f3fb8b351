"""What waits: queues, buffers and the pacing of playout."""
