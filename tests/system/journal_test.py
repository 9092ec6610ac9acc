#!/usr/bin/python3
"""The journal tells the story in lines and the numbers in fields, and stays small."""
import re

from sandbox import SystemTest, main

RUN_NEWS = "MESSAGE_ID=3ceaaf308142c8ea91d93080f9b439fc"
RUNS_A_DAY = 200 * 288  # 200 hosts every 5 min
# Bytes in use, from the header of the journal file (its tail object); files grow in steps of 8 MiB.
USED = "import struct,glob; print(sum(struct.unpack_from('<Q', open(f, 'rb').read(144), 136)[0] for f in glob.glob('/var/log/journal/*/system*.journal')))"


class Journal(SystemTest):
    hosts = 5
    unlisted = 0

    def test_story_and_numbers(self):
        self.start()
        self.eventually("all hosts delivered", lambda: len(self.delivered_hosts()) == 5)
        self.eventually("more news", lambda: len(self.journal(RUN_NEWS)) >= 10)
        self.systemctl("stop", "meshprobe.target")
        name = self.specs[0]["name"]
        story = self.sandbox.run("journalctl", "-u", f"meshprobe@{name}", "--no-pager", "-o", "cat")
        self.assertRegex(story, r"\d+ (new )?points")
        news = self.journal(RUN_NEWS)
        for entry in news:
            for field in ("POINTS", "REQUESTS", "BYTES", "DURATION_USEC", "LAG_USEC"):
                self.assertRegex(entry.get(f"MESHPROBE_{field}", ""), r"^\d+$", f"MESHPROBE_{field} of {entry['MESSAGE']}")
            self.assertEqual(entry["MESHPROBE_TASK"], "default")
            self.assertEqual(entry["PRIORITY"], "5")
        self.assertEqual({entry["MESHPROBE_HOST"] for entry in news}, {spec["name"] for spec in self.specs})
        self.eventually("the archive has what the journal says", lambda: dict(self.query(
            "SELECT host, count(*) FROM results GROUP BY host")) == {
                host: sum(int(entry["MESHPROBE_POINTS"]) for entry in news if entry["MESHPROBE_HOST"] == host)
                for host in {entry["MESHPROBE_HOST"] for entry in news}})
        explained = self.sandbox.run("journalctl", "-x", "-n", "30", "--no-pager", RUN_NEWS)
        self.assertIn("Defined-By: meshprobe", explained)
        self.assertFalse(re.search(r"@MESHPROBE_\w+@", explained), "the catalog names a field that the entry lacks")

    def test_daily_volume(self):
        """What 200 hosts every 5 min write in a day when every single run has news, the unit manager's lines included."""
        self.peers("PATCH", "hosts/*", {"interval": 1, "duration": 0})
        self.start()
        self.eventually("all hosts delivered", lambda: len(self.delivered_hosts()) == 5)
        self.systemctl("stop", *(f"meshprobe@{spec['name']}.timer" for spec in self.specs))
        services = [f"meshprobe@{spec['name']}.service" for spec in self.specs]
        rounds = 24

        def used():
            self.sandbox.run("journalctl", "--sync")
            return int(self.sandbox.run("python3", "-c", USED))
        before, lines = used(), len(self.journal(RUN_NEWS))
        for _ in range(rounds):
            second = self.server_now()
            self.eventually("another second", lambda: self.server_now() > second)
            self.systemctl("start", *services)
        lines = len(self.journal(RUN_NEWS)) - lines
        per_run = (used() - before) / (rounds * len(services))
        print(f"  {rounds * len(services)} runs, {lines} with news, {per_run:.0f} bytes each: {per_run * RUNS_A_DAY / 1e6:.1f} MB a day")
        self.assertGreater(lines, rounds * len(services) * 0.8)
        self.assertLess(per_run, 1500, "700 would be 40 MB a day; journald's own fields of one entry take 600")


if __name__ == "__main__":
    main()
