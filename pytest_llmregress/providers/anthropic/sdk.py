"""What the anthropic SDK needs to build and send its requests in a test.

Reached through `BaseClient._build_request`, `_validate_headers` and `custom_auth`, which every
supported SDK has (`providers/installed_versions.py`).
"""

from pytest_llmregress.providers import aws_credentials
from pytest_llmregress.providers.sdk_seams import NO_KEY, OpenSeams, SdkSupport
from pytest_llmregress.providers.stainless import watch_requests


def _send_without_a_key(seams: OpenSeams) -> None:
    """Have clients send without a key, also those that were made before."""
    if not seams.replaying:
        return
    import anthropic  # noqa: PLC0415 - the application has imported it
    from anthropic import _client  # noqa: PLC0415 - as above

    for client in (anthropic.Anthropic, anthropic.AsyncAnthropic):
        seams.replaced.replace(client, "_validate_headers", _accept_any_headers)
        seams.replaced.replace(client, "custom_auth", None)
    # With a key in place the SDK still looks for files, only to warn that it ignores them.
    looks = "_has_auto_discoverable_credentials"
    if hasattr(_client, looks):
        seams.replaced.replace(_client, looks, _find_nothing)


def _patch(seams: OpenSeams) -> None:
    watch_requests("anthropic")(seams)
    _send_without_a_key(seams)


def _accept_any_headers(*_: object, **__: object) -> None:
    """Accept a request without a key: nobody will see it."""


def _find_nothing(*_: object, **__: object) -> bool:
    return False


SUPPORT = SdkSupport(
    package="anthropic",
    environment={"ANTHROPIC_API_KEY": NO_KEY, **aws_credentials.PLACEHOLDERS},
    seams={"anthropic": _patch, "botocore.session": aws_credentials.look_for_no_credentials},
)
