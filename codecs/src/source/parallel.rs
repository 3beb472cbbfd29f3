//! Reading a file in several places at once: most of the time of a large read goes into the pages that it fills.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::thread::{self, ScopedJoinHandle};

use super::SHARE;

/// As [`ReadAt`](super::ReadAt). The file's own position is left alone.
pub(super) fn read_at(file: &File, at: u64, out: &mut [u8], threads: usize) -> io::Result<usize> {
    let len = out.len().div_ceil(threads).next_multiple_of(SHARE / 2);
    let results: Vec<(usize, io::Result<usize>)> = thread::scope(|scope| {
        let mut parts = (at..).step_by(len).zip(out.chunks_mut(len));
        let own = parts.next();
        let others: Vec<_> = parts
            .map(|(at, part)| {
                let len = part.len();
                let thread = thread::Builder::new().spawn_scoped(scope, move || fill(file, at, part));
                (len, thread)
            })
            .collect();
        let own = own.map(|(at, part)| (part.len(), fill(file, at, part)));
        let others = others.into_iter().map(|(len, thread)| {
            let join = |thread: ScopedJoinHandle<_>| {
                thread.join().map_err(|_| io::Error::other("a thread panicked"))?
            };
            (len, thread.and_then(join))
        });
        own.into_iter().chain(others).collect()
    });
    let mut filled = 0;
    for (len, result) in results {
        match result {
            Ok(n) => {
                filled += n;
                if n < len {
                    break;
                }
            }
            // The next read will come upon it; or, if the system had no thread to give, do that part.
            Err(_) if filled > 0 => break,
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads until the slice is full or the file ends.
fn fill(file: &File, mut at: u64, out: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < out.len() {
        match file.read_at(&mut out[filled..], at) {
            Ok(0) => break,
            Ok(n) => {
                filled += n;
                at += n as u64;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if filled == 0 => return Err(error),
            Err(_) => break,
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;
    use crate::source::{Seekable, Source};

    #[test]
    fn a_large_read_by_several_threads_is_that_of_one() {
        let bytes: Vec<u8> = (0..251)
            .flat_map(|i| [i; 7])
            .cycle()
            .take(6 * SHARE + 12345)
            .collect();
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("plain");
        std::fs::write(&path, &bytes).unwrap();
        for threads in [1, 2, 3, 64] {
            let mut source = Seekable::open(&path).unwrap();
            source.use_threads(threads);
            source.rewind_to(5).unwrap();
            let mut out = vec![0; 5 * SHARE];
            source.read_exact(&mut out).unwrap();
            assert!(out == bytes[5..][..5 * SHARE], "{threads} threads");
            // On from where that ended, through the buffer, and past the end.
            let mut byte = [0];
            source.read_exact(&mut byte).unwrap();
            assert_eq!(byte[0], bytes[5 + 5 * SHARE]);
            let mut out = vec![1; 5 * SHARE];
            let rest = &bytes[6 + 5 * SHARE..];
            let mut got = 0;
            while let n @ 1.. = source.read(&mut out[got..]).unwrap() {
                got += n;
            }
            assert!(out[..got] == *rest, "{threads} threads");
            assert!(
                out[got..].iter().all(|&byte| byte == 1),
                "nothing behind the end is touched"
            );
        }
    }

    #[test]
    fn a_failing_large_read_fails() {
        // A directory opens, and fails to be read.
        let dir = tempfile::tempdir().unwrap();
        let file = File::open(dir.path()).unwrap();
        assert!(read_at(&file, 0, &mut vec![0; 2 * SHARE], 2).is_err());
    }
}
