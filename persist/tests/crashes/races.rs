//! Several processes at one path.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use crate::effort::rounds;
use crate::{Good, OLD, number};

/// How often each process dumps, and how many numbers.
pub(crate) const DUMPS: usize = 25;
pub(crate) const LEN: u32 = 20_000;

/// Threads that read meanwhile.
const READERS: usize = 2;

pub(crate) fn processes_that_dump_to_one_path_do_not_mix() {
    for format in ["none", "zlib"] {
        // 10,000 dumps, if it is to be much.
        for (writers, much) in [(2, 200), (8, 50)] {
            let good = Good::file(format);
            let (mut dumps, mut loads) = (0, 0);
            for _ in rounds(1, much) {
                loads += a_race(&good, writers);
                dumps += writers as usize * DUMPS;
                good.is_clean(format);
            }
            println!("{format}: {dumps} dumps of {writers} processes, {loads} loads, nothing mixed");
        }
    }
}

/// How often the object has been loaded while so many processes have dumped theirs.
fn a_race(good: &Good, writers: u32) -> usize {
    let over = AtomicBool::new(false);
    let read = || {
        let mut loads = 0;
        while !over.load(Ordering::Relaxed) {
            let found = number(&good.path);
            assert!(
                found == OLD || (10..10 + writers).contains(&found),
                "{}: object {found}",
                good.format
            );
            loads += 1;
        }
        loads
    };
    let children = (0..writers).map(|n| good.act("dump often", 10 + n).command().spawn().unwrap());
    let children: Vec<_> = children.collect();
    thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|_| scope.spawn(read)).collect();
        let ends: Vec<_> = children.into_iter().map(|mut child| child.wait()).collect();
        over.store(true, Ordering::Relaxed);
        for end in ends {
            let status = end.unwrap();
            assert!(status.success(), "{}: a writer failed: {status}", good.format);
        }
        readers.into_iter().map(|reader| reader.join().unwrap()).sum()
    })
}
