"""A private RabbitMQ of the distribution's package: own directory, ports and epmd, loopback only, no system service.

    with Broker() as broker: broker.port, broker.tls_port, broker.tool("declare-exchange", "x"), broker.logins()

Started as whoever runs the test; ended, with its epmd, by process id.
"""
from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from certificates import Certificates

BUILD = Path(os.environ.get("MESHPROBE_BINARY_DIR", "."))
SERVER = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")


def missing() -> str:
    """Why there can be no broker here; empty: there can."""
    if not SERVER.exists():
        return "the package rabbitmq-server is not installed"
    if not shutil.which("epmd"):
        return "epmd (erlang-base) is not installed"
    return ""


def free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]
    finally:
        for each in sockets:
            each.close()


class Broker:
    def __init__(self, settings: str = ""):
        self._directory = tempfile.TemporaryDirectory(prefix="broker-")
        self.directory = Path(self._directory.name)
        self.port, self.tls_port, self._distribution, self._epmd_port = free_ports(4)
        self.certificates = Certificates(self.directory / "certificates")
        self.process: subprocess.Popen | None = None
        self.log: list[str] = []
        self._news = threading.Condition()
        self._configure(settings)
        self._environment = {
            "PATH": os.environ.get("PATH", "/usr/sbin:/usr/bin:/sbin:/bin"),
            "LANG": "C.UTF-8",
            "HOME": str(self.directory),
            "ERL_EPMD_PORT": str(self._epmd_port),
            "ERL_EPMD_ADDRESS": "127.0.0.1",
            "RABBITMQ_NODENAME": f"meshprobe-{self.port}@localhost",
            "RABBITMQ_DIST_PORT": str(self._distribution),
            "RABBITMQ_CONFIG_FILE": str(self.directory / "rabbitmq.conf"),
            "RABBITMQ_ADVANCED_CONFIG_FILE": str(self.directory / "none.config"),
            "RABBITMQ_CONF_ENV_FILE": str(self.directory / "none.conf"),
            "RABBITMQ_ENABLED_PLUGINS_FILE": str(self.directory / "enabled_plugins"),
            "RABBITMQ_MNESIA_BASE": str(self.directory / "mnesia"),
            "RABBITMQ_LOG_BASE": str(self.directory / "log"),
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS": "-kernel inet_dist_use_interface {127,0,0,1} +sbwt none +S 2:2",
        }
        self._epmd = subprocess.Popen(["epmd", "-port", str(self._epmd_port), "-address", "127.0.0.1"], env=self._environment,
                                      stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.start()

    def _configure(self, settings: str) -> None:
        certificate, key = self.certificates.pair("localhost", "ca")
        (self.directory / "enabled_plugins").write_text("[rabbitmq_auth_mechanism_ssl].\n")
        (self.directory / "definitions.json").write_text(json.dumps({
            "users": [{"name": "guest", "password": "guest", "tags": "administrator"}, {"name": "collector", "password": "p@ss/word", "tags": ""}],
            "vhosts": [{"name": "/"}, {"name": "osg/nma"}],
            "permissions": [{"user": user, "vhost": vhost, "configure": ".*" if user == "guest" else "", "write": ".*", "read": ".*" if user == "guest" else ""}
                            for user in ("guest", "collector") for vhost in ("/", "osg/nma")],
        }))
        (self.directory / "rabbitmq.conf").write_text(f"""
listeners.tcp.1 = 127.0.0.1:{self.port}
listeners.ssl.1 = 127.0.0.1:{self.tls_port}
ssl_options.cacertfile = {self.certificates.ca}
ssl_options.certfile = {certificate}
ssl_options.keyfile = {key}
ssl_options.verify = verify_peer
ssl_options.fail_if_no_peer_cert = false
ssl_cert_login_from = common_name
auth_mechanisms.1 = PLAIN
auth_mechanisms.2 = EXTERNAL
load_definitions = {self.directory}/definitions.json
disk_free_limit.absolute = 1MB
vm_memory_high_watermark.relative = 0.7
log.console = true
log.file = false
{settings}
""")

    def __enter__(self) -> "Broker":
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._epmd.kill()
        self._epmd.wait()
        self._directory.cleanup()

    def start(self) -> None:
        """Waits until it takes connections."""
        self.process = subprocess.Popen([str(SERVER)], env=self._environment, cwd=self.directory, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True, start_new_session=True)
        seen = len(self.log)
        threading.Thread(target=self._read, args=(self.process,), daemon=True).start()
        try:
            self.wait_for_log("Server startup complete", 120, seen)
        except TimeoutError:
            self.kill()
            raise RuntimeError("RabbitMQ did not start:\n" + "\n".join(self.log[-40:])) from None

    def _read(self, process: subprocess.Popen) -> None:
        for line in process.stdout:
            with self._news:
                self.log.append(line.rstrip())
                self._news.notify_all()
        process.stdout.close()

    def wait_for_log(self, pattern: str, seconds: float, start: int = 0) -> str:
        end = time.monotonic() + seconds
        with self._news:
            while True:
                for line in self.log[start:]:
                    if re.search(pattern, line):
                        return line
                left = end - time.monotonic()
                if left <= 0 or (self.process.poll() is not None and pattern == "Server startup complete"):
                    raise TimeoutError(pattern)
                self._news.wait(min(left, 1))

    def _signal(self, number: int) -> None:
        # the start script and the virtual machine are one session of their own
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, number)
            self.process.wait(60)

    def stop(self) -> None:
        self._signal(signal.SIGTERM)

    def kill(self) -> None:
        self._signal(signal.SIGKILL)

    def logins(self) -> int:
        return sum("authenticated and granted access" in line for line in self.log)

    def tool(self, *words: object) -> str:
        done = subprocess.run([str(BUILD / "tests/bin/amqp-tool"), str(self.port), *map(str, words)], capture_output=True, text=True, timeout=120, check=False)
        if done.returncode:
            raise RuntimeError(done.stderr)
        return done.stdout

    def take(self, queue: str) -> list[dict]:
        return [json.loads(line) for line in self.tool("take", queue).splitlines()]

    def count(self, queue: str) -> int:
        return int(self.tool("count", queue))
