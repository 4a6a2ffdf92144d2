"""Cassettes of others: stock vcrpy's, in pytest-recording's folders, and their dialects."""
