"""A folder tree as a corpus: PATH/<emotion>/*.wav."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Self

from ser_core.corpora.base import Scan, Utterance
from ser_core.corpora.own.base import OwnCorpus, emotion_of
from ser_core.errors import CorpusError


@dataclass(frozen=True)
class FolderCorpus(OwnCorpus):
    OPTIONS: ClassVar[tuple[str, ...]] = ("name", "language", "speaker")

    @classmethod
    def make(cls, name: str, kind: str, place: str, options: dict[str, str]) -> Self:
        try:
            re.compile(options.get("speaker", ""))
        except re.error as error:
            raise CorpusError(
                f"speaker={options['speaker']} is no regular expression ({error}): write for instance speaker=(s\\d+)_."
            ) from error
        return super().make(name, kind, place, options)

    def read(self, root: Path) -> Scan:
        if not root.is_dir():
            raise CorpusError(f"{root} is a file: folder: takes the folder above the folders of the emotions.")
        found, problems = self.collect(root)
        return self.finish(root, found.values(), problems)

    def reader(self, root: Path) -> Callable[[Path], Utterance]:
        return lambda path: self.labelled(root, path)

    def labelled(self, root: Path, path: Path) -> Utterance:
        """The utterance of a file.  Raises CorpusError where its path names no emotion, or no speaker."""
        inside = path.relative_to(root).as_posix()
        if not inside.isprintable():
            raise CorpusError("its name holds characters that are no text: rename it")
        *folders, _ = inside.split("/")
        emotion = next((named for folder in reversed(folders) if (named := emotion_of(folder))), None)
        if emotion is None:
            where = f"its folder {folders[-1]!r} names no emotion" if folders else "in no folder of an emotion"
            raise CorpusError(where)
        return self.utterance(path, inside, emotion, speaker=self.speaker_in(inside))

    def speaker_in(self, inside: str) -> str:
        pattern = self.options.get("speaker")
        if pattern is None:
            return ""
        match = re.search(pattern, inside)
        speaker = (match.group(1) if match.re.groups else match.group()) if match else None
        if not speaker:
            raise CorpusError(f"no speaker by {pattern} in its path")
        return speaker
