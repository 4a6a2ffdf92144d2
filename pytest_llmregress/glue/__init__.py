"""Everything that knows pytest's objects: settings, the run, a test's life, fixtures."""
