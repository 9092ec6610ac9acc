#!/usr/bin/python3
"""Archives of this machine beside the database: files in the one directory that the sandbox opens, and the journal."""
import json

from sandbox import SystemTest, main

DIRECTORY = "/srv/results"
CONFIGURATION = """\
archives:
  lake: {archiver: file, path: "/srv/results/{event-type}.json"}
  journal: {archiver: syslog, identifier: ps-results, facility: local3, severity: notice}
tasks: {default: {archives: [local, lake, journal]}}
"""
SERVICE = "meshprobe-archive@{}.service"


def points(lines):
    """(metadata key, event type, time) of each point of raw messages."""
    found = []
    for message in map(json.loads, lines):
        key = message["meta"]["org_metadata_key"], message["meta"]["event-type"]
        found += [(*key, int(time)) for time in message["datapoints"]]
    return found


class LocalArchives(SystemTest):
    def archive(self, name):
        return next(each for each in self.status()["archives"] if each["archive"] == name)

    def files(self):
        return self.sandbox.shell(f"cat {DIRECTORY}/*.json").splitlines()

    def results_in_the_journal(self):
        return self.journal("-t", "ps-results")

    def test_files_and_journal_have_what_the_database_has(self):
        self.configure(CONFIGURATION, "archives")
        self.start()
        self.eventually("it is told that there is no directory", lambda: "install -d" in (self.archive("lake")["message"] or ""))
        self.sandbox.shell(f"install -d -o meshprobe-archive {DIRECTORY}")
        names = {spec["name"] for spec in self.specs[:self.hosts]}
        self.eventually("all hosts delivered", lambda: self.delivered_hosts() == names)
        self.eventually("the archiver found the directory by itself", lambda: self.archive("lake")["last-delivery"])
        self.systemctl("stop", *(f"meshprobe@{name}.timer" for name in names))
        self.eventually("all runs ended", lambda: not any(self.active(f"meshprobe@{name}.service") for name in names))
        self.eventually("all is delivered", lambda: not any(each["segments"] for each in self.status()["archives"]))

        expected = {tuple(row) for row in self.query("SELECT metadata_key, event_type, ts FROM results")}
        self.assertGreater(len(expected), 100)
        in_files = points(self.files())
        self.assertEqual((set(in_files), len(in_files)), (expected, len(expected)))
        entries = self.results_in_the_journal()
        in_journal = points(entry["MESSAGE"] for entry in entries)
        self.assertEqual((set(in_journal), len(in_journal)), (expected, len(expected)))
        self.assertEqual({(entry["SYSLOG_FACILITY"], entry["PRIORITY"], entry["_SYSTEMD_UNIT"]) for entry in entries},
                         {("19", "5", SERVICE.format("journal"))})

        self.assertEqual({name: self.archive(name)["best-effort"] for name in ("local", "lake", "journal")},
                         {"local": False, "lake": False, "journal": True})
        self.assertEqual(self.sandbox.shell(f"stat -c %U {DIRECTORY}/*.json | sort -u").split(), ["meshprobe-archive"])
        self.assertIn(DIRECTORY, self.show(SERVICE.format("lake"), "ReadWritePaths"))
        self.assertNotIn(DIRECTORY, self.show(SERVICE.format("local"), "ReadWritePaths"))
        self.assertEqual(self.show(SERVICE.format("journal"), "LogRateLimitIntervalUSec"), "0")


if __name__ == "__main__":
    main()
