"""Values that the parts hand to each other: frozen, and without a way to do anything."""
