"""The seams of botocore that a replay without credentials needs."""

import sys
from typing import Any

from pytest_llmregress.providers.sdk_seams import NO_KEY, OpenSeams

PLACEHOLDERS = {
    "AWS_ACCESS_KEY_ID": NO_KEY,
    "AWS_SECRET_ACCESS_KEY": NO_KEY,
    "AWS_REGION": "us-east-1",
    "AWS_DEFAULT_REGION": "us-east-1",  # the one of the two that botocore reads
    "AWS_EC2_METADATA_DISABLED": "true",
}
"""What a replay sets where it is not set, so that nobody asks another machine for it."""


def look_for_no_credentials(seams: OpenSeams) -> None:
    """Sign with a placeholder, by clients that were made before as well; look nowhere for keys.

    A profile may log in over the network, or start a program, and is not there on a machine that
    only replays.
    """
    if not seams.replaying:
        return
    session, signers = sys.modules["botocore.session"], sys.modules["botocore.signers"]
    from botocore.credentials import Credentials  # noqa: PLC0415 - imported by now
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415

    credentials = Credentials(NO_KEY, NO_KEY)
    read_profile = session.Session.get_scoped_config

    def get_scoped_config(session: Any) -> Any:
        try:
            return read_profile(session)
        except ProfileNotFound:
            return {}

    seams.replaced.replace(session.Session, "get_credentials", lambda _: credentials)
    seams.replaced.replace(session.Session, "get_scoped_config", get_scoped_config)
    seams.replaced.replace(signers.RequestSigner, "_credentials", _Always(credentials))


class _Always:
    """An attribute that reads as one value, whatever its owner has set or will set."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __get__(self, owner: object, kind: type) -> object:
        return self._value

    def __set__(self, owner: object, value: object) -> None:
        vars(owner)["_credentials"] = value  # what is there once this is taken away
