//! The order of the valleys, by the order of the pieces between them.

use super::shape::{Shape, begin};

/// Sorts valleys, which are sorted by the bytes up to the next one. `room` is for tables.
pub(super) fn sort(shape: &Shape, valleys: &mut [u32], room: &mut [u32]) {
    let (ranks, numbers) = room.split_at_mut(valleys.len());
    let mut order = Order::default();
    order.name(shape, valleys, ranks, numbers);
    let mut compared = 1;
    while !order.groups.is_empty() && compared < valleys.len() {
        if !order.round(compared, valleys, ranks) {
            // Those that are left are equal.
            break;
        }
        compared *= 2;
    }
    for valley in valleys {
        *valley = shape.valley(*valley as usize);
    }
}

/// What is not sorted yet.
#[derive(Default)]
struct Order {
    /// Valleys whose order is not known, as parts of the table of all, and those of the next round.
    groups: Vec<Group>,
    next: Vec<Group>,
    /// The valleys of a group: their keys, and their numbers in the block.
    keys: Vec<u64>,
}

#[derive(Clone, Copy)]
struct Group {
    begin: u32,
    end: u32,
}

impl Order {
    /// Puts valleys between which there is the same into groups, and their numbers into the table of them. The rank of a
    /// valley is the first place of its group.
    fn name(&mut self, shape: &Shape, valleys: &mut [u32], ranks: &mut [u32], numbers: &mut [u32]) {
        // No two of them are next to each other.
        for (number, &at) in shape.positions().iter().enumerate() {
            numbers[at as usize / 2] = number as u32;
        }
        self.groups.clear();
        let (mut first, mut piece) = (0, &[][..]);
        for (place, valley) in valleys.iter_mut().enumerate() {
            let number = numbers[begin(*valley) / 2];
            let this = shape.piece(number as usize);
            if this != piece {
                self.next_group(first, place);
                (first, piece) = (place, this);
            }
            *valley = number;
            ranks[number as usize] = first as u32;
        }
        self.next_group(first, valleys.len());
        std::mem::swap(&mut self.groups, &mut self.next);
    }

    fn next_group(&mut self, begin: usize, end: usize) {
        if end - begin > 1 {
            let (begin, end) = (begin as u32, end as u32);
            self.next.push(Group { begin, end });
        }
    }

    /// Sorts groups of which so many pieces are equal by as many more, and says whether that tells any apart.
    fn round(&mut self, compared: usize, valleys: &mut [u32], ranks: &mut [u32]) -> bool {
        let mut apart = false;
        for i in 0..self.groups.len() {
            let Group { begin, end } = self.groups[i];
            let (begin, end) = (begin as usize, end as usize);
            self.keys.clear();
            self.keys.extend(valleys[begin..end].iter().map(|&valley| {
                let behind = valley as usize + compared;
                let behind = behind.checked_sub(ranks.len()).unwrap_or(behind);
                u64::from(ranks[behind]) << 32 | u64::from(valley)
            }));
            self.keys.sort_unstable();
            let (mut first, mut key) = (begin, self.keys[0] >> 32);
            for (place, at) in (begin..end).enumerate() {
                let both = self.keys[place];
                let valley = both as u32;
                if both >> 32 != key {
                    self.next_group(first, at);
                    (first, key) = (at, both >> 32);
                    apart = true;
                }
                valleys[at] = valley;
                ranks[valley as usize] = first as u32;
            }
            self.next_group(first, end);
        }
        std::mem::swap(&mut self.groups, &mut self.next);
        self.next.clear();
        apart
    }
}
