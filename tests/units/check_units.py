#!/usr/bin/env python3
"""Lets systemd judge every unit, packaged and generated, and everything else that is installed for it.

The units are copied from the build tree; their programs' paths are changed to those of the build tree, so that
nothing has to be installed. Any output of `systemd-analyze verify` is a failure: it exits 0 on unknown keys.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

# systemd-analyze security: exposure times ten. The probe pays for each setting at every run.
EXPOSURE = {
    "meshprobe@.service": 28,
    "meshprobe-archive@.service": 15,
    "meshprobe-refresh.service": 15,
    "meshprobe-converge.service": 15,
    "meshprobe-apply.service": 15,
    "meshprobe-backfill.service": 15,
    "meshprobe-refetch.service": 15,
}
CONFIGURATION = """
meshes: {wlcg: {url: "https://psconfig.example.org/", refresh: 10min, tls: {ca: mesh-ca}}}
tasks:
  histograms: {interval: 1min, tls: {certificate: c, key: k}}
  working-days: {calendar: "Mon..Fri *-*-* 06:00 Europe/Zurich"}
  blue: {context: {type: linuxnns, namespace: blue}, memory-max: 64M, cpu-quota: 50%, tasks-max: 64, nice: 5}
  plugged: {context: {type: plugin, program: /bin/true, data: '{"a": "%n"}'}}
archives: {far: {archiver: rabbitmq, url: "amqps://u@rmq.example.org/v", credential: far, when-full: refetch}}
hosts: {ps2.example.org: {interval: 20s, timeout: 90s}}
"""
HOSTS = "[2001:db8::1]:8443\nps1.example.org\nps2.example.org\n"


def run(*command, **options):
    return subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=120, check=False, **options)


class Failures:
    count = 0

    def check(self, name: str, good: bool, why: str = "") -> None:
        print(f"{'ok  ' if good else 'FAIL'} {name}{'' if good else ': ' + why}")
        self.count += not good


def copy_units(sources: list[Path], programs: Path, target: Path) -> list[Path]:
    copied = []
    for source in sources:
        for unit in sorted(source.iterdir()):
            if unit.suffix not in (".service", ".timer", ".path", ".target", ".slice") or unit.name.startswith("skeleton"):
                continue
            text = re.sub(r"(?<=ExecStart=)\S*/(?=meshprobe)", f"{programs}/", unit.read_text())
            (target / unit.name).write_text(text)
            copied.append(target / unit.name)
    return copied


def generate(programs: Path, scratch: Path) -> Path:
    root = scratch / "root"
    output = scratch / "generated"
    for path, content in (
        ("etc/meshprobe/meshprobe.yaml", CONFIGURATION),
        ("var/lib/meshprobe/mesh/hosts", HOSTS),
        ("etc/meshprobe/credentials/probe/c", ""),
        ("etc/netns/blue/resolv.conf", ""),
        ("etc/meshprobe/credentials/probe/k", ""),
        ("etc/meshprobe/credentials/archive/far", ""),
        ("etc/meshprobe/credentials/mesh/mesh-ca", ""),
    ):
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(content)
    output.mkdir()
    result = run(programs / "meshprobe-generator", "--root", root, output)
    if result.returncode != 0 or result.stderr:
        sys.exit(f"the generator failed: {result.stderr}")
    for unit in output.glob("*.service"):
        unit.write_text(re.sub(r"(?<=ExecStart=)\S*/(?=meshprobe)", f"{programs}/", unit.read_text()))
    return output


def verify(failures: Failures, units: list[Path], generated: Path) -> None:
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{generated}:{units[0].parent}:/usr/lib/systemd/system:/lib/systemd/system"}
    wanted = sorted(generated.glob("meshprobe-*@.*")) + [
        # Links have the names of instances, to which drop-ins apply. Where there is a colon, verify reads an alias.
        link
        for link in sorted((generated / "meshprobe.target.wants").iterdir())
        if "@" in link.name and ":" not in link.name
    ]
    for unit in units + [path for path in wanted if path.suffix in (".service", ".timer", ".path")]:
        name = unit.name if unit.parent.name == "meshprobe.target.wants" else str(unit)
        for each in {name, re.sub(r"\.(timer|path)$", ".service", name)} if "wants" in str(unit) else {name}:
            result = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", each, env=environment)
            output = result.stdout + result.stderr
            failures.check(f"verify {Path(each).name}", result.returncode == 0 and not output.strip(), output)


def verify_user_units(failures: Failures, units: list[Path]) -> None:
    """Their text, by the system's rules: there may be no service manager of a user here."""
    environment = {**os.environ, "SYSTEMD_UNIT_PATH": f"{units[0].parent}:/usr/lib/systemd/user:/usr/lib/systemd/system:/lib/systemd/system"}
    for unit in units:
        result = run("systemd-analyze", "verify", "--man=no", "--recursive-errors=no", unit, env=environment)
        output = result.stdout + result.stderr
        failures.check(f"verify {unit.name} of a user", result.returncode == 0 and not output.strip(), output)
        text = unit.read_text()
        failures.check(f"{unit.name} of a user names no place of the system", not re.search(r"=\S*(/etc|/var|/run)/", text), text)
        started = re.search(r"^ExecStart=.*$", text, re.M)
        failures.check(f"{unit.name} of a user says so", not started or " --user" in started[0], text)


def security(failures: Failures, directory: Path) -> None:
    for name, limit in EXPOSURE.items():
        result = run("systemd-analyze", "security", "--offline=yes", "--no-pager", f"--threshold={limit}", directory / name)
        overall = [line for line in result.stdout.splitlines() if "exposure level" in line]
        failures.check(f"exposure of {name}", result.returncode == 0 and bool(overall), f"{overall} {result.stderr}")


def exit_codes(failures: Failures, source: Path, directory: Path) -> None:
    """What is news in lib/exit_code.hpp is success for the probe's unit."""
    header = (source / "lib/exit_code.hpp").read_text()
    codes = {int(re.search(rf"\b{name} = (\d+)", header)[1]) for name in ("partial", "unreachable", "deferred", "untrusted")}
    unit = (directory / "meshprobe@.service").read_text()
    listed = {int(code) for code in re.search(r"^SuccessExitStatus=(.*)$", unit, re.M)[1].split()}
    failures.check("SuccessExitStatus= of the probe", codes == listed, f"{listed}, expected {codes}")


def system_files(failures: Failures, source: Path, scratch: Path) -> None:
    """Users, directories and catalog, in an empty root."""
    root = scratch / "system"
    for file, place in (
        ("meshprobe.sysusers.conf", "usr/lib/sysusers.d/meshprobe.conf"),
        ("meshprobe.tmpfiles.conf", "usr/lib/tmpfiles.d/meshprobe.conf"),
        ("meshprobe.catalog", "usr/lib/systemd/catalog/meshprobe.catalog"),
    ):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        (root / place).write_text((source / "units" / file).read_text())
    (root / "etc").mkdir()
    (root / "var/lib/systemd/catalog").mkdir(parents=True)

    result = run("journalctl", f"--root={root}", "--update-catalog")
    failures.check("catalog", result.returncode == 0 and not result.stderr.strip(), result.stderr)
    if os.geteuid() != 0:
        print("skip users and directories: only root can make them")
        return
    result = run("systemd-sysusers", f"--root={root}")
    users = (root / "etc/passwd").read_text()
    made = {line.split(":")[0] for line in users.splitlines()}
    expected = {"meshprobe", "meshprobe-archive", "meshprobe-refresh"}
    failures.check("users", result.returncode == 0 and expected <= made and "not a valid" not in result.stderr, result.stderr)
    result = run("systemd-tmpfiles", "--create", f"--root={root}")
    failures.check("directories", result.returncode == 0 and not result.stderr.strip(), result.stderr)
    spool = (root / "var/lib/meshprobe/spool").stat()
    failures.check("the spool's parent is root's", (spool.st_uid, spool.st_mode & 0o7777) == (0, 0o755), str(spool))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, required=True)
    parser.add_argument("--build", type=Path, required=True)
    arguments = parser.parse_args()
    source, build = arguments.source.resolve(), arguments.build.resolve()
    failures = Failures()
    with tempfile.TemporaryDirectory() as directory:
        scratch = Path(directory)
        (scratch / "units").mkdir()
        units = copy_units([source / "units", build / "units", build / "templates"], build / "bin", scratch / "units")
        generated = generate(build / "bin", scratch)
        verify(failures, units, generated)
        (scratch / "user").mkdir()
        verify_user_units(failures, copy_units([build / "units" / "user", build / "templates" / "user"], build / "bin", scratch / "user"))
        security(failures, scratch / "units")
        exit_codes(failures, source, scratch / "units")
        system_files(failures, source, scratch)
    print(f"{failures.count} failures")
    return 1 if failures.count else 0


if __name__ == "__main__":
    sys.exit(main())
