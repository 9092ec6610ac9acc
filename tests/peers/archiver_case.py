"""meshprobe-archive with a spool that was filled by hand, for archives that need no broker: what waits is known body by body.

    class Something(ArchiverCase):
        archive = {"archiver": "file", "path": "..."}
        def test_something(self):
            expected = self.fill()
            self.drain()
"""
from __future__ import annotations

import json
import subprocess
import time
import unittest
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

from hand import BUILD, SUCCESS, Root, Run

NAME = "out"


def eventually(condition: Callable[[], object], what: str, seconds: float = 60):
    """Until it is true, which is returned."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise AssertionError(f"did not happen within {seconds} s: {what}")
        time.sleep(0.02)
    return value


def bodies_of(segment: Path) -> list[bytes]:
    lines = segment.read_bytes().split(b"\n")[1:-2]  # between the header and the last line, which is followed by a line end
    return lines[1::2]


class ArchiverCase(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Root()
        self.addCleanup(self.root.__exit__)
        self.filled = 0

    def configure(self, **keys: object) -> None:
        archive = {name.replace("_", "-"): value for name, value in keys.items()}
        self.root.configure(json.dumps({"archives": {NAME: archive}}))

    @property
    def spool(self) -> Path:
        return self.root.path / "var/lib/meshprobe/spool" / NAME

    def fill(self, segments: int = 10, messages: int = 9, **options: object) -> list[bytes]:
        """The bodies of what is now to be delivered in addition, in order."""
        words = [word for name, value in options.items() for word in (f"--{name.replace('_', '-')}", str(value))]
        bodies = []
        (self.spool / "q").mkdir(parents=True, exist_ok=True)
        with Root() as aside:  # an archiver that is at work would be quicker than our reading
            subprocess.run([BUILD / "tests/bin/fill-spool", str(aside.path), NAME, "--segments", str(segments), "--messages", str(messages),
                            "--start", str(self.filled), *words], check=True, stdout=subprocess.DEVNULL)
            for segment in sorted((aside.path / "var/lib/meshprobe/spool" / NAME / "q").iterdir()):
                bodies += bodies_of(segment)
                segment.rename(self.spool / "q" / segment.name)
        self.filled += segments
        return bodies

    def assert_exactly(self, found: list[bytes], expected: list[bytes]) -> None:
        """In this order, nothing missing, nothing twice."""
        if found != expected:
            counts = Counter(found)
            missing, unexpected = set(expected) - set(found), set(found) - set(expected)
            repeated = sum(1 for body in counts if counts[body] > 1)
            self.fail(f"{len(expected)} expected, {len(found)} found: {len(missing)} missing, {len(unexpected)} unexpected, {repeated} repeated; "
                      f"first unexpected: {next(iter(unexpected), b'')[:300]!r}")

    def assert_at_least_once(self, found: Iterable[bytes], expected: list[bytes]) -> int:
        """Nothing missing, nothing unexpected; how many are there more than once."""
        counts = Counter(found)
        self.assertEqual((len(set(expected) - set(counts)), len(set(counts) - set(expected))), (0, 0), "missing, unexpected")
        repeated = counts.total() - len(counts)
        print(f"  {len(expected)} messages, {repeated} repeated", flush=True)
        return repeated

    def left(self, directory: str = "q") -> list[str]:
        place = self.spool / directory
        return sorted(path.name for path in place.iterdir() if not path.name.startswith(".")) if place.exists() else []

    def refused(self) -> str:
        """All the reasons in failed/."""
        return "\n".join((self.spool / "failed" / name).read_text() for name in self.left("failed") if name.endswith(".reason"))

    def drain(self, status: int = SUCCESS, says: str = "") -> Run:
        run = self.root.drain(NAME)
        self.assertEqual(run.status, status, run)
        self.assertIn(says, run.stderr)
        return run

    def start(self) -> subprocess.Popen:
        process = subprocess.Popen([BUILD / "bin/meshprobe-archive", "--root", str(self.root.path), NAME], stderr=subprocess.DEVNULL)
        self.addCleanup(lambda: (process.kill(), process.wait()))
        return process
