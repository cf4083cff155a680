"""Whose word is taken for the other end of a line."""

import ssl
from pathlib import Path


def trusting(ca_file: str | Path | None) -> ssl.SSLContext:
    """Return what checks certificates, and takes TLS 1.2 or later.

    `ca_file` replaces the system's certificate authorities. Raises `OSError` where it cannot be
    read.
    """
    context = ssl.create_default_context(cafile=ca_file)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context
