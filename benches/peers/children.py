"""Contenders as processes, which answer one request after another."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType


class Refused(Exception):
    """A contender answered with an error, or not at all."""

    def __init__(self, request: str, command: list[str], why: str) -> None:
        super().__init__(f"{request!r} to {' '.join(command)}: {why}")
        self.why = why


@dataclass(frozen=True)
class Cost:
    """What a request took."""

    nanoseconds: int
    grown: int | None
    """Bytes beyond what the process had before, at most; `None` where the system does not say."""
    checksum: str | None = None
    """Of what was read, if it was to be read only."""


class Child:
    def __init__(self, command: list[str]) -> None:
        self._command = command
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ask(self, *words: object) -> list[str]:
        request = "\t".join(str(word) for word in words)
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.write(f"{request}\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            # It has said why before it left.
            pass
        status, _, answer = self._process.stdout.readline().rstrip("\n").partition("\t")
        if status == "ok":
            return answer.split("\t")
        why = answer or f"it ended, {self._process.wait()}"
        raise Refused(request, self._command, why)

    def cost(self, *words: object) -> Cost:
        nanoseconds, grown, *checksum = self.ask(*words)
        return Cost(int(nanoseconds), None if grown == "-" else int(grown), *checksum)

    def __enter__(self) -> "Child":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._process.stdin and self._process.stdout
        try:
            self._process.stdin.close()
        except BrokenPipeError:
            pass
        self._process.stdout.close()
        self._process.wait()


@dataclass(frozen=True)
class Contenders:
    """How contenders are started."""

    rust: Path
    """The program of `benches/src/bin/contender.rs`."""
    program: Path
    """The program `demijohn`."""

    def start(self, name: str) -> Child:
        if name == "rust":
            return Child([str(self.rust)])
        arguments = [str(self.program)] if name == "demijohn" else []
        return Child([sys.executable, "-m", "peers.contender", name, *arguments])
