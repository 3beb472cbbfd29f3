//! No room: a device that is full, and a limit on the size of files.

use std::io;
use std::os::unix::process::ExitStatusExt;

use demijohn::ErrorKind;

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
