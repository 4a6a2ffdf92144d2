"""What differs between two behaviors, and how severe that is."""
