"""Values and functions: standard library only, no I/O."""
