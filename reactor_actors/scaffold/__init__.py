"""What `reactor-actors init` writes: a small model that is good to begin from."""
