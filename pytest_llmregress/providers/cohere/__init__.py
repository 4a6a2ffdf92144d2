"""Version 2 of Cohere's chat."""
