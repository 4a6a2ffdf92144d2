"""Loaded by Python as it starts, in a child of a replayed test: nothing but loopback is open.

Before a look-up, a connection or a datagram to anything else, the gateway is asked, which fails
the test that has started the child where it must not be. It stands alone, since any Python from
3.8 on may be the child, and costs a function call for each event that Python audits.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from urllib.parse import SplitResult

VARIABLE = "PYTEST_LLMREGRESS_GUARD"
"""The gateway as a URL with name and password; its path names ports of loopback that are closed."""
_LOOK_UPS = frozenset({"socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"})
_CONNECTIONS = frozenset({"socket.connect", "socket.sendto", "socket.sendmsg"})
_HERE = ("localhost", "", "0.0.0.0", "::", "::1")  # noqa: S104 - nobody binds
_SILENCE = 60.0


def _guard(address: str) -> None:
    """Ask the gateway at an address from here on."""
    from urllib.parse import urlsplit

    gateway = urlsplit(address)
    closed = {int(port) for port in gateway.path.strip("/").split(",") if port}

    def check(given: object, port: object) -> None:
        host = given.decode("ascii", "replace") if isinstance(given, (bytes, bytearray)) else given
        if not isinstance(host, str):
            return
        by_number = host.startswith(("127.", "::ffff:127.")) and _is_address(host)
        is_here = by_number or host in _HERE or host.endswith(".localhost")
        if is_here and port not in closed:
            return
        place = f"[{host}]" if ":" in host else host
        refusal = _ask(gateway, place if port is None else f"{place}:{port}")
        if refusal:
            raise ConnectionRefusedError(refusal)

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        if event in _LOOK_UPS:
            if event == "socket.gethostbyaddr" or not _is_address(arguments[0]):
                check(arguments[0], None)
        elif event in _CONNECTIONS and isinstance(arguments[1], tuple):
            check(*arguments[1][:2])

    sys.addaudithook(hook)


def _ask(gateway: SplitResult, place: str) -> str:
    """Return why there may be no connection to a place; empty where there may be one."""
    import _socket
    from base64 import b64encode

    host = str(gateway.hostname)
    family = _socket.AF_INET6 if ":" in host else _socket.AF_INET
    signed_in = b64encode(f"{gateway.username}:{gateway.password}".encode()).decode()
    asking = _socket.socket(family, _socket.SOCK_STREAM)  # whatever has replaced Python's own
    answer = b""
    try:
        asking.settimeout(_SILENCE)
        asking.connect((host, gateway.port))
        asking.sendall(
            f"CONNECT {place} HTTP/1.1\r\nhost: {place}\r\nx-llmregress-asks: 1\r\n"
            f"proxy-authorization: Basic {signed_in}\r\n\r\n".encode()
        )
        while piece := asking.recv(65536):
            answer += piece
    except OSError as error:
        return f"nothing is sent to {place}: the run that has started this is over ({error})"
    finally:
        asking.close()
    if answer.startswith(b"HTTP/1.1 200"):
        return ""
    import json

    try:
        return str(json.loads(answer.partition(b"\r\n\r\n")[2])["error"]["message"])
    except ValueError:  # broken off: the run has ended meanwhile
        return f"nothing is sent to {place}: the run that has started this is over"


def _is_address(given: object) -> bool:
    import _socket

    host = given.decode("ascii", "replace") if isinstance(given, (bytes, bytearray)) else given
    for family in (_socket.AF_INET, _socket.AF_INET6):
        try:
            _socket.inet_pton(family, str(host).partition("%")[0])
        except (OSError, UnicodeError):
            continue
        return True
    return host is None


def _load_next() -> None:
    """Import the module that this one stands before, if there is one; leave the path as it was."""
    folder = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - quick to start
    sys.path[:] = [each for each in sys.path if each != folder]
    own = sys.modules.pop("sitecustomize")
    try:
        __import__("sitecustomize")
    except ImportError as error:
        if error.name != "sitecustomize":
            raise
        sys.modules["sitecustomize"] = own


if __name__ == "sitecustomize":
    if os.environ.get(VARIABLE) and hasattr(sys, "addaudithook"):
        _guard(os.environ[VARIABLE])
    _load_next()
