"""Whatever an archive says, nothing is written outside its folder, nothing half stays, the reason is one sentence."""

from __future__ import annotations

import bz2
import errno
import gzip
import io
import lzma
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ser_core.corpora.archive import Limits, staged, unpack
from ser_core.errors import CorpusError

TAR_KINDS = {
    "symbolic link": tarfile.SYMTYPE,
    "hard link": tarfile.LNKTYPE,
    "character device": tarfile.CHRTYPE,
    "block device": tarfile.BLKTYPE,
    "pipe": tarfile.FIFOTYPE,
}
UNSAFE = ["../out.wav", "/out.wav", "a/../../out.wav", "..", "C:out.wav", "a\\..\\..\\out.wav", "a\nb.wav", "x" * 300]


def zipped(path: Path, members: dict[str, bytes], mode: int = 0, method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in members.items():
            info = zipfile.ZipInfo(name)
            info.filename = name  # ZipInfo itself tidies some names
            info.external_attr = mode << 16
            info.compress_type = method
            file.writestr(info, content)
    return path


def tarred(path: Path, *members: tuple[tarfile.TarInfo, bytes], mode: str = "w:gz") -> Path:
    with tarfile.open(path, mode) as file:  # type: ignore[call-overload]
        for info, content in members:
            file.addfile(info, io.BytesIO(content))
    return path


def member(
    name: str, content: bytes = b"sound", kind: bytes = tarfile.REGTYPE, link: str = ""
) -> tuple[tarfile.TarInfo, bytes]:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, link
    info.size = len(content) if kind == tarfile.REGTYPE else 0
    return info, content if kind == tarfile.REGTYPE else b""


def refused(archive: Path, says: str, limits: Limits | None = None) -> None:
    """Unpacking beside the archive fails and leaves the archive alone in its folder."""
    before = {path: path.read_bytes() for path in archive.parent.parent.rglob("*") if path.is_file()}
    with pytest.raises(CorpusError, match=says) as caught, staged(archive.parent / "corpus") as folder:
        unpack(archive, folder, limits or Limits())
    assert "\n" not in str(caught.value)
    assert {path: path.read_bytes() for path in archive.parent.parent.rglob("*") if path.is_file()} == before
    assert [path.name for path in archive.parent.iterdir()] == [archive.name]


@pytest.fixture
def place(tmp_path: Path) -> Path:
    folder = tmp_path / "deep" / "er"
    folder.mkdir(parents=True)
    return folder


@pytest.mark.parametrize("packing", ["zip", "w", "w:gz", "w:bz2", "w:xz"])
def test_a_good_archive_is_unpacked_whole(place: Path, packing: str) -> None:
    content = {"wav/1.wav": b"one" * 1000, "wav/2.wav": b"two", "note.txt": b""}
    if packing == "zip":
        archive = zipped(place / "good", content)
    else:
        archive = tarred(
            place / "good",
            member("wav", kind=tarfile.DIRTYPE),
            *(member(*item) for item in content.items()),
            mode=packing,
        )
    with staged(place / "corpus") as folder:
        assert unpack(archive, folder) == 3
        assert not (place / "corpus").exists()
    here = {str(path.relative_to(place / "corpus")): path.read_bytes() for path in (place / "corpus").rglob("*.*")}
    assert here == content
    assert sorted(path.name for path in place.iterdir()) == ["corpus", "good"]
    assert not stat.S_IMODE((place / "corpus/wav/1.wav").stat().st_mode) & 0o111


@pytest.mark.parametrize("name", UNSAFE)
def test_a_name_that_leads_out_is_refused(place: Path, name: str) -> None:
    refused(zipped(place / "evil.zip", {"good.wav": b"x", name: b"out"}), "unsafe name")


@pytest.mark.parametrize("name", UNSAFE)
def test_so_it_is_in_a_tar(place: Path, name: str) -> None:
    refused(tarred(place / "evil.tar.gz", member("good.wav"), member(name)), "unsafe name")


@pytest.mark.parametrize("kind", TAR_KINDS)
def test_links_and_devices_in_a_tar_are_refused(place: Path, kind: str) -> None:
    target = "/etc/passwd" if kind == "symbolic link" else "good.wav"
    refused(
        tarred(place / "evil.tar", member("good.wav"), member("bad.wav", b"", TAR_KINDS[kind], target)),
        "link or a device",
    )


def test_a_folder_behind_a_link_is_never_written_to(place: Path) -> None:
    outside = place.parent / "outside"
    outside.mkdir()
    evil = tarred(place / "evil.tar", member("way", b"", tarfile.SYMTYPE, str(outside)), member("way/in.wav"))
    refused(evil, "link or a device")
    assert not list(outside.iterdir())


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO])
def test_links_and_devices_in_a_zip_are_refused(place: Path, kind: int) -> None:
    refused(zipped(place / "evil.zip", {"bad.wav": b"/etc/passwd"}, mode=kind | 0o777), "link or a device")


@pytest.mark.parametrize("make", [
    lambda place, content: zipped(place / "bomb.zip", content),
    lambda place, content: tarred(place / "bomb.tar.gz", *(member(*item) for item in content.items())),
], ids=["zip", "tar"])  # fmt: skip
@pytest.mark.parametrize(
    ("content", "limits", "says"),
    [
        ({"big.wav": bytes(3_000_000)}, Limits(bytes=2_000_000), "unpacks to"),
        ({f"{n}.wav": bytes(500_000) for n in range(6)}, Limits(bytes=2_000_000), "unpacks to"),
        ({f"{n}.wav": b"" for n in range(11)}, Limits(files=10), "files"),
        ({"big.wav": bytes(70 * 2**20)}, Limits(), "unpacks to"),  # a thousand to one
    ],
    ids=["one large", "many together", "too many", "ratio"],
)
def test_a_bomb_is_refused(
    place: Path, make: Callable[..., Path], content: dict[str, bytes], limits: Limits, says: str
) -> None:
    refused(make(place, content), says, limits)


def test_a_zip_that_lies_about_a_size_is_refused(place: Path) -> None:
    archive = zipped(place / "liar.zip", {"big.wav": bytes(5_000_000)})
    true, told = (5_000_000).to_bytes(4, "little"), (1_000).to_bytes(4, "little")
    archive.write_bytes(archive.read_bytes().replace(true, told))
    refused(archive, "damaged")


def test_a_tar_whose_header_claims_memory_is_refused(place: Path) -> None:
    huge = tarfile.TarInfo("././@LongLink")
    huge.type, huge.size = tarfile.GNUTYPE_LONGNAME, 50_000_000
    refused(tarred(place / "evil.tar.gz", (huge, bytes(50_000_000))), "announces more")


@pytest.mark.parametrize("name", ["whole.zip", "whole.tar.gz", "whole.tar"])
def test_an_archive_that_was_cut_or_damaged_is_refused(place: Path, name: str) -> None:
    content = {"a.wav": bytes(range(256)) * 400, "b.wav": bytes(range(255, -1, -1)) * 400}
    if name.endswith("zip"):
        archive = zipped(place / name, content, method=zipfile.ZIP_STORED)
    else:
        archive = tarred(
            place / name, *(member(*i) for i in content.items()), mode="w" if name.endswith("tar") else "w:gz"
        )
    whole = archive.read_bytes()
    archive.write_bytes(whole[: len(whole) // 3])
    refused(archive, "damaged|no archive")
    if not name.endswith("tar"):  # a plain tar has no sum over what it holds
        middle = len(whole) // 2
        archive.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
        refused(archive, "damaged")


@pytest.mark.parametrize("behind", [0, 1, 200, 511])
def test_a_tar_cut_where_a_member_begins_is_damaged(place: Path, behind: int) -> None:
    archive = tarred(place / "cut.tar", member("a.wav"), member("b.wav"), mode="w")
    archive.write_bytes(archive.read_bytes()[: 2 * tarfile.BLOCKSIZE + behind])
    refused(archive, r"cut\.tar is damaged \(it breaks off\): fetch it again")


@pytest.mark.parametrize("packing", ["w", "w:gz", "w:bz2", "w:xz"])
def test_a_tar_without_its_end_is_damaged(place: Path, packing: str) -> None:
    whole = io.BytesIO()
    with tarfile.open(fileobj=whole, mode="w") as file:
        file.addfile(tarfile.TarInfo("a.wav"))
    opened = {"w": open, "w:gz": gzip.open, "w:bz2": bz2.open, "w:xz": lzma.open}[packing]
    archive = place / "cut.tar"
    with opened(archive, "wb") as sink:
        sink.write(whole.getvalue()[: tarfile.BLOCKSIZE])
    refused(archive, "it breaks off")
    with opened(archive, "wb") as sink:
        sink.write(whole.getvalue()[: 2 * tarfile.BLOCKSIZE])  # one block of zeros is an end
    assert unpack(archive, place) == 1


def test_a_tar_with_a_damaged_header_is_damaged(place: Path) -> None:
    archive = tarred(place / "odd.tar", member("a.wav"), member("b.wav"), mode="w")
    content = bytearray(archive.read_bytes())
    content[2 * tarfile.BLOCKSIZE] ^= 1
    archive.write_bytes(bytes(content))
    refused(archive, "bad checksum")


@pytest.mark.parametrize("how", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, "tar", "bsdtar"])
@pytest.mark.parametrize("size", [0, 511, 512, 10_240])
def test_tars_are_read_whoever_wrote_them(place: Path, how: int | str, size: int) -> None:
    source = place / "source"
    name = f"{'folder' * 10}/{'long' * 20}.wav"
    (source / name).parent.mkdir(parents=True)
    (source / name).write_bytes(bytes(size))
    archive = place / "good.tar"
    if isinstance(how, int):
        with tarfile.open(archive, "w", format=how) as file:
            file.add(source, ".")
    else:
        program = shutil.which(how)
        if program is None:
            pytest.skip(f"there is no {how} here")
        subprocess.run([program, "-cf", archive, "-C", source, "."], check=True)
    with staged(place / "corpus") as folder:
        assert unpack(archive, folder) == 1
    assert (place / "corpus" / name).read_bytes() == bytes(size)


@pytest.mark.parametrize("name", ["", "\0", "\0a.wav"])
def test_a_zip_with_a_member_without_a_name_is_refused(place: Path, name: str) -> None:
    archive = place / "evil.zip"
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("good.wav", b"x")
        file.writestr(zipfile.ZipInfo(name or "x"), b"x")
        file.filelist[-1].filename = name
    refused(archive, "holds a member without a name")


def test_a_zip_whose_names_are_no_text_is_damaged(place: Path) -> None:
    archive = zipped(place / "odd.zip", {"ä.wav": b"sound"})
    archive.write_bytes(archive.read_bytes().replace("ä".encode(), b"\xff\xfe"))
    refused(archive, "damaged")


def test_a_zip_whose_members_begin_before_it_does_is_damaged(place: Path) -> None:
    archive = zipped(place / "odd.zip", {"a.wav": b"sound"})
    content = bytearray(archive.read_bytes())
    end = content.index(b"PK\x05\x06")
    content[end + 16 : end + 20] = (2**31).to_bytes(4, "little")  # where the list of members is said to begin
    archive.write_bytes(bytes(content))
    refused(archive, "damaged")


def test_a_bz2_whose_stream_is_damaged_is_said_to_be(place: Path) -> None:
    archive = tarred(place / "odd.tar.bz2", member("a.wav", bytes(range(256)) * 40), mode="w:bz2")
    content = bytearray(archive.read_bytes())
    content[4:10] = b"xxxxxx"  # where a block begins
    archive.write_bytes(bytes(content))
    refused(archive, "damaged|no archive")


def test_a_tar_with_a_number_beyond_all_sizes_is_damaged(place: Path) -> None:
    record = b"path=a.wav\n"
    pax = tarfile.TarInfo("PaxHeaders/a.wav")
    pax.type, content = tarfile.XHDTYPE, b"9" * 30 + b" " + record
    pax.size = len(content)
    refused(tarred(place / "odd.tar", (pax, content), member("a.wav")), "damaged")


def test_a_full_disk_is_said_in_a_sentence(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = tarred(place / "good.tar", member("a.wav"))

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("ser_core.corpora.archive._Writer.add_file", full)
    refused(archive, "cannot be unpacked: No space left")


def test_an_encrypted_zip_is_refused(place: Path) -> None:
    archive = zipped(place / "locked.zip", {"a.wav": b"sound"})
    content = bytearray(archive.read_bytes())
    content[content.index(b"PK\x01\x02") + 8] |= 1  # the flag in the list of members
    archive.write_bytes(bytes(content))
    refused(archive, "encrypted")


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_two_members_of_one_name_are_refused(place: Path) -> None:
    twice = tarred(place / "twice.tar", member("a.wav", b"one"), member("a.wav", b"two"))
    refused(twice, "two members")
    twice.unlink()
    refused(tarred(place / "mixed.tar", member("a", b"file"), member("a/b.wav")), "folder and a file")


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><p>Please log in", b"RIFF" + bytes(600)])
def test_what_is_no_archive_is_said_to_be_none(place: Path, content: bytes) -> None:
    archive = place / "page.zip"
    archive.write_bytes(content)
    refused(archive, "no archive")


def overtaken(target: Path) -> None:
    with staged(target) as folder:
        (folder / "new.wav").write_bytes(b"new")
        target.mkdir()
        (target / "mine.wav").write_bytes(b"mine")  # someone else was faster


def test_a_folder_that_is_there_is_left_as_it_is(place: Path) -> None:
    (place / "corpus").mkdir()
    (place / "corpus" / "mine.wav").write_bytes(b"mine")
    with pytest.raises(CorpusError, match="there already"), staged(place / "corpus"):
        pytest.fail("nothing is begun")
    with pytest.raises(CorpusError, match="put in place"):
        overtaken(place / "late")
    assert (place / "corpus" / "mine.wav").read_bytes() == (place / "late" / "mine.wav").read_bytes() == b"mine"
    assert sorted(path.name for path in place.iterdir()) == ["corpus", "late"]


def test_a_stop_in_the_middle_leaves_nothing(place: Path) -> None:
    archive = zipped(place / "good.zip", {"a.wav": b"a", "b.wav": b"b"})

    def stop(what: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), staged(place / "corpus") as folder:
        unpack(archive, folder, progress=stop)
    assert [path.name for path in place.iterdir()] == ["good.zip"]


def test_what_a_killed_process_left_goes_with_the_next_one(place: Path) -> None:
    killed = (
        "import os, pathlib, signal, sys; from ser_core.corpora.archive import staged\n"
        "with staged(pathlib.Path(sys.argv[1])) as folder:\n"
        "    (folder / 'a.wav').write_bytes(b'half')\n"
        "    os.kill(os.getpid(), int(sys.argv[2]))"
    )
    for how in (signal.SIGKILL, signal.SIGTERM):
        subprocess.run([sys.executable, "-c", killed, place / "corpus", str(int(how))], check=False)
        assert [path.read_bytes() for path in place.rglob("a.wav")] == [b"half"]
    with staged(place / "corpus") as folder:
        (folder / "b.wav").write_bytes(b"whole")
    assert sorted(str(path.relative_to(place)) for path in place.rglob("*")) == ["corpus", "corpus/b.wav"]


def test_what_is_being_filled_or_has_another_name_stays(place: Path) -> None:
    others = {".corpus", ".corpus.original", ".corpus.b.half-k2_x", ".another.half-k2_x"}
    for name in others:
        (place / name).mkdir()
    with staged(place / "corpus") as living:
        (living / "a.wav").write_bytes(b"mine")
        with pytest.raises(KeyboardInterrupt), staged(place / "corpus"):
            raise KeyboardInterrupt
        assert (living / "a.wav").read_bytes() == b"mine"
    assert (place / "corpus" / "a.wav").read_bytes() == b"mine"
    assert {path.name for path in place.iterdir()} == others | {"corpus"}
