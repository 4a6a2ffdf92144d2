"""What lies outside of the package: HTTP, providers, files, other libraries."""
