"""The only folder that knows pytest."""
