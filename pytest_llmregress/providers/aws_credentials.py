"""The seams of botocore that a replay without credentials needs."""

import sys
from typing import Any

from pytest_llmregress.process.attribute_patch import AttributePatch


def look_for_no_credentials(replaced: AttributePatch, *, placeholder: str) -> None:
    """Sign with a placeholder, by clients that were made before as well; look nowhere for keys.

    A profile may log in over the network, or start a program, and is not there on a machine that
    only replays. Where botocore is not imported yet, the environment has to do.
    """
    session = sys.modules.get("botocore.session")
    signers = sys.modules.get("botocore.signers")
    if session is None or signers is None:
        return
    from botocore.credentials import Credentials  # noqa: PLC0415 - imported by now
    from botocore.exceptions import ProfileNotFound  # noqa: PLC0415

    credentials = Credentials(placeholder, placeholder)
    read_profile = session.Session.get_scoped_config

    def get_scoped_config(session: Any) -> Any:
        try:
            return read_profile(session)
        except ProfileNotFound:
            return {}

    replaced.replace(session.Session, "get_credentials", lambda _: credentials)
    replaced.replace(session.Session, "get_scoped_config", get_scoped_config)
    replaced.replace(signers.RequestSigner, "_credentials", _Always(credentials))


class _Always:
    """An attribute that reads as one value, whatever its owner has set or will set."""

    def __init__(self, value: object) -> None:
        self._value = value

    def __get__(self, owner: object, kind: type) -> object:
        return self._value

    def __set__(self, owner: object, value: object) -> None:
        vars(owner)["_credentials"] = value  # what is there once this is taken away
