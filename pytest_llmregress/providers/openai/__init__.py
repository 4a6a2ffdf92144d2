"""OpenAI's APIs, chat completions and Responses, and all hosts that speak like them."""
