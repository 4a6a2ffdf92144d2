"""What Google's SDK needs to build and send its requests in a test."""

import os
import sys
from typing import Any

from pytest_llmregress.providers.sdk_seams import NO_KEY, OpenSeams, SdkSupport


def _look_for_no_credentials(seams: OpenSeams) -> None:
    """Have a replay sign in with a placeholder: what there is may be a file, or another machine."""
    if not seams.replaying:
        return
    from google.oauth2.credentials import Credentials  # noqa: PLC0415 - google.auth is imported

    credentials = Credentials(token=NO_KEY)  # type: ignore[no-untyped-call]

    def default(*_: object, **__: object) -> tuple[Any, str | None]:
        return credentials, os.environ.get("GOOGLE_CLOUD_PROJECT")

    seams.replaced.replace(sys.modules["google.auth"], "default", default)


SUPPORT = SdkSupport(
    environment={"GOOGLE_API_KEY": NO_KEY, "GEMINI_API_KEY": NO_KEY},
    seams={"google.auth": _look_for_no_credentials},
)
