//! What a process opens and whom it talks to, by `strace`. Included by `#[path]`, beside `outside`.

#![allow(dead_code, reason = "no test needs everything")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use super::outside;

/// Whatever could be reached by a system call that is not about an open file.
const TRACED: &str = "trace=open,openat,openat2,creat,execve,execveat,fork,vfork,%network";

/// What glibc's allocator reads when a thread gives memory back.
const ALLOCATOR: &str = "/proc/sys/vm/overcommit_memory";

#[derive(Debug, Default)]
pub(crate) struct Opened {
    /// By path.
    paths: BTreeSet<String>,
    /// By name in an open folder, and only if that is no link.
    beside: BTreeSet<String>,
    /// All other calls: programs that are started, and the network.
    others: Vec<String>,
}

impl Opened {
    /// What a command, given as a program and its arguments, opens until it ends, however it ends. `None`, with a word about
    /// it, where strace is not installed or may not trace.
    pub(crate) fn by(command: &Command) -> Option<Self> {
        let works = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
        if !works.is_ok_and(|output| output.status.success()) {
            outside::skip("strace is not installed or may not trace");
            return None;
        }
        let log = tempfile::NamedTempFile::new().unwrap();
        let mut traced = Command::new("strace");
        traced.args(["-f", "-qq", "-s", "4096", "-e", "signal=none", "-e", TRACED, "-o"]);
        traced
            .arg(log.path())
            .arg(command.get_program())
            .args(command.get_args());
        traced.envs(command.get_envs().filter_map(|(key, value)| Some((key, value?))));
        let output = traced.output().unwrap();
        let calls = fs::read_to_string(log.path()).unwrap();
        let ended = output.status.code().is_some_and(|code| code <= 3);
        assert!(ended, "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
        let mut opened = Self::default();
        // The first call starts the program itself.
        for line in calls.lines().skip(1) {
            opened.note(line);
        }
        Some(opened)
    }

    fn note(&mut self, line: &str) {
        let call = line.split_once(' ').map_or("", |(_, call)| call.trim_start());
        // The rest of a call that another thread's came into.
        if call.starts_with("<... ") {
            return;
        }
        let quoted = call.split('"').nth(1).unwrap_or_default().to_owned();
        if call.starts_with("open(") || call.starts_with("openat(AT_FDCWD, ") {
            self.paths.insert(quoted);
        } else if call.starts_with("openat(") && !quoted.contains('/') && call.contains("O_NOFOLLOW") {
            self.beside.insert(quoted);
        } else {
            self.others.push(call.to_owned());
        }
    }

    /// What either of two runs opened.
    pub(crate) fn and(mut self, other: Self) -> Self {
        self.paths.extend(other.paths);
        self.beside.extend(other.beside);
        self.others.extend(other.others);
        self
    }

    /// Makes sure that this is no more than another run opened, but for files right in this folder, one of which at least was
    /// opened.
    pub(crate) fn assert_within(&self, other: &Self, folder: &Path) {
        let of_folder = |path: &&String| {
            let inside = Path::new(path).strip_prefix(folder);
            inside.is_ok_and(|name| name.components().count() <= 1 && !path.ends_with('/'))
        };
        let (inside, outside): (Vec<_>, Vec<_>) = self.paths.iter().partition(of_folder);
        assert!(inside.len() > 1, "it opened nothing of what it was to read");
        let strange: Vec<_> = outside
            .into_iter()
            .filter(|path| *path != ALLOCATOR && !other.paths.contains(*path))
            .collect();
        assert!(strange.is_empty(), "it opened {strange:?}");
        let others: Vec<_> = self
            .others
            .iter()
            .filter(|call| !other.others.contains(call))
            .collect();
        assert!(others.is_empty(), "it called {others:?}");
        let up: Vec<_> = self
            .beside
            .iter()
            .filter(|name| *name == "." || *name == "..")
            .collect();
        assert!(up.is_empty(), "it went to {up:?}");
    }
}
