"""The application for everybody in the room: `make class`.

A browser lends its microphone only to https pages (or to localhost), so a certificate is made for this computer's
addresses, kept where only its user can read the key, and made anew when it runs out or the addresses change.  No
authority has signed it: every browser warns once, and the page that is printed says how to go on.
"""

from __future__ import annotations

import argparse
import datetime
import ipaddress
import os
import socket
import sys
from pathlib import Path

import psutil
import segno
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from ser_core.files import write_bytes

FOLDER = Path("~/.local/share/speech-emotion-lab/class").expanduser()
NO_NETWORK = (
    "This computer is in no network that was found, so nobody else can open the address below: join the class's "
    "network and start again, or name this computer's address in it with `make class ADDRESS=192.168.1.20`."
)
DAYS = 30
SPARE = datetime.timedelta(days=1)  # a certificate that runs out within it is made anew


def address() -> str:
    """This computer's own address in the network; nothing is sent to find it out.  127.0.0.1 where there is none."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))  # an address that belongs to nobody (RFC 5737): only the way out matters
            return str(probe.getsockname()[0])
        except OSError:  # a network of its own, without a way out of the room
            return next(iter(addresses()), "127.0.0.1")


def addresses() -> list[str]:
    """The addresses under which others may reach this computer."""
    up = [name for name, state in psutil.net_if_stats().items() if state.isup]
    found = [one.address for name in up for one in psutil.net_if_addrs().get(name, ()) if one.family == socket.AF_INET]
    return [one for one in found if not ipaddress.ip_address(one).is_loopback]


def fits(certificate: Path, host: str, now: datetime.datetime) -> bool:
    """Whether the certificate at hand is for this address and lasts another day."""
    try:
        kept = x509.load_pem_x509_certificate(certificate.read_bytes())
        names = kept.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (OSError, ValueError, x509.ExtensionNotFound):
        return False
    return (
        ipaddress.ip_address(host) in names.get_values_for_type(x509.IPAddress)
        and kept.not_valid_after_utc > now + SPARE
    )


def make(folder: Path, host: str, now: datetime.datetime) -> tuple[Path, Path]:
    """The certificate and its key for this address, made where there is none that fits."""
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    if fits(certificate, host, now) and key.is_file():
        return certificate, key
    secret = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Speech Emotion Lab")])
    others: list[x509.GeneralName] = [x509.DNSName("localhost"), x509.DNSName(socket.gethostname()[:64] or "localhost")]
    addresses = [x509.IPAddress(ipaddress.ip_address(one)) for one in dict.fromkeys((host, "127.0.0.1"))]
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(secret.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - SPARE)
        .not_valid_after(now + datetime.timedelta(days=DAYS))
        .add_extension(x509.SubjectAlternativeName([*others, *addresses]), critical=False)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .sign(secret, hashes.SHA256())
    )
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder.chmod(0o700)
    plain = serialization.NoEncryption()
    write_bytes(key, secret.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain))
    key.chmod(0o600)
    write_bytes(certificate, made.public_bytes(serialization.Encoding.PEM))
    return certificate, key


def welcome(url: str, certificate: Path) -> str:
    """What stands in the terminal, to be projected."""
    digest = x509.load_pem_x509_certificate(certificate.read_bytes()).fingerprint(hashes.SHA256()).hex(":").upper()
    return (
        f"\n  Speech Emotion Lab for everybody in this network:\n\n      {url}\n\n"
        "  The browser will warn once, since no authority signed the certificate: choose Advanced, then go on.\n"
        f"  It is this computer if the certificate's SHA-256 fingerprint begins {digest[:23]}.\n"
        "  Not for judging people: use the samples, or voices of adults who agreed. Ctrl-C ends it.\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=8501)
    parser.add_argument("--host", default="", help="this computer's address, where the one found is not the right one")
    options = parser.parse_args()
    host = options.host or address()
    try:
        ipaddress.ip_address(host)
    except ValueError:
        sys.exit(f"{host!r} is no network address: give one such as 192.168.1.20.")
    certificate, key = make(FOLDER, host, datetime.datetime.now(datetime.UTC))
    url = f"https://{f'[{host}]' if ':' in host else host}:{options.port}"
    if ipaddress.ip_address(host).is_loopback:
        print(NO_NETWORK, file=sys.stderr)
    print(welcome(url, certificate))
    segno.make(url, error="m").terminal(compact=True)
    sys.stdout.flush()
    serve = str(Path(__file__).with_name("serve.py"))
    os.environ["SER_CLASS"] = "1"  # the notice comes first
    os.execv(
        sys.executable,
        [
            *(sys.executable, "-m", "streamlit", "run", serve, "--server.headless=true"),
            f"--server.address={'::' if ':' in host else '0.0.0.0'}",
            f"--server.port={options.port}",
            f"--browser.serverAddress={host}",  # else Streamlit asks a host on the internet what address this is
            f"--server.sslCertFile={certificate}",
            f"--server.sslKeyFile={key}",
        ],
    )


if __name__ == "__main__":
    main()
