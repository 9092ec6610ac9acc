#!/usr/bin/python3
"""Broken configuration: what was good goes on, what is bad is named by file, line and column."""
from sandbox import SystemTest, main


class Configuration(SystemTest):
    hosts = 3

    def setUp(self):
        super().setUp()
        self.names = [spec["name"] for spec in self.specs[:3]]
        self.start()
        self.eventually("the hosts delivered", lambda: self.delivered_hosts() == set(self.names))

    def all_active(self):
        return all(self.active(f"meshprobe@{name}.timer") for name in self.names)

    def test_broken_file_after_a_good_one(self):
        self.configure("tasks:\n  default: {interval: 10s\n", "50-broken")
        self.systemctl("daemon-reload")
        self.assertTrue(self.all_active())
        self.sandbox.reboot()
        moment = self.server_now()
        self.eventually("all instances run after the boot", self.all_active)
        self.eventually("they deliver", lambda: {row[0] for row in self.query(
            f"SELECT DISTINCT host FROM results WHERE ts > {moment}")} == set(self.names))
        status = self.sandbox.run("meshprobectl", "status", check=False)
        self.assertRegex(status, r"/etc/meshprobe/meshprobe\.yaml\.d/50-broken\.yaml:\d+:\d+")
        self.assertEqual(self.sandbox.status_of("meshprobectl", "check"), 1)
        self.sandbox.run("rm", "/etc/meshprobe/meshprobe.yaml.d/50-broken.yaml")
        self.systemctl("daemon-reload")
        self.assertTrue(self.all_active())
        self.assertEqual(self.sandbox.status_of("meshprobectl", "check"), 0)
        self.assertNotIn("50-broken", self.sandbox.run("meshprobectl", "status", check=False))

    def test_bad_entry_disables_only_itself(self):
        self.configure(f"hosts:\n  {self.names[0]}: {{intervall: 5min}}\narchives:\n  other: {{archiver: sqllite}}\n", "60-entry")
        problems = self.sandbox.shell("meshprobectl check 2>&1", check=False)
        self.assertRegex(problems, r"60-entry\.yaml:2:\d+: hosts\.\S*ps1\.example\.org\S*")
        self.assertIn("interval", problems)
        self.assertRegex(problems, r"60-entry\.yaml:4:\d+: archives\.other")
        self.sandbox.reboot()
        moment = self.server_now()
        self.eventually("the others deliver", lambda: {row[0] for row in self.query(
            f"SELECT DISTINCT host FROM results WHERE ts > {moment}")} >= set(self.names[1:]))
        self.assertFalse(self.active(f"meshprobe@{self.names[0]}.timer"))

    def test_disabled_in_the_configuration(self):
        self.configure("hosts: {" + self.names[0] + ": {enabled: false}}\n", "70-off")
        self.sandbox.run("meshprobectl", "apply")
        self.eventually("its timer stopped", lambda: not self.active(f"meshprobe@{self.names[0]}.timer"))
        self.assertTrue(self.active(f"meshprobe@{self.names[1]}.timer"))

    def test_edits_apply_by_themselves(self):
        self.assertEqual(self.systemctl("is-enabled", "meshprobe-apply.path", check=False).strip(), "disabled")
        self.systemctl("enable", "--now", "--quiet", "meshprobe-apply.path")
        timers = [f"meshprobe@{name}.timer" for name in self.names]
        runs = lambda: len(self.journal("-u", "meshprobe-apply.service", "_PID=1", "JOB_TYPE=start", "JOB_RESULT=done"))
        for number, name in enumerate(self.names[:2] * 10):  # a burst
            self.configure(f"hosts: {{{name}: {{enabled: false}}}}\n", f"{number:02}-off")
        self.eventually("what was edited last is applied", lambda: not self.active(timers[0]) and not self.active(timers[1]))
        self.eventually("apply ended", lambda: not self.active("meshprobe-apply.service"))
        self.assertLess(runs(), 8, "20 edits were not applied one by one")

        self.configure("tasks:\n  default: {interval: 10s\n", "50-broken")
        self.eventually("it says so", lambda: self.show("meshprobe-apply.service", "ActiveState") == "failed")
        said = str([entry["MESSAGE"] for entry in self.journal("-u", "meshprobe-apply.service")])
        self.assertRegex(said, r"/etc/meshprobe/meshprobe\.yaml\.d/50-broken\.yaml:\d+:\d+")
        self.assertEqual([self.active(timer) for timer in timers], [False, False, True])

        self.sandbox.shell("rm /etc/meshprobe/meshprobe.yaml.d/*")
        self.eventually("mended", lambda: all(self.active(timer) for timer in timers))
        self.eventually("nothing has failed", lambda: self.systemctl("is-system-running", check=False).strip() == "running")

    def test_edited_while_the_first_run_of_a_dead_host_lasts(self):
        self.peers("PATCH", "hosts/ps4.example.org", {"blackhole": True})
        self.mesh([*self.names, "ps4.example.org"])
        self.systemctl("start", "meshprobe-refresh.service")
        self.eventually("its first run began", lambda: self.show("meshprobe@ps4.example.org.service", "ActiveState") == "activating")
        self.assertEqual(self.show("meshprobe-converge.service", "ActiveState"), "activating")
        self.configure("archives: {second: {archiver: sqlite}}\n", "80-second")
        self.systemctl("start", "--no-block", "meshprobe-converge.service")  # runs already
        self.eventually("the new archive is delivered to", lambda: self.active("meshprobe-archive@second.path"), timeout=15)
        self.assertEqual(self.show("meshprobe@ps4.example.org.service", "ActiveState"), "activating")


if __name__ == "__main__":
    main()
