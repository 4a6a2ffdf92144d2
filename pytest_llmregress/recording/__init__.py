"""HTTP, caught and answered from a cassette, or sent and recorded."""
