"""The peers' side of the comparison; `benches/src/bin/contender.rs` has the protocol, and is demijohn's.

`python -m peers.contender joblib` is joblib, and so on. It cannot `make` arrays or `inspect` files, and has one request
more: `build NAME COUNT` makes objects and keeps them. A peer that is not there answers with an error before it is asked.
"""

import importlib
import sys
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Protocol

from peers.data import BUILDERS


class Contender(Protocol):
    """What can be asked of a peer, within what it can do."""

    version: str

    def dump(self, value: object, file: str, format: str, level: int | None) -> object: ...
    def load(self, file: str) -> object: ...
    def map(self, file: str) -> object: ...


class Joblib:
    """joblib, or the package that can be used in its place."""

    def __init__(self, module: str = "joblib") -> None:
        self.module: Any = importlib.import_module(module)
        for name in ("dump", "load"):
            if not hasattr(self.module, name):
                raise ImportError(f"there is no {module}.{name} yet")
        # What it would import in the middle of a measurement otherwise.
        for codec in ("bz2", "gzip", "lzma", "lz4.frame", "numpy"):
            importlib.import_module(codec)
        self.version = f"{module} {self.module.__version__}"

    def dump(self, value: object, file: str, format: str, level: int | None) -> object:
        compress: object = 0 if format == "none" else (format, level)
        return self.module.dump(value, file, compress=compress)

    def load(self, file: str) -> object:
        return self.module.load(file)

    def map(self, file: str) -> object:
        return self.module.load(file, mmap_mode="r")


class Package(Joblib):
    """The package `demijohn`, on one thread as joblib is."""

    def __init__(self) -> None:
        super().__init__("demijohn")
        self.version += " (Python)"

    def dump(self, value: object, file: str, format: str, level: int | None) -> object:
        compress: object = 0 if format == "none" else (format, level)
        return self.module.dump(value, file, compress=compress, threads=1)


class Pickle:
    """The C pickler, at its highest protocol, with which it copies arrays less often."""

    def __init__(self) -> None:
        import _pickle
        import numpy  # noqa: F401 (not to be imported in the middle of a measurement)

        self.pickle = _pickle
        self.version = f"pickle of CPython {sys.version.split()[0]}"

    def dump(self, value: object, file: str, format: str, level: int | None) -> object:
        with open(file, "wb") as stream:
            return self.pickle.dump(value, stream, protocol=5)

    def load(self, file: str) -> object:
        with open(file, "rb") as stream:
            return self.pickle.load(stream)

    def map(self, file: str) -> object:
        raise NotImplementedError("pickles are not mapped")


class Numpy:
    """`numpy.save` and `numpy.load`."""

    def __init__(self) -> None:
        self.numpy: Any = importlib.import_module("numpy")
        self.version = f"numpy {self.numpy.__version__}"

    def dump(self, value: object, file: str, format: str, level: int | None) -> object:
        # An open file, or it would append `.npy` to the name.
        with open(file, "wb") as stream:
            return self.numpy.save(stream, value)

    def load(self, file: str) -> object:
        return self.numpy.load(file)

    def map(self, file: str) -> object:
        return self.numpy.load(file, mmap_mode="r")


PEERS: dict[str, Callable[[], Contender]] = {
    "joblib": Joblib,
    "package": Package,
    "pickle": Pickle,
    "numpy": Numpy,
}


def forget_peak() -> int | None:
    """Makes the peak what is used now, and gives it."""
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        pass
    return peak()


def peak() -> int | None:
    """The most that was resident, in bytes, as Linux says."""
    try:
        status = Path("/proc/self/status").read_text()
    except OSError:
        return None
    kib = next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]
    return int(kib) << 10


def measured(work: Callable[[], object]) -> str:
    before = forget_peak()
    start = time.perf_counter_ns()
    # Kept to here, so that dropping it is not measured.
    result = work()
    nanoseconds = time.perf_counter_ns() - start
    after = peak()
    del result
    return f"{nanoseconds}\t{'-' if before is None or after is None else max(after - before, 0)}"


def checked(value: Any) -> int:
    if hasattr(value, "dtype"):
        return zlib.crc32(memoryview(value).cast("B"))
    return len(value)


def serve(contender: Contender, requests: Iterable[str], answer: Callable[[str], None]) -> None:
    held: object = None
    for line in requests:
        try:
            match line.rstrip("\n").split("\t"):
                case ["hello"]:
                    said = contender.version
                case ["build", name, count]:
                    held = BUILDERS[name](int(count))
                    said = ""
                case ["hold", file]:
                    # Whoever the contender is: every one is to dump the same.
                    held = Joblib().load(file)
                    said = ""
                case ["dump", file, format, level]:
                    number = None if level == "-" else int(level)
                    said = measured(lambda: contender.dump(held, file, format, number))
                case ["load", file]:
                    said = measured(lambda: contender.load(file))
                case ["map", file]:
                    said = measured(lambda: contender.map(file))
                case ["check", file]:
                    said = str(checked(contender.load(file)))
                case words:
                    raise ValueError(f"no such request: {words}")
            answer(f"ok\t{said}")
        except Exception as error:
            answer(f"error\t{type(error).__name__}: {error}".replace("\n", " "))


def main() -> None:
    def answer(line: str) -> None:
        print(line, flush=True)

    try:
        contender = PEERS[sys.argv[1]]()
    except ImportError as error:
        answer(f"error\t{error}")
        return
    serve(contender, sys.stdin, answer)


if __name__ == "__main__":
    main()
