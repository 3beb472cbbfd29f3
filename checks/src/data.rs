//! Data that few bytes describe: enough of it to fill blocks, and of all the kinds that coders make a difference of.

use arbitrary::{Arbitrary, Unstructured};

use crate::drip::Noise;

/// A part of many runs ends behind so much data.
const MOST_RUNS: usize = 512 << 10;

/// A part of the data.
#[derive(Arbitrary, Clone, Debug)]
enum Part {
    /// These bytes.
    Bytes(#[arbitrary(with = bytes)] Vec<u8>),
    /// One byte, so many times.
    Run { byte: u8, len: u16 },
    /// Runs of one byte each, of so many at most.
    Runs { seed: u8, most: u8, count: u16 },
    /// Bytes of an alphabet of so many, in no order.
    Noise { seed: u8, letters: u8, len: u16 },
    /// Numbers that go up by a step, of so many bytes each: what shuffling is for.
    Numbers { size: u8, step: u16, count: u16 },
    /// What lies so far back, as many times as it takes.
    Again { back: u32, len: u16 },
}

/// Data, and what it is made of.
#[derive(Arbitrary, Clone, Debug)]
pub(crate) struct Data {
    /// All of it once more, so many times.
    again: u8,
    #[arbitrary(with = few::<Part, 7>)]
    parts: Vec<Part>,
}

impl Data {
    /// So many bytes at most.
    pub(crate) fn bytes(&self, most: usize) -> Vec<u8> {
        let mut made = Vec::new();
        for part in &self.parts {
            part.append(&mut made);
        }
        made.truncate(most);
        // Most data should be small.
        let times = usize::from(self.again.saturating_sub(0xe0));
        let len = made.len().saturating_mul(1 + times).min(most);
        repeat_to(&mut made, len);
        made
    }
}

impl Part {
    fn append(&self, made: &mut Vec<u8>) {
        match *self {
            Part::Bytes(ref bytes) => made.extend_from_slice(bytes),
            Part::Run { byte, len } => made.resize(made.len() + skewed(len), byte),
            Part::Runs { seed, most, count } => {
                let mut noise = Noise::new(seed.into());
                for _ in 0..skewed(count) {
                    let byte = u8::try_from(noise.below(256)).expect("below 256");
                    made.resize(made.len() + 1 + noise.below(1 + usize::from(most)), byte);
                    if made.len() > MOST_RUNS {
                        break;
                    }
                }
            }
            Part::Noise { seed, letters, len } => {
                let mut noise = Noise::new(seed.into());
                let letters = 1 + usize::from(letters);
                made.extend(
                    (0..skewed(len)).map(|_| u8::try_from(noise.below(letters)).expect("256 at most")),
                );
            }
            Part::Numbers { size, step, count } => {
                let size = 1 + usize::from(size % 16);
                for number in 0..skewed(count) as u128 {
                    made.extend_from_slice(&(number * u128::from(step)).to_le_bytes()[..size]);
                }
            }
            Part::Again { back, len } => {
                if made.is_empty() {
                    return;
                }
                let back = 1 + usize::try_from(back).unwrap_or(usize::MAX) % made.len();
                let mut unit = made[made.len() - back..].to_vec();
                repeat_to(&mut unit, skewed(len));
                made.append(&mut unit);
            }
        }
    }
}

/// A length: most are small, as it takes long to work through large ones.
fn skewed(len: u16) -> usize {
    usize::from(len >> (len % 8))
}

/// Makes `unit`, over and over again, as long as that.
pub(crate) fn repeat_to(unit: &mut Vec<u8>, len: usize) {
    let period = unit.len();
    while unit.len() < len && period > 0 {
        let more = (len - unit.len()).min(unit.len() / period * period);
        unit.extend_from_within(..more);
    }
    unit.truncate(len);
}

/// Up to `MOST` of something. (What is derived for a vector asks before each element whether there is another, so that bytes
/// without meaning become one or two.)
pub(crate) fn few<'a, T: Arbitrary<'a>, const MOST: usize>(
    source: &mut Unstructured<'a>,
) -> arbitrary::Result<Vec<T>> {
    let count = source.int_in_range(0..=MOST)?;
    (0..count).map(|_| source.arbitrary()).collect()
}

fn bytes(source: &mut Unstructured<'_>) -> arbitrary::Result<Vec<u8>> {
    let len = usize::from(source.arbitrary::<u16>()? % 2048).min(source.len());
    Ok(source.bytes(len)?.to_vec())
}
