//! Limits of the caller's.

use std::io::{BufRead, Cursor, Read, Seek, SeekFrom};

use crate::error::ErrorKind;
use crate::limits::Limits;

use super::data::mixed;
use super::subject::{Subject, ensure};

pub(super) fn output_limit(s: &Subject<'_>) {
    for len in [0, 1, 1000, 500_000] {
        let plain = mixed(len);
        let coded = s.encode(&plain);
        let limited = |bytes: usize| s.options().limits(Limits::none().output(bytes as u64));
        for enough in [len, len + 1] {
            let (got, end) = s.decode_with(limited(enough), &coded);
            s.ok(format_args!("{len} bytes, {enough} allowed"), end);
            s.same(format_args!("{len} bytes, {enough} allowed"), &got, &plain);
        }
        for limit in [len.saturating_sub(1), len / 2, 0] {
            if limit >= len {
                continue;
            }
            let what = format!("{len} bytes, {limit} allowed");
            let (got, end) = s.decode_with(limited(limit), &coded);
            s.refused(&what, end, ErrorKind::Limit);
            s.same(format_args!("{what}: what is delivered"), &got, &plain[..limit]);

            let open = || {
                let reader = limited(limit).seekable_reader(Cursor::new(&coded));
                s.ok(&what, reader)
            };
            let mut one_slice = vec![0; len + 1];
            let mut reader = open();
            let mut at = 0;
            let error = loop {
                match reader.read(&mut one_slice[at..]) {
                    Ok(n) if n > 0 => at += n,
                    other => break s.refused(format_args!("{what}, one slice"), other, ErrorKind::Limit),
                }
            };
            ensure!(s, at == limit, "{what}: {at} bytes are delivered before: {error}");
            ensure!(
                s,
                error.message().contains(&format!("the {limit} bytes allowed")),
                "{what}: the limit is not named: {error}"
            );

            let mut reader = open();
            let mut at = 0;
            let error = loop {
                match reader.fill_buf().map(<[u8]>::len) {
                    Ok(n) if n > 0 => {
                        at += n;
                        reader.consume(n);
                    }
                    other => {
                        let what = format!("{what}, in the reader's buffer");
                        break s.refused(what, other, ErrorKind::Limit);
                    }
                }
            };
            ensure!(s, at == limit, "{what}: {at} bytes are lent before: {error}");

            // Skipping is reading. (Where offsets are the source's own, nothing is decoded to skip it.)
            let mut reader = open();
            s.ok(&what, reader.seek(SeekFrom::Start(limit as u64)));
            let past = reader.read(&mut [0]);
            s.refused(format_args!("{what}, skipped by a seek"), past, ErrorKind::Limit);
            if !s.spec().is_transparent() {
                let end = open().seek(SeekFrom::End(0));
                s.refused(format_args!("{what}, seek to the end"), end, ErrorKind::Limit);
            }
            let finished = open().finish();
            s.refused(
                format_args!("{what}, finished without reading"),
                finished,
                ErrorKind::Limit,
            );
        }
        let within = s
            .compressor
            .decompress_within(&coded, Limits::none().output(len as u64));
        s.same("decompress_within", &s.ok("decompress_within", within), &plain);
    }
}

pub(super) fn memory_limit(s: &Subject<'_>) {
    // Large enough to fill windows of a few hundred KiB.
    let plain = mixed(2 << 20);
    let coded = s.encode(&plain);
    for memory in [0, 1, 1 << 10, 1 << 16, 1 << 20, 1 << 24, Limits::DEFAULT_MEMORY] {
        let what = format!("{memory} bytes of memory");
        let options = s.options().limits(Limits::none().memory(memory));
        let reader = match options.seekable_reader(Cursor::new(&coded)) {
            Ok(reader) => reader,
            Err(error) => {
                ensure!(s, error.kind() == ErrorKind::Limit, "{what}: {error}");
                ensure!(
                    s,
                    memory < Limits::DEFAULT_MEMORY,
                    "{what} is the default, and not enough"
                );
                continue;
            }
        };
        let (got, end) = super::subject::drain(reader);
        match end {
            Ok(()) => s.same(&what, &got, &plain),
            Err(error) => {
                ensure!(s, error.kind() == ErrorKind::Limit, "{what}: {error}");
                ensure!(
                    s,
                    plain.starts_with(&got),
                    "{what}: wrong data before the refusal"
                );
                ensure!(
                    s,
                    memory < Limits::DEFAULT_MEMORY,
                    "{what} is the default, and not enough"
                );
            }
        }
    }
}
