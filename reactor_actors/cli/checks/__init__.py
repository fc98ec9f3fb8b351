"""What `reactor-actors check` looks at: probes that look, and pure functions that judge."""
