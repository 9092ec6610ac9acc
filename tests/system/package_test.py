#!/usr/bin/python3
"""The Debian package: made by cpack, installed, used, removed and purged."""
import os
import subprocess
import tempfile
import unittest
from pathlib import Path

from sandbox import STAGE, Sandbox, main, skip_without_sandbox

BUILD = STAGE.parents[1]
LEFT_OVER = """
ls -d /etc/systemd/system/meshprobe* /etc/systemd/system/*.wants/meshprobe* /etc/meshprobe /var/lib/meshprobe /run/meshprobe \
    /usr/bin/meshprobe* /lib/systemd/*/meshprobe* /usr/lib/*/meshprobe* 2>/dev/null
systemctl list-units --no-legend --plain --all 'meshprobe*' | grep ' active '
journalctl --list-catalog | grep -i meshprobe
"""


class Package(unittest.TestCase):
    def setUp(self) -> None:
        skip_without_sandbox()
        scratch = tempfile.TemporaryDirectory()
        self.addCleanup(scratch.cleanup)
        made = subprocess.run(["cpack", "-G", "DEB", "-B", scratch.name], cwd=BUILD, capture_output=True, text=True, check=False)
        self.assertEqual(made.returncode, 0, made.stdout + made.stderr)
        stage = Path(scratch.name) / "stage"
        stage.mkdir()
        next(Path(scratch.name).glob("*.deb")).rename(stage / "meshprobe.deb")
        self.sandbox = Sandbox(f"package-{os.getpid()}")
        self.addCleanup(self.sandbox.down)
        self.sandbox.up(stage)

    def test_comes_and_goes(self):
        run = self.sandbox.run
        run("dpkg", "--install", "/meshprobe.deb")
        self.assertEqual(run("systemctl", "is-enabled", "meshprobe.target").strip(), "enabled")
        self.assertEqual(run("systemctl", "is-system-running", check=False).strip(), "running")
        self.sandbox.write("/etc/meshprobe/credentials/archive/broker", "secret")
        run("systemctl", "start", "meshprobe.target")
        run("systemctl", "enable", "--now", "meshprobe@ps1.example.org.timer")
        run("meshprobectl", "disable", "ps2.example.org")

        with self.subTest("an upgrade leaves everything as it is"):
            run("dpkg", "--install", "/meshprobe.deb")
            self.assertEqual(run("systemctl", "is-active", "meshprobe.target", "meshprobe@ps1.example.org.timer").split(), ["active"] * 2)

        run("dpkg", "--remove", "meshprobe")
        self.assertEqual(run("cat", "/etc/meshprobe/credentials/archive/broker"), "secret")
        self.assertEqual(self.sandbox.status_of("test", "-d", "/var/lib/meshprobe/spool"), 0)
        run("dpkg", "--purge", "meshprobe")
        self.assertEqual(self.sandbox.shell(LEFT_OVER, check=False), "")
        self.assertEqual(run("systemctl", "is-system-running", check=False).strip(), "running")


if __name__ == "__main__":
    main()
