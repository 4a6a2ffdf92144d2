"""What concerns the whole process: patches, TLS, the garbage collector, versions."""
