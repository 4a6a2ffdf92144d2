"""A report of a run as text."""
