"""The application: the help desk of a shop, as a service on FastAPI."""

from anthropic import AsyncAnthropic
from fastapi import FastAPI

MODEL = "scripted-old"

app = FastAPI()


@app.get("/answer")
async def answer(question: str):
    async with (
        AsyncAnthropic() as client,
        client.messages.stream(
            model=MODEL,
            max_tokens=200,
            system="You are the help desk of a shop. Returns are free within 14 days.",
            messages=[{"role": "user", "content": question}],
        ) as stream,
    ):
        return {"answer": await stream.get_final_text()}
