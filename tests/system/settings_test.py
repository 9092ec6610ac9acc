#!/usr/bin/python3
"""Settings of tasks and hosts become settings of their units: contexts, resources, proxies' credentials."""
import json

from sandbox import SystemTest, main

UNREACHABLE = "152"

# A namespace with a host that is nowhere else, at the address and name of ps1, and a resolver of its own.
NAMESPACE = """\
ip netns add blue && ip -n blue link set lo up && ip -n blue addr add 203.0.113.9/32 dev lo
mkdir -p /etc/netns/blue && echo 'nameserver 203.0.113.53' >/etc/netns/blue/resolv.conf
"""
INNER = """\
[Service]
Type=notify
NetworkNamespacePath=/run/netns/blue
ExecStart=/usr/bin/python3 /opt/peers/measurement_host.py --config /opt/peers/inner.json
StandardOutput=null
"""
PLUGIN = """\
#!/usr/bin/python3
import json, os, sys
told = json.load(sys.stdin)
with open("/run/plugin.told", "a") as log:
    print(json.dumps(told), os.getpid(), os.geteuid(), file=log)
if told["data"].get("fail"):
    sys.exit("this context cannot be had")
for name in list(os.environ):  # as sudo does it
    if name not in ("PATH",):
        del os.environ[name]
os.execv("/usr/sbin/ip", ["ip", "netns", "exec", told["data"]["namespace"], told["exec"]])
"""


class Settings(SystemTest):
    hosts = 2
    unlisted = 0

    def setUp(self):
        super().setUp()
        self.names = [spec["name"] for spec in self.specs]
        self.services = [f"meshprobe@{name}.service" for name in self.names]

    def inner_host(self):
        self.sandbox.shell(NAMESPACE)
        usual = {"https": 443, "http": None, "interval": 10, "duration": 2, "entries": 2, "late": 0.0, "flavour": "esmond"}
        self.sandbox.write("/opt/peers/inner.json", json.dumps({"history": 6 * 3600, "hosts": [usual | {"name": "inner.example.org", "address": "203.0.113.9"}]}))
        self.sandbox.write("/etc/systemd/system/inner.service", INNER)
        self.systemctl("daemon-reload")
        self.systemctl("start", "inner.service")

    def reached(self):
        return "inner.example.org" in self.delivered_hosts()

    def enable_inner(self, context):
        self.configure("hosts: {inner.example.org: {connect-to: 203.0.113.9, first-run: 10min, context: " + context + "}}\n", "inner")
        self.sandbox.run("meshprobectl", "apply")
        self.systemctl("enable", "--now", "--quiet", "meshprobe@inner.example.org.timer")

    def test_network_namespace(self):
        self.inner_host()
        self.configure("hosts: {inner.example.org: {connect-to: 203.0.113.9}}\n", "inner")
        self.start()
        self.systemctl("enable", "--now", "--quiet", "meshprobe@inner.example.org.timer")
        self.eventually("it ran in vain", lambda: self.show("meshprobe@inner.example.org.service", "ExecMainStatus") == UNREACHABLE)
        self.enable_inner("{type: linuxnns, namespace: blue}")
        self.eventually("the host of the namespace was reached", self.reached, timeout=90)
        unit = "meshprobe@inner.example.org.service"
        self.assertEqual(self.show(unit, "NetworkNamespacePath"), "/run/netns/blue")
        self.assertIn("/etc/netns/blue/resolv.conf:/etc/resolv.conf", self.show(unit, "BindReadOnlyPaths"))
        # What such a run sees of the resolver, and that the others do not.
        self.sandbox.write(f"/etc/systemd/system/{unit}.d/look.conf", "[Service]\nExecStartPre=/bin/cp /etc/resolv.conf /run/meshprobe/results/seen\n")
        self.systemctl("daemon-reload")
        self.systemctl("start", unit)
        self.assertIn("203.0.113.53", self.sandbox.run("cat", "/run/meshprobe/results/seen"))
        self.eventually("the others deliver", lambda: set(self.names) <= self.delivered_hosts())
        # A namespace that is not there is a fault of this machine.
        self.sandbox.shell("ip netns delete blue")
        self.systemctl("start", unit, check=False)
        self.assertEqual(self.show(unit, "Result"), "exit-code")
        self.assertIn("there is no /run/netns/blue", self.sandbox.run("meshprobectl", "check", check=False))

    def test_context_plugin(self):
        self.inner_host()
        self.sandbox.write("/opt/context/change", PLUGIN)
        self.sandbox.shell("chmod 755 /opt/context/change")
        self.start()
        self.enable_inner("""{type: plugin, program: /opt/context/change, data: '{"namespace": "blue", "odd": "%n \\"x\\" $HOME"}'}""")
        self.eventually("the host of the namespace was reached", self.reached, timeout=90)
        told = self.sandbox.run("cat", "/run/plugin.told").splitlines()[0]
        self.assertIn('{"data": {"namespace": "blue", "odd": "%n \\"x\\" $HOME"}, "exec": "/usr/bin/meshprobe-probe"}', told)
        self.assertTrue(told.endswith(" 0"), "the plug-in may need any privilege")
        owners = self.sandbox.shell("stat -c %U /var/lib/meshprobe/checkpoint/meshprobe@inner* /run/meshprobe/results/meshprobe@inner* | sort -u")
        self.assertEqual(owners.split(), ["meshprobe"], "the probe has none")
        self.assertTrue(self.journal("MESHPROBE_HOST=inner.example.org", "_UID=" + self.sandbox.run("id", "-u", "meshprobe").strip()))
        # A back-fill is in the same context.
        since, until = self.server_now() - 3 * 3600, self.server_now() - 2 * 3600
        asked = len(self.sandbox.run("cat", "/run/plugin.told").splitlines())
        self.sandbox.run("meshprobectl", "backfill", "inner.example.org", "--since", f"@{since}", "--until", f"@{until}")
        self.assertGreater(len(self.sandbox.run("cat", "/run/plugin.told").splitlines()), asked)
        self.eventually("what it fetched was delivered", lambda: self.query(
            f"SELECT count(*) FROM results WHERE host = 'inner.example.org' AND ts BETWEEN {since} AND {until}")[0][0] > 0)
        self.configure("""hosts: {inner.example.org: {context: {type: plugin, program: /opt/context/change, data: '{"fail": true}'}}}""", "inner")
        self.sandbox.run("meshprobectl", "apply")
        self.systemctl("start", "meshprobe@inner.example.org.service", check=False)
        self.assertEqual(self.show("meshprobe@inner.example.org.service", "ExecMainStatus"), "1")
        self.assertTrue([entry for entry in self.journal("-u", "meshprobe@inner.example.org.service")
                         if "this context cannot be had" in str(entry["MESSAGE"])])

    def test_interface_without_privilege(self):
        """Without a VRF in most kernels: any interface that is not the way to the host keeps it from being reached."""
        self.sandbox.shell("ip link add vrf-red type veth peer name other && ip link set vrf-red up && ip addr add 198.51.100.77/24 dev vrf-red")
        self.configure("hosts: {" + self.names[0] + ": {context: {type: linuxvrf, interface: lo}},"
                       + self.names[1] + ": {context: {type: linuxvrf, interface: vrf-red}, timeout: 20s}}\n", "vrf")
        self.start()
        self.eventually("bound to the right interface it is reached", lambda: self.names[0] in self.delivered_hosts())
        self.eventually("bound to another it is not", lambda: self.show(self.services[1], "ExecMainStatus") == UNREACHABLE, timeout=90)
        self.assertEqual(self.show(self.services[0], "NetworkNamespacePath"), "")

    def test_resources_and_a_change_of_them(self):
        self.start()
        self.eventually("the hosts delivered", lambda: self.delivered_hosts() == set(self.names))
        reloads = self.reloads()
        self.refresh()
        self.assertEqual(self.reloads(), reloads, "nothing changed, nothing is reloaded")
        self.configure("tasks: {default: {memory-max: 64M, cpu-quota: 50%, tasks-max: 32, nice: 5, timeout: 2min}}\n"
                       "hosts: {" + self.names[1] + ": {memory-max: infinity, nice: -2}}\n", "resources")
        self.sandbox.run("meshprobectl", "apply")
        self.eventually("the change is in force", lambda: self.show(self.services[0], "MemoryMax") == str(64 << 20))
        self.assertGreater(self.reloads(), reloads)
        expected = {"MemoryMax": (str(64 << 20), "infinity"), "CPUQuotaPerSecUSec": ("500ms", "500ms"), "TasksMax": ("32", "32"),
                    "Nice": ("5", "-2"), "TimeoutStartUSec": ("5min", "5min")}
        for name, values in expected.items():
            self.assertEqual(tuple(self.show(service, name) for service in self.services), values, name)
        self.eventually("runs go on", lambda: all(self.show(service, "Result") == "success" and self.show(service, "ExecMainStartTimestamp")
                                                  for service in self.services))
        moment = self.server_now()
        self.eventually("and deliver", lambda: {row[0] for row in self.query(f"SELECT DISTINCT host FROM results WHERE ts > {moment}")} == set(self.names))
        # A host that comes without an exception of its own needs no reload.
        reloads = self.reloads()
        self.mesh([*self.names, "ps9.example.org"])
        self.refresh()
        self.eventually("the new host's timer", lambda: self.active("meshprobe@ps9.example.org.timer"))
        self.assertEqual(self.reloads(), reloads)
        self.assertEqual(self.show("meshprobe@ps9.example.org.service", "MemoryMax"), str(64 << 20))

    def reloads(self):
        return len([entry for entry in self.journal("_PID=1") if str(entry["MESSAGE"]).startswith("Reloading")])


if __name__ == "__main__":
    main()
