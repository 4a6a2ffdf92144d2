"""The published schema of the JSON report."""
