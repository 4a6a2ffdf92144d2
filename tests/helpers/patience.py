"""How long the tests wait for what ought to happen."""

PATIENCE = 600
"""Seconds after which a process or a thread counts as hung: no busy machine is as slow as that."""
