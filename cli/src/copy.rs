//! Moving bytes from a reader to a writer, knowing whose fault a failure is.

use std::io::{self, Read, Write};
use std::panic::resume_unwind;
use std::sync::mpsc::channel;
use std::thread::{self, Builder};

use crate::interrupt;

/// Large enough that the codecs read straight into it and plain files go through in few calls.
const CHUNK: usize = 512 << 10;
/// Chunks that are on their way from one thread to the other.
const CHUNKS: usize = 3;
/// So much is copied on one thread.
const ALONE: u64 = 2 * CHUNK as u64;

/// Which side failed.
#[derive(Debug)]
pub(crate) enum CopyError {
    Read(io::Error),
    Write(io::Error),
}

/// Copies to the end of `source`, and says how many bytes it was. All bytes read before an error have been
/// written. Stops when the user asks for it.
pub(crate) fn copy(source: &mut impl Read, sink: &mut impl Write) -> Result<u64, CopyError> {
    let mut chunk = vec![0; CHUNK];
    let mut copied = 0;
    loop {
        match read(source, &mut chunk)? {
            0 => return Ok(copied),
            n => {
                sink.write_all(&chunk[..n]).map_err(CopyError::Write)?;
                copied += n as u64;
            }
        }
    }
}

/// Copies what a decoder gives; `beside`: with writing left to another thread.
pub(crate) fn copy_decoded(
    source: &mut impl Read,
    sink: &mut (impl Write + Send),
    beside: bool,
) -> Result<u64, CopyError> {
    if beside {
        copy_side_by_side(source, sink)
    } else {
        copy(source, sink)
    }
}

/// As [`copy`], with another thread writing while this one reads on. For sources that do not wait: if nobody takes what is
/// written, that shows only when the next chunk has been read.
fn copy_side_by_side(source: &mut impl Read, sink: &mut (impl Write + Send)) -> Result<u64, CopyError> {
    // What is small is done before a thread has begun.
    let head = copy(&mut source.take(ALONE), sink)?;
    if head < ALONE {
        return Ok(head);
    }
    let copied = thread::scope(|scope| {
        let (full, to_write) = channel::<(Vec<u8>, usize)>();
        let (written, empty) = channel();
        for _ in 0..CHUNKS {
            let _ = written.send(vec![0; CHUNK]);
        }
        let writer = Builder::new().spawn_scoped(scope, || {
            for (chunk, n) in to_write {
                sink.write_all(&chunk[..n])?;
                let _ = written.send(chunk);
            }
            // With it the reader learns that nobody writes any more, as when an error ends this.
            drop(written);
            Ok(())
        });
        let writer = writer.ok()?;
        let mut copied = head;
        // There are no more chunks when the writer has failed.
        let read = loop {
            let Ok(mut chunk) = empty.recv() else { break Ok(()) };
            match read(source, &mut chunk) {
                Ok(0) => break Ok(()),
                Ok(n) => {
                    let _ = full.send((chunk, n));
                    copied += n as u64;
                }
                Err(error) => break Err(error),
            }
        };
        drop(full);
        Some(match writer.join() {
            // What could not be written came first.
            Ok(Err(error)) => Err(CopyError::Write(error)),
            Ok(Ok(())) => read.map(|()| copied),
            Err(panic) => resume_unwind(panic),
        })
    });
    // Or the system has no thread to give.
    copied.unwrap_or_else(|| copy(source, sink).map(|copied| head + copied))
}

/// Fills some of the chunk; 0 is the end.
fn read(source: &mut impl Read, chunk: &mut [u8]) -> Result<usize, CopyError> {
    loop {
        if interrupt::requested() {
            return Err(CopyError::Read(interrupt::cancelled().into()));
        }
        match source.read(chunk) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            other => return other.map_err(CopyError::Read),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes so many bytes, and then no more.
    struct Full(Vec<u8>, usize);

    impl Write for Full {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let n = bytes.len().min(self.1 - self.0.len());
            if n == 0 {
                return Err(io::ErrorKind::StorageFull.into());
            }
            self.0.extend_from_slice(&bytes[..n]);
            Ok(n)
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn sample(len: usize) -> Vec<u8> {
        (0..len).map(|i| u8::try_from(i % 251).unwrap()).collect()
    }

    #[test]
    fn all_arrives_in_order_however_much_it_is() {
        for len in [0, 1, CHUNK, 3 * CHUNK + 5, 20 * CHUNK] {
            let data = sample(len);
            let mut got = Vec::new();
            let copied = copy_side_by_side(&mut &data[..], &mut got).unwrap();
            assert_eq!((copied, got == data), (len as u64, true), "{len}");
        }
    }

    #[test]
    fn what_was_read_before_an_error_is_written() {
        struct Damaged;
        impl Read for Damaged {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::Error::other("damage"))
            }
        }
        for len in [10, 9 * CHUNK] {
            let data = sample(len);
            let mut got = Vec::new();
            let error = copy_side_by_side(&mut (&data[..]).chain(Damaged), &mut got).unwrap_err();
            assert!(matches!(error, CopyError::Read(_)), "{error:?}");
            assert!(got == data, "{len}");
        }
    }

    #[test]
    fn a_sink_that_is_full_ends_it_and_is_to_blame() {
        for room in [10, 7 * CHUNK + 1] {
            let mut sink = Full(Vec::new(), room);
            let error = copy_side_by_side(&mut io::repeat(7), &mut sink).unwrap_err();
            assert!(matches!(&error, CopyError::Write(e) if e.kind() == io::ErrorKind::StorageFull));
            assert_eq!(sink.0.len(), room);
        }
    }
}
