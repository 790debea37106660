"""What the connections of a process trust: one TLS context for all of them.

It holds the certificates of all authorities, 830 KB and 20 ms of CPU to read them, and is the same for everyone: so it
is made once, when the first connection is wanted, and kept. Certificates that are installed later, and a later
`SSL_CERT_FILE`, count from the next start of the process.
"""

from __future__ import annotations

from functools import cache
from ssl import SSLContext


@cache
def tls_context() -> SSLContext:
    """The system's authorities, or those of `SSL_CERT_FILE` or `SSL_CERT_DIR`."""
    # Imported late: it takes longer than all the rest of a start without a network.
    import httpx2

    return httpx2.create_ssl_context()
