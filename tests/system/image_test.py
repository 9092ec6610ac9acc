#!/usr/bin/python3
"""Machines that are not as usual: late /var, read-only /etc, sandboxed generators, a first boot, a wrong clock."""
import os
import re

from sandbox import SystemTest, main

GENERATED = "/run/systemd/generator"
GENERATOR = "/usr/lib/systemd/system-generators/meshprobe-generator"

# Runs in the boot before anything of ours.
EARLY_SERVICE = """\
[Unit]
DefaultDependencies=no
Before=systemd-tmpfiles-setup.service sysinit.target
[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart=/bin/sh /opt/early
[Install]
WantedBy=sysinit.target
"""


class Image(SystemTest):
    hosts = 3

    def setUp(self):
        super().setUp()
        self.names = [spec["name"] for spec in self.specs]
        self.timers = [f"meshprobe@{name}.timer" for name in self.names]
        self.listed = set(self.names[:self.hosts])
        self.by_hand = self.timers[self.hosts]

    def begin(self):
        self.start()
        self.eventually("the hosts delivered", lambda: self.delivered_hosts() == self.listed)

    def early(self, script):
        """From the next boot on."""
        self.sandbox.write("/opt/early", script)
        self.sandbox.write("/etc/systemd/system/early.service", EARLY_SERVICE)
        self.systemctl("enable", "--quiet", "early.service")

    def delivered_since(self, moment):
        return {row[0] for row in self.query(f"SELECT DISTINCT host FROM results WHERE ts > {moment}")}

    def failed_units(self):
        return self.systemctl("list-units", "--failed", "--plain", "--no-legend", "meshprobe*").strip()


class LateVar(Image):
    MOUNT = """\
[Unit]
DefaultDependencies=no
Requires=late.service
After=late.service
Conflicts=umount.target
Before=umount.target
[Mount]
What=/srv/meshprobe
Where=/var/lib/meshprobe
Type=none
Options=bind
"""
    LATE = "[Unit]\nDefaultDependencies=no\n[Service]\nType=oneshot\nRemainAfterExit=yes\nExecStart=sleep 3\n"

    def test_the_state_is_mounted_after_the_generator_ran(self):
        self.begin()
        self.systemctl("enable", "--now", "--quiet", self.by_hand)
        self.systemctl("stop", "meshprobe.target")
        self.sandbox.shell("mkdir -p /srv && systemctl stop meshprobe.slice && mv /var/lib/meshprobe /srv/meshprobe && mkdir /var/lib/meshprobe")
        self.sandbox.write("/etc/systemd/system/var-lib-meshprobe.mount", self.MOUNT)
        self.sandbox.write("/etc/systemd/system/late.service", self.LATE)
        self.early(f"ls {GENERATED} {GENERATED}/meshprobe.target.wants >/run/early\n")
        self.sandbox.reboot()
        moment = self.server_now()
        early = self.sandbox.run("cat", "/run/early").split()
        self.assertIn("meshprobe-archive@local.path", early, "what /etc alone gives")
        self.assertIn("meshprobe-refresh.timer", early)
        self.assertIn(f"{self.by_hand}.d", early)
        self.assertFalse(self.listed & {unit.removeprefix("meshprobe@").removesuffix(".timer") for unit in early}, "nothing knows of the hosts yet")
        self.eventually("all timers run", lambda: all(self.active(timer) for timer in self.timers))
        self.converged()
        manager = self.journal("-b", "_PID=1")
        self.assertEqual(len([entry for entry in manager if re.match("Reloading", str(entry["MESSAGE"]))]), 1)
        converge = [entry["MESSAGE"] for entry in self.journal("-b", "-u", "meshprobe-converge.service", "-p", "notice") if "started" in str(entry["MESSAGE"])]
        self.assertEqual(len(converge), 1, converge)
        self.eventually("everyone delivers", lambda: self.delivered_since(moment) == {*self.listed, self.names[self.hosts]})
        self.assertEqual(self.failed_units(), "")


class ReadOnlyEtc(Image):
    def test_etc_cannot_be_written(self):
        self.begin()
        self.early("mount --bind /etc /etc && mount -o remount,bind,ro /etc\n")
        self.sandbox.reboot()
        moment = self.server_now()
        self.assertNotEqual(self.sandbox.status_of("touch", "/etc/meshprobe/x"), 0)
        self.eventually("everyone delivers", lambda: self.delivered_since(moment) == self.listed)

        self.systemctl("enable", "--runtime", "--now", "--quiet", self.by_hand)
        self.systemctl("stop", self.timers[0])
        self.systemctl("mask", "--runtime", "--quiet", self.timers[0])
        self.sandbox.write("/run/meshprobe/meshprobe.yaml.d/off.yaml", f"hosts: {{{self.names[1]}: {{enabled: false}}}}\n")
        self.sandbox.run("meshprobectl", "apply")
        self.refresh()
        self.assertEqual([self.active(timer) for timer in self.timers], [False, False, True, True])

        said = self.sandbox.shell(f"meshprobectl disable {self.names[2]} 2>&1 && exit 1; true")
        self.assertIn("ead-only", said)
        self.assertIn("enabled: false", said)
        self.assertFalse(self.active(self.timers[2]), "stopped, at least")
        self.assertEqual(self.failed_units(), "")


class SandboxedGenerator(Image):
    # As systemd 254 and later run generators: everything read-only but the directories handed over, and a /tmp of its own.
    WRAPPER = f"""\
#!/bin/sh
exec unshare --mount --propagation slave /bin/sh -c '
    mount -t tmpfs tmpfs /tmp
    for output; do mount --bind "$output" "$output"; done
    findmnt --raw --noheadings -o TARGET | while read -r place; do
        case " $* /tmp " in *" $place "*) ;; *) mount -o remount,bind,ro "$place" 2>/dev/null;; esac
    done
    for place in /etc/meshprobe /var/lib/meshprobe /var/lib/meshprobe/plan /run/meshprobe; do
        touch "$place/x" 2>/dev/null && echo "$place" >>"$1/writable"
    done
    touch "$1/sandboxed"
    exec {GENERATOR} "$@"' sh "$@"
"""

    def output(self):
        return self.sandbox.shell(f"cd {GENERATED} && find . -path '*meshprobe*' -print0 | sort -z | while IFS= read -r -d '' file; do"
                                  " echo \"$file $(readlink \"$file\")\"; [ ! -f \"$file\" ] || cat \"$file\"; done")

    def test_writes_nothing_but_its_output(self):
        self.begin()
        self.systemctl("daemon-reload")
        plain = self.output()
        self.assertIn(f"meshprobe.target.wants/{self.timers[0]}", plain)
        self.sandbox.write("/etc/systemd/system-generators/meshprobe-generator", self.WRAPPER)
        self.sandbox.run("chmod", "+x", "/etc/systemd/system-generators/meshprobe-generator")
        for configuration in (None, "tasks: {default: {interval: 10s}", "hosts: {" + self.names[0] + ": {intervall: 5min}}"):
            if configuration:
                self.configure(configuration, "50-broken")
            self.systemctl("daemon-reload")
            written = self.sandbox.run("ls", GENERATED).split()
            self.assertIn("sandboxed", written)
            self.assertNotIn("writable", written)
            if configuration is None or configuration.startswith("tasks"):
                self.assertEqual(self.output(), plain)
        self.assertNotIn(f"meshprobe.target.wants/{self.timers[0]}", self.output())
        self.sandbox.run("rm", "/etc/meshprobe/meshprobe.yaml.d/50-broken.yaml")
        self.sandbox.reboot()
        moment = self.server_now()
        self.assertIn("sandboxed", self.sandbox.run("ls", GENERATED).split())
        self.eventually("everyone delivers", lambda: self.delivered_since(moment) == self.listed)


class FirstBoot(Image):
    def test_nothing_but_the_image(self):
        """No machine ID, no users of ours, an empty /etc as far as systemd and meshprobe go, no state."""
        self.sandbox.write("/usr/lib/meshprobe/meshprobe.yaml.d/50-image.yaml", self.configuration.replace("/etc/meshprobe", "/usr/lib/meshprobe"))
        self.sandbox.shell("""
            install -m 644 /etc/meshprobe/mesh-ca.pem /usr/lib/meshprobe/
            rm -rf /etc/meshprobe /var/lib/meshprobe /run/meshprobe /etc/machine-id /etc/.updated /var/.updated
            ln -s /dev/null /etc/systemd/system/systemd-firstboot.service  # would ask on the console
            find /etc/systemd/system -mindepth 1 ! -type d ! -lname /dev/null ! -name 'peers.service' -delete
            sed -i '/^meshprobe/d; s/,meshprobe[a-z-]*//g; s/:meshprobe[a-z-]*$/:/' /etc/passwd /etc/group /etc/shadow /etc/gshadow
            ! getent passwd meshprobe
            mkdir -p /etc/systemd/system/sysinit.target.wants && ln -sf ../peers.service /etc/systemd/system/sysinit.target.wants/
            """)
        self.sandbox.reboot()
        self.assertEqual(self.systemctl("is-enabled", "meshprobe.target").strip(), "enabled", "by the preset")
        self.assertTrue(self.active("meshprobe.target"))
        owners = self.sandbox.run("stat", "-c", "%n %U %a", *(f"/var/lib/meshprobe/{name}" for name in ("plan", "mesh", "checkpoint", "spool", "archive")))
        self.assertEqual([line.rsplit("/", 1)[1] for line in owners.splitlines()],
                         ["plan root 755", "mesh meshprobe-refresh 755", "checkpoint meshprobe 755", "spool root 755", "archive meshprobe-archive 755"])
        self.eventually("everyone delivers", lambda: self.delivered_hosts() == self.listed)
        self.assertEqual(self.failed_units(), "")


class Clock(Image):
    UNITS = ("meshprobe@.service", "meshprobe-archive@.service", "meshprobe-refresh.service", "meshprobe-converge.service")
    TEN_YEARS = 10 * 365 * 86400

    def shift(self, seconds):
        """From the next boot on, the clock of all programs of ours is wrong by so much."""
        for unit in self.UNITS:
            directory = f"/etc/systemd/system/{unit}.d"
            if seconds:
                self.sandbox.write(f"{directory}/clock.conf", f"[Service]\nEnvironment=LD_PRELOAD=/opt/clock-offset.so CLOCK_OFFSET={seconds}\n")
            else:
                self.sandbox.run("rm", f"{directory}/clock.conf")
        self.sandbox.reboot()

    def test_wrong_at_boot_and_set_right(self):
        library = os.environ.get("MESHPROBE_CLOCK_OFFSET", "")
        self.sandbox.tool("cp", library, f"{self.sandbox.name}:/opt/clock-offset.so")
        since = self.server_now()
        self.begin()
        for offset, new in ((-self.server_now() + 3600, None), (self.TEN_YEARS, self.by_hand)):
            with self.subTest(offset=offset):
                self.shift(offset)
                moment = self.server_now()
                if new:  # its first run ever is under the wrong clock
                    self.systemctl("enable", "--now", "--quiet", new)
                wanted = self.delivered_hosts() | ({self.names[self.hosts]} if new else set())
                self.eventually("everyone delivers with the wrong clock", lambda: self.delivered_since(moment) == wanted)
                skews = [entry for entry in self.journal("-b", "-u", "meshprobe@*", "-p", "notice") if "clock" in str(entry["MESSAGE"])]
                self.assertTrue(skews, "the clock was wrong in truth, and it was said")
                self.shift(0)
                moment = self.server_now()
                self.eventually("everyone delivers with the right clock", lambda: self.delivered_since(moment) == wanted)
                until = self.server_now()
                self.eventually("nothing is missing", lambda: not self.verdict(since, until, only=self.listed).missing)
                verdict = self.verdict(since, until, only=self.listed)
                print(" ", verdict.text())
                self.assertTrue(verdict.good())
                self.assertEqual(self.failed_units(), "")


if __name__ == "__main__":
    main()
