//! What a child asks the system for, by `strace`, which can also make a call fail or kill the caller.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::path::Path;
use std::process::Command;

use crate::{Act, Good, NEW, outside};

/// Calls that nobody makes by accident, around what is looked at.
const MARK: &str = "/demijohn-test-mark/";

/// How strace ends the first part of a call that it says in two.
const UNFINISHED: &str = " <unfinished ...>";

pub(crate) fn mark(what: &str) {
    let _ = std::fs::read_link(format!("{MARK}{what}"));
}

/// A system call of a child, told by how many of its name came before.
pub(crate) struct Call {
    name: String,
    nth: usize,
}

impl Call {
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether it is one whose failure is the dump's business, not the allocator's or that of threads.
    pub(crate) fn is_about_files(&self) -> bool {
        ![
            "mmap",
            "munmap",
            "brk",
            "mremap",
            "madvise",
            "mprotect",
            "futex",
            "getrandom",
            "sched_yield",
            "rt_sigprocmask",
        ]
        .contains(&&*self.name)
    }

    pub(crate) fn inject(&self, what: &str) -> String {
        format!("inject={}:{what}:when={}", self.name, self.nth)
    }
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} number {}", self.name, self.nth)
    }
}

/// The program.
pub(crate) struct Strace(());

impl Strace {
    /// Nothing, with a word about it, where it is not installed or may not trace.
    pub(crate) fn found() -> Option<Self> {
        let traced = Command::new("strace").args(["-o", "/dev/null", "true"]).output();
        if traced.is_ok_and(|output| output.status.success()) {
            return Some(Strace(()));
        }
        outside::skip("strace is not installed or may not trace");
        None
    }

    /// Runs a child with one of its calls tampered with; its exit code, unless it was killed.
    pub(crate) fn run(&self, act: Act, inject: &str) -> Option<i32> {
        let act = act.under(["strace", "-f", "-qq", "-o", "/dev/null", "-e", inject]);
        act.command().status().unwrap().code()
    }

    /// All that the thread of a child asks for which makes the marks, a line for each call; and which of them are
    /// between the marks.
    fn lines(&self, act: Act) -> (Vec<String>, Range<usize>) {
        let out = tempfile::NamedTempFile::new().unwrap();
        let path = out.path().display().to_string();
        // All data, in hexadecimal digits.
        let act = act.under(["strace", "-f", "-qq", "-xx", "-s", "100000", "-o", &path]);
        assert!(act.command().status().unwrap().success());
        let log = std::fs::read_to_string(out.path()).unwrap();
        let split = || log.lines().filter_map(|line| line.split_once(' '));
        let (thread, _) = split().find(|(_, line)| is_mark(line)).expect("a mark");
        let own = split().filter(|(id, _)| *id == thread);
        let mut lines: Vec<String> = Vec::new();
        for (_, line) in own {
            // A call during which another thread made one is in two parts.
            match (lines.last_mut(), line.split_once(" resumed>")) {
                (Some(last), Some((_, rest))) if last.ends_with(UNFINISHED) => {
                    last.truncate(last.len() - UNFINISHED.len());
                    last.push_str(rest);
                }
                _ => lines.push(line.trim_start().to_owned()),
            }
        }
        let mut marks = (0..lines.len()).filter(|&i| is_mark(&lines[i]));
        let (begin, end) = (marks.next().expect("a mark"), marks.next().expect("a mark"));
        (lines, begin + 1..end)
    }

    /// The calls that a dump makes over the file.
    pub(crate) fn calls_of(&self, good: &Good, act: &str) -> Vec<Call> {
        // strace counts the calls of each thread, too.
        let mut count = HashMap::new();
        let (lines, inside) = self.lines(good.act(act, NEW));
        let mut calls = Vec::new();
        for (i, line) in lines.iter().enumerate() {
            let Some((name, _)) = line.split_once('(') else {
                continue;
            };
            let nth = *count.entry(name).and_modify(|n| *n += 1).or_insert(1);
            // The mark at the end too: before it, everything has been done.
            if (inside.start..=inside.end).contains(&i) {
                let name = name.to_owned();
                calls.push(Call { name, nth });
            }
        }
        calls
    }

    /// What a dump does to the disk.
    pub(crate) fn events_of(&self, act: Act, target: &Path) -> Vec<Event> {
        let (lines, inside) = self.lines(act);
        lines[inside]
            .iter()
            .filter_map(|line| event(line, target))
            .collect()
    }
}

fn is_mark(line: &str) -> bool {
    line.contains("readlink") && line.contains(&hex(MARK))
}

fn hex(text: &str) -> String {
    text.bytes().map(|byte| format!("\\x{byte:02x}")).collect()
}

/// The bytes of the first string in a line.
fn data(line: &str) -> Vec<u8> {
    let text = line.split('"').nth(1).unwrap_or("");
    let digits = text.split("\\x").skip(1);
    digits.map(|two| u8::from_str_radix(two, 16).unwrap()).collect()
}

/// What matters to a disk.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Event {
    /// More of the new file.
    Write(Vec<u8>),
    /// The new file is to be on the disk.
    Sync,
    /// It is to have the name of the old one.
    Rename,
    /// The names are to be on the disk.
    SyncNames,
}

fn event(line: &str, target: &Path) -> Option<Event> {
    let (name, rest) = line.split_once('(')?;
    let directory = target.parent()?.to_str()?.as_bytes();
    match name {
        "write" => {
            let written: usize = rest.rsplit_once("= ")?.1.trim().parse().unwrap();
            Some(Event::Write(data(rest)[..written].to_vec()))
        }
        "fsync" | "fdatasync" => Some(Event::Sync),
        "rename" | "renameat" | "renameat2" => {
            assert!(rest.contains(&hex(target.to_str().unwrap())), "{line}");
            Some(Event::Rename)
        }
        // Only to be synced; `O_TMPFILE` has the bit of a directory, too.
        "openat" if data(rest) == directory && !rest.contains("TMPFILE") => Some(Event::SyncNames),
        _ => None,
    }
}

/// All that the path may hold if the power goes after these calls: of what has not been synced, anything may be missing.
pub(crate) fn after_a_power_cut(events: &[Event], old: &[u8]) -> Vec<Vec<u8>> {
    let mut synced: Vec<&[u8]> = Vec::new();
    let mut waiting: Vec<&[u8]> = Vec::new();
    let (mut renamed, mut opened, mut kept) = (false, false, false);
    for event in events {
        match event {
            Event::Write(bytes) => waiting.push(bytes),
            // The folder is opened for nothing else.
            Event::Sync if opened => kept |= renamed,
            Event::Sync => synced.append(&mut waiting),
            Event::Rename => renamed = true,
            Event::SyncNames => opened = true,
        }
    }
    let mut states = Vec::new();
    if !kept {
        states.push(old.to_vec());
    }
    if renamed {
        // Any of them, in any order: each is there or not, and what is missing in front of other data is a hole.
        let holes: Vec<Vec<u8>> = waiting.iter().map(|bytes| vec![0; bytes.len()]).collect();
        let mut without = vec![Vec::new()];
        assert!(waiting.len() < 16, "too many writes to try every set of them");
        for set in 1..1_u32 << waiting.len() {
            let last = set.ilog2() as usize;
            let is_there = |i: usize| set >> i & 1 == 1;
            let some = |i: usize| if is_there(i) { waiting[i] } else { &holes[i][..] };
            without.push((0..=last).map(some).collect::<Vec<&[u8]>>());
            // The last one in half.
            let mut cut: Vec<&[u8]> = (0..last).map(some).collect();
            cut.push(&waiting[last][..waiting[last].len() / 2]);
            without.push(cut);
        }
        // The length alone.
        without.push(holes.iter().map(Vec::as_slice).collect());
        states.extend(without.iter().map(|rest| [&*synced, rest].concat().concat()));
    }
    states
}

pub(crate) fn a_file_renamed_before_it_is_synced_may_be_lost() {
    let write = Event::Write(b"new".to_vec());
    let good = [
        write.clone(),
        Event::Sync,
        Event::Rename,
        Event::SyncNames,
        Event::Sync,
    ];
    assert_eq!(after_a_power_cut(&good[..1], b"old"), [b"old"]);
    assert!(after_a_power_cut(&good[..4], b"old").contains(&b"old".to_vec()));
    assert!(
        after_a_power_cut(&good, b"old")
            .iter()
            .all(|state| state == b"new")
    );
    let bad = [write.clone(), write, Event::Rename, Event::SyncNames, Event::Sync];
    let states = after_a_power_cut(&bad, b"old");
    for state in [
        &b""[..],
        b"n",
        b"new",
        b"newn",
        b"newnew",
        b"\0\0\0new",
        b"\0\0\0n",
        b"\0\0\0\0\0\0",
    ] {
        assert!(states.iter().any(|found| found == state), "{state:?}");
    }
}
