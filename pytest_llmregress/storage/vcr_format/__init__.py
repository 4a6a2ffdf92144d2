"""Cassettes of other recorders, in vcrpy's format."""
