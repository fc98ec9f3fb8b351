"""Ray: where the model and its clients' side live, and what brings them back. Home of ray."""
