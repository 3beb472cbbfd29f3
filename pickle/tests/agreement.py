"""The other side of agreement.rs: what Lib/pickle.py makes of pickles that have been tampered with.

    agreement.py DIR SEED COUNT [PICKLE...]   writes DIR/pickles, each with its length in four bytes before it, and
                                              DIR/answers, a line for each

Names are not imported: each is a class that only keeps what it is given. A line is `ok` and the value, spelled out as in
agreement.rs, or `no` and the exception.
"""

import io
import pathlib
import pickle
import pickletools
import random
import resource
import struct
import sys

import reference

MOST = 2000  # tokens of a value
OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]


class Recorder:
    """An instance of whatever class: what it was made of, and what it got afterwards."""

    def __new__(cls, *args, **kwargs):
        self = object.__new__(cls)
        self.made_of, self.items, self.pairs, self.states = (args, kwargs), [], [], []
        return self

    def __init__(self, *args, **kwargs):
        pass

    def append(self, item):
        self.items.append(item)

    def extend(self, items):
        self.items.extend(items)

    add = append

    def __setitem__(self, key, value):
        self.pairs.append((key, value))

    def __setstate__(self, state):
        self.states.append(state)


class Pairs(dict):
    """A dict that remembers the keys that were set twice, too."""

    def __init__(self):
        self.pairs = []

    def __setitem__(self, key, value):
        super().__setitem__(key, value)
        self.pairs.append((key, value))


class Unpickler(pickle._Unpickler):
    dispatch = dict(pickle._Unpickler.dispatch)

    def __init__(self, data):
        super().__init__(io.BytesIO(data), encoding="bytes")
        self.classes = {}

    def find_class(self, module, name):
        # As the original does, which then imports what has come out.
        if self.proto < 3 and self.fix_imports:
            if (module, name) in pickle._compat_pickle.NAME_MAPPING:
                module, name = pickle._compat_pickle.NAME_MAPPING[module, name]
            elif module in pickle._compat_pickle.IMPORT_MAPPING:
                module = pickle._compat_pickle.IMPORT_MAPPING[module]
        key = module, name
        return self.classes.setdefault(key, type("Named", (Recorder,), {"named": key}))

    def load_empty_dict(self):
        self.append(Pairs())

    def load_dict(self):
        items = self.pop_mark()
        pairs = Pairs()
        for i in range(0, len(items), 2):
            pairs[items[i]] = items[i + 1]
        self.append(pairs)

    def load_reduce(self):
        # As the unpickler in C; pickle.py takes whatever it can iterate over.
        if type(self.stack[-1]) is not tuple:
            raise TypeError("the arguments are no tuple")
        super().load_reduce()

    def load_newobj(self):
        if type(self.stack[-1]) is not tuple:
            raise TypeError("the arguments are no tuple")
        super().load_newobj()

    def load_newobj_ex(self):
        if type(self.stack[-2]) is not tuple:
            raise TypeError("the arguments are no tuple")
        super().load_newobj_ex()

    dispatch[pickle.EMPTY_DICT[0]] = load_empty_dict
    dispatch[pickle.DICT[0]] = load_dict
    dispatch[pickle.REDUCE[0]] = load_reduce
    dispatch[pickle.NEWOBJ[0]] = load_newobj
    dispatch[pickle.NEWOBJ_EX[0]] = load_newobj_ex


def spelled(text):
    """Text as UTF-8 in hexadecimal; what cannot be is only said to be so."""
    try:
        return text.encode().hex()
    except UnicodeEncodeError:
        return "?"


def call(value):
    """What a call makes that stands in for an opcode: its token, or None if it is no such call."""
    module, name = value.named
    args, kwargs = value.made_of
    if kwargs or value.items or value.pairs or value.states:
        return None
    if module == "builtins" and name in ("set", "frozenset") and len(args) == 1 and type(args[0]) is list:
        return name
    if module == "builtins" and name in ("bytes", "bytearray") and not args:
        return name + ":"
    if module == "builtins" and name == "bytearray" and len(args) == 1 and type(args[0]) is bytes:
        return "bytearray:" + args[0].hex()
    if (module, name) == ("_codecs", "encode") and len(args) == 2 and args[1] in ("latin1", "latin-1"):
        try:
            return "bytes:" + args[0].encode("latin-1").hex()
        except (AttributeError, UnicodeEncodeError):
            pass
    return None


def describe(root):
    tokens, waiting = [], [root]
    while waiting and len(tokens) < MOST:
        value = waiting.pop()
        kind, parts = type(value), []
        if value is None or kind is bool:
            token = str(value)
        elif kind is int:
            token = f"int:{value}" if value.bit_length() < 128 else "int:long"
        elif kind is float:
            token = "float:" + struct.pack(">d", value).hex()
        elif kind is str:
            token = "str:" + spelled(value)
        elif kind in (bytes, bytearray):
            token = f"{kind.__name__}:{value.hex()}"
        elif kind in (set, frozenset):
            token = kind.__name__  # in no order
        elif kind in (tuple, list):
            token, parts = f"{kind.__name__}:{len(value)}", value
        elif kind is Pairs:
            token, parts = f"dict:{len(value.pairs)}", [part for pair in value.pairs for part in pair]
        elif isinstance(value, type):
            token = "global:" + ":".join(map(spelled, value.named))
        else:
            token = call(value)
            if token is None:
                args, kwargs = value.made_of
                if value.named in (("collections", "OrderedDict"), ("collections", "Counter")):
                    value.pairs.clear()  # there, they are told as what it is called with
                given = [part for pair in kwargs.items() for part in pair]
                pairs = [part for pair in value.pairs for part in pair]
                token = "object:" + ":".join(map(spelled, value.named))
                token += f":{len(args)}:{len(kwargs)}:{len(value.items)}:{len(value.pairs)}:{len(value.states)}"
                parts = [*args, *given, *value.items, *pairs, *value.states]
        tokens.append(token)
        waiting.extend(reversed(parts))
    return " ".join(tokens)


def answer(data):
    try:
        return "ok " + describe(Unpickler(data).load())
    except Exception as error:  # refused, for whatever reason
        text = str(error).encode("ascii", "replace").decode().replace("\n", " ")
        return f"no {type(error).__name__}: {text:.200}"


def pieces(data):
    """A pickle as its opcodes, without frames, which would not fit any more."""
    ends = [at for _, _, at in pickletools.genops(data)][1:] + [len(data)]
    starts = [0, *ends[:-1]]
    cut = [data[start:end] for start, end in zip(starts, ends)]
    return [piece for piece in cut if piece[:1] != pickle.FRAME]


def tampered(rng, good):
    data, other = rng.choice(good), rng.choice(good)
    if rng.random() < 0.5:
        mine, theirs = pieces(data), pieces(other)
        for _ in range(rng.choice((1, 1, 2, 3))):
            at = rng.randrange(len(mine))
            to = min(len(mine), at + rng.choice((1, 1, 2, 5)))
            change = rng.randrange(5)
            if change == 0:
                del mine[at:to]
            elif change == 1:
                mine[at:at] = mine[at:to]
            elif change == 2:
                start = rng.randrange(len(theirs))
                mine[at:at] = theirs[start : start + rng.choice((1, 2, 5))]
            elif change == 3:
                mine[at] = rng.choice(OPCODES) + mine[at][1:]
            else:
                mine.insert(at, rng.choice(OPCODES))
            mine = mine or [b"."]
        return b"".join(mine)
    data = bytearray(data)
    for _ in range(rng.choice((1, 1, 2, 4))):
        at = rng.randrange(len(data))
        change = rng.randrange(5)
        if change == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
        elif change == 2:
            del data[at : at + rng.choice((1, 2, 8))]
        elif change == 3:
            data[at:at] = bytes(rng.randrange(256) for _ in range(rng.choice((1, 2, 8))))
        else:
            data[at : at + 1] = rng.choice(OPCODES)
        data = data or bytearray(b".")
    return bytes(data)


def originals(paths):
    good = []
    for name, value in (reference.VALUES | reference.objects()).items():
        for protocol in range(6):
            if not (name == "slots" and protocol < 2):
                good.append(pickle.dumps(value, protocol))
    good.extend(pathlib.Path(path).read_bytes() for path in paths)
    return [data for data in good if len(data) < 2000 and b"numpy" not in data and answer(data).startswith("ok")]


def main(folder, seed, count, *paths):
    # What lies about its length is refused for want of memory.
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
    rng = random.Random(int(seed))
    good = originals(paths)
    folder = pathlib.Path(folder)
    with open(folder / "pickles", "wb") as pickles, open(folder / "answers", "w") as answers:
        every = [*good, *(tampered(rng, good) for _ in range(int(count)))]
        for data in every:
            pickles.write(struct.pack("<I", len(data)) + data)
            answers.write(answer(data) + "\n")


main(*sys.argv[1:])
