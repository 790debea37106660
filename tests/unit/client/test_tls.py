"""What is trusted is read once, and is no less strict for that."""

from __future__ import annotations

import ssl

from homeport_client.tls import tls_context


def test_all_connections_of_a_process_share_one_context_and_it_checks_who_answers() -> None:
    context = tls_context()
    assert tls_context() is context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
