"""Reports out of a finished run: numbers in, text out."""
