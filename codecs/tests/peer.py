"""Python's coders, for the tests in `tools/`: one process, any number of streams.

A request on standard input is a line of JSON and then its data; an answer on standard output looks the same.

    {"peer": NAME, "do": "encode" | "decode", "len": BYTES, ...}    what else there is, the peer takes as options
    {"len": BYTES}, or {"error": TEXT}
    {"has": [MODULE, ...]}                                          answered without data, by an error where one lacks
"""

import importlib
import inspect
import io
import json
import os
import sys
import tempfile


def module(name):
    """Imported with the first need of it, so that others work where it is missing."""
    if name == "bloscpack":
        revive_bloscpack()
    return importlib.import_module(name)


def revive_bloscpack():
    """bloscpack 0.16 uses two names that went away: with Python 3.10 and with Python 3.11."""
    import collections.abc

    collections.MutableMapping = collections.abc.MutableMapping
    inspect.getargspec = inspect.getfullargspec


PEERS = {}


def peer(name):
    def add(cls):
        PEERS[name] = cls
        return cls

    return add


def pieces(data, size):
    return (data[at : at + size] for at in range(0, len(data), size))


@peer("functions")
class Functions:
    """`compress` and `decompress` of a module; what else they are given stands in the request."""

    def encode(data, module_name, **options):
        return module(module_name).compress(data, **options)

    def decode(data, module_name, **options):
        return module(module_name).decompress(data, **options)


@peer("files")
class Files:
    """The file object of a module, in small pieces; it says how far it came."""

    def encode(data, module_name, **options):
        coded = io.BytesIO()
        with module(module_name).open(coded, "wb", **options) as file:
            for piece in pieces(data, 79_190):
                file.write(piece)
        return coded.getvalue()

    def decode(data, module_name):
        plain = bytearray()
        with module(module_name).open(io.BytesIO(data)) as file:
            while piece := file.read(7919):
                plain += piece
                assert file.tell() == len(plain)
        return plain


@peer("snappy")
class Snappy:
    """python-snappy's streams. Compressing makes a chunk, or several, of each piece."""

    def encode(data, piece):
        compressor = module("snappy").StreamCompressor()
        return b"".join(map(compressor.add_chunk, pieces(data, piece))) + compressor.flush()

    def decode(data, piece=50_000):
        decompressor = module("snappy").StreamDecompressor()
        plain = b"".join(map(decompressor.decompress, pieces(data, piece)))
        return plain + decompressor.flush()


@peer("zstandard")
class Zstandard:
    def encode(data, level, stream=False, **options):
        compressor = module("zstandard").ZstdCompressor(level=level, **options)
        if not stream:
            return compressor.compress(data)
        coded = io.BytesIO()
        # Flushed in between, its size unknown.
        with compressor.stream_writer(coded, closefd=False) as writer:
            for piece in pieces(data, 150_000):
                writer.write(piece)
                writer.flush()
        return coded.getvalue()

    def decode(data):
        # `decompress` wants to know the size beforehand, and takes the first frame only.
        return module("zstandard").ZstdDecompressor().stream_reader(data, read_across_frames=True).read()


@peer("numcodecs")
class Numcodecs:
    def codec(options):
        return module("numcodecs").get_codec(options)

    def encode(data, **options):
        return Numcodecs.codec(options).encode(data)

    def decode(data, **options):
        return Numcodecs.codec(options).decode(data)


@peer("bloscpack")
class Bloscpack:
    """bloscpack on bytes, on files (`files`) and on arrays of a dtype (`dtype`, `shape`, `order`)."""

    def arguments(chunk_size="1M", metadata=None, blosc=None, pack=None, meta=None):
        bloscpack = module("bloscpack")
        meta = dict(meta or {})
        return {
            "chunk_size": chunk_size,
            "metadata": metadata,
            "blosc_args": bloscpack.BloscArgs(**(blosc or {})),
            "bloscpack_args": bloscpack.BloscpackArgs(**(pack or {})),
            "metadata_args": bloscpack.MetadataArgs(**meta),
        }

    def encode(data, files=False, dtype=None, shape=None, order="C", **options):
        bloscpack = module("bloscpack")
        arguments = Bloscpack.arguments(**options)
        if dtype:
            numpy = module("numpy")
            dtype = [tuple(field) for field in dtype] if isinstance(dtype, list) else dtype
            array = numpy.frombuffer(data, dtype).reshape(shape, order=order)
            del arguments["metadata"]
            return bloscpack.pack_ndarray_to_bytes(array, **arguments)
        if files:
            return Bloscpack.through_files(data, bloscpack.pack_file_to_file, **arguments)
        return bloscpack.pack_bytes_to_bytes(data, **arguments)

    def decode(data, files=False):
        bloscpack = module("bloscpack")
        if files:
            return Bloscpack.through_files(data, bloscpack.unpack_file_from_file)
        return bloscpack.unpack_bytes_from_bytes(data)[0]

    def through_files(data, run, **arguments):
        with tempfile.TemporaryDirectory() as folder:
            before, after = (os.path.join(folder, name) for name in ("before", "after"))
            with open(before, "wb") as file:
                file.write(data)
            run(before, after, **arguments)
            with open(after, "rb") as file:
                return file.read()


@peer("chunks of bloscpack")
class Chunks:
    """The chunks in a bloscpack file, which bloscpack finds and numcodecs decodes with a c-blosc of its own."""

    def decode(data):
        module("bloscpack")
        source = module("bloscpack.file_io").CompressedFPSource(io.BytesIO(data))
        blosc = module("numcodecs").blosc
        # numcodecs takes a chunk of no bytes for a damaged one.
        return b"".join(blosc.decompress(chunk) for chunk, _ in source if chunk[4:8] != bytes(4))


def answer(request, data):
    if "has" in request:
        for name in request["has"]:
            module(name)
        return b""
    options = {key: value for key, value in request.items() if key not in ("peer", "do", "len")}
    return getattr(PEERS[request["peer"]], request["do"])(data, **options)


def main():
    requests, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "wb")
    # What a module prints must not come between the answers.
    os.dup2(2, 1)
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request.get("len", 0))
        try:
            made = bytes(answer(request, data))
            said = {"len": len(made)}
        except Exception as error:
            made, said = b"", {"error": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(said).encode() + b"\n" + made)
        answers.flush()


main()
