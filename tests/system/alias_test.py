#!/usr/bin/python3
"""One measurement archive behind three names of a mesh: one timer, every point once, and nobody is missed when a name goes."""
from sandbox import SystemTest, main


class Alias(SystemTest):
    hosts = 3
    unlisted = 0
    settings = {"seed": "one archive", "flavour": "esmond"}

    def names(self):
        return {spec["name"] for spec in self.specs}

    def collected(self):
        return {name for name in self.names() if self.active(f"meshprobe@{name}.timer")}

    def assert_once(self, since):
        """Under whichever names."""
        until = self.server_now() - 15
        one = self.specs[0]["name"]
        self.eventually("nothing is missing", lambda: not self.verdict(since, until, {one: self.names()}, only={one}).missing)
        verdict = self.verdict(since, until, {one: self.names()}, only={one})
        print(" ", verdict.text())
        self.assertGreater(verdict.must, 0)
        self.assertTrue(verdict.good(once=True), verdict.text())

    def test_one_is_collected_and_another_takes_over(self):
        since = self.server_now() - 300
        self.start()
        self.eventually("the two others are known as aliases", lambda: self.sandbox.run("meshprobectl", "status", check=False).count("alias of") >= 2)
        reloaded = self.show_manager("GeneratorsStartTimestampMonotonic")
        self.refresh()
        self.eventually("one timer is left", lambda: len(self.collected()) == 1)
        self.assert_once(since)
        first, = self.collected()
        self.assertEqual(self.sandbox.run("meshprobectl", "hosts").count(f"alias of {first}"), 2)
        said = [entry["MESSAGE"] for entry in self.journal("MESSAGE_ID=63f498564c7448b696b1c95d89c065be")]
        self.assertEqual(len([line for line in said if f"alias of {first}" in line]), 2, said)

        self.mesh(sorted(self.names() - {first}))
        self.refresh()
        self.eventually("another one is collected in its place", lambda: len(self.collected()) == 1 and first not in self.collected())
        second, = self.collected()
        self.eventually("it delivers", lambda: second in self.delivered_hosts())
        self.assert_once(since)

        self.mesh(sorted(self.names()))
        self.refresh()
        self.eventually("the first one is back, and the other rests", lambda: self.collected() == {first})
        self.assert_once(since)
        self.assertEqual(self.show_manager("GeneratorsStartTimestampMonotonic"), reloaded, "there was a daemon-reload")
        self.assertEqual(self.systemctl("is-system-running").strip(), "running")


if __name__ == "__main__":
    main()
