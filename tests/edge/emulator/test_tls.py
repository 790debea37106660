"""The emulator with a certificate: what is spoken is agreed on in the handshake."""

import asyncio
import datetime as dt
import json
import ssl
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from homeport_notify.emulator import Emulator, EmulatorSettings
from homeport_notify.http2 import frames
from tests.edge.emulator.conftest import KEYS


def certificate(path: Path) -> Path:
    """One file with a certificate for 127.0.0.1 and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "emulator")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(hours=1))
        .not_valid_after(now + dt.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.write_bytes(private + made.public_bytes(Encoding.PEM))
    return path


@pytest.mark.parametrize("protocol", ["h2", "http/1.1"])
async def test_both_protocols_are_spoken_over_tls(tmp_path: Path, protocol: str) -> None:
    pem = certificate(tmp_path / "emulator.pem")
    trust = ssl.create_default_context(cafile=str(pem))
    trust.set_alpn_protocols([protocol])
    async with Emulator(EmulatorSettings(keys=KEYS, certificate=pem)) as emulator:
        assert emulator.url.startswith("https://")
        host, port = emulator.url.removeprefix("https://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port), ssl=trust)
        assert writer.get_extra_info("ssl_object").selected_alpn_protocol() == protocol
        if protocol == "h2":
            writer.write(frames.PREFACE + frames.settings({}))
            [first, *_] = frames.FrameReader().read(await reader.read(65_536))
            assert first[0] == frames.SETTINGS
        else:
            writer.write(b"GET /emulator/counts HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n")
            assert json.loads((await reader.read()).partition(b"\r\n\r\n")[2])["fcm"]["accepted"] == 0
        writer.close()
