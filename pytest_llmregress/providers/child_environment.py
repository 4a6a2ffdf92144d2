"""Which variables of the environment clients of models read, for processes of their own."""

import re
from dataclasses import dataclass

from pytest_llmregress.gateway.child_environment import ChildEnvironment


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingsFile:
    """A file whose variables win over those of a program's environment."""

    folder_variable: str
    """The variable that names its folder."""
    folder: str
    """Its folder where that variable is not set."""
    name: str


SETTINGS_FILES = (
    SettingsFile(folder_variable="CLAUDE_CONFIG_DIR", folder="~/.claude", name="settings.json"),
)

CHILD_ENVIRONMENT = ChildEnvironment(
    addresses={
        "ANTHROPIC_BASE_URL": "https://api.anthropic.com",
        "OPENAI_BASE_URL": "https://api.openai.com/v1",
        "OPENAI_API_BASE": "https://api.openai.com/v1",
        "AZURE_OPENAI_ENDPOINT": "",
        "GOOGLE_GEMINI_BASE_URL": "https://generativelanguage.googleapis.com",
        "GROQ_BASE_URL": "https://api.groq.com",
        "CO_API_URL": "https://api.cohere.com",
    },
    keys=(
        *("ANTHROPIC_API_KEY", "OPENAI_API_KEY", "AZURE_OPENAI_API_KEY", "GEMINI_API_KEY"),
        *("GOOGLE_API_KEY", "GROQ_API_KEY", "CO_API_KEY", "MISTRAL_API_KEY"),
        *("ANTHROPIC_AUTH_TOKEN", "CLAUDE_CODE_OAUTH_TOKEN", "AZURE_OPENAI_AD_TOKEN"),
    ),
    no_key="replayed-without-a-key",
    programs={"CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1"},
    # A program of the same user that starts meanwhile deletes what looks old to it.
    folders=("CLAUDE_CODE_TMPDIR",),
)
"""A signature covers the host of what goes to AWS, so that no address stands for that."""

MAIN_ADDRESS = "ANTHROPIC_BASE_URL"
"""The variable of the base URL that `llm_gateway.url` stands for."""
_KEY = re.compile(r"^(ANTHROPIC|AWS_BEARER|OPENAI|GEMINI|GOOGLE).*(KEY|TOKEN)", re.IGNORECASE)


def is_key(variable: str) -> bool:
    """Tell whether a variable of the environment holds a key of a known API, by its name."""
    return variable.upper() in CHILD_ENVIRONMENT.keys or bool(_KEY.match(variable))
