"""compare.py FIXTURES COPIES: what stock joblib loads from each file in COPIES is what FIXTURES hold.

Both sides are described as in the manifest, of which the copies are to have the description: of the file of the same
name as joblib loads it, or, where joblib cannot load that, the manifest's own.
"""

import collections
import json
import pathlib
import sys
import types
import unittest.mock
import warnings

import joblib
import joblib.numpy_pickle
import joblib.numpy_pickle_compat
import numpy as np

fixtures, copies = map(pathlib.Path, sys.argv[1:])
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "fixtures"))
from make_fixtures import Describer, without_gaps

# A class that one of the files names.
module = types.ModuleType("fixture_types")
module.NT = collections.namedtuple("NT", "a b", module="fixture_types")
sys.modules["fixture_types"] = module
warnings.simplefilter("ignore")


def described(path, protocol):
    return Describer(protocol).node(joblib.load(path))


def with_matrices(wrapper):
    """Has a class of joblib's read a matrix where it names one.

    joblib asks a subclass for `__array_prepare__`, which numpy 2 took away: it loads a matrix of its own as an array.
    """
    read = wrapper.read

    def restored(self, *args):
        array = read(self, *args)
        return array.view(np.matrix) if self.subclass is np.matrix else array

    return unittest.mock.patch.object(wrapper, "read", restored)


def dumped(path, protocol):
    """What was dumped into a file of joblib's. Copies get no such help: they are to be what they were by themselves."""
    with (
        with_matrices(joblib.numpy_pickle.NumpyArrayWrapper),
        with_matrices(joblib.numpy_pickle_compat.NDArrayWrapper),
    ):
        return described(path, protocol)


def comparable(node, old):
    """A node without what cannot be equal.

    numpy 2 does not see in files for numpy 1 that fields are aligned.
    """
    text = json.dumps(without_gaps(node))
    return json.loads(text, object_hook=lambda node: {k: v for k, v in node.items() if not (old and k == "aligned")})


count, wrong = 0, []
for entry in json.loads((fixtures / "manifest.json").read_text())["files"]:
    name, protocol = entry["file"], entry["protocol"]
    for copy in sorted(copies.glob(name.replace("/", "+") + "+*")):
        count += 1
        try:
            if not entry.get("beyond_joblib") and "start_offset" not in entry and "values" not in entry:
                expected = dumped(fixtures / name, protocol)
            elif entry.get("python2"):
                continue  # Its texts are bytes of Python 2, which joblib refuses.
            else:
                number = int(copy.name.rsplit("+", 1)[1])
                expected = entry["values"][number] if "values" in entry else entry["value"]
            old = "+old+" in copy.name
            if comparable(described(copy, protocol), old) != comparable(expected, old):
                wrong.append(f"{copy.name}: differs")
        except Exception as error:  # Whatever it is, it is to be reported.
            wrong.append(f"{copy.name}: {error!r}")
print(f"{count} copies, {len(wrong)} wrong", *wrong, sep="\n")
sys.exit(bool(wrong) or not count)
