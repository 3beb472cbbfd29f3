"""The program ``demijohn``: ``python -m demijohn``, and the script of that name."""

from __future__ import annotations

import signal
import sys

from demijohn import _native


def main() -> int:
    """Run the program with the arguments of this process, and answer its exit status."""
    # The program stops at a signal by itself, unless that is ignored. Python would wait for it to end.
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    return _native.main(["demijohn", *sys.argv[1:]])


if __name__ == "__main__":
    sys.exit(main())
