//! Killed at any time, and before each system call.

use std::fs;
use std::time::{Duration, Instant};

use crate::effort::rounds;
use crate::trace::{self, Strace};
use crate::{FAILED, FORMATS, Good, NEW, OLD, number};

/// A process killed at any time leaves an object.
pub(crate) fn at_any_time() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    for format in FORMATS {
        let good = Good::file(format);
        let begun = good.folder.path().join("begun");
        let (mut kills, mut strays) = (0, 0);
        for round in rounds(40, 1000) {
            let mut child = good.act("dump for ever", 1000).command().spawn().unwrap();
            let start = Instant::now();
            while !begun.exists() {
                assert!(start.elapsed() < Duration::from_secs(60), "nothing is dumped");
                std::thread::sleep(Duration::from_micros(200));
            }
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            std::thread::sleep(Duration::from_micros(seed % 10_000));
            child.kill().unwrap();
            child.wait().unwrap();
            let whole = number(&good.path);
            assert!(whole >= 1000, "{format}, kill {round}: object {whole}");
            fs::remove_file(&begun).unwrap();
            // Between naming a file and renaming it, there is a moment in which it stays.
            for name in good.strays() {
                strays += 1;
                fs::remove_file(good.folder.path().join(name)).unwrap();
            }
            kills += 1;
        }
        println!("{format}: killed {kills} times, {strays} temporary files left");
        assert!(
            strays * 5 <= kills,
            "{format}: {strays} files left by {kills} kills"
        );
    }
}

/// A process killed before any of its system calls leaves the old object or the new one.
pub(crate) fn before_each_system_call() {
    let Some(strace) = Strace::found() else { return };
    for format in FORMATS {
        let calls = strace.calls_of(&Good::file(format), "dump");
        let (mut old, mut new) = (0, 0);
        for call in &calls {
            let good = Good::file(format);
            let what = format!("{format}, killed before {call:?}");
            strace.run(good.act("dump", NEW), &call.inject("signal=KILL"));
            match number(&good.path) {
                OLD => old += 1,
                NEW => new += 1,
                other => panic!("{what}: object {other}"),
            }
            if !matches!(
                call.name(),
                "close" | "rename" | "renameat" | "renameat2" | "unlink"
            ) {
                good.is_clean(&what);
            }
        }
        println!(
            "{format}: killed before each of {} calls: {old} old, {new} new",
            calls.len()
        );
        assert!(old > 0 && new > 0, "{format}: no call was hit");
    }
}

/// A system call that fails leaves the old object and nothing else.
pub(crate) fn each_system_call_fails() {
    let Some(strace) = Strace::found() else { return };
    for format in FORMATS {
        let calls = strace.calls_of(&Good::file(format), "dump");
        let mut failed = 0;
        for error in ["ENOSPC", "EIO", "EINTR"] {
            for call in calls.iter().filter(|call| call.is_about_files()) {
                // What signals interrupt; a descriptor is closed all the same, and nobody can try that again.
                let passes = error == "EINTR" && matches!(call.name(), "open" | "openat" | "write");
                let good = Good::file(format);
                let what = format!("{format}, {error} from {call:?}");
                let code = strace.run(good.act("dump", NEW), &call.inject(&format!("error={error}")));
                let dumped = code == Some(0);
                assert!(
                    dumped || code == Some(FAILED.into()),
                    "{what}: ends with {code:?}"
                );
                assert!(dumped || !passes, "{what}: a signal ends the dump");
                let kept = if dumped { NEW } else { OLD };
                assert_eq!(number(&good.path), kept, "{what}");
                good.is_clean(&what);
                failed += usize::from(!dumped);
            }
        }
        println!("{format}: {failed} dumps failed");
        assert!(failed > 0, "{format}: nothing failed");
    }
}

/// A system call that fails while an object is loaded is an error, or makes no difference.
pub(crate) fn each_system_call_of_a_load_fails() {
    let Some(strace) = Strace::found() else { return };
    for format in FORMATS {
        let good = Good::file(format);
        let calls = strace.calls_of(&good, "load");
        let (mut failed, mut loaded) = (0, 0);
        for error in ["EIO", "EINTR"] {
            for call in calls.iter().filter(|call| call.is_about_files()) {
                let what = format!("{format}, {error} from {call:?}");
                // What is loaded is held to what it should be by who loads it.
                match strace.run(good.act("load", OLD), &call.inject(&format!("error={error}"))) {
                    Some(0) => loaded += 1,
                    Some(code) if code == FAILED.into() => {
                        let reads = matches!(call.name(), "open" | "openat" | "read" | "pread64");
                        assert!(error != "EINTR" || !reads, "{what}: a signal ends it");
                        failed += 1;
                    }
                    other => panic!("{what}: ends with {other:?}"),
                }
            }
        }
        println!("{format}: {failed} loads failed, {loaded} did not");
        assert!(failed > 0, "{format}: nothing failed");
    }
}

/// A power cut leaves the old object or the new one, and the new one once that was said to be there.
pub(crate) fn power_cut() {
    let Some(strace) = Strace::found() else { return };
    for format in FORMATS {
        let good = Good::file(format);
        let old = fs::read(&good.path).unwrap();
        let events = strace.events_of(good.act("dump and sync", NEW), &good.path);
        let new = fs::read(&good.path).unwrap();
        let disk = good.folder.path().join("disk");
        let mut states = 0;
        for cut in 0..=events.len() {
            for content in trace::after_a_power_cut(&events[..cut], &old) {
                fs::write(&disk, &content).unwrap();
                let found = number(&disk);
                assert!(found == OLD || found == NEW, "{format}, cut after {cut} calls");
                assert!(
                    content == old || content == new,
                    "{format}, cut after {cut} calls"
                );
                // Whoever has been told that it is there finds it there.
                assert!(
                    cut < events.len() || found == NEW,
                    "{format}: lost after it was synced"
                );
                states += 1;
            }
        }
        println!(
            "{format}: {states} states of the disk after {} calls",
            events.len()
        );
        assert!(states > events.len(), "{format}: {events:?}");
    }
}
