"""Secrets, found and taken out of what is written."""
