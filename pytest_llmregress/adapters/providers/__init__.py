"""Readers of the providers' wire formats."""
