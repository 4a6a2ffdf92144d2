"""Bodies as the client saw them: what a server compressed is decompressed."""

import zlib
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

from pytest_llmregress.storage.yaml.document import MAX_BYTES

_GZIP, _ZLIB, _RAW = 31, 15, -15
"""What zlib calls these formats."""
_BROTLIS = ("brotli", "brotlicffi")
_CHUNK = 512
"""Bytes of brotli that are decompressed at once: a small step has a bounded result."""


class DecompressionError(ValueError):
    """A body that cannot be decompressed."""


def decompress(body: bytes, encodings: Iterable[str]) -> bytes:
    """Return a body without its content encodings, named in the order of their application.

    Tools that decompress before they store often leave the header: text is taken as it is.
    """
    for encoding in reversed(
        [word.strip().lower() for each in encodings for word in each.split(",")]
    ):
        body = _decode(body, encoding)
    return body


def _decode(body: bytes, encoding: str) -> bytes:
    if not body or encoding in {"", "identity"}:
        return body
    decoder = _DECODERS.get(encoding)
    try:
        if decoder is not None:
            return decoder(body)
        why = f"{encoding} is none of {', '.join(_DECODERS)}"
    except (zlib.error, _Unavailable) as error:
        why = str(error)
    if _is_text(body):
        return body
    raise DecompressionError(f"its content-encoding cannot be undone: {why}")


class _Unavailable(Exception):  # noqa: N818 - it never leaves this module
    """Why a decoder cannot do it."""


def _inflate(body: bytes, format_: int) -> bytes:
    out = bytearray()
    while body:
        stream = zlib.decompressobj(format_)
        out += stream.decompress(body, MAX_BYTES + 1 - len(out))
        _check_size(len(out))
        if not stream.eof:
            raise _Unavailable("the compressed body is cut off")
        body = stream.unused_data
    return bytes(out)


def _unzip(body: bytes) -> bytes:
    return _inflate(body, _GZIP)


def _deflate(body: bytes) -> bytes:
    """Undo "deflate", which is zlib's format by the rules, and the raw one by some servers."""
    try:
        return _inflate(body, _ZLIB)
    except zlib.error:
        return _inflate(body, _RAW)


def _unbrotli(body: bytes) -> bytes:
    library = _import_brotli()
    stream = library.Decompressor()
    out = bytearray()
    try:
        for start in range(0, len(body), _CHUNK):
            out += stream.process(body[start : start + _CHUNK])
            _check_size(len(out))
    except library.error as error:
        raise _Unavailable(f"brotli says {error}") from None
    if not stream.is_finished():
        raise _Unavailable("the compressed body is cut off")
    return bytes(out)


def _import_brotli() -> Any:
    for name in _BROTLIS:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise _Unavailable("br needs a package that is not installed (python -m pip install brotli)")


def _check_size(size: int) -> None:
    if size > MAX_BYTES:
        raise DecompressionError(
            f"it is compressed, and larger than {MAX_BYTES // 1024 // 1024} MiB"
        )


def _is_text(body: bytes) -> bool:
    try:
        body.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


_DECODERS: Mapping[str, Callable[[bytes], bytes]] = {
    "gzip": _unzip,
    "x-gzip": _unzip,
    "deflate": _deflate,
    "br": _unbrotli,
}
