"""One connection of a child to the gateway: its requests, and what they are answered."""

import json
from base64 import b64decode
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from http.client import HTTPResponse
from http.server import BaseHTTPRequestHandler
from typing import Any, Protocol
from urllib.parse import quote, urlsplit, urlunsplit

from pytest_llmregress.gateway.asking_child import asking_for
from pytest_llmregress.gateway.routes import Child, Route
from pytest_llmregress.gateway.tenant import FormerTenant, Tenant
from pytest_llmregress.gateway.upstream import OF_ONE_CONNECTION, UPSTREAM_FAULTS, Upstream, pieces
from pytest_llmregress.recording.cassette_session import Exchange
from pytest_llmregress.recording.received_response import build_response
from pytest_llmregress.recording.socket_guard import LateRefusal, note_late
from pytest_llmregress.values.http import Request, Response

REFUSED = HTTPStatus.IM_A_TEAPOT
"""What SDKs and agent programs neither repeat nor ask in another shape, and show with our words."""
WHOLE_URL = "x-llmregress-url"
"""The header with the whole URL of a request whose address stands for no API."""
ASKS = "x-llmregress-asks"
"""The header of a child that asks whether it may connect to a place by itself."""
_OF_A_URL = "".join(map(chr, range(0x21, 0x7F)))
_NO_BODY = frozenset({204, 304})


class Directory(Protocol):
    """Knows the addresses of the gateway, and whose turn it is."""

    def find(self, path: str) -> Route | None:
        """Return what a path stands for; None where it stands for nothing."""

    def find_child(self, signed_in: str) -> Child | None:
        """Return the child that has signed in as to a proxy; None where it is nobody."""

    def tenant_of(self, child: Child) -> Tenant | FormerTenant | None:
        """Return whose calls a child makes now; None where no marked test runs."""

    @property
    def is_open(self) -> bool:
        """Whether calls that belong to no test go out."""


class ChildConnection(BaseHTTPRequestHandler):
    """Speaks HTTP/1.1 with a child, and keeps one connection to the API that it asks for."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    wbufsize = 65536
    directory: Directory

    def handle(self) -> None:
        """Answer requests until the child closes the connection."""
        with Upstream() as self._upstream:
            try:
                super().handle()
            except ConnectionError:
                self.close_connection = True  # the child is gone

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - its name there
        """Keep quiet: the report of the test says what is to be said."""

    def handle_expect_100(self) -> bool:
        """Tell a child at once to go on: it waits for that before it sends its body."""
        may_go_on = super().handle_expect_100()
        return self._write(b"") and may_go_on

    def _serve(self) -> None:
        try:
            body = self._read_body()
        except ValueError:
            self.close_connection = True
            self._refuse("its body cannot be read", status=HTTPStatus.BAD_REQUEST)
            return
        if not self.path.startswith("/"):
            self._refuse_as_proxy(urlsplit(self.path).netloc.rpartition("@")[2])
            return
        self.path = quote(self.path, safe=_OF_A_URL, encoding="latin-1")
        route = self.directory.find(self.path)
        url = self._url(route) if route else ""
        if route is None or not url:
            self._refuse(f"no such address: {self.path}", status=HTTPStatus.NOT_FOUND)
            return
        headers: dict[str, tuple[str, ...]] = {}
        for name in dict.fromkeys(map(str.lower, self.headers.keys())):
            if name != WHOLE_URL:
                headers[name] = tuple(self.headers.get_all(name, ()))
        request = Request(method=self.command, url=url, headers=headers, body=body)
        with asking_for(route.child.words):
            self._answer(request, self.directory.tenant_of(route.child))

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _serve  # noqa: N815

    def do_CONNECT(self) -> None:
        """Refuse what goes past the addresses of the gateway, or say that it may."""
        self._refuse_as_proxy(self.path)

    def _refuse_as_proxy(self, place: str) -> None:
        self.close_connection = True
        said = self.headers.get("proxy-authorization", "").partition(" ")[2]
        try:
            child = self.directory.find_child(b64decode(said).decode())
        except ValueError:
            child = None
        if child is None:
            self._refuse("no such address", status=HTTPStatus.NOT_FOUND)
            return
        only_asks = ASKS in self.headers
        with asking_for(child.words):
            why = self._find_refusal(place, self.directory.tenant_of(child), only_asks=only_asks)
        if why:
            self._refuse(why, status=HTTPStatus.FORBIDDEN)
        else:
            self._send(HTTPStatus.OK, "", {}, b"")

    def _find_refusal(
        self, place: str, tenant: Tenant | FormerTenant | None, *, only_asks: bool
    ) -> str:
        """Say why a child must not connect to a place; empty where it may.

        :param only_asks: whether it would connect by itself: this server connects nowhere.
        """
        why = f"a connection to {place} is refused: a replay sends nothing"
        if isinstance(tenant, FormerTenant):
            note_late(LateRefusal(test=tenant.test, place=place, by="a child process"))
            return why
        if tenant is None or tenant.guard is None:
            return "" if only_asks else why
        try:
            if not only_asks:
                tenant.guard.refuse(place)
            parts = urlsplit(f"//{place}")
            host = parts.hostname or place
            if parts.port is None:
                tenant.guard.look_up(host)
            else:
                tenant.guard.check(host, parts.port)
        except BaseException as refusal:  # noqa: BLE001 - what fails a test is no Exception
            return str(refusal)
        return ""

    def _url(self, route: Route) -> str:
        if route.upstream:
            return f"{route.upstream}{route.rest}"
        return str(self.headers.get(WHOLE_URL, ""))

    def _answer(self, request: Request, tenant: Tenant | FormerTenant | None) -> None:
        if not isinstance(tenant, Tenant):
            self._answer_nobody(request, tenant)
            return
        with tenant.under_way():
            try:
                asked = self._ask(request, tenant)
            except BaseException as refusal:  # noqa: BLE001 - what fails a test is no Exception
                self._refuse(str(refusal))
                return
            if asked is not None and asked[1].interaction is None:
                self._record(*asked, tenant)
                return
        if asked is None:
            self._forward(request)
        else:
            self._play(asked[1].played_response)

    def _answer_nobody(self, request: Request, former: FormerTenant | None) -> None:
        """Answer what belongs to no test: in a run that may send, it goes out unrecorded."""
        place = _name_request(request)
        if former is not None and former.is_replay:
            note_late(LateRefusal(test=former.test, place=place, by="a child process"))
            self._refuse(f"{former.test} was replayed and is over: nothing is sent to {place}")
        elif self.directory.is_open:
            self._forward(request)
        else:
            self._refuse("no marked test runs, and a replay sends nothing")

    def _ask(self, request: Request, tenant: Tenant) -> tuple[Request, Exchange] | None:
        """Return what is to be sent, and what the tape says; None where it is none of its."""
        if tenant.tape.passes(request):
            return None
        sent = tenant.tape.rewrite(request)
        # Whether a program asks once more does not show in what it sends: the last answer counts.
        exchange = tenant.tape.ask(sent, retry=True)
        if exchange.interaction is None and tenant.stop is not None:
            tenant.stop(_name_request(request))
        return sent, exchange

    def _record(self, sent: Request, exchange: Exchange, tenant: Tenant) -> None:
        came = self._forward(sent)
        if came is not None:
            tenant.tape.answer(exchange, came)

    def _forward(self, request: Request) -> Response | None:
        """Pass a request on, and its answer back as it comes; None where that is not whole."""
        try:
            reply = self._upstream.send(request)
        except UPSTREAM_FAULTS as error:
            self._upstream.close()
            place = urlsplit(request.url).netloc.rpartition("@")[2]
            self._refuse(f"{place} was not reached: {error}", status=HTTPStatus.BAD_GATEWAY)
            return None
        headers = reply.getheaders()
        body = bytearray()
        try:
            sink = self._begin(reply)
            for piece in pieces(reply):
                body += piece
                sink = sink and self._pass_on(piece, reply)
            if sink:
                self._pass_on(b"", reply)
        except UPSTREAM_FAULTS:
            self._upstream.close()
            self.close_connection = True
            return None
        if reply.will_close:
            self._upstream.close()
        return build_response(reply.status, reply.reason, headers, bytes(body))

    def _begin(self, reply: HTTPResponse) -> bool:
        """Send the head of an answer on; tell whether the child is there to take its body."""
        self.send_response_only(reply.status, reply.reason)
        for name, value in reply.getheaders():
            if name.lower() not in OF_ONE_CONNECTION:
                self.send_header(name, value)
        if self._is_chunked(reply):
            self.send_header("Transfer-Encoding", "chunked")
        elif reply.getheader("content-length") is None:
            self.close_connection = True  # which ends the answer
        return self._flush_head()

    def _flush_head(self) -> bool:
        self.end_headers()
        return self._write(b"")

    def _pass_on(self, piece: bytes, reply: HTTPResponse) -> bool:
        """Send a piece of a body on, the last one being empty; tell whether the child is there."""
        if self._is_chunked(reply):
            piece = b"%x\r\n%s\r\n" % (len(piece), piece)
        return self._write(piece)

    def _write(self, data: bytes) -> bool:
        """Send what is ready to be sent; tell whether the child is there."""
        try:
            self.wfile.write(data)
            self.wfile.flush()
        except OSError:
            self.close_connection = True
            return False
        return True

    def _is_chunked(self, reply: HTTPResponse) -> bool:
        if self.request_version == "HTTP/1.0" or reply.getheader("content-length") is not None:
            return False
        return self.command != "HEAD" and reply.status not in _NO_BODY

    def _play(self, response: Response) -> None:
        """Send a recorded answer."""
        names = OF_ONE_CONNECTION | ({"content-length"} if self.command != "HEAD" else frozenset())
        headers = {name: v for name, v in response.headers.items() if name not in names}
        self._send(response.status, response.reason, headers, response.body)

    def _refuse(self, why: str, *, status: HTTPStatus = REFUSED) -> None:
        """Answer with an error that says why, in the shape that SDKs of models read."""
        error = {"type": "invalid_request_error", "message": why}
        body = json.dumps({"type": "error", "error": error}).encode()
        headers = {"content-type": ("application/json",), "x-should-retry": ("false",)}
        self._send(status, status.phrase, headers, body)

    def _send(
        self, status: int, reason: str, headers: Mapping[str, tuple[str, ...]], body: bytes
    ) -> None:
        self.send_response_only(status, reason or None)
        for name, values in headers.items():
            for value in values:
                self.send_header(name, value)
        if status not in _NO_BODY and "content-length" not in headers:
            self.send_header("Content-Length", str(len(body)))
        if self._flush_head() and self.command != "HEAD" and status not in _NO_BODY:
            self._write(body)

    def _read_body(self) -> bytes:
        if "chunked" in self.headers.get("transfer-encoding", "").lower():
            return b"".join(self._chunks())
        size = int(self.headers.get("content-length") or 0)
        body = self.rfile.read(max(0, size))  # to read -1 is to wait for the end
        if len(body) != size:
            raise ValueError(size)
        return body

    def _chunks(self) -> Iterator[bytes]:
        while size := int(self.rfile.readline().split(b";")[0], 16):
            if size < 0:  # to read that many is to wait for the end
                raise ValueError(size)
            yield self.rfile.read(size)
            self.rfile.readline()
        while self.rfile.readline().strip():
            pass  # trailers


def _name_request(request: Request) -> str:
    """Return method and URL of a request, without query, name and password."""
    parts = urlsplit(request.url)
    place = parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="")
    return f"{request.method} {urlunsplit(place)}"
