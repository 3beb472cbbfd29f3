//! Readers: all ways to read, members, progress.

use std::io::{BufRead, Cursor, Read, Seek, Write};
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::error::{Error, ErrorKind};
use crate::options::Members;
use crate::reader::Reader;
use crate::source::Source;

use super::data::{Rng, Shape, mixed};
use super::faults::Drip;
use super::subject::{Subject, drain, ensure};

/// One way to read `total` bytes and no more.
type Pattern = fn(&mut dyn BufRead, total: usize) -> std::io::Result<Vec<u8>>;

const PATTERNS: [(&str, Pattern); 8] = [
    ("1 byte at a time", |r, _| by(r, || 1)),
    ("7 bytes at a time", |r, _| by(r, || 7)),
    ("64 KiB at a time", |r, _| by(r, || 64 << 10)),
    ("random amounts", |r, _| {
        let mut rng = Rng::new(9);
        by(r, || 1 + rng.length(600_000))
    }),
    ("read_exact", |r, total| {
        let mut plain = vec![0; total];
        let mut rng = Rng::new(10);
        let mut rest = &mut plain[..];
        while !rest.is_empty() {
            let n = (1 + rng.length(100_000)).min(rest.len());
            let (now, later) = rest.split_at_mut(n);
            r.read_exact(now)?;
            rest = later;
        }
        Ok(plain)
    }),
    ("read_to_end", |r, _| {
        let mut plain = Vec::new();
        r.read_to_end(&mut plain)?;
        Ok(plain)
    }),
    ("one large slice", |r, total| {
        let mut plain = vec![0; total + 1];
        let mut len = 0;
        loop {
            match r.read(&mut plain[len..])? {
                0 => break,
                n => len += n,
            }
        }
        plain.truncate(len);
        Ok(plain)
    }),
    ("BufRead", |r, _| {
        let mut plain = Vec::new();
        let mut rng = Rng::new(11);
        loop {
            let available = r.fill_buf()?;
            if available.is_empty() {
                return Ok(plain);
            }
            let n = 1 + rng.below(available.len());
            plain.extend_from_slice(&available[..n]);
            r.consume(n);
        }
    }),
];

fn by(r: &mut dyn BufRead, mut amount: impl FnMut() -> usize) -> std::io::Result<Vec<u8>> {
    let mut plain = Vec::new();
    let mut buffer = vec![0; 1 << 20];
    loop {
        let n = amount().min(buffer.len());
        match r.read(&mut buffer[..n])? {
            0 => return Ok(plain),
            n => plain.extend_from_slice(&buffer[..n]),
        }
    }
}

pub(super) fn reads(s: &Subject<'_>) {
    for len in [0, 5, 600_000] {
        let plain = mixed(len);
        let coded = s.encode(&plain);
        for (name, pattern) in PATTERNS {
            let what = |source: &str| format!("{len} bytes, {name}, from {source}");
            let reader = s.options().seekable_reader(Cursor::new(&coded));
            read(s, &what("a seekable source"), reader, pattern, &coded, &plain);
            let reader = s.options().reader(&coded[..]);
            read(s, &what("a pipe"), reader, pattern, &coded, &plain);
            let reader = s.options().exact(&coded[..]);
            read(s, &what("a buffer"), reader, pattern, &coded, &plain);
        }
        let finished = s
            .options()
            .seekable_reader(Cursor::new(&coded))
            .and_then(Reader::finish);
        let summary = s.ok("finishing without reading", finished);
        ensure!(
            s,
            (summary.plain, summary.compressed) == (plain.len() as u64, coded.len() as u64),
            "finishing without reading counts {summary:?}"
        );
    }
}

fn read<S: Source>(
    s: &Subject<'_>,
    what: &str,
    reader: Result<Reader<S>, Error>,
    pattern: Pattern,
    coded: &[u8],
    plain: &[u8],
) {
    let mut reader = s.ok(what, reader);
    ensure!(
        s,
        s.ok(what, reader.read(&mut [])) == 0,
        "{what}: an empty slice was filled"
    );
    let got = s.ok(what, pattern(&mut reader, plain.len()));
    s.same(what, &got, plain);
    ensure!(
        s,
        reader.position() == plain.len() as u64,
        "{what}: position {} behind {} bytes",
        reader.position(),
        plain.len()
    );
    for _ in 0..2 {
        ensure!(
            s,
            s.ok(what, reader.read(&mut [0; 9])) == 0,
            "{what}: data behind the end"
        );
        ensure!(
            s,
            s.ok(what, reader.fill_buf()).is_empty(),
            "{what}: data behind the end"
        );
    }
    ensure!(
        s,
        reader.position_in() == coded.len() as u64,
        "{what}: {} compressed bytes read of {}",
        reader.position_in(),
        coded.len()
    );
    let summary = s.ok(what, reader.finish());
    ensure!(
        s,
        (summary.plain, summary.compressed) == (plain.len() as u64, coded.len() as u64),
        "{what}: finishing counts {summary:?}"
    );
}

pub(super) fn members(s: &Subject<'_>) {
    if s.spec().is_transparent() || !s.spec().detects_truncation() {
        return;
    }
    for len in [0, 1, 3000] {
        let plain = Shape::Text.bytes(len);
        let first = s.encode(&plain);
        let second = s.encode(b"the second member");
        let mut both = first.clone();
        both.extend_from_slice(&second);

        let reader = s.options().members(Members::One).exact(&both[..]);
        let mut reader = s.ok("one member", reader);
        let (got, end) = drain(&mut reader);
        s.ok("one member", end);
        s.same("one member", &got, &plain);
        s.same(
            "what one member leaves in the source",
            reader.into_inner(),
            &second,
        );

        let reader = s.options().members(Members::Joined).exact(&both[..]);
        let mut reader = s.ok("joined members", reader);
        let (got, end) = drain(&mut reader);
        s.ok("joined members", end);
        let joined = [&plain[..], b"the second member"].concat();
        s.same("joined members", &got, &joined);

        // To the end of the member from everywhere, with all of the source at hand or a byte at a time.
        for read in [0, 1, len / 2, len] {
            if read > len {
                continue;
            }
            let what = format!("end_member after {read} bytes of {len}");
            let reader = s.ok(&what, s.options().exact(&both[..]));
            end_member(s, &what, reader, &plain[..read], |source| source, &second);
            let what = format!("{what}, the source a byte at a time");
            let reader = s.ok(&what, s.options().exact(Drip::new(&both, 1)));
            end_member(s, &what, reader, &plain[..read], Drip::rest, &second);
        }
    }
}

fn end_member<'b, R: BufRead>(
    s: &Subject<'_>,
    what: &str,
    mut reader: Reader<crate::source::Exact<R>>,
    beginning: &[u8],
    rest: fn(R) -> &'b [u8],
    second: &[u8],
) {
    let mut got = vec![0; beginning.len()];
    s.ok(what, reader.read_exact(&mut got));
    s.same(what, &got, beginning);
    s.ok(what, reader.end_member());
    ensure!(
        s,
        s.ok(what, reader.read(&mut [0; 9])) == 0,
        "{what}: data behind the end"
    );
    s.same(
        format_args!("{what}: left in the source"),
        rest(reader.into_inner()),
        second,
    );
}

pub(super) fn progress(s: &Subject<'_>) {
    // Reports come about every MiB, so this much makes some.
    let plain = mixed(3 << 20);
    let reports = Arc::new(AtomicU64::new(0));
    let last = Arc::new([const { AtomicU64::new(0) }; 2]);
    let counting = || {
        let (reports, last) = (reports.clone(), last.clone());
        reports.store(0, Ordering::Relaxed);
        for side in &*last {
            side.store(0, Ordering::Relaxed);
        }
        s.options().on_progress(move |progress| {
            reports.fetch_add(1, Ordering::Relaxed);
            for (side, now) in last.iter().zip([progress.plain, progress.compressed]) {
                // Never backward; the check below sees it.
                let before = side.load(Ordering::Relaxed);
                side.store(if now < before { u64::MAX } else { now }, Ordering::Relaxed);
            }
            ControlFlow::Continue(())
        })
    };
    let check = |what: &str, coded: usize| {
        let reports = reports.load(Ordering::Relaxed);
        ensure!(
            s,
            (2..=16).contains(&reports),
            "{what} 3 MiB made {reports} reports"
        );
        for (side, end) in last.iter().zip([plain.len(), coded]) {
            let last = side.load(Ordering::Relaxed);
            ensure!(
                s,
                last <= end as u64,
                "{what}: reports went backward, or to {last} of {end} bytes"
            );
        }
    };
    let mut writer = s.writer_with(counting(), Vec::new());
    for part in plain.chunks(200_000) {
        s.ok("writing", writer.write_all(part));
    }
    let coded = s.ok("finishing", writer.finish().map_err(Error::from)).0;
    check("writing", coded.len());
    let (got, end) = s.decode_with(counting(), &coded);
    s.ok("reading", end);
    s.same("reading", &got, &plain);
    check("reading", coded.len());

    // Read once more from the beginning, it reports once more.
    let reader = counting().seekable_reader(Cursor::new(&coded));
    let mut reader = s.ok("making a reader", reader);
    s.ok("reading", drain(&mut reader).1);
    reports.store(0, Ordering::Relaxed);
    for side in &*last {
        side.store(0, Ordering::Relaxed);
    }
    s.ok("going back", reader.rewind());
    s.ok("reading again", drain(&mut reader).1);
    check("reading again", coded.len());

    let cancelling = || s.options().on_progress(|_| ControlFlow::Break(()));
    let mut writer = s.writer_with(cancelling(), Vec::new());
    let written = writer.write_all(&plain).map_err(Error::from);
    s.refused("writing, cancelled", written, ErrorKind::Cancelled);
    s.refused(
        "finishing after being cancelled",
        writer.finish(),
        ErrorKind::Cancelled,
    );
    let reader = cancelling().seekable_reader(Cursor::new(&coded));
    let mut reader = s.ok("reading, cancelled", reader);
    let (got, end) = drain(&mut reader);
    s.refused("reading, cancelled", end, ErrorKind::Cancelled);
    ensure!(s, plain.starts_with(&got), "reading, cancelled: wrong bytes");
    s.refused(
        "reading after being cancelled",
        reader.read(&mut [0; 9]),
        ErrorKind::Cancelled,
    );
}
