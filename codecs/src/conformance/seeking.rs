//! Seeking, against [`Cursor`] as the model.

use std::io::{self, Cursor, Read, Seek, SeekFrom};

use crate::reader::Reader;
use crate::source::Source;

use super::data::{Rng, mixed};
use super::subject::{Subject, ensure};

/// Steps on a small stream, where going back is cheap.
const STEPS: usize = 9_000;
/// Steps on one of several buffers' length, where going back may mean to decode again from the beginning.
const FAR_STEPS: usize = 1_000;

pub(super) fn seeks(s: &Subject<'_>) {
    for (seed, len, steps) in [(4, 40_000, STEPS), (5, 700_000, FAR_STEPS)] {
        let plain = mixed(len);
        // Where the format joins streams: across them too.
        let coded: Vec<u8> = if s.spec().joins_streams() {
            plain
                .chunks(len / 3 + 1)
                .flat_map(|part| s.encode(part))
                .collect()
        } else {
            s.encode(&plain)
        };
        let reader = s.options().seekable_reader(Cursor::new(&coded));
        let mut reader = s.ok("making a reader", reader);
        ensure!(
            s,
            reader.seekable(),
            "a reader of a cursor says that it cannot seek"
        );
        walk(s, &mut reader, &plain, &mut Rng::new(seed), steps);
    }

    // A stream that begins in the middle of its source: offsets count from there.
    let plain = mixed(5_000);
    let mut source = b"what stands before".to_vec();
    let before = source.len() as u64;
    source.extend_from_slice(&s.encode(&plain));
    let mut cursor = Cursor::new(source);
    cursor.set_position(before);
    let reader = s.options().seekable_reader(cursor);
    let mut reader = s.ok("making a reader", reader);
    walk(s, &mut reader, &plain, &mut Rng::new(6), 200);
}

/// Takes random steps in the reader and in a cursor over the plain data; all answers must be the same.
pub(super) fn walk<S: Source>(
    s: &Subject<'_>,
    reader: &mut Reader<S>,
    plain: &[u8],
    rng: &mut Rng,
    steps: usize,
) {
    let mut model = Cursor::new(plain);
    for step in 0..steps {
        let what = format!("step {step}, from {}", model.position());
        match rng.below(5) {
            4 => {
                let most = rng.length(plain.len()) as u64;
                // Once, or all the way.
                let all = rng.below(2) == 0;
                while !s.ok(&what, retry(|| Ok(reader.settle(most.max(1))?))) && all {}
                ensure!(
                    s,
                    reader.position() == model.position(),
                    "{what}: settling moves to {}",
                    reader.position()
                );
                if let Some(end) = reader.end() {
                    ensure!(
                        s,
                        end == plain.len() as u64,
                        "{what}: the end is said to be at {end}"
                    );
                }
            }
            0 => {
                let to = destination(rng, plain.len());
                let mut got = reader.seek(to);
                while got.as_ref().is_err_and(|e| e.kind() == io::ErrorKind::WouldBlock) {
                    ensure!(
                        s,
                        reader.position() == model.position(),
                        "{what}: {to:?} would block, and moves to {}",
                        reader.position()
                    );
                    got = reader.seek(to);
                }
                let want = model.seek(to);
                match (&got, &want) {
                    (Ok(got), Ok(want)) if got == want => {}
                    (Err(got), Err(want)) if got.kind() == want.kind() => {}
                    _ => s.fail(format_args!("{what}: {to:?} gives {got:?}, not {want:?}")),
                }
            }
            1 => {
                let got = s.ok(&what, reader.stream_position());
                ensure!(s, got == model.position(), "{what}: stream_position gives {got}");
                ensure!(
                    s,
                    reader.position() == got,
                    "{what}: position gives {}",
                    reader.position()
                );
            }
            _ => {
                let mut got = vec![0; rng.length(plain.len())];
                let mut want = got.clone();
                let got_len = s.ok(&what, read_fully(reader, &mut got));
                let want_len = s.ok(&what, read_fully(&mut model, &mut want));
                s.same(
                    format_args!("{what}: reading {} bytes", got.len()),
                    &got[..got_len],
                    &want[..want_len],
                );
            }
        }
    }
}

fn destination(rng: &mut Rng, len: usize) -> SeekFrom {
    let signed = |n: usize| i64::try_from(n).expect("a small number");
    match rng.below(16) {
        0 => SeekFrom::Start(u64::MAX - rng.next() % 3),
        1 => SeekFrom::Current([i64::MIN, i64::MAX, 0][rng.below(3)]),
        2 => SeekFrom::End([i64::MIN, i64::MAX, 0][rng.below(3)]),
        // Anywhere, and a little past the end.
        3..=5 => SeekFrom::Start(rng.below(len + len / 8 + 2) as u64),
        6 => SeekFrom::End(signed(rng.below(len / 8 + 2))),
        7 => SeekFrom::End(-signed(rng.below(len + 10))),
        8 => SeekFrom::Current(signed(rng.below(len)) - signed(len / 2)),
        // Mostly near.
        _ => SeekFrom::Current(signed(rng.length(5000)) - 2000),
    }
}

fn read_fully(reader: &mut impl Read, out: &mut [u8]) -> io::Result<usize> {
    let mut len = 0;
    while len < out.len() {
        match retry(|| reader.read(&mut out[len..]))? {
            0 => break,
            n => len += n,
        }
    }
    Ok(len)
}

/// Again, as long as the source would block.
fn retry<T>(mut f: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match f() {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            other => return other,
        }
    }
}

pub(super) fn seeks_on_a_pipe(s: &Subject<'_>) {
    let plain = mixed(900_000);
    let coded = s.encode(&plain);
    let mut reader = s.ok("making a reader", s.options().reader(&coded[..]));
    ensure!(s, !reader.seekable(), "a reader of a pipe says that it can seek");
    let mut byte = [0];
    for at in [0, 1, 1000, 700_000, 700_000] {
        s.ok("seeking forward", reader.seek(SeekFrom::Start(at)));
        s.ok("reading", reader.read_exact(&mut byte));
        let want = plain[usize::try_from(at).expect("small")];
        ensure!(
            s,
            byte[0] == want,
            "after a seek forward to {at}: {} instead of {want}",
            byte[0]
        );
        if at == 700_000 {
            // The byte just read is still at hand, or going back to it is refused; both are honest.
            if reader.seek(SeekFrom::Current(-1)).is_err() {
                break;
            }
        }
    }
    for back in [SeekFrom::Start(0), SeekFrom::Current(-650_000)] {
        match reader.seek(back) {
            Err(error) if error.kind() == io::ErrorKind::Unsupported => {}
            other => s.fail(format_args!(
                "a pipe, {back:?}: should be Unsupported, but gives {other:?}"
            )),
        }
    }
    match reader.seek(SeekFrom::Current(-2_000_000)) {
        Err(error) if error.kind() == io::ErrorKind::InvalidInput => {}
        other => s.fail(format_args!(
            "to before the beginning: should be InvalidInput, but gives {other:?}"
        )),
    }
    // Refused seeks move nothing.
    let position = usize::try_from(reader.position()).expect("small");
    let (mut got, mut rest) = (Vec::new(), &plain[position..]);
    s.ok("reading on", reader.read_to_end(&mut got));
    s.same("reading on after refused seeks", &got, rest);
    s.ok("seeking past the end", reader.seek(SeekFrom::Current(5)));
    rest = &[];
    s.ok("reading past the end", reader.read_to_end(&mut got));
    s.same("reading past the end", &got[plain.len() - position..], rest);
}
