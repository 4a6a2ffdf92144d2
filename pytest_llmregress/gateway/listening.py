"""The sockets of the gateway: imported once a child needs them, since few tests start one."""

import socket
import sys
import threading
from http.server import ThreadingHTTPServer
from typing import Any

from pytest_llmregress.gateway.handler import ChildConnection, Directory
from pytest_llmregress.recording.socket_guard import GATEWAY

_LOOPBACK: tuple[tuple[socket.AddressFamily, str], ...] = (
    (socket.AF_INET, "127.0.0.1"),
    (socket.AF_INET6, "::1"),
)
_ANY = frozenset({"0.0.0.0", "::"})  # noqa: S104 - where a user asks for it


class ListeningServer(ThreadingHTTPServer):
    """Listens at one address of this machine, for children."""

    request_queue_size = 256

    def __init__(self, family: socket.AddressFamily, host: str, gateway: Directory) -> None:
        self.address_family = family
        kind = type("Connection", (ChildConnection,), {"directory": gateway})
        super().__init__((host, 0), kind)
        self._name = socket.gethostname() if host in _ANY else host

    def url(self, name: str, sign_in: str) -> str:
        """Return its URL, for whoever calls this machine by a name; empty for its own.

        :param sign_in: the name and password of a child to whom it is a proxy.
        """
        name = name or self._name
        who = f"{sign_in}@" if sign_in else ""
        return f"http://{who}{f'[{name}]' if ':' in name else name}:{self.server_port}"

    def server_bind(self) -> None:
        """Bind without a look-up of this machine's own name, which may take seconds."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = str(self.server_address[0]), self.server_address[1]

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer a child in a thread that belongs to no test."""
        arguments = (request, client_address)
        threading.Thread(
            target=self.process_request_thread, args=arguments, name=GATEWAY, daemon=True
        ).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """Tell nothing of a child that is gone."""
        if not isinstance(sys.exception(), OSError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def listen(host: str, gateway: Directory) -> ListeningServer:
    """Listen at an address of this machine; without one, where only this machine can ask."""
    places = _LOOPBACK
    if host:
        places = ((socket.AF_INET6 if ":" in host else socket.AF_INET, host),)
    for family, name in places[:-1]:
        try:
            return ListeningServer(family, name, gateway)
        except OSError:
            continue  # a machine that speaks IPv6 alone
    return ListeningServer(*places[-1], gateway)
