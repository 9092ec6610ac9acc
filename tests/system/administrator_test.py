#!/usr/bin/python3
"""What an administrator says with ordinary systemd commands holds."""
from sandbox import SystemTest, main


class Administrator(SystemTest):
    hosts = 3
    unlisted = 4

    def setUp(self):
        super().setUp()
        self.names = [spec["name"] for spec in self.specs]
        self.timers = [f"meshprobe@{name}.timer" for name in self.names]
        self.start()
        self.eventually("the hosts delivered", lambda: self.delivered_hosts() == set(self.names[:3]))

    def test_stopped_timer_stays_stopped(self):
        self.systemctl("stop", self.timers[0])
        for listed in (4, 5, 6):
            self.mesh(self.names[:listed])
            self.refresh()
            self.eventually(f"host {listed} was added", lambda: self.active(self.timers[listed - 1]))
            self.assertFalse(self.active(self.timers[0]), "the stopped timer was started again")
        self.systemctl("daemon-reload")
        self.assertFalse(self.active(self.timers[0]))

    def test_disabled_host_stays_disabled(self):
        self.sandbox.run("meshprobectl", "disable", self.names[0])
        self.systemctl("stop", self.timers[1])
        self.systemctl("mask", self.timers[1])
        self.assertEqual(self.systemctl("is-system-running").strip(), "running", "stop + mask is clean")
        self.mesh(self.names[:4])
        self.refresh()
        self.eventually("the added host runs", lambda: self.active(self.timers[3]))
        self.systemctl("daemon-reload")
        for when in ("after refresh and reload", "after a boot"):
            for timer in self.timers[:2]:
                self.assertFalse(self.active(timer), f"{timer} {when}")
            self.assertTrue(self.active(self.timers[2]))
            if when != "after a boot":
                self.sandbox.reboot()
                self.eventually("timers after the boot", lambda: self.active(self.timers[2]) and self.active(self.timers[3]))
        self.assertEqual(self.systemctl("is-system-running").strip(), "running")
        self.sandbox.run("meshprobectl", "enable", self.names[0])
        self.eventually("enabled again", lambda: self.active(self.timers[0]))

    def test_systemctl_disable_is_explained(self):
        self.systemctl("disable", self.timers[0])
        status = self.sandbox.run("meshprobectl", "status", self.names[0], check=False)
        self.assertNotIn("error", status.lower())
        self.systemctl("stop", self.timers[0])
        self.assertIn(f"meshprobectl disable {self.names[0]}", self.sandbox.run("meshprobectl", "status", check=False)
                      + self.sandbox.run("meshprobectl", "status", self.names[0], check=False))

    def test_host_enabled_by_hand(self):
        by_hand = self.names[6]
        self.systemctl("enable", "--now", "--quiet", f"meshprobe@{by_hand}.timer")
        self.eventually("the host enabled by hand delivered", lambda: by_hand in self.delivered_hosts(), timeout=60)
        for listed in (2, 4):
            self.mesh(self.names[:listed])
            self.refresh()
            self.assertTrue(self.active(self.timers[6]), "taken for vanished")
        self.sandbox.reboot()
        self.eventually("it runs after a boot", lambda: self.active(self.timers[6]))
        self.refresh_quietly()
        self.assertTrue(self.active(self.timers[6]))
        self.systemctl("disable", "--now", "--quiet", f"meshprobe@{by_hand}.timer")
        self.refresh_quietly()
        self.assertFalse(self.active(self.timers[6]))

    def refresh_quietly(self):
        self.systemctl("start", "meshprobe-refresh.service")
        self.converged()

    def test_drop_ins_win(self):
        self.sandbox.write(f"/etc/systemd/system/meshprobe@{self.names[0]}.timer.d/slow.conf",
                           "[Timer]\nOnCalendar=\nOnCalendar=*-*-* 03:00 UTC\nRandomizedDelaySec=0\n")
        self.sandbox.write("/etc/systemd/system/meshprobe@.service.d/a.conf", "[Service]\nNice=7\nTimeoutStartSec=99\n")
        self.configure("tasks: {default: {interval: 30s}}\nhosts: {" + self.names[0] + ": {interval: 20s}}\n", "interval")
        self.systemctl("daemon-reload")
        self.assertIn("03:00:00", self.show(self.timers[0], "TimersCalendar"))
        self.assertNotIn("03:00:00", self.show(self.timers[1], "TimersCalendar"))
        self.assertEqual(self.show(f"meshprobe@{self.names[1]}.service", "Nice"), "7")
        self.assertEqual(self.show(f"meshprobe@{self.names[1]}.service", "TimeoutStartUSec"), "1min 39s")
        self.sandbox.reboot()
        self.assertIn("03:00:00", self.show(self.timers[0], "TimersCalendar"))
        self.assertEqual(self.show(f"meshprobe@{self.names[1]}.service", "Nice"), "7")


if __name__ == "__main__":
    main()
