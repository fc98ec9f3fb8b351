"""The model's side: its thread, its loop, and what it may reach."""
