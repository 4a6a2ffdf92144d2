"""The YAML of our files, read strictly and written for review."""
