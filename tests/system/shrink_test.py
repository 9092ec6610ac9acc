#!/usr/bin/python3
"""The shrink guard: when many hosts vanish at once, removals wait for a person, additions do not."""
from sandbox import SystemTest, main


class Shrink(SystemTest):
    hosts = 30
    unlisted = 2
    configuration = SystemTest.configuration.replace("interval: 10s", "interval: 1min")

    def setUp(self):
        super().setUp()
        self.names = [spec["name"] for spec in self.specs]
        self.start()
        self.eventually("all timers run", lambda: self.running() == set(self.names[:30]))

    def running(self):
        lines = self.systemctl("list-units", "--no-legend", "--plain", "--state=active", "meshprobe@*.timer").splitlines()
        return {line.split()[0].removeprefix("meshprobe@").removesuffix(".timer") for line in lines}

    def test_removals_are_held_until_accepted(self):
        for what, hosts in {"an empty list": [], "most hosts gone": self.names[:10]}.items():
            with self.subTest(what):
                self.mesh(hosts)
                self.systemctl("start", "meshprobe-refresh.service")
                self.converged()
                self.assertEqual(self.running(), set(self.names[:30]))
        held = self.journal("-u", "meshprobe-refresh.service", "MESSAGE_ID=9ad9b9a25e78454df065a1c284cc4549")
        self.assertGreaterEqual(len(held), 1)

        self.mesh([*self.names[:10], self.names[30]])
        self.systemctl("start", "meshprobe-refresh.service")
        self.eventually("the addition applied", lambda: self.running() == set(self.names[:31]))

        self.sandbox.reboot()
        self.eventually("all of them after a boot", lambda: self.running() == set(self.names[:31]))

        self.assertIn("meshprobectl mesh accept campus", self.sandbox.run("meshprobectl", "status", check=False))
        self.sandbox.run("meshprobectl", "mesh", "accept", "campus")
        self.eventually("the removals applied", lambda: self.running() == {*self.names[:10], self.names[30]})

    def test_a_few_at_a_time_add_up(self):
        """5 of 30 are within the guard; another 3 within the same day are not."""
        self.mesh(self.names[:25])
        self.refresh()
        self.eventually("five removed", lambda: self.running() == set(self.names[:25]))
        self.mesh(self.names[:22])
        self.systemctl("start", "meshprobe-refresh.service")
        self.converged()
        self.assertEqual(self.running(), set(self.names[:25]))


if __name__ == "__main__":
    main()
