"""A folder that installs and runs the application with no network at all: `make class-pack`.

    class-pack/project     what is under version control, with the trained checkpoints
    class-pack/wheels      every package it needs, for this platform and this Python alone
    class-pack/licences    the licences of those packages, and a list of them
    class-pack/start       installs, once, and opens the application; `start class` serves the whole room

Its size is said before anything is fetched.  What was fetched is checked against the hashes that the package index
gives, and a pack that is broken off is gone on with.
"""

from __future__ import annotations

import argparse
import json
import platform
import shutil
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from email.parser import Parser
from pathlib import Path, PurePosixPath
from urllib.parse import unquote, urlsplit

import requests

from ser_core.files import write_text

ROOT = Path(__file__).resolve().parents[1]
PIP = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
TALKS = 30  # seconds to wait for the package index
START = """#!/bin/sh
# Installs from the folder beside it, once, and opens the application.  "start class" serves everybody in the room.
here="$(cd "$(dirname "$0")" && pwd)"
cd "$here/project" || exit 1
PIP_NO_INDEX=1 PIP_FIND_LINKS=../wheels exec make --no-print-directory PYTHON="${PYTHON:-@PYTHON@}" "${1:-app}"
"""
READ_ME = """Speech Emotion Lab, to carry to a room without network.

For @MACHINE with Python @VERSION and make, nothing else is needed:

    ./start          opens the application on this computer
    ./start class    the same for everybody in the room: https, the address and a QR code

The first start installs from wheels/ into project/.venv: some minutes and @INSTALLED of disk.
Not for judging people: see project/README.md.  Licences: licences/LIST.md and project/LICENSE.
"""


@dataclass(frozen=True)
class Package:
    """A wheel that is needed.  sha256: empty where the index gives none."""

    name: str
    version: str
    url: str
    sha256: str

    @property
    def file(self) -> str:
        return unquote(PurePosixPath(urlsplit(self.url).path).name)


def needed(requirements: Path) -> list[Package]:
    """All packages that pip would install here, and from where.  Nothing is installed."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        command = ["install", "--dry-run", "--ignore-installed", "--quiet", "--only-binary", ":all:"]
        subprocess.run([*PIP, *command, "--report", str(report), "-r", str(requirements)], check=True)
        found = json.loads(report.read_text(encoding="utf-8"))["install"]
    return [
        Package(
            one["metadata"]["name"],
            one["metadata"]["version"],
            one["download_info"]["url"],
            one["download_info"].get("archive_info", {}).get("hashes", {}).get("sha256", ""),
        )
        for one in found
    ]


def size_of(package: Package) -> int:
    """Bytes of a wheel, without fetching it."""
    if package.url.startswith("file:"):
        return Path(unquote(urlsplit(package.url).path)).stat().st_size
    answer = requests.head(package.url, allow_redirects=True, timeout=TALKS)
    answer.raise_for_status()
    return int(answer.headers.get("Content-Length", 0))


def tracked(root: Path) -> list[Path]:
    """The files of the project, relative to its folder."""
    command = ["git", "-C", str(root), "ls-files", "-z"]
    listed = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [Path(name) for name in listed.split("\0") if name and (root / name).is_file()]


def fetch(packages: list[Package], wheels: Path) -> None:
    """What is there already, and whole, is not fetched again: pip compares the hashes."""
    wheels.mkdir(parents=True, exist_ok=True)
    lines = [one.url + (f"#sha256={one.sha256}" if one.sha256 else "") for one in packages]
    with tempfile.TemporaryDirectory() as folder:
        wanted = Path(folder) / "wanted.txt"
        wanted.write_text("\n".join(lines) + "\n", encoding="utf-8")
        subprocess.run([*PIP, "download", "--no-deps", "-d", str(wheels), "-r", str(wanted)], check=True)
    for old in {one.name for one in wheels.iterdir()} - {one.file for one in packages}:
        (wheels / old).unlink()


def licence_of(wheel: Path, folder: Path) -> str:
    """Put the licence files of a wheel into `folder`; returns what its metadata say of the licence."""
    with zipfile.ZipFile(wheel) as content:
        names = [PurePosixPath(name) for name in content.namelist() if not name.endswith("/")]
        inside = [name for name in names if name.parts[0].endswith(".dist-info")]
        about = Parser().parsestr(
            content.read(next(str(name) for name in inside if name.name == "METADATA")).decode("utf-8", "replace")
        )
        for name in inside:
            if "licenses" in name.parts or name.name.upper().startswith(("LICEN", "COPYING", "NOTICE")):
                target = folder / "-".join(name.parts[1:])
                folder.mkdir(parents=True, exist_ok=True)
                target.write_bytes(content.read(str(name)))
    classified = [
        value.rpartition(" :: ")[2] for value in about.get_all("Classifier", []) if value.startswith("License ::")
    ]
    stated = str(about.get("License-Expression") or about.get("License") or "").strip().splitlines()
    return (stated[0][:100] if stated else "") or ", ".join(classified) or "see its files"


def write_licences(packages: list[Package], wheels: Path, folder: Path) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    rows = [
        f"| {one.name} | {one.version} | {licence_of(wheels / one.file, folder / f'{one.name}-{one.version}')} |"
        for one in sorted(packages, key=lambda one: one.name.lower())
    ]
    head = "# Licences of the packages\n\nAs each package states it; the files lie in the folders beside this one."
    write_text(
        folder / "LIST.md",
        "\n".join([head, "", "| package | version | licence |", "| --- | --- | --- |", *rows]) + "\n",
    )


def copy_project(root: Path, target: Path) -> None:
    shutil.rmtree(target, ignore_errors=True)
    for name in tracked(root):
        (target / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(root / name, target / name)


def amount(size: float) -> str:
    return f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"


def main(arguments: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--to", type=Path, default=ROOT / "class-pack", help="the folder to build")
    parser.add_argument("--yes", action="store_true", help="do not ask")
    options = parser.parse_args(arguments)
    print("Asking which packages are needed ...", flush=True)
    packages = needed(root / "requirements.txt")
    wheels = options.to / "wheels"
    sizes = {one.file: size_of(one) for one in packages}
    project = sum((root / name).stat().st_size for name in tracked(root))
    whole = sum(sizes.values()) + project
    print(
        f"The pack will take {amount(whole)} in {options.to}: {len(packages)} packages, {amount(project)} of project."
    )
    there = sum(path.stat().st_size for path in wheels.glob("*.whl") if sizes.get(path.name) == path.stat().st_size)
    place = next(path for path in (options.to, *options.to.absolute().parents) if path.exists())
    if shutil.disk_usage(place).free < whole - there + 2**30:
        print(f"There is too little room in {place}: name another folder with --to.", file=sys.stderr)
        return 1
    if not options.yes and sys.stdin.isatty() and input("Build it? [y/N] ").strip().lower() not in ("y", "yes"):
        print("Nothing was done.")
        return 1
    fetch(packages, wheels)
    write_licences(packages, wheels, options.to / "licences")
    copy_project(root, options.to / "project")
    python = f"python{sys.version_info.major}.{sys.version_info.minor}"
    start = options.to / "start"
    write_text(start, START.replace("@PYTHON@", python))
    start.chmod(0o755)
    told = {"MACHINE": f"{platform.system()} on {platform.machine()}", "VERSION": python.removeprefix("python"),
            "INSTALLED": "about 6 GB"}  # fmt: skip
    text = READ_ME
    for name, value in told.items():
        text = text.replace(f"@{name}@", value)
    write_text(options.to / "README.txt", text)
    print(f"Done. Carry {options.to} to the other computer and run: ./start")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
