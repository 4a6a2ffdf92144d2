"""The protocol of a provider, the registry, and prices."""
