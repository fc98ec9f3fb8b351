"""The remote side without a network: what `Deployment.connect` hands out. Knows no Ray."""
