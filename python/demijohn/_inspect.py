"""What is in a file, without loading it and without running any of it."""

from __future__ import annotations

import ast
import io
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from html import escape
from typing import IO, TYPE_CHECKING, Any, Literal, TypeVar

from demijohn import _native
from demijohn._arguments import is_path
from demijohn._errors import UnknownFormatError

if TYPE_CHECKING:
    import numpy as np
    from _typeshed import StrOrBytesPath

_T = TypeVar("_T")

# How much is shown: rows in all, parts of one value, names, and characters of one text.
_ROWS = 40
_ROWS_OF_A_PAGE = 400
_PARTS = 12
_NAMES = 20
_CHARACTERS = 100


@dataclass(frozen=True, slots=True)
class Global:
    """A class or function that a file names."""

    module: str
    """The module, by its name in Python 3."""
    name: str
    """The name in the module."""
    offset: int
    """Where it is named first, in bytes of the uncompressed stream; of a ``.npz`` file, of the entry."""
    count: int
    """How often it is named."""
    known_safe: bool
    """Whether it is known to be harmless."""

    def __str__(self) -> str:
        return f"{self.module}.{self.name}"


@dataclass(frozen=True, slots=True)
class ArrayEntry:
    """An array of plain data in a file."""

    path: str
    """Where it is in the object, as :func:`load_array` takes it; in a ``.npy`` file a dot, in a ``.npz`` file its name, in
    brackets and quotes if it could not be told from others otherwise."""
    descr: str
    """The type of its elements, as numpy writes it."""
    shape: tuple[int, ...]
    """How many there are along each axis."""
    order: Literal["C", "F"]
    """Their order: ``"C"`` or ``"F"``."""
    nbytes: int
    """Their size in bytes."""
    offset: int | None
    """Where they begin, in bytes of the uncompressed stream; ``None`` if they are not there in a row."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """The type of its elements. ``TypeError`` if this numpy has no such type."""
        import numpy as np

        if self.descr == "|T":
            return np.dtypes.StringDType()
        # Of structs, it is a literal.
        return np.dtype(ast.literal_eval(self.descr) if self.descr[0] in "[{(" else self.descr)

    def __str__(self) -> str:
        try:
            dtype = str(self.dtype)
        except TypeError:
            dtype = self.descr
        order = "" if self.order == "C" else f" {self.order}"
        return f"array {dtype} {self.shape}{order}, {_size(self.nbytes)}"


@dataclass(frozen=True, slots=True)
class Companion:
    """An array that joblib before 0.10 put into a file of its own."""

    path: str
    """Where it is in the object."""
    file: str
    """The name of the file, which is beside the one that names it."""


class Node:
    """A value in a file, and the way to what is in it."""

    __slots__ = ("_entries", "_found", "array", "file", "filled", "label", "path", "summary", "type")

    path: str
    """Where it is in the object: a dot for the whole of it."""
    label: str
    """What it is called where it is: a key, a number, an attribute."""
    type: str
    """Its type: a plain name of Python's own, the full name of a class, or ``"made by"`` and that of a function."""
    summary: str
    """What it is, in a line."""
    array: ArrayEntry | None
    """What array it is, if it is one."""
    file: str | None
    """The file in which its array is, if joblib before 0.10 put it there."""
    filled: bool
    """Whether there is something in it."""

    def __init__(self, found: _native.Found, row: tuple[Any, ...], entries: list[ArrayEntry] | None = None) -> None:
        self._found, self._entries = found, entries or []
        self.path, self.label, self.type, self.summary, array, self.file, self.filled = row
        self.array = None if array is None else ArrayEntry(self.path, *array)

    @property
    def children(self) -> list[Node]:
        """What is in it: items, values under their keys, attributes. Known types and arrays have nothing in them."""
        return self.first(1 << 62)[0]

    def first(self, most: int) -> tuple[list[Node], int]:
        """The first of the :attr:`children`, and how many there are."""
        if not self.filled:
            return [], 0
        if self._entries:
            return [_saved(self._found, entry) for entry in self._entries[:most]], len(self._entries)
        rows, total = self._found.below(self.path, most)
        return [Node(self._found, row) for row in rows], total

    @property
    def value(self) -> Any:
        """The number, text, ``None`` or the like, if it is nothing but that; otherwise ``TypeError``."""
        if self.array is not None:
            raise TypeError(f"{self.path} is an array, which load_array loads")
        return self._found.value(self.path)

    def __str__(self) -> str:
        if self.array is not None:
            return str(self.array)
        if self.file is not None:
            return f"array in the file {self.file}"
        return self.summary

    def __repr__(self) -> str:
        return "\n".join(_tree(self, _ROWS))

    def _repr_html_(self) -> str:
        return _page([], self)


class Inspection:
    """What is in a file, as :func:`inspect` says. Printed, and as the last line of a notebook's cell, it shows that.

    If there is an :attr:`error`, the rest is what was found before it.
    """

    def __init__(self, found: _native.Found, name: str) -> None:
        self._found = found
        self.name = name
        """The path, or what the file object is called."""
        self.content: str = found.content
        """What the file holds: ``"pickle"`` (as joblib's files do), ``"npy"``, ``"npz"``, ``"data"``: a compressed stream
        of something else, or ``"unknown"``."""
        self.format: str = found.format
        """The compression format; ``"none"`` for plain files."""
        self.compressed: int = found.compressed
        """The size of the file in bytes."""
        self.uncompressed: int | None = found.uncompressed
        """The size of what it holds, in bytes, if its end was reached."""
        self.protocol: int | None = found.protocol
        """The protocol that the pickle states; 0 and 1 state none."""
        self.lead: int = found.lead
        """How many bytes stand in front of a ``.npz`` file."""
        self.tail: int = found.tail
        """How many bytes follow what was dumped, or a ``.npz`` file or a pickle in it, which Python's loaders ignore when they
        are called once."""
        self.further: int = found.further
        """How many more objects these bytes begin with, for whoever goes on loading. Their names are in :attr:`globals`."""
        self.error: Exception | None = found.error
        """Why the file is not whole, if it is not."""

    @cached_property
    def globals(self) -> list[Global]:
        """Every class and function that the pickle names, in the order of the stream."""
        return [Global(*entry) for entry in self._found.globals()]

    @cached_property
    def arrays(self) -> list[ArrayEntry]:
        """The arrays of plain data."""
        return [ArrayEntry(path, *row) for path, row in self._found.arrays()]

    @cached_property
    def object_arrays(self) -> list[ArrayEntry]:
        """The arrays of Python objects in a ``.npz`` file. Their pickles have been read, but not been kept."""
        return [ArrayEntry(path, *row) for path, row in self._found.object_arrays()]

    @cached_property
    def others(self) -> list[str]:
        """The names of the entries of a ``.npz`` file that are no arrays."""
        return self._found.others()

    @property
    def arrays_omitted(self) -> int:
        """How many arrays are not in the list, because it would grow beyond all use."""
        return self._found.arrays_omitted

    @cached_property
    def companions(self) -> list[Companion]:
        """The arrays that joblib before 0.10 put into files of their own."""
        return [Companion(*entry) for entry in self._found.companions()]

    @cached_property
    def root(self) -> Node | None:
        """The object in the file; of a ``.npz`` file, what holds its arrays."""
        if self._found.has_object:
            return Node(self._found, self._found.node("."))
        if self.content == "npz":
            entries = self.arrays + self.object_arrays
            what = _count(len(entries), "array")
            return Node(self._found, (".", ".", "npz", what, None, None, bool(entries)), entries)
        return _saved(self._found, self.arrays[0]) if self.arrays else None

    def __getitem__(self, path: str) -> Node:
        """What is at a path, such as ``"layers[3].weight"``. ``KeyError`` if there is nothing."""
        if self._found.has_object:
            try:
                return Node(self._found, self._found.node(path))
            except ValueError as error:
                raise KeyError(str(error)) from None
        for entry in self.arrays + self.object_arrays:
            if entry.path == path:
                return _saved(self._found, entry)
        raise KeyError(f"there is no array {path!r} in the file")

    def _what(self) -> str:
        """What the file is, in a few words."""
        if self.protocol is not None:
            protocol = f" of protocol {self.protocol}"
        else:
            # A damaged one may end before it says more.
            protocol = " of protocol 0 or 1" if self._found.has_object else ""
        match self.content:
            case "pickle" if any(entry.name == "NumpyArrayWrapper" for entry in self.globals):
                return f"joblib file, pickle{protocol}"
            case "pickle":
                return f"pickle{protocol}"
            case "npy" if self._found.has_object:
                return f".npy file of Python objects, pickle{protocol}"
            case "npy":
                return ".npy file"
            case "npz":
                return f".npz file of {_count(len(self.arrays) + len(self.object_arrays), 'array')}"
            case "data":
                return "compressed data"
            case _:
                return "not known"

    def _sizes(self) -> str:
        size = _size(self.compressed)
        plain = self.format == "none"
        if self.uncompressed is None:
            return size if plain else f"{self.format}, {size}"
        if plain and self.content != "npz":
            return f"{size}, not compressed"
        return f"{'zip' if plain else self.format}, {_size(self.uncompressed)} in {size}"

    def _notes(self) -> list[str]:
        """What else there is to say."""
        notes = []
        if self.others:
            some = ", ".join(_shown(name) for name in self.others[:_NAMES])
            more = f" and {len(self.others) - _NAMES} more" if len(self.others) > _NAMES else ""
            what = _count(len(self.others), "entry that is no array", "entries that are no arrays")
            notes.append(f"{what}: {some}{more}")
        if self.lead:
            notes.append(f"{_count(self.lead, 'byte')} in front of the zip file")
        if self.tail:
            further = f", {_count(self.further, 'object')} among them" if self.further else ""
            what = "zip file or a pickle in it" if self.content == "npz" else "object"
            notes.append(f"{_count(self.tail, 'byte')} behind the {what}{further}, which loading once ignores")
        if self.companions:
            notes.append(f"{_count(len(self.companions), 'array')} in other files")
        if self.globals:
            unknown = [entry for entry in self.globals if not entry.known_safe]
            names = _count(len(self.globals), "class or function named", "classes and functions named")
            if not unknown:
                notes.append(f"{names}, all known to be harmless")
            else:
                some = ", ".join(_shown(str(entry)) for entry in unknown[:_NAMES])
                more = f" and {len(unknown) - _NAMES} more" if len(unknown) > _NAMES else ""
                notes.append(f"{names}, {len(unknown)} not known to be harmless: {some}{more}")
        return notes

    def __repr__(self) -> str:
        lines = [f"{_shown(self.name)}: {self._what()}", f"  {self._sizes()}"]
        lines.extend(f"  {note}" for note in self._notes())
        if self.error is not None:
            lines.append(f"  NOT WHOLE: {_shown(str(self.error), 400)}")
        if self.root is not None:
            lines.extend(f"  {line}" for line in _tree(self.root, _ROWS))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        lines = [f"<b>{escape(_shown(self.name))}</b>: {escape(self._what())}", escape(self._sizes())]
        lines.extend(escape(note) for note in self._notes())
        if self.error is not None:
            lines.append(f"<b>not whole</b>: {escape(_shown(str(self.error), 400))}")
        return _page(lines, self.root)


def inspect(
    file: StrOrBytesPath | IO[bytes],
    *,
    max_output: int | None = None,
    max_memory: int | None = None,
) -> Inspection:
    """Say what is in a file: a pickle, as joblib's files are, ``.npy`` or ``.npz``, however it is compressed.

    Nothing in it is run and nothing is loaded: the data of arrays is passed over. All that can be checked is checked, to
    the end of the file. That it is damaged is part of the answer, see :attr:`Inspection.error`.

    >>> demijohn.dump({"epochs": 10, "weights": numpy.zeros((3, 4))}, "model.pkl.zst")
    ['model.pkl.zst']
    >>> found = demijohn.inspect("model.pkl.zst")
    >>> found
    model.pkl.zst: joblib file, pickle of protocol 4
      zstd, ... B in ... B
      3 classes and functions named, all known to be harmless
      dict of 2 items
      ├─ epochs   10
      └─ weights  array float64 (3, 4), 96 B
    >>> found["epochs"].value, found["weights"].array.shape
    (10, (3, 4))

    Args:
        file: A path, or an object with ``read`` and ``seek``, which is looked into from where it stands and stays there.
        max_output: The most bytes to decode. If it is not given, 1000 times the size of the file, and 64 MiB in any case.
        max_memory: The most bytes of memory for the decoder's window, dictionary or block; 256 MiB if it is not given.

    Raises:
        OSError: If the file cannot be read.
    """
    found = _look(file, lambda below: _native.inspect(below, max_output=max_output, max_memory=max_memory))
    return Inspection(found, _name_of(file))


def scan(
    file: StrOrBytesPath | IO[bytes],
    *,
    max_output: int | None = None,
    max_memory: int | None = None,
) -> list[Global]:
    """List every class and function that loading a file would look for, without looking for any.

    >>> demijohn.dump({1.5, 2.5}, "numbers.pkl")
    ['numbers.pkl']
    >>> demijohn.scan("numbers.pkl")
    []
    >>> demijohn.dump(print, "function.pkl")
    ['function.pkl']
    >>> [str(entry) for entry in demijohn.scan("function.pkl") if not entry.known_safe]
    ['builtins.print']

    A name that is :attr:`~Global.known_safe` is one of a closed list of things that are harmless in whatever way a pickle
    uses them. Nothing is said of the others but that they are not in the list.

    Args: as for :func:`inspect`.

    Raises:
        DemijohnError: If the file is damaged or no pickle, so that not all names can be known.
    """
    found = inspect(file, max_output=max_output, max_memory=max_memory)
    if found.error is not None:
        raise found.error
    if found.content == "data":
        raise UnknownFormatError(f"{found.name}: what is compressed in it is no pickle")
    return found.globals


def load_array(
    file: StrOrBytesPath | IO[bytes],
    path: str,
    *,
    max_output: int | None = None,
    max_memory: int | None = None,
) -> np.ndarray[Any, Any]:
    """Read a single array out of a file, of which nothing else is loaded and nothing is run.

    >>> demijohn.dump({"layers": [{"weight": numpy.eye(2)}]}, "model.pkl.gz")
    ['model.pkl.gz']
    >>> demijohn.load_array("model.pkl.gz", "layers[0].weight")
    array([[1., 0.],
           [0., 1.]])

    The file is looked through first, so that nothing comes out of a damaged one. The array is in memory once, in the byte
    order of the file.

    Args:
        file: As for :func:`inspect`.
        path: Where the array is, as :func:`inspect` shows it; in a ``.npz`` file its name, in a ``.npy`` file ``"."``.
        max_output, max_memory: As for :func:`inspect`.

    Raises:
        ValueError: If there is no such array; the message has paths that look alike. ``UnsupportedError``, which is one,
            for an array of Python objects.
        DemijohnError: If the file is damaged.
    """
    import numpy as np

    read = _look(file, lambda below: _native.load_array(below, path, max_output=max_output, max_memory=max_memory))
    elements, (descr, shape, order, nbytes, offset) = read
    entry = ArrayEntry(path, descr, shape, order, nbytes, offset)
    return np.ndarray(shape, entry.dtype, elements, order=order)


def _look(file: StrOrBytesPath | IO[bytes], look: Callable[[Any], _T]) -> _T:
    """Let a file be looked into, and put it back to where it was."""
    if is_path(file):
        return look(os.fsdecode(file))
    if not hasattr(file, "read"):
        raise TypeError(f"file is a path or an object with read(), not {type(file).__name__!r}")
    if not file.seekable():
        raise io.UnsupportedOperation("looking into a file needs one that can seek")
    position = file.tell()
    try:
        return look(file)
    finally:
        file.seek(position)


def _name_of(file: StrOrBytesPath | IO[bytes]) -> str:
    if is_path(file):
        return os.fsdecode(file)
    name = getattr(file, "name", None)
    return name if isinstance(name, str) else f"<{type(file).__name__}>"


def _saved(found: _native.Found, entry: ArrayEntry) -> Node:
    """The node of an array in a file of numpy's."""
    row = entry.descr, entry.shape, entry.order, entry.nbytes, entry.offset
    return Node(found, (entry.path, entry.path, "ndarray", "array", row, None, False))


def _size(n: int) -> str:
    """Bytes with three digits, in powers of 1000."""
    if n < 1000:
        return f"{n} B"
    value, units = n / 1e3, iter(["kB", "MB", "GB", "TB", "PB", "EB"])
    unit = next(units)
    while value >= 999.5:
        value, unit = value / 1e3, next(units)
    return f"{value:.{0 if value >= 99.95 else 1 if value >= 9.995 else 2}f} {unit}"


def _count(n: int, one: str, many: str | None = None) -> str:
    return f"{n} {one if n == 1 else many or one + 's'}"


def _shown(text: str, most: int = _CHARACTERS) -> str:
    """A text of a stranger's: in one line, not too long, and nothing that drives a terminal."""
    text = text if len(text) <= most else text[:most] + "…"
    return "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


class _Plan:
    """Which nodes are shown with what is in them, so that it is not too much: rather all of the upper ones."""

    def __init__(self, root: Node, rows: int) -> None:
        self.parts: dict[int, tuple[list[Node], int]] = {}
        todo, left = [root], rows
        for node in todo:
            if not node.filled or left <= 0:
                continue
            shown, total = node.first(_PARTS)
            if len(shown) > left:
                continue
            left -= len(shown)
            self.parts[id(node)] = (shown, total)
            todo.extend(shown)
        # Nodes are known by where they are, which is theirs as long as they live.
        self.nodes = todo

    def of(self, node: Node) -> tuple[list[Node], int]:
        return self.parts.get(id(node), ([], 0))


def _tree(root: Node, rows: int) -> list[str]:
    plan = _Plan(root, rows)
    lines = [_shown(str(root))]

    def grow(node: Node, indent: str) -> None:
        shown, total = plan.of(node)
        width = max((len(_shown(child.label, 30)) for child in shown), default=0)
        for n, child in enumerate(shown, 1):
            last = n == total
            label = _shown(child.label, 30).ljust(width)
            lines.append(f"{indent}{'└─' if last else '├─'} {label}  {_shown(str(child))}")
            grow(child, indent + ("   " if last else "│  "))
        if total > len(shown):
            lines.append(f"{indent}└─ … {total - len(shown)} more")

    grow(root, "")
    return lines


_STYLE = (
    "<style>.demijohn details,.demijohn div.leaf{margin-left:1.2em;font-family:monospace;line-height:1.5}"
    ".demijohn summary{cursor:pointer;margin-left:-1em}.demijohn i{opacity:.7}</style>"
)


def _page(lines: list[str], root: Node | None) -> str:
    tree = "" if root is None else _details(_Plan(root, _ROWS_OF_A_PAGE), root, True)
    return f"<div class='demijohn'>{_STYLE}{'<br>'.join(lines)}{tree}</div>"


def _details(plan: _Plan, node: Node, is_open: bool) -> str:
    """A node, to fold and unfold."""
    label = "" if node.path == "." else f"{escape(_shown(node.label, 60))}: "
    line = f"{label}<i>{escape(_shown(str(node)))}</i>"
    shown, total = plan.of(node)
    if not shown:
        return f"<div class='leaf'>{line}</div>"
    inner = "".join(_details(plan, child, node.path == "." and len(shown) <= _PARTS // 2) for child in shown)
    if total > len(shown):
        inner += f"<div class='leaf'>… {total - len(shown)} more</div>"
    return f"<details{' open' if is_open else ''}><summary>{line}</summary>{inner}</details>"
