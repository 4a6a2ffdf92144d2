"""Cassettes, snapshots and pending files on disk."""
