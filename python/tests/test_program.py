"""``python -m demijohn``, and the script ``demijohn``."""

import io
import os
import pathlib
import signal
import subprocess
import sys
import sysconfig

import pytest

import demijohn

MODULE = [sys.executable, "-m", "demijohn"]
SCRIPT = pathlib.Path(sysconfig.get_path("scripts"), "demijohn")


def run(*args, program=MODULE, **options):
    return subprocess.run([*program, *args], capture_output=True, timeout=60, **options)


@pytest.mark.parametrize("program", [MODULE, [SCRIPT]], ids=["module", "script"])
def test_it_is_the_program(program, tmp_path):
    (tmp_path / "notes.txt").write_bytes(b"so much text\n" * 1000)
    done = run("compress", "--format", "xz", "notes.txt", program=program, cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert demijohn.detect(tmp_path / "notes.txt.xz") == "xz"
    done = run("cat", "notes.txt.xz", program=program, cwd=tmp_path)
    assert done.stdout == b"so much text\n" * 1000
    done = run("--version", program=program)
    assert done.stdout.decode() == f"demijohn {demijohn.__version__}\n"
    # Options of one dash are its own.
    done = run("compress", "-9c", "notes.txt", program=program, cwd=tmp_path)
    assert demijohn.decompress(done.stdout) == b"so much text\n" * 1000


def test_exit_statuses(tmp_path):
    assert run().returncode == 2
    assert run("no such verb").returncode == 2
    assert run("--help").returncode == 0
    missing = run("test", "missing", cwd=tmp_path)
    assert (missing.returncode, missing.stdout) == (1, b"")
    assert missing.stderr.startswith(b"demijohn: missing: no such file")
    (tmp_path / "evil.pkl").write_bytes(b"cos\nsystem\n(S'touch ran'\ntR.")
    assert run("scan", "evil.pkl", cwd=tmp_path).returncode == 3
    assert not (tmp_path / "ran").exists()


def test_pipes():
    done = run("compress", "--format", "gzip", input=b"so much text")
    assert demijohn.decompress(done.stdout) == b"so much text"
    done = run("cat", input=done.stdout)
    assert done.stdout == b"so much text"


@pytest.fixture
def hanging_up():
    """What nohup runs ignores SIGHUP, and the program handles no signal where it is to ignore one of its three."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


@pytest.mark.skipif(os.name != "posix", reason="skip: there are no signals like these")
@pytest.mark.usefixtures("hanging_up")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_it(number):
    begun = io.BytesIO()
    with demijohn.open(begun, "wb", compression="gzip") as file:
        file.write(b"so much text")
        file.flush()
        part = begun.getvalue()
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen([*MODULE, "cat"], **pipes) as program:
        program.stdin.write(part)
        program.stdin.flush()
        # It runs, and waits for the rest.
        assert program.stdout.read(12) == b"so much text"
        program.send_signal(number)
        assert program.wait(timeout=60) == 130
        assert program.stderr.read() == b""


@pytest.mark.skipif(os.name != "posix", reason="skip: there are no signals like these")
def test_the_handler_of_python_stays_where_it_is():
    # Only the process of the program has another one.
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


@pytest.mark.skipif(os.name != "posix", reason="skip: pipes end otherwise")
def test_who_stops_reading_is_no_failure():
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*MODULE, "codecs"], stdout=write, stderr=subprocess.PIPE, timeout=60)
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


@pytest.mark.skipif(os.name != "posix", reason="skip: names are text here")
def test_names_that_are_no_text(tmp_path):
    name = os.fsencode(tmp_path) + b"/\xff"
    with open(name, "wb") as file:
        file.write(b"so much text")
    done = run("compress", name)
    assert done.returncode == 0, done.stderr
    assert demijohn.detect(os.fsdecode(name) + ".zst") == "zstd"
