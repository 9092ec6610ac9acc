"""meshprobe by hand: the programs of a build on a scratch root, without systemd, measured.

    with Root("meshes: {all: {url: ...}}") as root:
        run = root.probe("127.0.0.2:8443"); run.status, run.stderr, run.peak_kib
        root.drain(); root.database
"""
from __future__ import annotations

import json
import mmap
import os
import shutil
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

BUILD = Path(os.environ.get("MESHPROBE_BINARY_DIR", Path(__file__).resolve().parents[2] / "build/release"))
SKIPPED = 77
SUCCESS, FAILURE, USAGE, STORAGE, DEGRADED, PARTIAL, UNREACHABLE, DEFERRED, UNTRUSTED, LEFT_OVER = 0, 1, 2, 74, 150, 151, 152, 153, 154, 155


def is_sanitized(program: str) -> bool:
    with (BUILD / "bin" / program).open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as code:
        return code.find(b"__asan_init") >= 0


def memory_bound(kib: int, program: str = "meshprobe-probe") -> int:
    """Half a GiB more where sanitizers are built in: their shadow, and the 256 MiB of freed memory that they hold back."""
    return kib + (512 << 10 if is_sanitized(program) else 0)


@dataclass
class Run:
    status: int
    stdout: str
    stderr: str
    seconds: float
    cpu: float
    peak_kib: int

    def __str__(self) -> str:
        return f"status {self.status}, {self.seconds:.2f} s, {self.cpu * 1000:.0f} ms CPU, {self.peak_kib / 1024:.1f} MiB\n{self.stdout[-1500:]}{self.stderr[-1500:]}"


class Root:
    def __init__(self, configuration: str = "", directory: str | None = None):
        self.path = Path(directory or tempfile.mkdtemp(prefix="meshprobe-root-"))
        self.configure(configuration)

    def __enter__(self) -> "Root":
        return self

    def __exit__(self, *_: object) -> None:
        shutil.rmtree(self.path, ignore_errors=True)

    def configure(self, text: str, name: str = "meshprobe.yaml") -> None:
        path = self.path / "etc/meshprobe" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    def run(self, program: str, *arguments: str, timeout: float = 300) -> Run:
        with tempfile.NamedTemporaryFile("r", prefix="measure-") as report:
            done = subprocess.run([str(BUILD / "tests/bin/measure"), report.name, str(BUILD / "bin" / program), "--root", str(self.path), *arguments],
                                  capture_output=True, text=True, timeout=timeout, check=False)
            numbers = json.load(report)
        return Run(done.returncode, done.stdout, done.stderr, numbers["seconds"], numbers["cpu"], numbers["peak_kib"])

    def refresh(self) -> Run:
        return self.run("meshprobe-refresh")

    def probe(self, host: str, timeout: float = 300) -> Run:
        return self.run("meshprobe-probe", f"meshprobe@{host}", timeout=timeout)

    def drain(self, archive: str = "local") -> Run:
        return self.run("meshprobe-archive", archive, "--drain")

    def once(self, jobs: int = 4) -> Run:
        return self.run("meshprobectl", "once", "--jobs", str(jobs))

    def forget_results(self) -> None:
        """As after a boot: no back-off."""
        shutil.rmtree(self.path / "run/meshprobe/results", ignore_errors=True)

    def host_records(self) -> dict[str, dict]:
        """What refresh left of each host."""
        lines = (self.path / "var/lib/meshprobe/mesh/records").read_text().splitlines()
        return {record["host"]: record for record in map(json.loads, lines)}

    @property
    def database(self) -> Path:
        return self.path / "var/lib/meshprobe/archive/local.db"

    @property
    def queue(self) -> Path:
        return self.path / "var/lib/meshprobe/spool/local/q"

    def last_result(self, host: str) -> dict:
        return json.loads((self.path / "run/meshprobe/results" / f"meshprobe@{host}").read_text())
