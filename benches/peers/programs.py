"""Programs that compress: how each is told to, and as contenders."""

import re
import shutil
import subprocess
import tempfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Program:
    """One that the machine may have, and what demijohn does in comparison."""

    name: str
    format: str
    level: int
    our_level: int | None
    """Of demijohn, for the same effort."""
    mib: int
    """How much data it is compared on."""
    target: float
    """How many times as fast demijohn ought to be."""
    threads: int = 1
    threads_option: str | None = None
    """What comes before the number of threads; `None` where the program has but one."""

    def on(self, threads: int) -> list[str]:
        return [] if self.threads_option is None else [f"{self.threads_option}{threads}"]


PROGRAMS = {
    program.name: program
    for program in (
        Program("pigz", "gzip", 6, 6, mib=64, target=1.0, threads=2, threads_option="-p"),
        Program("lbzip2", "bz2", 9, 9, mib=32, target=0.85, threads=2, threads_option="-n"),
        # At a level whose blocks are small enough for two threads to have several.
        Program("xz", "xz", 3, 3, mib=48, target=1.0, threads=2, threads_option="-T"),
        Program("zstd", "zstd", 3, 3, mib=256, target=1.0, threads=2, threads_option="-T"),
        Program("lz4", "lz4", 1, 1, mib=256, target=1.0),
        # Its levels 1 to 6 are the fast search, as is demijohn's 1.
        Program("lzop", "lzo", 3, 1, mib=256, target=0.85),
    )
}


class Running:
    """A program as a contender: what it holds is the name of a file, dumping is compressing it, loading is decompressing."""

    version: str

    def compressing(self, format: str, level: int | None, threads: int) -> list[str]:
        raise NotImplementedError

    def decompressing(self, threads: int) -> list[str]:
        raise NotImplementedError

    def hold(self, file: str) -> str:
        return file

    def dump(self, held: str, file: str, format: str, level: int | None, threads: int) -> None:
        with open(held, "rb") as source, open(file, "wb") as target:
            subprocess.run(self.compressing(format, level, threads), stdin=source, stdout=target, check=True)

    def load(self, file: str, threads: int) -> IO[bytes]:
        # A new file each time, which goes with the answer: neither counts.
        target = tempfile.NamedTemporaryFile(dir=Path(file).parent)
        with open(file, "rb") as source:
            subprocess.run(self.decompressing(threads), stdin=source, stdout=target, check=True)
        return target

    def check(self, file: str) -> int:
        with self.load(file, 1) as target:
            target.seek(0)
            return zlib.crc32(target.read())


class Peer(Running):
    """A program that the machine may have."""

    def __init__(self, program: Program) -> None:
        if shutil.which(program.name) is None:
            raise ImportError(f"there is no {program.name} on this machine")
        self._program = program
        self.version = version(program.name, program.name)

    def compressing(self, format: str, level: int | None, threads: int) -> list[str]:
        return [self._program.name, f"-{level}", "-c", *self._program.on(threads)]

    def decompressing(self, threads: int) -> list[str]:
        return [self._program.name, "-d", "-c", *self._program.on(threads)]


class Demijohn(Running):
    """The program `demijohn`."""

    def __init__(self, path: str) -> None:
        if not Path(path).exists():
            raise ImportError("the program demijohn has not been built")
        self._path = path
        self.version = f"{version(path, 'demijohn')} (program)"

    def compressing(self, format: str, level: int | None, threads: int) -> list[str]:
        levels = [] if level is None else [f"--level={level}"]
        return [self._path, "compress", "-c", "--format", format, *levels, f"-T{threads}"]

    def decompressing(self, threads: int) -> list[str]:
        return [self._path, "decompress", "-c", f"-T{threads}"]


def version(command: str, name: str) -> str:
    """`xz 5.4.1`, out of whatever a program says when it is asked."""
    asked = subprocess.run([command, "--version"], capture_output=True, text=True, stdin=subprocess.DEVNULL)
    number = re.search(r"\d+\.\d+[.\w]*", asked.stdout or asked.stderr)
    return f"{name} {number[0] if number else 'of unknown version'}"
