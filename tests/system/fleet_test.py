#!/usr/bin/python3
"""200 hosts, 30 of them dead or blackholed: news, not a failed system."""
from sandbox import SystemTest, main

STATE_CHANGED = "MESSAGE_ID=9dfb369bab13dfae627655daa05f1119"


class Fleet(SystemTest):
    hosts = 200
    unlisted = 0
    settings = {"entries": 1, "tests": ["rtt"]}
    configuration = SystemTest.configuration.replace("interval: 10s", "interval: 30s").replace("first-run: 10min", "first-run: 1min")

    def lags(self, names):
        """Age in seconds of the newest result of each host; an absent host is an error."""
        now = self.server_now()
        newest = dict(self.query("SELECT host, max(ts) FROM results GROUP BY host"))
        return sorted(now - newest[name] for name in names)

    def test_dead_hosts_disturb_nobody(self):
        names = [spec["name"] for spec in self.specs]
        self.start()
        self.eventually("200 hosts delivered", lambda: len(self.delivered_hosts()) == 200, timeout=120)
        gone, alive = names[100:130], names[:100] + names[130:]
        moment = self.server_now()
        self.eventually("everyone delivered a second time", lambda: len(self.query(
            f"SELECT host FROM results GROUP BY host HAVING max(ts) > {moment}")) == 200)
        before = self.lags(alive)
        broken = self.server_now()
        for name in gone[:15]:
            self.peers("PATCH", f"hosts/{name}", {"dead": True})
        for name in gone[15:]:
            self.peers("PATCH", f"hosts/{name}", {"blackhole": True})

        def unreachable():
            changes = self.journal(STATE_CHANGED, f"--since=@{broken}")
            return [entry["MESHPROBE_HOST"] for entry in changes if entry["MESHPROBE_HOST"] in gone]
        self.eventually("all 30 were noticed", lambda: set(unreachable()) == set(gone), timeout=120)
        moment = self.server_now()
        self.eventually("the other 170 deliver", lambda: {row[0] for row in self.query(
            f"SELECT host FROM results GROUP BY host HAVING max(ts) > {moment}")} == set(alive), timeout=90)
        after = self.lags(alive)
        print(f"  lag of the other 170 before: median {before[85]} s, largest {before[-1]} s; with 30 dead: {after[85]} s, {after[-1]} s")
        self.assertLessEqual(after[85], before[85] + 5)
        self.assertLessEqual(after[-1], before[-1] + 10)
        self.assertEqual(sorted(unreachable()), sorted(gone), "one line per change of state:\n" + "\n".join(
            entry["MESSAGE"] for entry in self.journal(STATE_CHANGED)))
        self.assertEqual(self.systemctl("is-system-running").strip(), "running")
        status = self.sandbox.run("meshprobectl", "status", check=False)
        self.assertEqual(status.count("unreachable"), 30, status)


if __name__ == "__main__":
    main()
