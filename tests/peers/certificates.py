"""Keys and certificates of the simulated hosts, made with openssl(1) and kept in one directory.

ca.pem signs what is asked to verify; every other certificate is self-signed, as most measurement hosts' are. A
`generation` gives the same name another key.
"""
from __future__ import annotations

import base64
import hashlib
import ipaddress
import ssl
import subprocess
from pathlib import Path


def openssl(*arguments: str, stdin: bytes | None = None) -> bytes:
    done = subprocess.run(["openssl", *arguments], input=stdin, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"openssl {' '.join(arguments)}: {done.stderr.decode()}")
    return done.stdout


class Certificates:
    def __init__(self, directory: str | Path):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)

    @property
    def ca(self) -> Path:
        path = self.directory / "ca.pem"
        if not path.exists():
            self._make_key(self.directory / "ca.key")
            openssl("req", "-x509", "-new", "-key", str(self.directory / "ca.key"), "-days", "3650", "-subj", "/CN=Simulated CA",
                    "-addext", "keyUsage=critical,keyCertSign", "-out", str(path))
        return path

    @staticmethod
    def _make_key(path: Path) -> None:
        openssl("ecparam", "-genkey", "-name", "prime256v1", "-noout", "-out", str(path))

    def pair(self, name: str, kind: str = "self-signed", generation: int = 1) -> tuple[Path, Path]:
        """Certificate and key; kind is self-signed, ca, expired (of the CA) or other-name (of the CA)."""
        stem = self.directory / f"{name.replace(':', '_').strip('[]')}.{kind}.{generation}"
        certificate, key = stem.with_name(stem.name + ".pem"), stem.with_name(stem.name + ".key")
        if certificate.exists():
            return certificate, key
        self._make_key(key)
        subject = "elsewhere.example.com" if kind == "other-name" else name
        try:
            alternative = f"IP:{ipaddress.ip_address(subject.strip('[]'))}"
        except ValueError:
            alternative = f"DNS:{subject}"
        days = "-1" if kind == "expired" else "3650"
        if kind == "self-signed":
            openssl("req", "-x509", "-new", "-key", str(key), "-days", days, "-subj", f"/CN={subject[:64]}",
                    "-addext", f"subjectAltName={alternative}", "-out", str(certificate))
        else:
            request = openssl("req", "-new", "-key", str(key), "-subj", f"/CN={subject[:64]}", "-addext", f"subjectAltName={alternative}")
            openssl("x509", "-req", "-CA", str(self.ca), "-CAkey", str(self.directory / "ca.key"), "-CAcreateserial", "-days", days,
                    "-copy_extensions", "copy", "-out", str(certificate), stdin=request)
        return certificate, key

    def context(self, name: str, kind: str, generation: int) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate, key = self.pair(name, kind, generation)
        context.load_cert_chain(certificate, key)
        return context

    def client_context(self, name: str, kind: str, generation: int, client_ca: str) -> ssl.SSLContext:
        """The same, but clients must show a certificate of that CA."""
        context = self.context(name, kind, generation)
        context.load_verify_locations(client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
        return context

    def pin(self, name: str, kind: str, generation: int) -> str:
        """sha256//BASE64 of the public key, as curl writes it."""
        certificate, key = self.pair(name, kind, generation)
        path = certificate.with_suffix(".pin")
        if not path.exists():
            der = openssl("pkey", "-in", str(key), "-pubout", "-outform", "DER")
            path.write_text("sha256//" + base64.b64encode(hashlib.sha256(der).digest()).decode())
        return path.read_text()
