"""What a text is and says: language, code, phrases, facts."""
