//! Several processes at one path.

use crate::effort::rounds;
use crate::{Good, OLD, number};

/// How often each process dumps, and how many numbers.
pub(crate) const DUMPS: usize = 25;
pub(crate) const LEN: u32 = 20_000;

/// Processes that write at a time.
const WRITERS: u32 = 8;

pub(crate) fn processes_that_dump_to_one_path_do_not_mix() {
    for format in ["none", "zlib"] {
        let good = Good::file(format);
        let (mut dumps, mut loads) = (0, 0);
        // 10,000 dumps, if it is to be much.
        for _ in rounds(1, 50) {
            let writers = (0..WRITERS).map(|n| good.act("dump often", 10 + n).command().spawn());
            let mut writers: Vec<_> = writers.map(Result::unwrap).collect();
            while !writers.is_empty() {
                let found = number(&good.path);
                assert!(
                    found == OLD || (10..10 + WRITERS).contains(&found),
                    "{format}: object {found}"
                );
                loads += 1;
                writers.retain_mut(|writer| match writer.try_wait().unwrap() {
                    Some(status) => {
                        assert!(status.success(), "{format}: a writer failed: {status}");
                        dumps += DUMPS;
                        false
                    }
                    None => true,
                });
            }
            good.is_clean(format);
        }
        println!("{format}: {dumps} dumps of {WRITERS} processes, {loads} loads, nothing mixed");
    }
}
