//! Which rotations of a block rise and fall, and how many of them begin with which byte.

use std::ops::Range;

/// A rotation in a table: where it begins and, in the lowest eight bits, the byte in front of that.
pub(super) fn rotation(begin: usize, before: u8) -> u32 {
    (begin as u32) << 8 | u32::from(before)
}

pub(super) fn begin(rotation: u32) -> usize {
    rotation as usize >> 8
}

pub(super) fn before(rotation: u32) -> u8 {
    rotation as u8
}

/// A kind of rotations, by first bytes: where those with each byte stand in a table of all.
pub(super) struct Buckets {
    ends: [u32; 256],
}

impl Buckets {
    fn of_sizes(sizes: [u32; 256]) -> Self {
        let mut sum = 0;
        Buckets {
            ends: sizes.map(|size| {
                sum += size;
                sum
            }),
        }
    }

    pub(super) fn ends(&self) -> [u32; 256] {
        self.ends
    }

    pub(super) fn begins(&self) -> [u32; 256] {
        let mut begins = [0; 256];
        begins[1..].copy_from_slice(&self.ends[..255]);
        begins
    }

    pub(super) fn range(&self, first: usize) -> Range<usize> {
        let begin = first.checked_sub(1).map_or(0, |before| self.ends[before]);
        begin as usize..self.ends[first] as usize
    }

    pub(super) fn total(&self) -> usize {
        self.ends[255] as usize
    }
}

/// A block, turned so that it begins with a valley.
pub(super) struct Shape {
    /// Its last two bytes, all of them, and its first one.
    text: Vec<u8>,
    /// From `first` on: where its valleys are, and its end.
    bounds: Vec<u32>,
    first: usize,
    pub(super) falling: Buckets,
    pub(super) rising: Buckets,
    pub(super) valleys: Buckets,
}

impl Default for Shape {
    fn default() -> Self {
        let none = || Buckets::of_sizes([0; 256]);
        Shape {
            text: Vec::new(),
            bounds: vec![0],
            first: 0,
            falling: none(),
            rising: none(),
            valleys: none(),
        }
    }
}

impl Shape {
    /// Takes a block with a valley at `begin`, and puts its valleys into a table by first bytes.
    pub(super) fn take(&mut self, block: &[u8], begin: usize, valleys: &mut Vec<u32>) {
        let (front, back) = block.split_at(begin);
        self.text.clear();
        self.text.extend([0; 2]);
        self.text.extend_from_slice(back);
        self.text.extend_from_slice(front);
        self.text.copy_within(block.len().., 0);
        self.text.push(back[0]);
        self.classify();
        valleys.clear();
        valleys.resize(self.len_valleys(), 0);
        let mut heads = self.valleys.begins();
        for &at in self.positions() {
            let at = at as usize;
            let head = &mut heads[usize::from(self.text[at + 2])];
            valleys[*head as usize] = rotation(at, self.text[at + 1]);
            *head += 1;
        }
    }

    fn classify(&mut self) {
        let len = self.text.len() - 3;
        let most = len / 2 + 1;
        if self.bounds.len() < most {
            self.bounds = vec![0; most];
        }
        let mut at = self.bounds.len() - 1;
        let mut falling = [0; 256];
        let mut rising = [0; 256];
        // Behind the end is the valley of the beginning.
        let (mut next, mut next_rises) = (self.text[len + 2], true);
        for (i, &byte) in self.text[2..len + 2].iter().enumerate().rev() {
            let rises = byte < next || byte == next && next_rises;
            // Without a branch: the place is written again if this was none.
            self.bounds[at] = i as u32 + 1;
            at -= usize::from(next_rises & !rises);
            rising[usize::from(byte)] += u32::from(rises);
            falling[usize::from(byte)] += u32::from(!rises);
            (next, next_rises) = (byte, rises);
        }
        self.bounds[at] = 0;
        self.first = at;
        let mut valleys = [0; 256];
        for &at in self.positions() {
            valleys[usize::from(self.text[at as usize + 2])] += 1;
        }
        self.falling = Buckets::of_sizes(falling);
        self.rising = Buckets::of_sizes(rising);
        self.valleys = Buckets::of_sizes(valleys);
    }

    pub(super) fn len(&self) -> usize {
        self.text.len() - 3
    }

    pub(super) fn len_valleys(&self) -> usize {
        self.positions().len()
    }

    /// The rotation that begins in front of this one.
    #[inline]
    pub(super) fn in_front(&self, of: u32) -> u32 {
        let at = begin(of);
        let front = if at == 0 { self.len() } else { at } - 1;
        // Two bytes stand in front of the block.
        rotation(front, self.text[at])
    }

    /// Where the valleys are.
    pub(super) fn positions(&self) -> &[u32] {
        &self.bounds[self.first..self.bounds.len() - 1]
    }

    /// The valley of this number.
    pub(super) fn valley(&self, number: usize) -> u32 {
        let at = self.positions()[number] as usize;
        rotation(at, self.text[at + 1])
    }

    /// What stands from one valley to the next, the first byte of that too.
    pub(super) fn piece(&self, number: usize) -> &[u8] {
        let bounds = &self.bounds[self.first..];
        &self.text[bounds[number] as usize + 2..bounds[number + 1] as usize + 3]
    }
}

/// Where a block has its first valley; one of equal bytes has none.
pub(super) fn first_valley(block: &[u8]) -> Option<usize> {
    let len = block.len();
    let mut at = (0..len).find(|&i| block[if i == 0 { len } else { i } - 1] > block[i])?;
    // It goes down to here. Goes it up behind it, or further down?
    loop {
        let differs = (at..len).chain(0..at).find(|&i| block[i] != block[at])?;
        if block[differs] > block[at] {
            return Some(at);
        }
        at = differs;
    }
}
