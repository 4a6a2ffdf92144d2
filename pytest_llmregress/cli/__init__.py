"""The console script: reads files, never runs a test."""
