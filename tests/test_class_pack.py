"""`make class-pack`: a folder that needs no network.  Here with one small package of our own instead of 119."""

from __future__ import annotations

import base64
import hashlib
import importlib.util
import subprocess
import sys
import zipfile
from pathlib import Path
from types import ModuleType

import pytest

NAME = "tiny_package"
FILE = f"{NAME}-1.0-py3-none-any.whl"


@pytest.fixture(scope="module")
def class_pack() -> ModuleType:
    path = Path(__file__).resolve().parents[1] / ".streamlit" / "class_pack.py"
    spec = importlib.util.spec_from_file_location("class_pack", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package index with one package; pip asks nobody else."""
    folder = tmp_path / "index"
    folder.mkdir()
    about = f"{NAME}-1.0.dist-info"
    content = {
        f"{NAME}.py": "SAYS = 'hello'\n",
        f"{about}/METADATA": f"Metadata-Version: 2.4\nName: {NAME}\nVersion: 1.0\nLicense-Expression: MIT\n",
        f"{about}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{about}/licenses/LICENSE": "Permission is hereby granted\n",
    }
    rows = [
        f"{name},sha256={base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b'=').decode()},"
        for name, text in content.items()
    ]
    with zipfile.ZipFile(folder / FILE, "w") as wheel:
        for name, text in content.items():
            wheel.writestr(name, text)
        wheel.writestr(f"{about}/RECORD", "\n".join([*rows, f"{about}/RECORD,,"]) + "\n")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Under version control, with a file beside it that is not."""
    root = tmp_path / "root"
    (root / "ser_core").mkdir(parents=True)
    (root / "requirements.txt").write_text(f"{NAME}==1.0\n")
    (root / "ser_core" / "core.py").write_text("x = 1\n")
    (root / "Makefile").write_text(
        "app:\n\t$(PYTHON) -m venv venv\n\tvenv/bin/python -m pip install --quiet -r requirements.txt\n"
        f"\tvenv/bin/python -c 'import {NAME}; print({NAME}.SAYS)'\n"
    )
    for command in (["init", "-q"], ["add", "-A"]):
        subprocess.run(["git", "-C", str(root), *command], check=True)
    (root / "recording.wav").write_bytes(b"of somebody")
    return root


def test_a_pack_installs_and_starts_without_an_index(
    class_pack: ModuleType, index: Path, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    pack = tmp_path / "pack with a space"
    assert class_pack.main(["--to", str(pack), "--yes"], project) == 0
    size = (index / FILE).stat().st_size
    said = capsys.readouterr().out
    assert "1 packages" in said
    assert said.index("The pack will take") < said.index("Done.")
    assert (pack / "wheels" / FILE).stat().st_size == size
    assert (pack / "project" / "ser_core" / "core.py").is_file()
    assert not (pack / "project" / "recording.wav").exists()
    assert f"| {NAME} | 1.0 | MIT |" in (pack / "licences" / "LIST.md").read_text()
    assert "hereby granted" in (pack / "licences" / f"{NAME}-1.0" / "licenses-LICENSE").read_text()
    for name in ("PIP_NO_INDEX", "PIP_FIND_LINKS"):  # start sets them itself
        monkeypatch.delenv(name)
    monkeypatch.setenv("MAKELEVEL", "1")  # as when the tests run under make: nothing about folders is said then either
    (index / FILE).unlink()
    started = subprocess.run([str(pack / "start")], capture_output=True, text=True, check=True)
    assert started.stdout.splitlines()[-1] == "hello"


def test_too_little_room_is_said_before_anything_is_fetched(
    class_pack: ModuleType, index: Path, project: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    class Full:
        free = 2**20

    monkeypatch.setattr(class_pack.shutil, "disk_usage", lambda place: Full)
    assert class_pack.main(["--to", str(tmp_path / "pack"), "--yes"], project) == 1
    assert "too little room" in capsys.readouterr().err
    assert not (tmp_path / "pack").exists()
