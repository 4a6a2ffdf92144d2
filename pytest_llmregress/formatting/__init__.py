"""Values, differences and tables as text."""
