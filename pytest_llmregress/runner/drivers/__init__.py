"""Which samples come next."""
