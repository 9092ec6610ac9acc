"""A private nginx of the distribution that takes what is POSTed or PUT, on loopback, ended by process id.

    with Nginx() as sink:
        sink.url("/post")       # http; keeps each body in a file:    sink.taken()
        sink.url("/take")       # the same, but keeps nothing
    sink.url("/dav/")       # PUT and DELETE, a file each:        sink.files()
        sink.tls_url("/post")   # https, with the certificate of localhost

/login wants collector:p@ss/word, /token "Bearer t0ken", /busy is 503 with Retry-After while sink.busy(True),
/small takes at most 2 kB; the port for client certificates is sink.client_url().
"""
from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from pathlib import Path

from certificates import Certificates
from rabbitmq import free_ports

PROGRAM = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")

CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log;
events {{ worker_connections 256; }}
http {{
    client_body_temp_path {directory}/bodies;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    client_max_body_size 64m;
    keepalive_requests 1000000;
    log_format requests escape=json '{{"status":"$status","method":"$request_method","uri":"$request_uri","type":"$content_type",'
        '"id":"$http_idempotency_key","body":"$request_body_file","connection":"$connection","user":"$remote_user",'
        '"subject":"$ssl_client_s_dn","agent":"$http_user_agent","extra":"$http_x_extra"}}';
    access_log {directory}/access.log requests;
    server {{ # behind those that keep bodies: nginx reads a body only to hand it on
        listen 127.0.0.1:{inner};
        access_log off;
        location / {{ return 204; }}
    }}
    server {{
        listen 127.0.0.1:{plain};
        listen 127.0.0.1:{tls} ssl http2;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        root {directory}/files;
        location /post {{ client_body_in_file_only on; proxy_pass http://127.0.0.1:{inner}; }}
        location /take {{ client_body_buffer_size 16m; proxy_pass http://127.0.0.1:{inner}; }}
        location /small {{ client_max_body_size 2k; client_body_in_file_only on; proxy_pass http://127.0.0.1:{inner}; }}
        location /dav/ {{ dav_methods PUT DELETE; create_full_put_path on; }}
        location /busy {{
            if (-f {directory}/busy) {{ return 503; }}
            add_header Retry-After 1 always;
            client_body_in_file_only on; proxy_pass http://127.0.0.1:{inner};
        }}
        location /login {{ auth_basic here; auth_basic_user_file {directory}/users; client_body_in_file_only on; proxy_pass http://127.0.0.1:{inner}; }}
        location /token {{
            if ($http_authorization != "Bearer t0ken") {{ return 401; }}
            client_body_in_file_only on; proxy_pass http://127.0.0.1:{inner};
        }}
        location /moved {{ return 301 /post; }}
        location /kept {{ return 308 /post; }}
        location /away {{ return 307 http://192.0.2.1/post; }}
    }}
    server {{
        listen 127.0.0.1:{client} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        ssl_client_certificate {ca};
        ssl_verify_client on;
        location / {{ client_body_in_file_only on; proxy_pass http://127.0.0.1:{inner}; }}
    }}
}}
"""


class Nginx:
    def __init__(self) -> None:
        self._directory = tempfile.TemporaryDirectory(prefix="nginx-")
        self.directory = Path(self._directory.name)
        self.plain, self.tls, self.client, inner = free_ports(4)
        self.certificates = Certificates(self.directory / "certificates")
        certificate, key = self.certificates.pair("localhost", "ca")
        (self.directory / "files/dav").mkdir(parents=True)
        hashed = subprocess.run(["openssl", "passwd", "-apr1", "p@ss/word"], capture_output=True, text=True, check=True).stdout.strip()
        (self.directory / "users").write_text(f"collector:{hashed}\n")
        (self.directory / "nginx.conf").write_text(CONFIGURATION.format(
            directory=self.directory, inner=inner, plain=self.plain, tls=self.tls, client=self.client, certificate=certificate, key=key,
            ca=self.certificates.ca))
        self.process: subprocess.Popen | None = None
        self.start()

    def __enter__(self) -> "Nginx":
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._directory.cleanup()

    def start(self) -> None:
        self.process = subprocess.Popen([PROGRAM, "-p", str(self.directory), "-c", str(self.directory / "nginx.conf"), "-e", str(self.directory / "error.log")],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        end = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", self.plain), 5).close()
                return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError("nginx did not start:\n" + (self.directory / "error.log").read_text()) from None
                time.sleep(0.05)

    def kill(self) -> None:
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGKILL)
            self.process.wait(60)

    def url(self, path: str = "/post", user: str = "") -> str:
        return f"http://{user}127.0.0.1:{self.plain}{path}"

    def tls_url(self, path: str = "/post", host: str = "localhost") -> str:
        return f"https://{host}:{self.tls}{path}"

    def client_url(self) -> str:
        return f"https://localhost:{self.client}/"

    def busy(self, is_busy: bool) -> None:
        flag = self.directory / "busy"
        if is_busy:
            flag.touch()
        else:
            flag.unlink(missing_ok=True)

    def requests(self) -> list[dict]:
        """Those that were answered, in their order."""
        log = self.directory / "access.log"
        lines = log.read_text().splitlines() if log.exists() else []
        return [json.loads(line) for line in lines]

    def taken(self) -> list[tuple[dict, str]]:
        """Requests that were answered with 204, and their bodies."""
        return [(each, Path(each["body"]).read_text()) for each in self.requests() if each["status"] == "204"]

    def files(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in (self.directory / "files/dav").rglob("*") if path.is_file()}
