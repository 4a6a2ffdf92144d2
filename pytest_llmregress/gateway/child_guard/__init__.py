"""What a child of a replayed test loads by its environment: it asks before it connects anywhere."""
