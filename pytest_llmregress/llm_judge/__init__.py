"""A pinned model that is asked about a text."""
