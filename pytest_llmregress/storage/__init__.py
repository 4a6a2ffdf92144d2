"""Files: cassettes, snapshots, journals, and what is pending."""
