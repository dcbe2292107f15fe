"""`make class`: a certificate that browsers accept once warned, its key for nobody else, and one that is used again."""

from __future__ import annotations

import datetime
import importlib.util
import ipaddress
import socket
import ssl
import stat
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest
from cryptography import x509

NOW = datetime.datetime.now(datetime.UTC)
HOST = "192.168.7.20"


@pytest.fixture(scope="module")
def in_class() -> ModuleType:
    path = Path(__file__).resolve().parents[1] / ".streamlit" / "in_class.py"
    spec = importlib.util.spec_from_file_location("in_class", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_certificate_is_for_this_address_and_its_key_for_its_owner_alone(
    in_class: ModuleType, tmp_path: Path
) -> None:
    certificate, key = in_class.make(tmp_path / "class", HOST, NOW)
    names = x509.load_pem_x509_certificate(certificate.read_bytes()).extensions.get_extension_for_class(
        x509.SubjectAlternativeName
    )
    assert ipaddress.ip_address(HOST) in names.value.get_values_for_type(x509.IPAddress)
    assert "localhost" in names.value.get_values_for_type(x509.DNSName)
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    assert stat.S_IMODE(key.parent.stat().st_mode) == 0o700
    ssl.create_default_context(ssl.Purpose.CLIENT_AUTH).load_cert_chain(certificate, key)


def test_a_certificate_that_fits_is_used_again_and_one_that_does_not_is_replaced(
    in_class: ModuleType, tmp_path: Path
) -> None:
    certificate, _ = in_class.make(tmp_path, HOST, NOW)
    first = certificate.read_bytes()
    in_class.make(tmp_path, HOST, NOW)
    assert certificate.read_bytes() == first
    in_class.make(tmp_path, "192.168.7.21", NOW)
    second = certificate.read_bytes()
    assert second != first
    in_class.make(tmp_path, "192.168.7.21", NOW + datetime.timedelta(days=in_class.DAYS))
    third = certificate.read_bytes()
    assert third != second
    certificate.write_bytes(b"-----BEGIN nothing")
    in_class.make(tmp_path, "192.168.7.21", NOW)
    assert x509.load_pem_x509_certificate(certificate.read_bytes())


def test_in_a_network_without_a_way_out_the_address_is_found_as_well(
    in_class: ModuleType, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoWayOut(socket.socket):
        def connect(self, place: object) -> None:
            raise OSError("Network is unreachable")

    up, down = SimpleNamespace(isup=True), SimpleNamespace(isup=False)
    here = {"lo": "127.0.0.1", "eth0": "10.0.0.5", "wlan0": HOST}
    addresses = {name: [SimpleNamespace(family=socket.AF_INET, address=one)] for name, one in here.items()}
    monkeypatch.setattr(in_class.socket, "socket", NoWayOut)
    monkeypatch.setattr(in_class.psutil, "net_if_addrs", lambda: addresses)
    monkeypatch.setattr(in_class.psutil, "net_if_stats", lambda: {"lo": up, "eth0": down, "wlan0": up})
    assert in_class.address() == HOST
    monkeypatch.setattr(in_class.psutil, "net_if_stats", lambda: {"lo": up, "eth0": down, "wlan0": down})
    assert in_class.address() == "127.0.0.1"


def test_the_address_and_the_fingerprint_are_shown(in_class: ModuleType, tmp_path: Path) -> None:
    certificate, _ = in_class.make(tmp_path, HOST, NOW)
    text = in_class.welcome(f"https://{HOST}:8501", certificate)
    assert f"https://{HOST}:8501" in text
    assert "fingerprint" in text
