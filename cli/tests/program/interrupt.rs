//! Ctrl-C, at every place where the program may be waiting or working.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::process::{Child, Command};
use std::thread;
use std::time::{Duration, Instant};

use crate::util::{Dir, Ended, noise, skip};

/// What a person may be made to wait after Ctrl-C; much more than it takes, for slow machines.
const PATIENCE: Duration = Duration::from_secs(20);

/// Does the program handle signals here? It leaves them alone where whoever runs the tests ignores them.
fn signals_work() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .map_or(0, |mask| u64::from_str_radix(mask.trim(), 16).unwrap());
    // SIGHUP, SIGINT, SIGTERM.
    let works = [1, 2, 15].iter().all(|signal| ignored & 1 << (signal - 1) == 0);
    if !works {
        skip("SIGHUP, SIGINT or SIGTERM is ignored here, so the program does not handle them");
    }
    works
}

fn send(signal: &str, child: &Child) {
    let line = format!("kill -{signal} {}", child.id());
    assert!(Command::new("sh").args(["-c", &line]).status().unwrap().success());
}

/// Waits for the end, which must come some time.
fn end(child: Child) -> Ended {
    end_within(child, PATIENCE)
}

/// Waits for the end, which must come soon.
fn end_within(mut child: Child, patience: Duration) -> Ended {
    let started = Instant::now();
    while child.try_wait().unwrap().is_none() {
        if started.elapsed() > patience {
            child.kill().unwrap();
            panic!("the program goes on after the signal");
        }
        thread::sleep(Duration::from_millis(10));
    }
    Ended::of(child)
}

/// Long enough for the program to have installed its handler and begun to work.
fn let_it_begin() {
    thread::sleep(Duration::from_millis(400));
}

/// A directory with an old `notes.xz` that must survive.
fn with_old_file() -> Dir {
    let dir = Dir::new();
    dir.write("notes.xz", b"the old file");
    dir
}

fn is_untouched(dir: &Dir, names: &[&str]) {
    assert_eq!(dir.read("notes.xz"), b"the old file");
    assert_eq!(dir.names(), names);
}

#[test]
fn while_waiting_for_input() {
    if !signals_work() {
        return;
    }
    for signal in ["INT", "TERM", "HUP"] {
        let dir = with_old_file();
        let mut child = dir.demijohn(["compress", "-f", "-o", "notes.xz"]).start();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(&noise(300_000)).unwrap();
        let_it_begin();
        send(signal, &child);
        // Sooner than a program that is stuck would be ended.
        let ended = end_within(child, Duration::from_secs(2)).status(130);
        assert_eq!(ended.stderr(), "");
        is_untouched(&dir, &["notes.xz"]);
        drop(stdin);
    }
}

#[test]
fn while_working_on_a_file() {
    if !signals_work() {
        return;
    }
    let dir = with_old_file();
    dir.write("notes", noise(64 << 20));
    let child = dir
        .demijohn(["compress", "-9f", "--format", "xz", "--rm", "notes"])
        .start();
    let_it_begin();
    send("INT", &child);
    end(child).status(130);
    is_untouched(&dir, &["notes", "notes.xz"]);
}

#[test]
fn while_several_files_wait_their_turn() {
    if !signals_work() {
        return;
    }
    let dir = with_old_file();
    dir.write("a", noise(64 << 20));
    dir.write("b", b"small");
    let child = dir
        .demijohn(["compress", "-9", "--format", "xz", "a", "b"])
        .start();
    let_it_begin();
    send("INT", &child);
    end(child).status(130);
    is_untouched(&dir, &["a", "b", "notes.xz"]);
}

#[test]
fn while_converting() {
    if !signals_work() {
        return;
    }
    let dir = with_old_file();
    dir.write("notes", noise(64 << 20));
    for from in ["notes", "-"] {
        let args = ["convert", "-9f", from, "notes.xz"];
        let mut child = dir.demijohn(args).start();
        let mut stdin = child.stdin.take().unwrap();
        stdin.write_all(b"not all there is").unwrap();
        let_it_begin();
        send("INT", &child);
        let ended = end_within(child, Duration::from_secs(10)).status(130);
        assert_eq!(ended.stderr(), "");
        is_untouched(&dir, &["notes", "notes.xz"]);
        drop(stdin);
    }
}

#[test]
fn while_nobody_reads_the_output() {
    if !signals_work() {
        return;
    }
    let dir = Dir::new();
    dir.write("notes", noise(4 << 20));
    dir.demijohn(["compress", "notes"]).run().ok();
    let mut child = dir.demijohn(["cat", "notes.zst"]).start();
    // Kept open, not read.
    let stdout = child.stdout.take();
    let_it_begin();
    send("INT", &child);
    end(child).status(130);
    drop(stdout);
}

#[test]
fn while_waiting_for_a_stream_to_check() {
    if !signals_work() {
        return;
    }
    let dir = Dir::new();
    for verb in ["cat", "test", "decompress"] {
        let mut child = dir.demijohn([verb]).start();
        let stdin = child.stdin.take();
        let_it_begin();
        send("INT", &child);
        end(child).status(130);
        drop(stdin);
    }
}

#[test]
fn while_a_demo_has_files_in_a_temporary_directory() {
    if !signals_work() {
        return;
    }
    let dir = Dir::new();
    let child = dir.demijohn(["demo"]).env("TMPDIR", dir.path("")).start();
    let has_gzip = || {
        let scratch = dir.names().pop();
        scratch.is_some_and(|scratch| dir.path(&scratch).join("demo.pkl.gz").exists())
    };
    let wait_for = |there: bool| {
        let started = Instant::now();
        while has_gzip() != there {
            assert!(
                started.elapsed() < PATIENCE,
                "the file of gzip does not come and go"
            );
            thread::sleep(Duration::from_millis(2));
        }
    };
    // When that file has come and gone, bz2 is at work, which takes longer than the program is given to stop.
    wait_for(true);
    wait_for(false);
    assert_eq!(dir.names().len(), 1);
    send("INT", &child);
    end(child).status(130);
    assert!(dir.names().is_empty(), "{:?}", dir.names());
}

#[test]
fn while_measuring() {
    if !signals_work() {
        return;
    }
    let dir = Dir::new();
    dir.write("notes", noise(1 << 20));
    // In the midst of many short runs, and of a long one.
    for args in [
        &["--formats=snappy", "--min-time=100", "notes"][..],
        &["--formats=xz", "--levels=9", "--sample=64M", "/dev/urandom"],
    ] {
        let child = dir.demijohn([&["bench"], args].concat()).start();
        let_it_begin();
        send("INT", &child);
        let ended = end(child).status(130);
        assert_eq!((ended.stdout(), ended.stderr()), (&b""[..], ""));
    }
}

#[test]
fn the_unfinished_copy_of_a_private_file_is_private() {
    let dir = Dir::new();
    dir.write("notes", noise(64 << 20));
    fs::set_permissions(dir.path("notes"), Permissions::from_mode(0o600)).unwrap();
    let mut child = dir
        .demijohn(["compress", "-9", "--format", "xz", "notes"])
        .start();
    // The file has no name yet, but the process has it open.
    let fds = format!("/proc/{}/fd", child.id());
    let unfinished = || {
        let fds = fs::read_dir(&fds).into_iter().flatten().flatten();
        fds.map(|fd| fd.path())
            .find(|fd| fs::read_link(fd).is_ok_and(|to| to.starts_with(dir.path("")) && !to.exists()))
    };
    let started = Instant::now();
    let file = loop {
        match unfinished() {
            Some(file) => break file,
            None if started.elapsed() > PATIENCE => {
                child.kill().unwrap();
                child.wait().unwrap();
                skip("no unnamed file shows under /proc");
                return;
            }
            None => thread::sleep(Duration::from_millis(5)),
        }
    };
    let mode = fs::metadata(file).unwrap().mode();
    child.kill().unwrap();
    child.wait().unwrap();
    assert_eq!(mode & 0o7777, 0o600);
    assert_eq!(dir.names(), ["notes"], "and a killed program leaves none");
}

#[test]
fn twice_ends_at_once() {
    if !signals_work() {
        return;
    }
    let dir = with_old_file();
    // A FIFO without a reader: opening it waits for ever, with an output about to be written.
    assert!(
        Command::new("mkfifo")
            .arg(dir.path("fifo"))
            .status()
            .unwrap()
            .success()
    );
    let mut child = dir.demijohn(["compress", "-o", "fifo"]).start();
    let stdin = child.stdin.take();
    let_it_begin();
    send("INT", &child);
    thread::sleep(Duration::from_secs(1));
    assert!(
        child.try_wait().unwrap().is_none(),
        "the first one lets it clean up"
    );
    send("INT", &child);
    end_within(child, Duration::from_millis(1500)).status(130);
    drop(stdin);
}

#[test]
fn ignored_signals_stay_ignored() {
    if !signals_work() {
        return;
    }
    let dir = Dir::new();
    // As nohup does it.
    let mut child = dir
        .command(
            "sh",
            [
                "-c",
                "trap '' HUP; exec \"$0\" compress -o notes.zst",
                env!("CARGO_BIN_EXE_demijohn"),
            ],
        )
        .start();
    let_it_begin();
    send("HUP", &child);
    let_it_begin();
    child.stdin.take().unwrap().write_all(b"hello").unwrap();
    end(child).status(0);
    assert_eq!(dir.demijohn(["cat", "notes.zst"]).run().ok(), b"hello");
}
