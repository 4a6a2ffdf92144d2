"""From evidence to a verdict: on a test, on a suite, on several variants."""
