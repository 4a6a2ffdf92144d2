"""Recording and replaying of HTTP, on vcrpy."""
