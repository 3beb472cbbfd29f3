//! No room: a device that is full, a limit on the size of files, and one on memory.

use std::io;
use std::os::unix::process::ExitStatusExt;

use demijohn::arrays::{DType, Layout, Order, Scalar};
use demijohn::{Array, ErrorKind};

use crate::{FAILED, FORMATS, Good, LEN, NEW, OLD, number, value};

pub(crate) fn a_full_device_is_an_error() {
    for format in FORMATS {
        let error = demijohn::dump_with(&value(NEW, LEN), "/dev/full", format).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Io, "{format}: {error}");
        assert!(error.to_string().contains("/dev/full"), "{error}");
        assert_eq!(
            io::Error::from(error).kind(),
            io::ErrorKind::StorageFull,
            "{format}"
        );
    }
}

pub(crate) fn a_file_that_may_grow_no_further_leaves_the_old_object() {
    for format in FORMATS {
        let good = Good::file(format);
        // In blocks of 512 bytes. With the signal ignored, the write fails; otherwise it ends the process.
        for (script, ignored) in [
            ("trap '' XFSZ; ulimit -f 8; exec \"$@\"", true),
            ("ulimit -f 8; exec \"$@\"", false),
        ] {
            let act = good.act("dump", NEW).under(["sh", "-c", script, "sh"]);
            let status = act.command().status().unwrap();
            if ignored {
                assert_eq!(status.code(), Some(FAILED.into()), "{format}: {status}");
            } else {
                assert!(status.signal().is_some(), "{format}: {status}");
            }
            assert_eq!(number(&good.path), OLD, "{format}");
            good.is_clean(format);
        }
    }
}

/// With less memory than an object takes, loading it is an error. What is left after the large pieces have been given theirs may be
/// too little for the small ones, which ends the process, as it does any program with Rust's standard library.
pub(crate) fn an_object_too_large_for_the_memory_is_an_error() {
    const LARGE: usize = 64 << 20;
    let zeros = Array::zeros(Layout::new(DType::new(Scalar::Uint8), &[LARGE], Order::C).unwrap()).unwrap();
    let text = [
        &b"\x80\x05\x8e"[..],
        &(LARGE as u64).to_le_bytes(),
        &vec![b'a'; LARGE],
        b".",
    ]
    .concat();
    for format in FORMATS.into_iter().chain(["bytes"]) {
        let good = Good::file(if format == "bytes" { "none" } else { format });
        if format == "bytes" {
            std::fs::write(&good.path, &text).unwrap();
        } else {
            demijohn::dump_with(&[&zeros], &good.path, format).unwrap();
        }
        let (mut loaded, mut refused, mut ended) = (0, 0, 0);
        // In KiB: from what the program itself takes, to more than enough.
        for limit in (20_000..200_000).step_by(4_321) {
            let script = format!("ulimit -v {limit}; exec \"$@\"");
            let act = good.act("load much", OLD).under(["sh", "-c", &script, "sh"]);
            let status = act.command().status().unwrap();
            match (status.code(), status.signal()) {
                (Some(0), _) => loaded += 1,
                (Some(code), _) if code == FAILED.into() => refused += 1,
                (_, Some(6)) => ended += 1,
                _ => panic!("{format}, {limit} KiB: {status}"),
            }
        }
        println!(
            "{format}: {loaded} times loaded, {refused} times refused, {ended} times ended by the allocator"
        );
        assert!(loaded > 0 && refused > 3 * ended, "{format}");
    }
}
