#!/usr/bin/python3
"""What the programs say by hand when something is amiss on this side: permissions, credentials, names, directories."""
import json
import os
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from hand import BUILD, STORAGE, SUCCESS, UNREACHABLE, USAGE, Root  # noqa: E402

CREDENTIALS, CONFIGURATION = 77, 78
NOBODY = 65534
BROKER = "archives: {mq: {archiver: rabbitmq, url: 'amqp://me@127.0.0.1:1/', credential: secret}}"


class ByHand(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Root()
        self.addCleanup(self.root.__exit__)

    def ctl(self, *arguments: str):
        return self.root.run("meshprobectl", *arguments)

    def as_nobody(self, program: str, *arguments: str) -> subprocess.CompletedProcess:
        return subprocess.run([BUILD / "bin" / program, "--root", self.root.path, *arguments], user=NOBODY, group=NOBODY, extra_groups=[],
                              capture_output=True, text=True, check=False)

    def know(self, host: str) -> None:
        records = self.root.path / "var/lib/meshprobe/mesh/records"
        records.parent.mkdir(parents=True, exist_ok=True)
        records.write_text(json.dumps({"host": host, "measurement-archives": [f"https://{host}/esmond/perfsonar/archive/"], "meshes": [],
                                       "addresses": [], "alias-of": None}, separators=(",", ":")) + "\n")


class Archives(ByHand):
    def archive(self, name: str) -> dict:
        return {archive["archive"]: archive for archive in json.loads(self.ctl("status", "--json").stdout)["archives"]}[name]

    def test_an_archiver_without_its_credential_is_seen_in_the_status(self) -> None:
        self.root.configure(BROKER)
        self.assertEqual(self.root.drain("mq").status, CREDENTIALS)
        self.assertEqual(self.archive("mq")["state"], "failed")
        text = self.ctl("status").stdout
        self.assertRegex(text, r'(?m)^mq +rabbitmq +failed .*credential "secret"')
        self.assertRegex(text, r'(?s)To do:\n.*archive mq cannot be served: credential "secret"')

    def test_a_name_that_is_not_configured_leaves_nothing(self) -> None:
        self.assertEqual(self.root.drain("nosuch").status, CONFIGURATION)
        self.assertFalse((self.root.path / "run/meshprobe/archives/nosuch").exists())

    def test_who_is_gone_is_not_connected(self) -> None:
        subprocess.run([BUILD / "tests/bin/fill-spool", self.root.path, "local", "--segments", "2"], check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(self.root.drain().status, SUCCESS)
        self.assertEqual(self.archive("local")["state"], "idle")
        self.assertGreater(self.archive("local")["delivered-messages"], 0)

    def test_what_is_left_keeps_its_reason(self) -> None:
        self.root.configure(BROKER.replace("me@", "me:word@").replace(", credential: secret", ""))
        subprocess.run([BUILD / "tests/bin/fill-spool", self.root.path, "mq", "--segments", "1"], check=True, stdout=subprocess.DEVNULL)
        self.assertEqual(self.root.drain("mq").status, UNREACHABLE)
        self.assertEqual(self.archive("mq")["state"], "waiting")
        self.assertIn("Connection refused", self.archive("mq")["message"])


@unittest.skipUnless(os.geteuid() == 0, "needs root, to be somebody else")
class Permissions(ByHand):
    def setUp(self) -> None:
        super().setUp()
        self.addCleanup(os.umask, os.umask(0o022))
        self.root.path.chmod(0o755)
        if self.as_nobody("meshprobectl", "--version").returncode != 0:
            self.skipTest("the build is not for everybody to run")

    def test_a_probe_that_may_not_says_so(self) -> None:
        for directory in ("", "run/meshprobe"):
            with self.subTest(directory):
                (self.root.path / directory).mkdir(parents=True, exist_ok=True)
                if directory:
                    (self.root.path / directory).chmod(0o700)
                run = self.as_nobody("meshprobe-probe", "ps.example.org")
                self.assertEqual(run.returncode, STORAGE, run.stderr)
                self.assertIn(str(self.root.path / "run"), run.stderr)
                self.assertIn("you may have to be root", run.stderr)
                self.assertNotIn("filesystem error", run.stderr)

    def test_status_of_another_user_knows_or_says_that_it_does_not(self) -> None:
        self.know("ps.example.org")
        self.root.configure("hosts: {ps.example.org: {ip-version: 5}}")
        self.root.probe("ps.example.org")  # fails, and leaves that as its result
        self.root.configure("")
        for directory in ("run", "run/meshprobe", "run/meshprobe/slots", "run/meshprobe/results"):
            self.assertEqual((self.root.path / directory).stat().st_mode & 0o777, 0o755, directory)
        self.assertIn("ps.example.org  failed", self.as_nobody("meshprobectl", "status").stdout)
        (self.root.path / "run/meshprobe/results").chmod(0o700)
        run = self.as_nobody("meshprobectl", "status")
        self.assertEqual(run.returncode, STORAGE, run.stdout)
        self.assertIn("ps.example.org  unreadable", run.stdout)
        self.assertIn("Permission denied", run.stdout)


class Names(ByHand):
    def test_a_host_that_nobody_knows(self) -> None:
        self.know("ps7.example.org:8441")
        for command in ("status", "hosts", "gaps", "trust"):
            for host, says in (("nohost", "no host matches nohost;"), ("ps7.example.org", 'did you mean "ps7.example.org:8441"?')):
                with self.subTest(command=command, host=host):
                    run = self.ctl(command, host)
                    self.assertEqual((run.status, run.stdout), (USAGE, ""))
                    self.assertIn(says, run.stderr)
        for command in ("status", "hosts", "gaps"):
            with self.subTest(command):
                self.assertEqual(self.ctl(command, "ps7.example.org:8441").status, SUCCESS)
        self.assertIn("no key is remembered", self.ctl("trust", "ps7.example.org:8441").stderr)

    def test_a_directory_that_does_not_exist(self) -> None:
        elsewhere = tempfile.mkdtemp(prefix="meshprobe-root-")
        self.addCleanup(shutil.rmtree, elsewhere, True)
        for command in (["status"], ["hosts"], ["gaps"], ["check"], ["config"], ["plan"], ["coverage"], ["spool"], ["spool", "list"], ["trust"],
                        ["mesh"], ["mesh", "show"]):
            with self.subTest(command):
                run = subprocess.run([BUILD / "bin/meshprobectl", "--root", f"{elsewhere}/typo", *command], capture_output=True, text=True)
                self.assertEqual((run.returncode, run.stdout), (USAGE, ""))
                self.assertIn(f"there is no directory {elsewhere}/typo", run.stderr)
        made = subprocess.run([BUILD / "bin/meshprobectl", "--root", f"{elsewhere}/new", "once"], capture_output=True, text=True)
        self.assertEqual(made.returncode, SUCCESS, made.stderr)

    def test_no_mesh_is_not_a_mesh_that_was_not_refreshed(self) -> None:
        self.assertIn("no mesh is configured", self.ctl("coverage").stderr)
        self.root.configure("meshes: {m: {file: /nowhere}}")
        self.assertIn("no mesh was refreshed yet", self.ctl("coverage").stderr)

    def test_all_commands_that_print_take_no_legend(self) -> None:
        for command in ("plan", "config", "once", "status", "hosts"):
            with self.subTest(command):
                self.assertEqual(self.ctl(command, "--no-legend").status, SUCCESS)
        self.assertIn("0 instances", self.ctl("once").stdout)
        self.assertNotIn("0 instances", self.ctl("once", "--no-legend").stdout)


class Rounds(ByHand):
    def test_a_round_says_each_time_which_mesh_failed_and_why(self) -> None:
        self.root.configure("meshes: {m: {file: /nowhere/mesh.json}, n: {url: 'http://127.0.0.1:1/'}}")
        for _ in range(2):
            run = self.ctl("once")
            self.assertRegex(run.stdout, r"(?m)^mesh m: .*/nowhere/mesh\.json")
            self.assertRegex(run.stdout, r"(?m)^mesh n: .*http://127\.0\.0\.1:1/")
            self.assertNotIn("refresh: status", run.stdout)
        meshes = json.loads(self.ctl("once", "--json").stdout)["meshes"]
        self.assertEqual([mesh["mesh"] for mesh in meshes], ["m", "n"])

    def test_a_configuration_that_is_broken_as_a_whole_is_not_left_out_in_part(self) -> None:
        self.assertEqual(self.ctl("once").status, SUCCESS)  # keeps it
        self.root.configure("tasks: [\n")
        text = self.ctl("once").stdout
        self.assertRegex(text, r"the last good one stays in force: .*meshprobe\.yaml:\d+:")
        self.assertNotIn("part of the configuration", text)


if __name__ == "__main__":
    unittest.main(verbosity=2)
