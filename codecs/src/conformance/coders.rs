//! The state machines themselves, without the engine between.

use crate::format::{Decode, DecodeOptions, EncodeOptions, Op, Piece, Status};

use super::data::{SHAPES, Shape, mixed};
use super::subject::{Subject, ensure};

/// Bytes per call, in and out.
const CUTS: [(usize, usize); 5] = [(1, 1), (7, 3), (1, 1 << 16), (1 << 16, 1), (1 << 16, 1 << 16)];

pub(super) fn byte_by_byte(s: &Subject<'_>) {
    for plain in SHAPES
        .map(|shape| shape.bytes(3000))
        .into_iter()
        .chain([Vec::new(), vec![7]])
    {
        let whole = s.encode(&plain);
        for (input, room) in CUTS {
            let what = format!(
                "{} bytes, at most {input} in and {room} out per call",
                plain.len()
            );
            let coded = encode(s, &what, &plain, input, room);
            s.same(format_args!("{what}: encoding"), &coded, &whole);
            let mut decoder = decoder(s);
            let (back, _) = decode(s, &what, &mut *decoder, &whole, input, room);
            s.same(format_args!("{what}: decoding"), &back, &plain);
        }
    }
}

fn encode(s: &Subject<'_>, what: &str, plain: &[u8], input: usize, room: usize) -> Vec<u8> {
    let mut encoder = s.encoder();
    let mut out = vec![0; room];
    let mut coded = Vec::new();
    let mut at = 0;
    loop {
        let take = &plain[at..plain.len().min(at + input)];
        let op = if take.is_empty() { Op::Finish } else { Op::Run };
        let step = s.ok(format_args!("{what}: encoding"), encoder.step(take, &mut out, op));
        ensure!(
            s,
            step.consumed <= take.len() && step.produced <= room,
            "{what}: the encoder claims more bytes than it was given"
        );
        coded.extend_from_slice(&out[..step.produced]);
        at += step.consumed;
        if op == Op::Finish && step.status == Status::Done {
            return s.with_head(encoder.late_head(), coded);
        }
        ensure!(
            s,
            step.consumed > 0 || step.produced > 0,
            "{what}: the encoder makes no progress at byte {at}"
        );
    }
}

pub(super) fn decoder(s: &Subject<'_>) -> Box<dyn Decode> {
    s.ok(
        "making a decoder",
        s.compressor.decoder(&DecodeOptions::default()),
    )
}

/// Drives a decoder to the end of its stream; returns the data and how much input it took.
fn decode(
    s: &Subject<'_>,
    what: &str,
    decoder: &mut dyn Decode,
    coded: &[u8],
    input: usize,
    room: usize,
) -> (Vec<u8>, usize) {
    let mut out = vec![0; room];
    let mut plain = Vec::new();
    let mut at = 0;
    loop {
        let take = &coded[at..coded.len().min(at + input)];
        let eof = at == coded.len();
        let step = s.ok(
            format_args!("{what}: decoding at byte {at}"),
            decoder.step(take, &mut out, eof),
        );
        ensure!(
            s,
            step.consumed <= take.len() && step.produced <= room,
            "{what}: the decoder claims more bytes than it was given"
        );
        plain.extend_from_slice(&out[..step.produced]);
        at += step.consumed;
        if step.status == Status::Done {
            return (plain, at);
        }
        ensure!(
            s,
            step.consumed == take.len() || step.produced == room,
            "{what}: with room left, the decoder takes {} of {} bytes and is not at the end",
            step.consumed,
            take.len()
        );
        ensure!(
            s,
            step.consumed > 0 || step.produced > 0,
            "{what}: the decoder does not see the end of a whole stream"
        );
    }
}

/// What a decoder makes of input that stops in the middle of a stream, without an end in sight.
pub(super) fn decode_part(s: &Subject<'_>, coded: &[u8]) -> Vec<u8> {
    let mut decoder = decoder(s);
    let mut out = vec![0; 1 << 16];
    let mut plain = Vec::new();
    let mut at = 0;
    loop {
        let step = s.ok("decoding a part", decoder.step(&coded[at..], &mut out, false));
        plain.extend_from_slice(&out[..step.produced]);
        at += step.consumed;
        if step.status == Status::Done || (step.consumed == 0 && step.produced == 0) {
            return plain;
        }
    }
}

pub(super) fn resets(s: &Subject<'_>) {
    let (first, second) = (Shape::Text.bytes(2000), Shape::Numbers.bytes(3000));
    let (one, two) = (s.encode(&first), s.encode(&second));
    let mut decoder = decoder(s);
    for stop in [0, 1, one.len() / 2, one.len() - 1] {
        let mut out = vec![0; 1 << 16];
        s.ok("decoding a part", decoder.step(&one[..stop], &mut out, false));
        s.ok("reset", decoder.reset());
        let what = format!("after a reset at byte {stop}");
        let (back, _) = decode(s, &what, &mut *decoder, &two, 1 << 16, 1 << 16);
        s.same(&what, &back, &second);
        s.ok("reset", decoder.reset());
    }
    if !s.spec().is_transparent() && s.spec().detects_truncation() {
        // Whoever ends by their own mark must leave what follows alone.
        let mut followed = one.clone();
        followed.extend_from_slice(&two);
        for (input, room) in CUTS {
            let what = format!("a stream with another behind it, {input} bytes in and {room} out");
            let (back, taken) = decode(s, &what, &mut *decoder, &followed, input, room);
            s.same(&what, &back, &first);
            ensure!(
                s,
                taken == one.len(),
                "{what}: {taken} bytes taken of {}",
                one.len()
            );
            s.ok("reset", decoder.reset());
        }
    }
}

pub(super) fn blocks(s: &Subject<'_>) {
    const BLOCK: usize = 5000;
    let Some(blocks) = s.compressor.format().blocks() else {
        return;
    };
    let level = s.ok("the default level", s.compressor.check_level(None));
    let mut options = EncodeOptions::at_level(level);
    options.block_size = Some(BLOCK);
    let size = blocks.block_size(&options);
    ensure!(s, size > 0, "blocks of 0 bytes");
    // Not a whole number of blocks; a whole one, so that the last piece is empty; nothing but that piece.
    for len in [7 * size + size / 2 + 1, 3 * size, 0] {
        let plain = mixed(len);
        let whole = s.encode_with(s.options().block_size(BLOCK), &plain);
        let mut inputs: Vec<&[u8]> = plain.chunks_exact(size).collect();
        inputs.push(plain.chunks_exact(size).remainder());
        let mut encoders =
            [(); 2].map(|()| s.ok("making an encoder of blocks", blocks.block_encoder(&options)));
        // Backward and by turns: no piece may depend on those its encoder saw before.
        let mut pieces: Vec<_> = inputs
            .iter()
            .enumerate()
            .rev()
            .map(|(index, input)| {
                let piece = Piece {
                    index: index as u64,
                    last: index + 1 == inputs.len(),
                    element_size: 1,
                };
                let mut out = Vec::new();
                let checksum = encoders[index % 2].encode(input, piece, &mut out);
                (s.ok("encoding a block", checksum), out)
            })
            .collect();
        pieces.reverse();
        let mut framing = s.ok("making a framing", blocks.framing(&options));
        let mut joined = Vec::new();
        framing.begin(&mut joined);
        for (input, (checksum, piece)) in inputs.iter().zip(&pieces) {
            framing.piece(input, piece.len(), *checksum);
            joined.extend_from_slice(piece);
        }
        framing.end(&mut joined);
        let joined = s.with_head(framing.late_head(), joined);
        s.same(
            format_args!("{len} bytes in blocks of {size}, encoded apart"),
            &joined,
            &whole,
        );
    }
}
