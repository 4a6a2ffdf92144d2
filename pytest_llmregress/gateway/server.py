"""The gateway of a session: it listens from the first child on, until the session ends."""

import os
import shutil
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache, partial
from typing import TYPE_CHECKING

from pytest_llmregress.gateway.child_environment import (
    ChildEnvironment,
    close_environment,
    fill_environment,
)
from pytest_llmregress.gateway.routes import Child, Route, Routes
from pytest_llmregress.gateway.tenant import FormerTenant, Tenant
from pytest_llmregress.recording.socket_guard import GATEWAY

if TYPE_CHECKING:
    from pytest_llmregress.gateway.listening import ListeningServer


class Gateway:
    """A reverse proxy for the children of marked tests. It starts when it is first needed.

    Parameters: `environment`, what a child is told by its environment; `is_open`, whether
    this run may send anything: calls that belong to no test go out then, with the keys that are
    there; `locate`, says which line of the user's code starts a child; `shared_keys`, what a
    replay sets where it is not set, for a child that goes on for later tests.
    """

    def __init__(
        self,
        *,
        environment: ChildEnvironment,
        is_open: bool,
        locate: Callable[[], str | None],
        shared_keys: Callable[[], Mapping[str, str]] = dict,
    ) -> None:
        self.is_open = is_open
        self._environment = environment
        self._locate = locate
        self._shared_keys = cache(shared_keys)
        self._routes = Routes()
        self._tenants: list[Tenant] = []
        self._servers: dict[str, ListeningServer] = {}
        self._lock = threading.Lock()
        self._folder, self._folders = "", 0

    @contextmanager
    def serving(self, tenant: Tenant) -> Iterator[None]:
        """Have the calls of children be those of a tenant, while the context lasts."""
        self._tenants.append(tenant)
        try:
            yield
        finally:
            self._tenants.remove(tenant)
            self._routes.leave(tenant)

    def environment(
        self, given: Mapping[str, str], child: str, *, shared: bool = False
    ) -> dict[str, str]:
        """Return the environment of a child: it finds its models by the gateway.

        Parameters: `given`, what it was to be; `child` and `shared` as for `register`.
        """
        number = self.register(child, shared=shared)
        owner = self._owner(shared=shared)
        if not self.is_open and owner is None:
            unset = {n: value for n, value in self._shared_keys().items() if not given.get(n)}
            given = {**given, **unset}
        filled = fill_environment(
            given,
            self._environment,
            address_of=partial(self.address_of, number=number),
            is_replay=not self.is_open,
            folder=self._new_folder(),
        )
        tenant = self._tenants[-1] if self._tenants else None
        # What is shared may serve a test that is recorded, where this run may send.
        if tenant is None or tenant.guard is None or (self.is_open and owner is None):
            return filled
        proxy = self._start("", "", sign_in=self._routes.sign_in(number))
        guard = tenant.guard
        return close_environment(
            filled, proxy=proxy, passed=guard.passed, closed_ports=guard.closed_ports
        )

    def _new_folder(self) -> str:
        """Return a folder for one child. It is not there: a program that wants it makes it."""
        with self._lock:
            if not self._folder:
                self._folder = tempfile.mkdtemp(prefix="llmregress-")
            self._folders += 1
            return os.path.join(self._folder, str(self._folders))  # noqa: PTH118 - for a variable

    def register(self, child: str, *, shared: bool = False) -> int:
        """Return the number of a child that is about to start, in a few words.

        :param shared: whether it makes calls of each test that runs when it asks.
        """
        where = self._locate()
        words = f"{child}, started in {where}" if where else child
        return self._routes.number_of(Child(owner=self._owner(shared=shared), words=words))

    def _owner(self, *, shared: bool) -> Tenant | None:
        """Return the test that a child which starts now belongs to; None where it is shared."""
        tenant = self._tenants[-1] if self._tenants else None
        return tenant if tenant is not None and tenant.is_in_body and not shared else None

    def address_of(self, upstream: str, *, number: int, host: str = "", name: str = "") -> str:
        """Return the URL that stands for an API; the very same where it is one of the gateway.

        Parameters: `upstream`, the base URL of the API, empty for one whose requests say
        their whole URL; `number`, of the child that is to ask; `host`, the address of this
        machine to listen at, empty for loopback; `name`, what whoever asks calls this machine.
        """
        if self._routes.has(upstream):
            return upstream
        return f"{self._start(host, name)}{self._routes.path_of(number, upstream)}"

    def has(self, url: str) -> bool:
        """Whether a URL is one of the gateway's."""
        return self._routes.has(url)

    def find(self, path: str) -> Route | None:
        """Return what a path stands for; None where it stands for nothing."""
        return self._routes.find(path)

    def find_child(self, signed_in: str) -> Child | None:
        """Return the child that has signed in as to a proxy; None where it is nobody."""
        return self._routes.find_child(signed_in)

    def tenant_of(self, child: Child) -> Tenant | FormerTenant | None:
        """Return whose calls a child makes now; None where no marked test runs."""
        if child.owner is not None:
            return child.owner
        return self._tenants[-1] if self._tenants else None

    def become_fork(self, number: int) -> None:
        """Leave its sockets to the process that this one was forked from.

        :param number: that of the fork.
        """
        self._routes.inherit(number)
        for server in self._servers.values():
            server.socket.close()

    def close(self) -> None:
        """Listen no more, and delete what children have left in their folders."""
        if self._folder:
            shutil.rmtree(self._folder, ignore_errors=True)
        servers, self._servers = self._servers, {}
        for server in servers.values():
            server.shutdown()
            server.server_close()

    def _start(self, host: str, name: str, *, sign_in: str = "") -> str:
        """Listen at an address of this machine, unless it does; return the URL of the server."""
        from pytest_llmregress.gateway.listening import listen

        with self._lock:
            if host not in self._servers:
                server = self._servers[host] = listen(host, self)
                # A daemon: whatever a child still asks for does not keep the run from ending.
                threading.Thread(
                    target=server.serve_forever, args=(0.1,), name=GATEWAY, daemon=True
                ).start()
            return self._servers[host].url(name, sign_in)
