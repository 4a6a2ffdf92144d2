"""The seams of SDKs that are generated alike: `BaseClient._build_request` builds each request."""

import sys
from functools import wraps
from typing import Any

from pytest_llmregress.providers.sdk_seams import OpenSeams, Seam
from pytest_llmregress.recording.httpx_request import read_request, rewrite_request


def watch_requests(package: str) -> Seam:
    """Return what has an SDK's requests rewritten as they are built: before any is signed.

    They are noted as well: one that goes out by a transport of the application's own is told.
    """

    def seam(seams: OpenSeams) -> None:
        base = sys.modules[f"{package}._base_client"].BaseClient
        build = base._build_request  # noqa: SLF001 - every supported version has it

        @wraps(build)
        def build_request(client: Any, options: Any, **kwargs: Any) -> Any:
            request = build(client, options, **kwargs)
            library = sys.modules[type(request).__module__.partition(".")[0]]
            if seams.rewrite is not None and isinstance(request.stream, library.ByteStream):
                asked = read_request(request, request.content)
                rewrite_request(library, request, asked, seams.rewrite)
            seams.sent.add(request.method, str(request.url))
            return request

        seams.replaced.replace(base, "_build_request", build_request)

    return seam
