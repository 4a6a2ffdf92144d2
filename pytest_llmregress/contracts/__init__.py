"""Rules that were written down: budgets, tools, standing rules."""
