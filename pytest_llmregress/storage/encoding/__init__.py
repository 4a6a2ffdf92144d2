"""How a cassette holds requests and replies in little room."""
