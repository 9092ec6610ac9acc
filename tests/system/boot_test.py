#!/usr/bin/python3
"""Install, enable, boot, reboot, power cut: the fleet collects, and goes on collecting."""
from sandbox import SystemTest, main


class Boot(SystemTest):
    hosts = 4

    def test_collects_over_reboots(self):
        self.start()
        since = self.server_now()
        listed = {spec["name"] for spec in self.specs[:self.hosts]}
        self.eventually("all hosts delivered", lambda: self.delivered_hosts() == listed)
        self.assertEqual(self.systemctl("is-system-running").strip(), "running")
        timers = self.systemctl("list-timers", "--no-legend", "meshprobe@*")
        for name in listed:
            self.assertIn(f"meshprobe@{name}.timer", timers)
        self.assertIn("enabled", self.systemctl("is-enabled", "meshprobe.target"))

        for hard in (False, True):
            with self.subTest(hard=hard):
                self.sandbox.reboot(hard)
                moment = self.server_now()
                self.assertEqual(self.systemctl("is-system-running", check=False).strip(), "running")
                self.eventually("all hosts delivered after the boot", lambda: {
                    row[0] for row in self.query(f"SELECT DISTINCT host FROM results WHERE ts > {moment}")} == listed)

        until = self.server_now()
        self.eventually("nothing is missing", lambda: not self.verdict(since, until, only=listed).missing)
        verdict = self.verdict(since, until, only=listed)
        print(" ", verdict.text())
        self.assertTrue(verdict.good())
        self.assertGreater(verdict.must, 50)

    def test_stops_and_starts_as_one(self):
        self.start()
        timer = f"meshprobe@{self.specs[0]['name']}.timer"
        self.eventually("timers run", lambda: self.active(timer))
        self.systemctl("stop", "meshprobe.target")
        self.assertFalse(self.active(timer))
        self.eventually("no service is left", lambda: not self.systemctl(
            "list-units", "--no-legend", "--state=active,activating", "meshprobe*", check=False).replace("meshprobe.slice", "", 1).strip()
            or not self.systemctl("list-units", "--no-legend", "--type=service,timer,path", "--state=active,activating", "meshprobe*").strip())
        self.assertEqual(self.sandbox.status_of("meshprobectl", "status"), 3)
        self.systemctl("start", "meshprobe.target")
        self.eventually("timers run again", lambda: self.active(timer))

    def test_reload_between_start_and_converge(self):
        """What somebody's daemon-reload adds to a target that has been started is started by converge, and nothing else is."""
        timers = [f"meshprobe@{spec['name']}.timer" for spec in self.specs[:self.hosts]]
        self.systemctl("mask", "--runtime", "--quiet", "meshprobe-converge.service", "meshprobe-converge.path")
        self.start()
        self.eventually("refresh has written the list", lambda: self.sandbox.status_of("test", "-s", "/var/lib/meshprobe/mesh/hosts") == 0)
        self.systemctl("daemon-reload")
        self.systemctl("start", *timers[:2])
        self.systemctl("stop", timers[0])
        self.assertFalse(self.active(timers[-1]))
        self.systemctl("unmask", "--runtime", "--quiet", "meshprobe-converge.service", "meshprobe-converge.path")
        self.systemctl("start", "meshprobe-converge.service")
        self.assertEqual([self.active(timer) for timer in timers], [False, True, True, True])

    def test_nothing_configured_is_quiet(self):
        self.configure("")
        self.start()
        self.converged()
        self.assertEqual(self.systemctl("is-system-running").strip(), "running")
        self.assertEqual(self.systemctl("list-units", "--no-legend", "meshprobe@*").strip(), "")


if __name__ == "__main__":
    main()
