"""What is dumped and loaded: arrays of rising entropy, and Python's small objects."""

from collections.abc import Callable
from dataclasses import dataclass

MIB = 1 << 20


@dataclass(frozen=True)
class Array:
    """A flat array of a class of data in `benches/src/entropy.rs`, so many MiB of it."""

    name: str
    mib: int

    @property
    def title(self) -> str:
        return f"{CLASSES[self.name]}, {self.mib} MiB"

    def size(self, divisor: int) -> int:
        """Bytes, where everything is so many times smaller."""
        return max(self.mib * MIB // divisor, 4096) // 8 * 8


CLASSES = {
    "zeros": "zeros f64",
    "categorical": "categorical i64",
    "images": "image-like f32",
    "text": "text",
    "smooth": "smooth f64",
    "random": "random f64",
}


@dataclass(frozen=True)
class Objects:
    """So many small objects in a container; `BUILDERS` knows how they are made."""

    name: str
    count: int
    title: str

    def size(self, divisor: int) -> int:
        """Objects, where everything is so many times smaller."""
        return max(self.count // divisor, 100)


Data = Array | Objects

DICT = Objects("dict", 1_000_000, "dict of 1 M str to float")
TUPLES = Objects("tuples", 1_000_000, "list of 1 M tuples")
LISTS = Objects("lists", 100_000, "list of 100 k lists of 20 int")
DICTS = Objects("dicts", 200_000, "list of 200 k small dicts")
OBJECTS = (DICT, TUPLES, LISTS, DICTS)

BUILDERS: dict[str, Callable[[int], object]] = {
    "dict": lambda n: {f"key {i}": i / 7 for i in range(n)},
    "tuples": lambda n: [(i, i / 7, i % 3 == 0) for i in range(n)],
    "lists": lambda n: [[(i * 20 + j) % 100_003 for j in range(20)] for i in range(n)],
    "dicts": lambda n: [{"id": i, "name": f"item {i}", "score": i / 7, "done": i % 3 == 0} for i in range(n)],
}
