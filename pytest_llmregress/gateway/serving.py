"""The gateway around one sample of a test: its children, its forks, and whose calls they make."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

from pytest_llmregress.gateway.child_environment import GUARD
from pytest_llmregress.gateway.child_processes import prepared_children
from pytest_llmregress.gateway.server import Gateway
from pytest_llmregress.gateway.tenant import Tenant

_FORK = "a fork"


@contextmanager
def serve_children(gateway: Gateway, tenant: Tenant) -> Iterator[None]:
    """Have the children that start meanwhile make calls of a tenant."""

    def before_fork() -> Callable[[], None]:
        from pytest_llmregress.gateway.fork_calls import ask_gateway, tell_gateway

        environment = gateway.environment(os.environ, _FORK)
        number = gateway.register(_FORK)
        address = gateway.address_of("", number=number)

        def become_child() -> None:
            gateway.become_fork(number)
            os.environ.update(environment)
            tenant.tape.in_fork = partial(ask_gateway, address)
            if tenant.guard is not None:
                tenant.guard.tell = partial(tell_gateway, environment[GUARD])

        return become_child

    with (
        gateway.serving(tenant),
        prepared_children(gateway.environment, before_fork=before_fork),
    ):
        yield
