"""The gateway: a reverse proxy on this machine, by which child processes reach their models."""
