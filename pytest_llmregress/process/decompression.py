"""Bodies as the client saw them: what a server compressed is decompressed."""

import zlib
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import Any

MAX_BYTES = 64 * 1024 * 1024
"""What a body may come to; a cassette must not be larger either."""

_GZIP, _ZLIB, _RAW = 31, 15, -15
"""What zlib calls these formats."""
_BROTLIS = ("brotli", "brotlicffi")
_ZSTDS = ("compression.zstd", "backports.zstd", "zstandard")
"""The module of Python 3.14, the same for earlier versions, and what httpx uses."""
_CHUNK = 512
"""Bytes of brotli or zstd that are decompressed at once: a small step has a bounded result."""


class DecompressionError(ValueError):
    """A body that cannot be decompressed."""


def decompress(body: bytes, encodings: Iterable[str]) -> bytes:
    """Return a body without its content encodings, named in the order of their application.

    The name may be written in any case. Raise DecompressionError where a body cannot be
    decompressed, or comes to more than `MAX_BYTES`.
    """
    for encoding in reversed([word for each in encodings for word in each.lower().split(",")]):
        body = _decode(body, encoding.strip())
    return body


def decompress_stored(body: bytes, encodings: Iterable[str]) -> bytes:
    """Return the same of a stored body: tools that decompress before they store leave the header.

    A text that cannot be decompressed is taken as it is.
    """
    try:
        return decompress(body, encodings)
    except DecompressionError:
        if not _is_text(body):
            raise
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
    library = _import_first(_BROTLIS, encoding="br", package="brotli")
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


def _unzstd(body: bytes) -> bytes:
    library = _import_first(_ZSTDS, encoding="zstd", package="backports.zstd")
    out = bytearray()
    try:
        while body:
            stream = library.ZstdDecompressor()
            stream = stream if hasattr(stream, "eof") else stream.decompressobj()  # zstandard's
            for start in range(0, len(body), _CHUNK):
                out += stream.decompress(body[start : start + _CHUNK])
                _check_size(len(out))
                if stream.eof:
                    break
            if not stream.eof:
                raise _Unavailable("the compressed body is cut off")
            body = stream.unused_data + body[start + _CHUNK :]
    except library.ZstdError as error:
        raise _Unavailable(f"zstd says {error}") from None
    return bytes(out)


def _import_first(names: Iterable[str], *, encoding: str, package: str) -> Any:
    for name in names:
        try:
            return import_module(name)
        except ImportError:
            continue
    raise _Unavailable(
        f"{encoding} needs a package that is not installed (python -m pip install {package})"
    )


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
    "zstd": _unzstd,
}
