//! The slow search: chains of the places where three bytes stood before, and the cheapest way through what they give.
//!
//! The way is found for a window of positions at a time, by the price in bytes of reaching each one. Literals cost
//! more at certain lengths of their run, so each position keeps the run that leads to it; that is the cheapest
//! one's only, so the way is good, not perfect.

use super::compress::{Coded, FAR, Found, MIDDLE, NEAR, POSITIONS, RUN_NEAR, equal, low, slot, word};

/// The shortest match that saves something.
const LEAST: usize = 3;
/// Positions through which a way is searched at a time.
const WINDOW: usize = 16 << 10;
/// Bits of the hash of three bytes.
const HEAD_BITS: u32 = 16;

/// How hard a level tries.
#[derive(Clone, Copy)]
pub(super) struct Effort {
    /// Places looked at for a match.
    depth: usize,
    /// A match of that length is taken without looking further.
    enough: usize,
}

impl Effort {
    fn of(level: i32) -> Self {
        let (depth, enough) = match level {
            ..=7 => (16, 32),
            8 => (48, 64),
            _ => (256, 256),
        };
        Effort { depth, enough }
    }
}

/// The cheapest way to a position.
#[derive(Clone, Copy, Default)]
struct Node {
    price: u32,
    /// Literals that end here.
    run: u32,
    /// The match that ends here, if `len` is not 0; else it is a literal.
    len: u32,
    distance: u32,
}

pub(super) struct Parser {
    effort: Effort,
    /// For each hash the position behind the latest place with it; 0 for none.
    heads: Vec<u32>,
    /// The same for three bytes, of which only near places are of use: they have no chains.
    threes: Vec<u32>,
    /// For each position the way back to the one before with the same hash; 0 for none within reach.
    back: Vec<u16>,
    nodes: Vec<Node>,
    /// Matches of a position, longer and farther from one to the next.
    found: Vec<Found>,
    /// The matches of a way, and where they begin: the last one first.
    way: Vec<(usize, Found)>,
}

impl Parser {
    pub(super) fn new(level: i32) -> Self {
        Parser {
            effort: Effort::of(level),
            heads: vec![0; 1 << HEAD_BITS],
            threes: vec![0; 1 << HEAD_BITS],
            back: vec![0; POSITIONS],
            nodes: vec![Node::default(); WINDOW + 1],
            found: Vec::new(),
            way: Vec::new(),
        }
    }

    /// Returns from where on there are only literals.
    pub(super) fn parse(&mut self, input: &[u8], coded: &mut Coded<'_>) -> usize {
        let bits = (usize::BITS - input.len().leading_zeros()).clamp(8, HEAD_BITS);
        self.heads[..1 << bits].fill(0);
        self.threes[..1 << bits].fill(0);
        // Behind it there are no four bytes to hash.
        let last = input.len().saturating_sub(size_of::<u32>() - 1);
        let (mut anchor, mut at) = (0, 0);
        while at < last {
            let (len, long) = self.window(input, at, (last - at).min(WINDOW), bits, at - anchor);
            self.trace(at, len);
            for (at, found) in self.way.drain(..).rev() {
                anchor = coded.sequence(input, anchor, at, found);
            }
            at += len;
            if let Some(found) = long {
                anchor = coded.sequence(input, anchor, at, found);
                for skipped in at + 1..anchor.min(last) {
                    self.insert(input, skipped, bits);
                }
                at = anchor;
            }
        }
        anchor
    }

    /// Finds the prices of `len` positions from `at` on, `run` literals before it. Stops where a match is long enough
    /// to be taken as it is: how many positions have their prices, and that match.
    fn window(
        &mut self,
        input: &[u8],
        at: usize,
        len: usize,
        bits: u32,
        run: usize,
    ) -> (usize, Option<Found>) {
        let unreached = Node {
            price: u32::MAX,
            ..Node::default()
        };
        self.nodes[..=len].fill(unreached);
        self.nodes[0] = Node {
            run: narrow(run),
            price: 0,
            ..Node::default()
        };
        for i in 0..len {
            let here = self.nodes[i];
            self.search(input, at + i, bits);
            if let Some(longest) = self
                .found
                .last()
                .copied()
                .filter(|found| found.len >= self.effort.enough)
            {
                return (i, Some(longest));
            }
            let price = here.price + literal_price(here.run + 1);
            if price < self.nodes[i + 1].price {
                self.nodes[i + 1] = Node {
                    price,
                    run: here.run + 1,
                    ..Node::default()
                };
            }
            let mut shorter = LEAST - 1;
            for found in &self.found {
                let most = found.len.min(len - i);
                for match_len in shorter + 1..=most {
                    let found = Found {
                        len: match_len,
                        distance: found.distance,
                    };
                    let price = here.price + match_price(found, here.run);
                    let node = &mut self.nodes[i + match_len];
                    if price < node.price {
                        *node = Node {
                            price,
                            run: 0,
                            len: narrow(match_len),
                            distance: narrow(found.distance),
                        };
                    }
                }
                shorter = most;
            }
        }
        (len, None)
    }

    /// Follows the cheapest way back from the `i`th position of the window that begins at `at`.
    fn trace(&mut self, at: usize, mut i: usize) {
        while i > 0 {
            let node = self.nodes[i];
            let found = Found {
                len: node.len as usize,
                distance: node.distance as usize,
            };
            i -= found.len.max(1);
            if found.len > 0 {
                self.way.push((at + i, found));
            }
        }
    }

    /// Finds the matches at a position, and puts it into its chain.
    fn search(&mut self, input: &[u8], at: usize, bits: u32) {
        self.found.clear();
        let (mut distance, three) = self.insert(input, at, bits);
        let mut best = LEAST - 1;
        if three != 0 && three <= *RUN_NEAR.end() && word(input, at) << 8 == word(input, at - three) << 8 {
            best = LEAST;
            self.found.push(Found {
                len: LEAST,
                distance: three,
            });
        }
        let mut depth = self.effort.depth;
        let most = input.len() - at;
        while distance != 0 && distance <= FAR && depth > 0 {
            depth -= 1;
            let from = at - distance;
            // Only what agrees where the best one ends can be longer.
            if best < most && input[from + best] == input[at + best] {
                let len = equal(&input[..input.len().min(at + self.effort.enough)], at, distance);
                if len > best {
                    best = len;
                    self.found.push(Found { len, distance });
                    if len >= self.effort.enough {
                        break;
                    }
                }
            }
            match usize::from(self.back[from % POSITIONS]) {
                0 => break,
                back => distance += back,
            }
        }
        if let Some(longest) = self
            .found
            .last_mut()
            .filter(|found| found.len >= self.effort.enough)
        {
            longest.len = equal(input, at, longest.distance);
        }
    }

    /// Puts a position into its chain. How far before it the next one is there, and the latest place where three bytes
    /// have the same hash; 0 for none.
    fn insert(&mut self, input: &[u8], at: usize, bits: u32) -> (usize, usize) {
        let word = word(input, at);
        let latest = |table: &mut [u32], word| {
            let latest = &mut table[slot(word, bits)];
            match std::mem::replace(latest, narrow(at + 1)) {
                0 => 0,
                behind => at + 1 - behind as usize,
            }
        };
        let distance = latest(&mut self.heads, word);
        self.back[at % POSITIONS] = if distance <= FAR { low(distance) } else { 0 };
        (distance, latest(&mut self.threes, word << 8))
    }
}

fn narrow(n: usize) -> u32 {
    u32::try_from(n).expect("no more than a block has bytes")
}

/// What the `n`th literal of a run adds.
pub(super) fn literal_price(n: u32) -> u32 {
    match n {
        4 | 19 => 2,
        20.. if (n - 19).is_multiple_of(255) => 2,
        _ => 1,
    }
}

/// What a match takes behind so many literals.
pub(super) fn match_price(found: Found, run: u32) -> u32 {
    let more = |bits: usize| match found.len.checked_sub(2 + bits) {
        None | Some(0) => 0,
        Some(more) => narrow((more - 1) / 255 + 1),
    };
    match found.distance {
        ..=NEAR if found.len <= 8 => 2,
        distance if found.len == 3 && run > 3 && RUN_NEAR.contains(&distance) => 2,
        ..=MIDDLE => 3 + more(31),
        _ => 3 + more(7),
    }
}
