"""The JSON Schema of the JSON report, as it is published with the package."""
