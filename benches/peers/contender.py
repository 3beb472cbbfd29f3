"""The peers' side of the comparison; `benches/src/bin/contender.rs` has the protocol, and is demijohn's.

`python -m peers.contender joblib` is joblib, and so on. It cannot `make` arrays, `store` or `inspect` files, and has one
request more: `build NAME COUNT` makes objects and keeps them. A peer that is not there answers with an error before it is
asked.
"""

import functools
import gzip
import importlib
import sys
import time
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from peers.data import BUILDERS
from peers.programs import PROGRAMS, Demijohn, Peer
from peers.rewinding import Rewinding


class InPython:
    """What all have in common that dump Python's objects."""

    def hold(self, file: str) -> object:
        # Whoever the contender is: every one is to dump the same.
        return importlib.import_module("joblib").load(file)

    def load(self, file: str, threads: int) -> object:
        raise NotImplementedError

    def check(self, file: str) -> int:
        value: Any = self.load(file, 1)
        if hasattr(value, "dtype"):
            return zlib.crc32(memoryview(value).cast("B"))
        return len(value)


class Joblib(InPython):
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

    def dump(self, value: object, file: str, format: str, level: int | None, threads: int) -> object:
        compress: object = 0 if format == "none" else (format, level)
        return self.module.dump(value, file, compress=compress)

    def load(self, file: str, threads: int) -> object:
        return self.module.load(file)

    def map(self, file: str) -> object:
        return self.module.load(file, mmap_mode="r")


class Package(Joblib):
    """The package `demijohn`."""

    def __init__(self) -> None:
        super().__init__("demijohn")
        self.version += " (Python)"

    def dump(self, value: object, file: str, format: str, level: int | None, threads: int) -> object:
        compress: object = 0 if format == "none" else (format, level)
        return self.module.dump(value, file, compress=compress, threads=threads)


class Pickle(InPython):
    """The C pickler, at its highest protocol, with which it copies arrays less often; through gzip if it is to compress."""

    def __init__(self) -> None:
        import _pickle
        import numpy  # noqa: F401 (not to be imported in the middle of a measurement)

        self.pickle = _pickle
        self.version = f"pickle of CPython {sys.version.split()[0]}"

    def dump(self, value: object, file: str, format: str, level: int | None, threads: int) -> object:
        with open(file, "wb") if format == "none" else gzip.open(file, "wb", compresslevel=level or 9) as stream:
            self.pickle.dump(value, stream, protocol=5)
        return None

    def load(self, file: str, threads: int) -> object:
        with open(file, "rb") as stream:
            coded = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            return self.pickle.load(gzip.open(stream) if coded else stream)


class Numpy(InPython):
    """`numpy.save` or `numpy.savez_compressed`, and `numpy.load`."""

    def __init__(self) -> None:
        self.numpy: Any = importlib.import_module("numpy")
        self.version = f"numpy {self.numpy.__version__}"

    def dump(self, value: object, file: str, format: str, level: int | None, threads: int) -> object:
        # An open file, or it would append `.npy` to the name.
        with open(file, "wb") as stream:
            return self.numpy.save(stream, value) if format == "none" else self.numpy.savez_compressed(stream, value)

    def load(self, file: str, threads: int) -> object:
        loaded = self.numpy.load(file)
        return loaded if isinstance(loaded, self.numpy.ndarray) else loaded["arr_0"]

    def map(self, file: str) -> object:
        return self.numpy.load(file, mmap_mode="r")


class Blosc(InPython):
    """python-blosc: one chunk in a file, lz4 within, bytes shuffled."""

    def __init__(self) -> None:
        self.blosc: Any = importlib.import_module("blosc")
        self.numpy: Any = importlib.import_module("numpy")
        self.version = f"python-blosc {self.blosc.__version__}"

    def dump(self, value: Any, file: str, format: str, level: int | None, threads: int) -> object:
        self.blosc.set_nthreads(threads)
        address = value.__array_interface__["data"][0]
        chunk = self.blosc.compress_ptr(address, value.size, value.itemsize, level, self.blosc.SHUFFLE, "lz4")
        with open(file, "wb") as stream:
            return stream.write(chunk)

    def load(self, file: str, threads: int) -> object:
        self.blosc.set_nthreads(threads)
        with open(file, "rb") as stream:
            chunk = stream.read()
        # Its second word, little-endian: how many bytes it decodes to.
        array = self.numpy.empty(int.from_bytes(chunk[4:8], "little"), "u1")
        self.blosc.decompress_ptr(chunk, array.__array_interface__["data"][0])
        return array


PEERS: dict[str, Callable[..., Any]] = {
    "joblib": Joblib,
    "package": Package,
    "pickle": Pickle,
    "numpy": Numpy,
    "blosc": Blosc,
    "rewinding": Rewinding,
    "demijohn": Demijohn,
    **{name: functools.partial(Peer, program) for name, program in PROGRAMS.items()},
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


def measured(work: Callable[[], Any]) -> str:
    return measured_and_kept(work)[0]


def measured_and_kept(work: Callable[[], Any]) -> tuple[str, Any]:
    before = forget_peak()
    start = time.perf_counter_ns()
    # Kept, so that dropping it is not measured.
    result = work()
    nanoseconds = time.perf_counter_ns() - start
    after = peak()
    grown = "-" if before is None or after is None else max(after - before, 0)
    return f"{nanoseconds}\t{grown}", result


def serve(contender: Any, requests: Iterable[str], answer: Callable[[str], None]) -> None:
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
                    held = contender.hold(file)
                    said = ""
                case ["dump", file, format, level, threads]:
                    number = None if level == "-" else int(level)
                    said = measured(lambda: contender.dump(held, file, format, number, int(threads)))
                case ["load", file, threads]:
                    said = measured(lambda: contender.load(file, int(threads)))
                case ["map", file]:
                    said = measured(lambda: contender.map(file))
                case ["reads", file, format, size, *offsets]:
                    said, pieces = measured_and_kept(
                        lambda: contender.reads(file, format, int(size), map(int, offsets))
                    )
                    said += f"\t{zlib.crc32(b''.join(pieces))}"
                case ["check", file]:
                    said = str(contender.check(file))
                case words:
                    raise ValueError(f"no such request: {words}")
            answer(f"ok\t{said}")
        except Exception as error:
            answer(f"error\t{type(error).__name__}: {error}".replace("\n", " "))


def main() -> None:
    def answer(line: str) -> None:
        print(line, flush=True)

    try:
        contender = PEERS[sys.argv[1]](*sys.argv[2:])
    except ImportError as error:
        answer(f"error\t{error}")
        return
    serve(contender, sys.stdin, answer)


if __name__ == "__main__":
    main()
