"""Bodies without the compression of their way."""

import gzip
import sys
import zlib

import pytest

from pytest_llmregress.process.decompression import (
    MAX_BYTES,
    DecompressionError,
    decompress,
    decompress_stored,
)

TEXT = '{"text": "café"}'.encode() * 1000


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(data) + compressor.flush()


def gzipped(text: bytes) -> bytes:
    """Compress without the time of day: each process of a run has to name the tests alike."""
    return gzip.compress(text, mtime=0)


@pytest.mark.parametrize(
    ("encodings", "body"),
    [
        (["gzip"], gzipped(TEXT)),
        (["GZIP"], gzipped(TEXT)),
        (["X-Gzip"], gzipped(TEXT)),
        (["gzip"], gzipped(TEXT[:9]) + gzipped(TEXT[9:])),
        (["deflate"], zlib.compress(TEXT)),
        (["Deflate"], raw_deflate(TEXT)),
        (["deflate, gzip"], gzipped(zlib.compress(TEXT))),
        (["deflate", "identity , gzip"], gzipped(raw_deflate(TEXT))),
        (["identity"], TEXT),
        ([], TEXT),
        (["gzip"], b""),
    ],
)
def test_what_an_encoding_says_is_undone(encodings, body):
    assert decompress(body, encodings) == (TEXT if body else b"")


def test_brotli_is_read_where_its_package_is_installed():
    brotli = pytest.importorskip("brotli", reason="brotli is not installed")
    body = brotli.compress(TEXT)

    assert decompress(body, ["BR"]) == TEXT
    with pytest.raises(DecompressionError, match="cut off"):
        decompress(body[:-4] + b"\xff", ["br"])


@pytest.mark.parametrize("name", ["compression.zstd", "backports.zstd", "zstandard"])
def test_zstd_is_read_by_whichever_package_is_installed(monkeypatch, name):
    library = pytest.importorskip(name, reason=f"{name} is not installed")
    for other in {"compression.zstd", "backports.zstd", "zstandard"} - {name}:
        monkeypatch.setitem(sys.modules, other, None)
    frames = [library.ZstdCompressor(), library.ZstdCompressor()]
    body = b"".join(
        frame.compress(part) + (b"" if name == "zstandard" else frame.flush())
        for frame, part in zip(frames, [TEXT[:900], TEXT[900:]], strict=True)
    )

    assert decompress(body, ["zstd"]) == TEXT
    with pytest.raises(DecompressionError, match="cut off"):
        decompress(body[:-4], ["zstd"])
    with pytest.raises(DecompressionError, match="zstd says"):
        decompress(b"no zstd at all", ["zstd"])


@pytest.mark.parametrize(
    ("encoding", "modules", "package"),
    [
        ("br", ["brotli", "brotlicffi"], "brotli"),
        ("zstd", ["compression.zstd", "backports.zstd", "zstandard"], "backports.zstd"),
    ],
)
def test_an_encoding_without_its_package_names_the_package(monkeypatch, encoding, modules, package):
    for name in modules:
        monkeypatch.setitem(sys.modules, name, None)

    with pytest.raises(DecompressionError, match=f"python -m pip install {package}"):
        decompress(b"\xff\x00", [encoding])


@pytest.mark.parametrize(
    ("encoding", "body", "why"),
    [
        ("gzip", gzipped(TEXT)[:-4], "cut off"),
        ("gzip", b"\xff\xfe", "incorrect header check"),
        ("lzma", b"\xfd7zXZ", "lzma is none of gzip, x-gzip, deflate, br, zstd"),
        ("gzip", gzipped(b"\0" * (MAX_BYTES + 1)), "larger than 64 MiB"),
    ],
)
def test_what_cannot_be_undone_is_named(encoding, body, why):
    with pytest.raises(DecompressionError, match=why):
        decompress(body, [encoding])


def test_a_stored_text_that_was_decompressed_before_is_taken_as_it_is():
    assert decompress_stored(TEXT, ["gzip"]) == TEXT
    with pytest.raises(DecompressionError, match="incorrect header check"):
        decompress(TEXT, ["gzip"])
