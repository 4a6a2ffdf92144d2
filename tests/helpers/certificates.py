"""A certificate for servers at 127.0.0.1."""

import subprocess
from pathlib import Path

import pytest


def make_certificate(folder: Path) -> Path:
    """Return a file with key and certificate; the certificate alone ends in `.crt`."""
    path = folder / "both.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    command += ["-nodes", "-subj", "/CN=here", "-addext", "subjectAltName=IP:127.0.0.1"]
    try:
        subprocess.run(
            [*command, "-keyout", path, "-out", path.with_suffix(".crt")],
            check=True,
            capture_output=True,
        )
    except (OSError, subprocess.CalledProcessError) as fault:
        pytest.skip(f"no certificate without openssl: {fault}")
    path.write_bytes(path.read_bytes() + path.with_suffix(".crt").read_bytes())
    return path
