"""Recording many tests at a time, in rounds."""
