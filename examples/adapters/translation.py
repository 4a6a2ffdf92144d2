"""Translates headlines, as a chain of LangChain."""

from collections.abc import Iterator

from langchain_anthropic import ChatAnthropic
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate

PROMPT = ChatPromptTemplate.from_messages(
    [
        ("system", "Translate the headline into {language}. Reply with the translation only."),
        ("user", "{headline}"),
    ]
)

translator = PROMPT | ChatAnthropic(model="qwen2.5-coder-1.5b", max_tokens=40) | StrOutputParser()


def translate(headline: str, language: str) -> str:
    """Return a headline in another language."""
    return translator.invoke({"headline": headline, "language": language})


def stream_translation(headline: str, language: str) -> Iterator[str]:
    """Return the same piece by piece."""
    yield from translator.stream({"headline": headline, "language": language})
