#!/usr/bin/python3
"""Archive type file: nothing lost, no half lines, whoever renames, copies or kills meanwhile."""
import json
import signal
import subprocess
import sys
import time
import unittest
from collections import Counter
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))
from archiver_case import ArchiverCase, eventually  # noqa: E402
from hand import STORAGE, Root  # noqa: E402

CONFIGURATION = 78


class FileCase(ArchiverCase):
    def setUp(self):
        super().setUp()
        self.directory = self.root.path / "results"
        self.directory.mkdir()
        self.file = self.directory / "all.json"

    def configure_file(self, **keys: object) -> None:
        self.configure(archiver="file", path=str(keys.pop("path", self.file)), **keys)

    def files(self) -> list[Path]:
        """Oldest first, the one that is written to last."""
        return sorted(self.directory.iterdir(), key=lambda path: (path == self.file, path.name))

    @staticmethod
    def lines(path: Path) -> list[bytes]:
        data = subprocess.run(["zstd", "-dcq", path], check=True, capture_output=True).stdout if path.suffix == ".zst" else path.read_bytes()
        if data and not data.endswith(b"\n"):
            raise AssertionError(f"{path} ends with half a line")
        return data.split(b"\n")[:-1]

    def all_lines(self) -> list[bytes]:
        return [line for path in self.files() for line in self.lines(path)]


class Files(FileCase):
    def test_a_line_for_each_message(self):
        self.configure_file()
        expected = self.fill(hosts=2)
        self.drain()
        self.assert_exactly(self.lines(self.file), expected)
        self.assertTrue(all(json.loads(line)["datapoints"] for line in self.lines(self.file)))
        more = self.fill()
        self.drain()
        self.assert_exactly(self.lines(self.file), expected + more)
        self.assertEqual((self.left(), self.left("failed")), ([], []))

    def test_files_by_event_type_and_host(self):
        self.configure_file(path=self.directory / "{host}.{event-type}.json")
        expected = self.fill(segments=12, hosts=3)
        self.drain()
        self.assertEqual(len(self.files()), 9)
        for path in self.files():
            host, event_type = path.name.removesuffix(".json").rsplit(".", 1)
            own = [body for body in expected
                   if (meta := json.loads(body)["meta"])["event-type"] == event_type and meta["input_source"] == host]
            self.assertEqual(self.lines(path), own, path)

    def test_more_files_than_are_kept_open(self):
        self.configure_file(path=self.directory / "{host}.json")
        expected = self.fill(segments=300, hosts=150, messages=3)
        self.drain()
        self.assertEqual(len(self.files()), 150)
        self.assertEqual(Counter(self.all_lines()), Counter(expected))

    def test_names_from_strangers_stay_in_the_directory(self):
        self.configure_file(path=self.directory / "{event-type}")
        self.fill(segments=1, messages=3, event_types="../../out,.hidden,a/../../b")
        self.drain()
        self.assertEqual(sorted(path.name for path in self.files()), ["_..", "_.hidden", "a"])

    def test_an_endless_name_is_refused(self):
        self.configure_file(path=self.directory / "{event-type}")
        expected = self.fill(segments=1, messages=2, event_types="throughput," + "x" * 230)
        self.drain()
        self.assertEqual(self.lines(self.directory / "throughput"), expected[:1])
        self.assertIn("longer than 200 bytes", self.refused())

    def test_no_directory(self):
        self.configure_file(path=self.directory / "no/x.json")
        self.fill()
        self.drain(STORAGE, f"there is no directory {self.directory}/no; make it")
        (self.directory / "no").mkdir()
        self.drain()

    def test_what_is_no_file_of_lines(self):
        self.configure_file()
        expected = self.fill(segments=1)
        self.file.symlink_to("/etc/passwd")
        self.drain(STORAGE, "Too many levels of symbolic links")
        self.file.unlink()
        self.file.mkdir()
        self.drain(STORAGE, "Is a directory")
        self.file.rmdir()
        subprocess.run(["mkfifo", self.file], check=True)
        self.drain(STORAGE, "no regular file")
        self.file.unlink()
        self.drain()
        self.assert_exactly(self.lines(self.file), expected)

    def test_two_archives_with_one_path(self):
        self.configure_file(idle="1h")
        self.fill()
        process = self.start()
        eventually(lambda: not self.left(), "delivery")
        with Root() as other:
            other.configure(json.dumps({"archives": {"out": {"archiver": "file", "path": str(self.file)}}}))
            mine, self.root = self.root, other
            self.fill()
            self.drain(STORAGE, "another program writes to it")
            self.root = mine
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)

    def test_other_formats(self):
        self.configure_file(format="lines")
        run = self.root.run("meshprobectl", "check")
        self.assertNotIn("ERROR", run.stdout + run.stderr, run)


class Rotation(FileCase):
    def test_by_size(self):
        self.configure_file(rotate_size="64K", rotate_compress="none")
        expected = self.fill(segments=50)
        self.drain()
        self.assertGreater(len(self.files()), 3)
        self.assertLessEqual(max(path.stat().st_size for path in self.files()), 65536)
        self.assert_exactly(self.all_lines(), expected)

    def test_compressed(self):
        self.configure_file(rotate_size="64K", rotate_compress="zstd")
        expected = self.fill(segments=50)
        self.drain()
        rotated = [path for path in self.files() if path != self.file]
        self.assertGreater(len(rotated), 3)
        self.assertEqual({path.suffix for path in rotated}, {".zst"})
        self.assert_exactly(self.all_lines(), expected)
        self.assertEqual({path.stat().st_mode for path in rotated}, {self.file.stat().st_mode})

    def test_a_number_is_kept(self):
        self.configure_file(rotate_size="64K", rotate_keep=2)
        expected = self.fill(segments=50)
        neighbour = self.directory / "all.json.20200101T000000Z.note"
        neighbour.write_text("not one of them")
        self.drain()
        self.assertEqual(neighbour.read_text(), "not one of them")
        neighbour.unlink()
        self.assertEqual(len(self.files()), 3)
        kept = self.all_lines()
        self.assertEqual(kept, expected[-len(kept):])

    def test_by_age(self):
        self.configure_file(rotate_age="1s", idle="1h")
        process = self.start()
        expected = self.fill(segments=1)
        eventually(lambda: not self.left(), "delivery")
        inode = self.file.stat().st_ino
        expected += eventually(lambda: time.time() - self.file.stat().st_mtime > 2 and self.fill(segments=1), "it is old, and there is news")
        eventually(lambda: not self.left(), "delivery")
        self.assertEqual(len(self.files()), 2)
        self.assertEqual(self.files()[0].stat().st_ino, inode)
        self.assert_exactly(self.all_lines(), expected)
        process.send_signal(signal.SIGTERM)
        self.assertEqual(process.wait(10), 0)

    def test_what_a_crash_left_is_tidied_up(self):
        self.configure_file(rotate_size="64K", rotate_compress="zstd")
        stem = self.directory / "all.json.20200101T00000"
        Path(f"{stem}0Z").write_text("done\n")
        subprocess.run(["zstd", "-q", f"{stem}0Z"], check=True)  # the original was not removed any more
        Path(f"{stem}1Z").write_text("not begun\n")
        Path(f"{stem}2Z").write_text("half done\n")
        (self.directory / ".all.json.20200101T000002Z.zst").write_bytes(b"half")
        expected = self.fill(segments=1)
        self.drain()
        self.assertEqual([path.name for path in self.files()], [f"all.json.20200101T00000{number}Z.zst" for number in range(3)] + ["all.json"])
        self.assertEqual(self.all_lines(), [b"done", b"not begun", b"half done", *expected])


class Administrators(FileCase):
    """logrotate, and people who do the same by hand."""

    def setUp(self):
        super().setUp()
        self.configure_file(idle="1h")
        self.process = self.start()
        self.expected = self.fill()
        eventually(lambda: not self.left(), "delivery")

    def deliver_more(self):
        self.expected += self.fill()
        eventually(lambda: not self.left(), "delivery")

    def end(self):
        self.process.send_signal(signal.SIGTERM)
        self.assertEqual(self.process.wait(10), 0)

    def logrotate(self, *how: str) -> None:
        settings = self.root.path / "logrotate.conf"
        settings.write_text(f"{self.file} {{\n su root root\n rotate 9\n dateext\n dateformat .%s\n" + "".join(f" {line}\n" for line in how) + "}\n")
        settings.chmod(0o644)
        subprocess.run(["/usr/sbin/logrotate", "--force", "--state", str(self.root.path / "logrotate.state"), str(settings)], check=True)

    def test_renamed(self):
        self.file.rename(self.directory / "all.json.1")
        self.deliver_more()
        self.assert_exactly(self.all_lines(), self.expected)
        self.assertEqual(len(self.files()), 2)
        self.end()

    def test_removed(self):
        self.file.unlink()
        self.expected.clear()
        self.deliver_more()
        self.assert_exactly(self.all_lines(), self.expected)
        self.end()

    def test_logrotate_renames_and_makes_a_new_one(self):
        self.logrotate("create 0644")
        self.deliver_more()
        self.assert_exactly(self.all_lines(), self.expected)
        self.assertEqual(len(self.files()), 2)
        self.end()

    def test_logrotate_copies_and_empties(self):
        self.logrotate("copytruncate")
        self.assertEqual(self.file.stat().st_size, 0)
        self.deliver_more()
        self.assert_exactly(self.all_lines(), self.expected)
        self.assertEqual(len(self.files()), 2)
        self.end()

    def test_renamed_all_the_time(self):
        """Whoever looks into what was renamed finds all of it in one of the files; what was under way at that moment perhaps twice."""
        self.end()
        self.configure_file(idle="1h", window=50)
        expected = self.expected + self.fill(segments=300, messages=30)
        self.process = self.start()
        count = 0
        seen = Counter()
        while self.left():
            if self.file.exists():
                target = self.directory / f"old.{count:06}"
                self.file.rename(target)
                seen += Counter(self.lines(target))  # at once, as logrotate's gzip would
                target.unlink()
                count += 1
                time.sleep(0.01)
        self.end()
        print(f"  renamed {count} times", flush=True)
        self.assertGreater(count, 3)
        self.assert_at_least_once([*seen.elements(), *self.all_lines()], expected)


class Kill(FileCase):
    def test_killed_in_the_middle(self):
        """kill -9 again and again: nothing lost, no half line, repeats only of what was not removed from the spool."""
        self.configure_file(window=100, rotate_size="64K", rotate_compress="zstd")
        expected = self.fill(segments=400, messages=30)
        kills = 0
        while self.left():
            before = len(self.left())
            process = self.start()
            eventually(lambda: len(self.left()) < before - 10 or not self.left(), "some progress")
            process.kill()
            process.wait()
            kills += 1
        self.drain()
        print(f"  {kills} kills", flush=True)
        self.assertGreater(kills, 3)
        # At most the window, and the segment that was confirmed last, each time.
        self.assertLessEqual(self.assert_at_least_once(self.all_lines(), expected), kills * 130)

    def test_a_torn_line_is_cut(self):
        self.configure_file()
        expected = self.fill(segments=2)
        self.drain()
        more = self.fill(segments=1)
        with self.file.open("ab") as file:
            file.write(more[0][:100])
        self.drain(says="100 bytes of half a line")
        self.assert_exactly(self.lines(self.file), expected + more)

    def test_the_configuration_is_checked(self):
        for keys, says in (({"path": "x.json"}, "expected an absolute path"), ({"path": "/x.json"}, "a directory of its own"),
                           ({"path": "/srv/{host}/x.json"}, "only in the name of the file"), ({"path": "/srv/{hots}.json"}, "{hots}")):
            self.configure(archiver="file", **keys)
            self.fill(segments=1)
            self.drain(CONFIGURATION, says)


if __name__ == "__main__":
    unittest.main(verbosity=2)
