//! Pieces of irregular size.

use std::io::{self, Read};

/// Numbers in no order, decided by a seed.
#[derive(Clone, Debug)]
pub(crate) struct Noise {
    state: u64,
}

impl Noise {
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    pub(crate) fn of(data: &[u8]) -> Self {
        // FNV-1a.
        let step = |hash: u64, &byte: &u8| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        Self::new(data.iter().fold(0xcbf2_9ce4_8422_2325, step))
    }

    /// The next number of 24 bits.
    fn next(&mut self) -> usize {
        self.state = self
            .state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.state >> 40).unwrap_or(0)
    }

    /// The next number, below this.
    pub(crate) fn below(&mut self, most: usize) -> usize {
        self.next() % most
    }
}

/// An endless sequence of piece sizes, many of them tiny, decided by a seed.
///
/// The seed is taken from the data, so that a file of the corpus is an input as it is, and a finding is one file.
#[derive(Clone, Debug)]
pub(crate) struct Sizes {
    noise: Noise,
}

impl Sizes {
    pub(crate) fn of(data: &[u8]) -> Self {
        Self {
            noise: Noise::of(data),
        }
    }

    /// The next size, at least 1.
    pub(crate) fn next(&mut self) -> usize {
        let bits = self.noise.next();
        match bits % 4 {
            0 => 1,
            1 => 1 + (bits >> 2) % 16,
            2 => 1 + (bits >> 2) % 512,
            _ => 1 + (bits >> 2) % 70_000,
        }
    }
}

/// A source that gives its bytes in pieces.
#[derive(Debug)]
pub(crate) struct Drip<'a> {
    rest: &'a [u8],
    sizes: Sizes,
    least: usize,
}

impl<'a> Drip<'a> {
    pub(crate) fn new(data: &'a [u8]) -> Self {
        Self::of_at_least(0, data)
    }

    /// So many bytes at a time, or more.
    pub(crate) fn of_at_least(least: usize, data: &'a [u8]) -> Self {
        Self {
            rest: data,
            sizes: Sizes::of(data),
            least,
        }
    }
}

impl Read for Drip<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let size = self.sizes.next().max(self.least).min(buffer.len());
        self.rest.read(&mut buffer[..size])
    }
}
