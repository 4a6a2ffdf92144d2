"""Imported by the server that forks test runs: what is slow the first time in a process."""

from importlib import import_module

import anthropic
import httpx2

for name in (
    *("anyio._backends._asyncio", "deepdiff", "h11", "httpcore2", "pdb", "vcr", "yaml"),
    *("genai_prices.data", "genai_prices.data_snapshot", "genai_prices.validation"),
    "vcr.stubs.httpx_stubs",
):
    import_module(name)

_ANSWER = {
    "id": "msg_1",
    "type": "message",
    "role": "assistant",
    "model": "any",
    "content": [{"type": "text", "text": "any"}],
    "stop_reason": "end_turn",
    "stop_sequence": None,
    "usage": {"input_tokens": 1, "output_tokens": 1},
}
_CLIENT = anthropic.Anthropic(
    api_key="none",
    http_client=httpx2.Client(
        transport=httpx2.MockTransport(lambda _: httpx2.Response(200, json=_ANSWER))
    ),
)
_CLIENT.messages.create(
    model="any", max_tokens=1, messages=[{"role": "user", "content": "builds what validates"}]
)
