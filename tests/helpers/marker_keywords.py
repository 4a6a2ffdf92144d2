"""What a marker may say, as messages list it: a keyword more is a word more here."""

KNOWN = (
    "max_calls, max_tool_calls, max_input_tokens, max_output_tokens, max_total_tokens, "
    "max_cost_usd, max_agents, max_latency, budget, allow_tools, forbid_tools, outcomes, "
    "served_model, "
    "rules, samples, pass_rate, quarantine, severity, tool_match, arguments, record, unplayed"
)
