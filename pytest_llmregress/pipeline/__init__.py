"""The steps from what is recorded to what is reported."""
