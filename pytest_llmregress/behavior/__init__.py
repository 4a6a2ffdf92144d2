"""Traits: what the calls of a sample did."""
