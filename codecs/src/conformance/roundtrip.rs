//! What goes in comes out: all sizes, shapes, levels and options.

use std::io::Write;

use crate::error::{Error, ErrorKind};

use super::data::{SHAPES, Shape, mixed};
use super::subject::{Subject, ensure};

pub(super) fn round_trips(s: &Subject<'_>) {
    let near = |k: u32| [(1 << k) - 1, 1 << k, (1 << k) + 1];
    for size in [0, 1]
        .into_iter()
        .chain([2, 3, 5, 8, 12].into_iter().flat_map(near))
    {
        for shape in SHAPES {
            round_trip(s, shape, size);
        }
    }
    // Around the sizes of slabs, buffers, windows and segments; each size with one shape, which costs less.
    for (i, size) in [15, 16, 17, 18, 20].into_iter().flat_map(near).enumerate() {
        round_trip(s, SHAPES[i % SHAPES.len()], size);
    }
    let large = mixed((5 << 20) + 3);
    s.decodes_to("5 MiB, mixed", &s.encode(&large), &large);
}

fn round_trip(s: &Subject<'_>, shape: Shape, size: usize) {
    let plain = shape.bytes(size);
    let what = format!("{size} bytes, {shape:?}");
    let coded = s.ok(format_args!("{what}: compress"), s.compressor.compress(&plain));
    let back = s.ok(
        format_args!("{what}: decompress"),
        s.compressor.decompress(&coded),
    );
    s.same(format_args!("{what}: decompress"), &back, &plain);
    if size < 10_000 {
        // Once more through streams: there the encoder does not know the size beforehand.
        s.decodes_to(&what, &s.encode(&plain), &plain);
    }
}

pub(super) fn levels(s: &Subject<'_>) {
    let plain = mixed(30_000);
    let Some(range) = s.spec().level_range() else {
        // Level 0 asks for nothing; any other is refused.
        s.same(
            "level 0 of a format without levels",
            &s.encode_with(s.options().level(0), &plain),
            &s.encode(&plain),
        );
        s.refused(
            "level 1 of a format without levels",
            level(s, 1),
            ErrorKind::Parameter,
        );
        return;
    };
    let default = s.spec().default_level();
    ensure!(
        s,
        default.is_some_and(|level| range.contains(&level)),
        "the default level {default:?} is not in {range:?}"
    );
    for level in sample(*range.start(), *range.end()) {
        let options = s.options().level(level).size(plain.len() as u64);
        s.decodes_to(
            format_args!("level {level}"),
            &s.encode_with(options, &plain),
            &plain,
        );
    }
    let outside = [
        range.start().checked_sub(1),
        range.end().checked_add(1),
        Some(i32::MIN),
        Some(i32::MAX),
    ];
    for outside in outside
        .into_iter()
        .flatten()
        .filter(|level| !range.contains(level))
    {
        let error = s.refused(
            format_args!("level {outside}"),
            level(s, outside),
            ErrorKind::Parameter,
        );
        let text = error.to_string();
        let named = [range.start(), range.end()]
            .into_iter()
            .all(|end| text.contains(&end.to_string()));
        ensure!(
            s,
            named,
            "level {outside}: the message does not name the range {range:?}: {text}"
        );
    }
}

fn level(s: &Subject<'_>, level: i32) -> Result<(), Error> {
    s.options()
        .level(level)
        .writer(std::io::sink(), s.compressor)
        .map(|writer| {
            // Made by mistake, so nobody wants its stream.
            drop(writer);
        })
}

/// All levels of a narrow range; of a wide one the ends, what is near 0, and powers of two.
fn sample(min: i32, max: i32) -> Vec<i32> {
    if i64::from(max) - i64::from(min) <= 32 {
        return (min..=max).collect();
    }
    let powers = (0..31).map(|k| 1 << k).flat_map(|power: i32| [power, -power]);
    let mut levels: Vec<_> = [min, min + 1, 0, max - 1, max]
        .into_iter()
        .chain(powers)
        .filter(|level| (min..=max).contains(level))
        .collect();
    levels.sort_unstable();
    levels.dedup();
    levels
}

pub(super) fn options(s: &Subject<'_>) {
    const BLOCK: usize = 1000;
    for size in [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK, 10 * BLOCK + 7] {
        let plain = mixed(size);
        let coded = s.encode_with(s.options().block_size(BLOCK), &plain);
        s.decodes_to(format_args!("{size} bytes in blocks of {BLOCK}"), &coded, &plain);
    }
    let plain = mixed(300_000);
    for block in [1, BLOCK, 1 << 16, 1 << 30] {
        let some = if block == 1 { &plain[..100] } else { &plain };
        let coded = s.encode_with(s.options().block_size(block), some);
        s.decodes_to(format_args!("blocks of {block}"), &coded, some);
    }
    s.refused(
        "blocks of 0",
        s.options().block_size(0).writer(Vec::new(), s.compressor),
        ErrorKind::Parameter,
    );

    for size in [0, 1, 300, plain.len()] {
        let some = &plain[..size];
        let coded = s.encode_with(s.options().size(size as u64), some);
        s.decodes_to(format_args!("{size} bytes, announced"), &coded, some);
        for announced in [size as u64 + 1, (size as u64).saturating_sub(1)] {
            if announced != size as u64 {
                let mut writer = s.writer_with(s.options().size(announced), Vec::new());
                let written = writer.write_all(some).map_err(Error::from);
                let finished = written.and_then(|()| Ok(writer.finish()?));
                s.refused(
                    format_args!("{size} bytes, {announced} announced"),
                    finished,
                    ErrorKind::Parameter,
                );
            }
        }
    }
}
