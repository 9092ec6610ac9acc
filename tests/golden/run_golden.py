#!/usr/bin/env python3
"""Runs the generator on whole root trees and compares every byte of what it writes.

Each directory here is a case: etc/, usr/, var/ and run/ are the root, expected/ is what the generator writes,
expected.log what it says on standard error (ROOT stands for the root), expected.status its exit status (0 if there
is no such file). A file named *.link holds the target of a link, since links that point nowhere do not survive in
archives; one named *.fifo becomes a FIFO. Where there is a directory before/, its tree is the root first, and what `meshprobectl apply` keeps of it
is there when the generator runs. `--update` writes the expectations anew: read the difference before you commit it.
"""

import argparse
import difflib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
INPUTS = ("etc", "usr", "var", "run")


def tree(directory: Path) -> dict[str, str]:
    """Path -> content; links as NAME.link -> target."""
    found = {}
    for parent, directories, files in os.walk(directory):
        for name in directories + files:
            path = Path(parent) / name
            relative = str(path.relative_to(directory))
            if path.is_symlink():
                found[relative + ".link"] = os.readlink(path) + "\n"
            elif path.is_file():
                found[relative] = path.read_text()
    return found


def keep(programs: Path, case: Path, root: Path) -> None:
    shutil.copytree(case / "before", root, symlinks=True, dirs_exist_ok=True)
    subprocess.run([programs / "meshprobectl", "apply", "--root", root], check=True, timeout=60)
    shutil.rmtree(root / "etc")


def make_root(case: Path, root: Path) -> None:
    for name in INPUTS:
        if (case / name).is_dir():
            shutil.copytree(case / name, root / name, symlinks=True, dirs_exist_ok=True)
    for link in sorted(root.rglob("*.link")):
        os.symlink(link.read_text().rstrip("\n"), link.with_suffix(""))
        link.unlink()
    for fifo in sorted(root.rglob("*.fifo")):
        os.mkfifo(fifo.with_suffix(""))
        fifo.unlink()


def generate(generator: Path, case: Path, scratch: Path) -> tuple[dict[str, str], str, int]:
    root = scratch / "root"
    output = scratch / "normal"
    root.mkdir()
    output.mkdir()
    if (case / "before").is_dir():
        keep(generator.parent, case, root)
    make_root(case, root)
    before = tree(root)
    command = [str(generator), "--root", str(root), str(output), str(scratch / "early"), str(scratch / "late")]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    if tree(root) != before:
        sys.exit(f"{case.name}: the generator changed the root, it may write only below its directory")
    if [entry for entry in scratch.iterdir() if entry.name not in ("root", "normal")]:
        sys.exit(f"{case.name}: the generator wrote to early or late")
    again = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    result = tree(output)
    if (again.stderr, again.returncode, tree(output)) != (run.stderr, run.returncode, result):
        sys.exit(f"{case.name}: a second run gives something else")
    return result, run.stderr.replace(str(root), "ROOT"), run.returncode


def expectation(case: Path) -> tuple[dict[str, str], str, int]:
    log = case / "expected.log"
    status = case / "expected.status"
    return (
        tree(case / "expected"),
        log.read_text() if log.exists() else "",
        int(status.read_text()) if status.exists() else 0,
    )


def update(case: Path, files: dict[str, str], log: str, status: int) -> None:
    shutil.rmtree(case / "expected", ignore_errors=True)
    for name, content in files.items():
        path = case / "expected" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
    for name, content in (("expected.log", log), ("expected.status", f"{status}\n" if status else "")):
        path = case / name
        if content:
            path.write_text(content)
        else:
            path.unlink(missing_ok=True)


def differences(case: str, expected, got) -> list[str]:
    lines = []
    pairs = {**{name: (expected[0].get(name), got[0].get(name)) for name in {*expected[0], *got[0]}}}
    pairs["expected.log"] = (expected[1], got[1])
    pairs["expected.status"] = (f"{expected[2]}\n", f"{got[2]}\n")
    for name, (wanted, have) in sorted(pairs.items()):
        if wanted == have:
            continue
        lines += difflib.unified_diff(
            (wanted or "").splitlines(), (have or "").splitlines(), f"{case}/{name}", f"{case}/{name} (got)", lineterm=""
        )
        if wanted is None or have is None:
            lines.append(f"{case}/{name}: {'not expected' if wanted is None else 'missing'}")
    return lines


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--generator", type=Path, required=True)
    parser.add_argument("--update", action="store_true")
    parser.add_argument("cases", nargs="*", help="names of cases (default: all)")
    arguments = parser.parse_args()
    os.environ.pop("SYSTEMD_EXEC_PID", None)
    cases = sorted(path for path in HERE.iterdir() if path.is_dir() and (not arguments.cases or path.name in arguments.cases))
    if not cases:
        sys.exit("no such case")
    failures = 0
    for case in cases:
        with tempfile.TemporaryDirectory() as scratch:
            got = generate(arguments.generator.resolve(), case, Path(scratch))
        if arguments.update:
            update(case, *got)
            continue
        lines = differences(case.name, expectation(case), got)
        failures += bool(lines)
        print("\n".join(lines) if lines else f"ok   {case.name}")
    print(f"{len(cases) - failures} of {len(cases)} cases as expected")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
