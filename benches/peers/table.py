"""What is compared: the table of contents of the report, as data."""

from collections.abc import Iterator
from dataclasses import replace

from peers.data import DICT, OBJECTS, Array
from peers.programs import PROGRAMS
from peers.rows import Group, MemoryRow, Picture, Row, Side, Survey

JOBLIB, PICKLE, NUMPY = Side("joblib"), Side("pickle"), Side("numpy")
RUST, PACKAGE = Side("rust"), Side("package")
PROGRAM = Side("demijohn", threads=2)


def coded(side: Side, format: str, level: int | None = None) -> Side:
    return replace(side, format=format, level=level)


def threaded(side: Side) -> Side:
    return replace(side, threads=2)


def plain_arrays() -> Iterator[Row]:
    data = Array("images", 256)
    yield Row("dump", data, RUST, JOBLIB, target=1.2)
    yield Row("dump", data, RUST, PICKLE)
    yield Row("dump", data, RUST, NUMPY)
    yield Row("dump", data, RUST, JOBLIB, over=True)
    yield Row("dump", data, replace(RUST, synced=True), JOBLIB)
    yield Row("load", data, RUST, JOBLIB, target=1.3)
    yield Row("load", data, threaded(RUST), JOBLIB, target=1.3)
    yield Row("load", data, RUST, PICKLE, files="each its own")
    yield Row("load", data, RUST, NUMPY, files="each its own")
    yield Row("map", data, RUST, JOBLIB, target=1.0)


def deflate() -> Iterator[Row]:
    for format in ("gzip", "zlib"):
        ours, peer = coded(RUST, format, 3), coded(JOBLIB, format, 3)
        for name in ("images", "categorical"):
            yield Row("dump", Array(name, 128), ours, peer, target=1.8)
            yield Row("load", Array(name, 128), ours, peer, target=2.3)
        for name in ("smooth", "zeros", "random"):
            yield Row("dump", Array(name, 32), ours, peer)
            yield Row("load", Array(name, 32), ours, peer)


def deflate_threaded() -> Iterator[Row]:
    for format in ("gzip", "zlib"):
        ours, peer = coded(threaded(RUST), format, 3), coded(JOBLIB, format, 3)
        for name in ("images", "categorical"):
            data = Array(name, 128)
            yield Row("dump", data, ours, peer, target=4.5)
            yield Row("load", data, ours, peer, target=3)
            yield Row("load", data, ours, peer, files="our own", target=3)


def slow() -> Iterator[Row]:
    for format in ("bz2", "xz", "lzma"):
        for name in ("images", "smooth"):
            data, ours, peer = Array(name, 16), coded(RUST, format), coded(JOBLIB, format)
            yield Row("dump", data, ours, peer)
            yield Row("load", data, ours, peer)


def slow_threaded() -> Iterator[Row]:
    data = Array("images", 32)
    bz2, xz = coded(threaded(RUST), "bz2"), coded(threaded(RUST), "xz")
    yield Row("dump", data, bz2, coded(JOBLIB, "bz2"), target=1.7)
    yield Row("load", data, bz2, coded(JOBLIB, "bz2"), target=1.8)
    yield Row("dump", data, xz, coded(JOBLIB, "xz"), target=2)
    yield Row("load", data, xz, coded(JOBLIB, "xz"), files="our own", target=2)


def fast() -> Iterator[Row]:
    for name in ("images", "categorical"):
        data, peer = Array(name, 128), coded(JOBLIB, "gzip", 3)
        for side in (RUST, threaded(RUST)):
            for format, level in (("lz4", None), ("zstd", 3)):
                ours = coded(side, format, level)
                yield Row("dump", data, ours, peer, files="each its own", target=10 if side.threads > 1 else None)
                yield Row("load", data, ours, peer, files="each its own", target=3 if side.threads > 1 else None)
        blocks = replace(coded(threaded(RUST), "zstd", 3), blocks=True)
        yield Row("dump", data, blocks, peer, files="each its own", target=10)
        yield Row("load", data, blocks, peer, files="each its own", target=3)


def blosc() -> Iterator[Row]:
    for name in ("images", "categorical"):
        data, peer = Array(name, 128), coded(threaded(Side("blosc")), "blosc", 5)
        ours = coded(threaded(RUST), "blosc", 5)
        yield Row("dump", data, ours, peer, files="each its own", target=1.0)
        yield Row("load", data, ours, peer, files="each its own", target=1.5)


def programs() -> Iterator[Row]:
    for program in PROGRAMS.values():
        for name in ("text", "images"):
            data = Array(name, program.mib)
            peer = Side(program.name, program.format, program.level, program.threads)
            ours = coded(PROGRAM, program.format, program.our_level)
            yield Row("dump", data, ours, peer, target=program.target)
            yield Row("load", data, ours, peer, target=program.target)


def random_access() -> Iterator[Row]:
    rewinding = Side("rewinding")
    # xz at a fast level, or most of the run would be making its file; how it is read is the same.
    for format, level in (("xz", 1), ("zstd", None), ("bz2", None), ("lz4", None), ("blosc", None), ("gzip", None)):
        # The peer would need minutes for more of bz2.
        data = Array("images", 64 if format == "bz2" else 256)
        ours, peer = coded(RUST, format, level), coded(rewinding, format, level)
        yield Row("reads", data, ours, peer, files="our own", blocks=True, target=None if format in ("bz2", "blosc") else 20)
    # In which nobody can seek who has not been through it.
    yield Row("reads", Array("images", 256), coded(RUST, "gzip"), coded(rewinding, "gzip"), files="our own")


def graph() -> Iterator[Row]:
    for data in OBJECTS:
        yield Row("load", data, RUST, PICKLE, target=1.0 if data is DICT else None)
        yield Row("dump", data, RUST, PICKLE)


def package_arrays() -> Iterator[Row]:
    data = Array("images", 256)
    yield Row("dump", data, PACKAGE, JOBLIB)
    yield Row("load", data, PACKAGE, JOBLIB)
    yield Row("map", data, PACKAGE, JOBLIB)
    ours, peer = coded(PACKAGE, "gzip", 3), coded(JOBLIB, "gzip", 3)
    yield Row("dump", Array("images", 128), ours, peer)
    yield Row("load", Array("images", 128), ours, peer)
    yield Row("dump", Array("images", 128), threaded(ours), peer)


def package_objects() -> Iterator[Row]:
    for data in OBJECTS:
        for peer, dump, load in ((PICKLE, 1 / 0.9, 1 / 1.1), (JOBLIB, 15, 5)):
            yield Row("dump", data, PACKAGE, peer, target=dump)
            yield Row("load", data, PACKAGE, peer, target=load)


GROUPS = [
    Group(
        "Uncompressed arrays",
        "Both write a new file, with two exceptions: *replacing*, the file is there already, which demijohn puts a new one "
        "in the place of and joblib truncates; *synced*, demijohn waits until all is on the disk, as joblib never does.",
        list(plain_arrays()),
    ),
    Group("gzip and zlib at level 3, on one thread", "Both load the file that joblib wrote.", list(deflate())),
    Group(
        "gzip and zlib at level 3, on two threads",
        "The peer has one thread, for it knows no more. Both load the file that joblib wrote, or, *our file*, the one that "
        "demijohn did.",
        list(deflate_threaded()),
    ),
    Group(
        "bz2, xz and lzma at their default levels, on one thread",
        "Both load the file that joblib wrote. The backend of xz and lzma is the same library on both sides.",
        list(slow()),
    ),
    Group(
        "bz2 and xz at their default levels, on two threads",
        "Both load the file that joblib wrote, or, *our file*, the one that demijohn did: joblib's .xz is a single block.",
        list(slow_threaded()),
    ),
    Group(
        "Faster formats against joblib's gzip",
        "What changing the format gains. The peer writes gzip at level 3 and loads that. *In blocks*: written to be sought in, with "
        "blocks of 1 MiB, which several threads read too.",
        list(fast()),
    ),
    Group(
        "blosc against python-blosc, on two threads",
        "lz4 at level 5, bytes shuffled, on both sides. The peer reads and writes its chunk with plain file objects; demijohn's "
        "is a bloscpack file with checksums. Each loads its own file.",
        list(blosc()),
    ),
    Group(
        "Programs",
        "`demijohn compress` and `demijohn decompress`, always with `-T2`, from a file at standard input to a new file at "
        "standard output, the start of the program included. Both decompress what the peer compressed.",
        list(programs()),
    ),
    Group(
        "Random access",
        "Opening a file and reading 64 KiB at sixteen random offsets, always the same ones. demijohn has its default threads. "
        "The peer is Python's file object for the format, which decodes its way there, from the beginning when it has to go back; "
        "for blosc there is none, and bloscpack decodes all of it, but once. Both read the file that demijohn wrote, to be sought in: in "
        "blocks of 1 MiB, which is what the program's `--seekable` writes, or the largest that the format has, which for gzip is BGZF's 64 KiB. Where bzip2's blocks end shows "
        "when they are decoded, so the way to the farthest offset bounds what can be gained. The last file is a single member of "
        "gzip without an index.",
        list(random_access()),
    ),
    Group(
        "Small objects, in Rust",
        "The same pickle, to and from demijohn's `Document` in Rust on one side, Python's objects on the other.",
        list(graph()),
    ),
    Group(
        "Arrays, in Python",
        "The package `demijohn` against joblib. It dumps on one thread unless it says otherwise, and loads on as many as there "
        "are cores.",
        list(package_arrays()),
    ),
    Group(
        "Small objects, in Python",
        "The package `demijohn` against the C pickler and joblib. Both load the file that the peer wrote.",
        list(package_objects()),
    ),
    Group(
        "Looking into a file",
        "An uncompressed file; demijohn alone, since the peers have to load it.",
        [Row("inspect", Array("zeros", 1024), RUST, None, target=0.05)],
    ),
]

def formats() -> Iterator[tuple[Side, Array]]:
    for format, mib in FORMATS.items():
        data = Array("images", mib)
        yield coded(threaded(RUST), format), data
        if format in JOBLIBS:
            yield coded(JOBLIB, format), data


FORMATS = {
    "none": 64,
    "zlib": 64,
    "gzip": 64,
    "bz2": 16,
    "lzma": 8,
    "xz": 8,
    "zstd": 64,
    "lz4": 64,
    "snappy": 64,
    "blosc": 64,
    "lzo": 64,
}
"""With how many MiB say enough without taking minutes."""

JOBLIBS = ("none", "zlib", "gzip", "bz2", "lzma", "xz", "lz4")
"""What joblib knows of them."""


def figure() -> Iterator[tuple[Side, Array]]:
    data, ours = Array("images", 128), threaded(RUST)
    for side in (ours, JOBLIB, PICKLE, NUMPY):
        yield side, data
    for format in ("zlib", "gzip"):
        yield coded(ours, format, 3), data
        yield coded(JOBLIB, format, 3), data
    yield coded(PICKLE, "gzip", 3), data
    yield coded(NUMPY, "npz"), data
    yield coded(ours, "zstd", 3), data
    yield coded(ours, "lz4"), data
    yield coded(JOBLIB, "lz4"), data


def growth() -> Iterator[tuple[Side, Array]]:
    for side, most in ((RUST, 1024), (coded(RUST, "gzip", 3), 4096), (coded(RUST, "zstd", 3), 4096)):
        for mib in (16, 128, 1024, 4096):
            if mib <= most:
                yield threaded(side), Array("images", mib)


SURVEYS = [
    Survey(
        "formats",
        "Every format",
        "Each at its default level, demijohn on two threads, joblib on the one that it knows. The slower a format, the less "
        "data it got. Each loads its own files.",
        list(formats()),
        Picture(
            "Small files or fast ones: every format, in demijohn and in joblib",
            ["An array of image-like float32, to a file and back, at default levels; demijohn on two threads. Up is faster, left is smaller."],
            "scatter",
        ),
    ),
    Survey(
        "figure",
        "joblib's own figure",
        "What joblib measures itself by on face images: here with face-like ones. demijohn has two threads, the others one, for "
        "they know no more. Memory is what a process grows by, beyond the array. Each loads its own files.",
        list(figure()),
        Picture(
            "What an array costs: time, memory and disk",
            ["128 MiB of face-like float32 images, to a file and back; demijohn on two threads. Memory is beyond the array. Shorter is better."],
            "bars",
        ),
        memory=True,
    ),
    Survey(
        "growth",
        "Growing arrays",
        "Image-like float32 again, on two threads. Plain files end at 1 GiB, since larger ones wait for the disk.",
        list(growth()),
    ),
]

MEMORY = [
    MemoryRow("none", 128, joblib=True),
    MemoryRow("zlib", 128, joblib=True),
    MemoryRow("gzip", 128, joblib=True),
    MemoryRow("bz2", 32, joblib=True),
    MemoryRow("xz", 32, joblib=True),
    MemoryRow("lzma", 32, joblib=True),
    MemoryRow("zstd", 128, joblib=False),
    MemoryRow("lz4", 128, joblib=True),
    MemoryRow("snappy", 128, joblib=False),
    MemoryRow("lzo", 128, joblib=False),
    MemoryRow("blosc", 128, joblib=False),
]
