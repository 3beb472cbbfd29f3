//! Streams that are cut, followed by something, or damaged.

use crate::error::{Error, ErrorKind};
use crate::options::Tail;
use crate::spec::{Flush, NulPadding};

use super::coders::decode_part;
use super::data::{Rng, Shape, mixed};
use super::subject::{Subject, ensure};

/// Data whose stream is small enough to do something at every byte of it.
fn small() -> Vec<u8> {
    let mut plain = Shape::Text.bytes(300);
    plain.extend_from_slice(&Shape::Random.bytes(60));
    plain
}

pub(super) fn truncation(s: &Subject<'_>) {
    for plain in [Vec::new(), small()] {
        let coded = s.encode(&plain);
        for cut in 0..coded.len() {
            truncated(s, &coded, cut, &plain);
        }
    }
    // Larger than the engine's buffers, so that data is delivered long before the cut is seen.
    let plain = mixed(500_000);
    let coded = s.encode(&plain);
    let mut rng = Rng::new(7);
    for cut in (0..20).map(|_| rng.below(coded.len())).chain([coded.len() - 1]) {
        truncated(s, &coded, cut, &plain);
    }
    delivered_up_to_a_flush(s);
}

fn truncated(s: &Subject<'_>, coded: &[u8], cut: usize, plain: &[u8]) {
    let what = format!("cut at byte {cut} of {}", coded.len());
    let (got, end) = s.decode_with(s.options(), &coded[..cut]);
    ensure!(
        s,
        plain.starts_with(&got),
        "{what}: {} bytes are delivered, and are wrong",
        got.len()
    );
    let decodable = decode_part(s, &coded[..cut]);
    ensure!(
        s,
        got.len() >= decodable.len(),
        "{what}: only {} bytes of the {} before the cut are delivered",
        got.len(),
        decodable.len()
    );
    // Between two streams nothing is cut.
    let whole = end.is_ok() && s.spec().flushing() == Flush::NewStream && s.encode(&got) == coded[..cut];
    if s.spec().detects_truncation() && !whole {
        let error = s.refused(&what, end, ErrorKind::Truncated);
        ensure!(
            s,
            error.io_kind() == std::io::ErrorKind::UnexpectedEof,
            "{what}: as an I/O error it is {:?}",
            error.io_kind()
        );
    } else if let Err(error) = end {
        ensure!(s, error.kind() == ErrorKind::Truncated, "{what}: {error}");
    }
}

/// What was flushed before a cut is delivered, whatever is lost behind it.
fn delivered_up_to_a_flush(s: &Subject<'_>) {
    use std::io::Write;
    if s.spec().flushing() == Flush::None {
        return;
    }
    let plain = small();
    let mut writer = s.writer(Vec::new());
    s.ok("writing", writer.write_all(&plain[..200]));
    s.ok("flushing", writer.flush());
    let flushed = writer.get_ref().len();
    s.ok("writing", writer.write_all(&plain[200..]));
    let coded = s.ok("finishing", writer.finish().map_err(Error::from)).0;
    for cut in flushed..coded.len() {
        let (got, end) = s.decode_with(s.options(), &coded[..cut]);
        ensure!(
            s,
            got.len() >= 200 && plain.starts_with(&got),
            "cut at byte {cut}, flushed at {flushed}: {} bytes delivered of the 200 flushed",
            got.len()
        );
        // A flush that ends a stream makes its place a place where the data may end.
        if s.spec().detects_truncation() && !(s.spec().flushing() == Flush::NewStream && cut == flushed) {
            s.refused(
                format_args!("cut at byte {cut} behind a flush"),
                end,
                ErrorKind::Truncated,
            );
        }
    }
}

/// A byte that begins no stream of the format and is not NUL.
fn garbage(s: &Subject<'_>) -> u8 {
    let begins = |byte: &u8| s.spec().magic().iter().any(|magic| magic.first() == Some(byte));
    (1..=255)
        .rev()
        .find(|byte| !begins(byte))
        .unwrap_or_else(|| s.fail("every byte begins a stream"))
}

/// How a stream with a tail must end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum End {
    /// As if the tail were not there.
    Clean,
    /// With the second stream's data as well.
    Joined,
    /// With an error of this kind, after the data.
    Error(ErrorKind),
    /// With an error that says that the stream is damaged or cut, after the data.
    Damaged,
}

pub(super) fn tails(s: &Subject<'_>) {
    let spec = s.spec();
    // To plain bytes nothing is a tail.
    if spec.is_transparent() {
        return;
    }
    let trailing = if spec.detects_truncation() {
        End::Error(ErrorKind::TrailingData)
    } else {
        // Such a format ends only with its input, so the tail is a part of the stream that is damaged, or that looks
        // like the beginning of more.
        End::Damaged
    };
    let joined = if spec.joins_streams() {
        End::Joined
    } else {
        trailing
    };
    let plain = small();
    let second_plain = Shape::Numbers.bytes(333);
    let stream = s.encode(&plain);
    let second = s.encode(&second_plain);
    let both = [&plain[..], &second_plain].concat();
    let check = |what: &str, tail: &[&[u8]], strict: End, ignoring: End| {
        let coded = [&stream[..], &tail.concat()].concat();
        for (policy, end) in [(Tail::Error, strict), (Tail::Ignore, ignoring)] {
            let what = format!("a stream with {what} behind it, {policy:?}");
            let (got, result) = s.decode_with(s.options().tail(policy), &coded);
            match end {
                End::Clean => {
                    s.ok(&what, result);
                    s.same(&what, &got, &plain);
                }
                End::Joined => {
                    s.ok(&what, result);
                    s.same(&what, &got, &both);
                }
                End::Error(kind) => {
                    s.refused(&what, result, kind);
                    ensure!(
                        s,
                        got.len() >= plain.len() && both.starts_with(&got),
                        "{what}: {} bytes are delivered before the error, not {}",
                        got.len(),
                        plain.len()
                    );
                }
                End::Damaged => {
                    let error = result.err();
                    ensure!(
                        s,
                        error.as_ref().is_some_and(|error| matches!(
                            error.kind(),
                            ErrorKind::Corrupt | ErrorKind::Truncated
                        )),
                        "{what}: should be corrupt or truncated, but is: {error:?}"
                    );
                    s.same(&what, &got, &plain);
                }
            }
        }
    };
    let ignored = |strict: End| match strict {
        End::Error(ErrorKind::TrailingData) => End::Clean,
        other => other,
    };

    check("nothing", &[], End::Clean, End::Clean);
    let garbage = garbage(s);
    for n in 1..=16 {
        let strict = trailing;
        check(
            &format!("{n} bytes of garbage"),
            &[&vec![garbage; n]],
            strict,
            ignored(strict),
        );
        let strict = match spec.padding() {
            NulPadding::Any => End::Clean,
            NulPadding::MultipleOfFour if n.is_multiple_of(4) => End::Clean,
            _ => trailing,
        };
        let zeros = vec![0; n];
        check(&format!("{n} NUL bytes"), &[&zeros], strict, ignored(strict));
        if spec.padding() == NulPadding::MultipleOfFour {
            let strict = if n.is_multiple_of(4) { joined } else { strict };
            check(
                &format!("{n} NUL bytes and a stream"),
                &[&zeros, &second],
                strict,
                ignored(strict),
            );
        }
        if spec.padding() == NulPadding::Refused {
            check(
                &format!("{n} NUL bytes and a stream"),
                &[&zeros, &second],
                strict,
                ignored(strict),
            );
        }
        let strict = trailing;
        check(
            &format!("{n} bytes of garbage and a stream"),
            &[&vec![garbage; n], &second],
            strict,
            ignored(strict),
        );
    }
    check("a second stream", &[&second], joined, ignored(joined));
    for cut in 1..second.len() {
        let strict = match joined {
            End::Joined if spec.detects_truncation() => End::Error(ErrorKind::Truncated),
            // A shorter second stream is a valid one, so there is nothing to say about its end.
            End::Joined => continue,
            other => other,
        };
        // Who ignores tails still wants all of a stream that has begun.
        check(
            &format!("{cut} of {} bytes of a second stream", second.len()),
            &[&second[..cut]],
            strict,
            ignored(strict),
        );
    }
}

pub(super) fn damage(s: &Subject<'_>) {
    let plain = small();
    let coded = s.encode(&plain);
    // A format that may end early can lose data unnoticed, but not give other data for it.
    let passes = |got: &[u8], end: &Result<(), Error>| {
        let right = if s.spec().detects_truncation() {
            got == plain
        } else {
            plain.starts_with(got)
        };
        end.is_err() || right || s.spec().data_checksum().is_none()
    };
    let mut damaged = coded.clone();
    for bit in 0..coded.len() * 8 {
        damaged[bit / 8] ^= 1 << (bit % 8);
        let (got, end) = s.decode_with(s.options(), &damaged);
        ensure!(
            s,
            passes(&got, &end),
            "with bit {bit} of {} flipped, wrong data passes for right, {} notwithstanding",
            coded.len() * 8,
            s.spec().data_checksum().unwrap_or_default()
        );
        damaged[bit / 8] = coded[bit / 8];
    }
    // Noise behind a good beginning: anything but a panic or a hang.
    let mut rng = Rng::new(8);
    for _ in 0..300 {
        let mut noise = Shape::Random.bytes(100 + rng.below(400));
        let keep = rng.below(coded.len()).min(noise.len());
        noise[..keep].copy_from_slice(&coded[..keep]);
        let (got, end) = s.decode_with(
            s.options().limits(crate::Limits::default().output(1 << 20)),
            &noise,
        );
        ensure!(
            s,
            passes(&got, &end),
            "noise behind the first {keep} bytes passes for data"
        );
    }
}
