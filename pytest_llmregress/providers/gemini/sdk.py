"""What Google's SDKs need to build and send their requests in a test."""

import os
import sys
from typing import Any

from pytest_llmregress.providers.sdk_seams import NO_KEY, OpenSeams, SdkSupport


def _look_for_no_credentials(seams: OpenSeams) -> None:
    """Have a replay sign in with a placeholder: what there is may be a file, or another machine."""
    if seams.replaying:
        seams.replaced.replace(sys.modules["google.auth"], "default", _give_placeholder)


def _give_placeholder(*_: object, **__: object) -> tuple[Any, str | None]:
    """Stand in for `google.auth.default`, which returns credentials and the project's name."""
    from google.oauth2.credentials import Credentials  # noqa: PLC0415 - in the same package

    base: Any = Credentials  # it has no types

    class Placeholder(base):  # type: ignore[misc]
        """Credentials that ask nobody for a token: some clients refresh what they are given."""

        def refresh(self, _request: object) -> None:
            """Stay as it is."""

    return Placeholder(token=NO_KEY), os.environ.get("GOOGLE_CLOUD_PROJECT")


SUPPORT = SdkSupport(
    package="google-genai",
    environment={"GOOGLE_API_KEY": NO_KEY, "GEMINI_API_KEY": NO_KEY},
    seams={"google.auth": _look_for_no_credentials},
)
