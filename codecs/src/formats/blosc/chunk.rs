//! A chunk's header and the table of its blocks.

use super::HEADER;
use crate::error::{Error, Result};
use crate::room;

/// The version of the chunk format: Blosc 1.
pub(super) const VERSION: u8 = 2;
/// The version of the coded data: the same for all codecs, of which none ever had another.
pub(super) const CODEC_VERSION: u8 = 1;

/// Flags in a header's third byte; the codec's number stands above them.
pub(super) const BYTE_SHUFFLE: u8 = 0x01;
pub(super) const STORED: u8 = 0x02;
pub(super) const BIT_SHUFFLE: u8 = 0x04;
pub(super) const RESERVED: u8 = 0x08;
pub(super) const NOT_SPLIT: u8 = 0x10;
pub(super) const CODEC_SHIFT: u32 = 5;

/// Elements wider than this are never split.
pub(super) const WIDEST_SPLIT: usize = 16;
/// Fewer elements than this in a block are never split.
pub(super) const FEWEST_SPLIT: usize = 128;

/// The longest chunk: lengths are signed in the reference implementation.
const LONGEST: u32 = i32::MAX as u32;
/// The largest block, as in the reference implementation.
const LARGEST_BLOCK: u32 = (LONGEST - 255 * 4) / 3;

/// What a chunk's header says; all of it is consistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) flags: u8,
    pub(super) codec: Codec,
    /// Bytes in an element, 1 to 255.
    pub(super) typesize: usize,
    /// Plain bytes in the chunk.
    pub(super) nbytes: usize,
    /// Plain bytes in each block but the last.
    pub(super) blocksize: usize,
    /// Bytes of the whole chunk, this header among them.
    pub(super) cbytes: usize,
}

/// What codes the blocks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Codec {
    Blosclz,
    Lz4,
    Snappy,
    Zlib,
    Zstd,
}

/// What was done to the bytes of a block before they were coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Filter {
    None,
    Bytes,
    Bits,
}

impl Header {
    /// Reads a header and checks its fields against one another.
    pub(super) fn parse(raw: &[u8; HEADER]) -> Result<Self> {
        let [version, codec_version, flags, typesize, lengths @ ..] = raw;
        if *version != VERSION {
            return Err(Error::unsupported(format!(
                "a chunk of version {version}; Blosc 1 wrote version {VERSION}"
            )));
        }
        if *codec_version != CODEC_VERSION {
            return Err(Error::unsupported(format!(
                "version {codec_version} of a chunk's codec"
            )));
        }
        if flags & RESERVED != 0 {
            return Err(Error::corrupt(format!(
                "a chunk's reserved flag is set ({flags:#04x})"
            )));
        }
        let codec = match flags >> CODEC_SHIFT {
            0 => Codec::Blosclz,
            1 => Codec::Lz4,
            2 => Codec::Snappy,
            3 => Codec::Zlib,
            4 => Codec::Zstd,
            number => {
                return Err(Error::unsupported(format!(
                    "a chunk's codec has number {number}, which Blosc 1 has not given"
                )));
            }
        };
        if *typesize == 0 {
            return Err(Error::corrupt("a chunk's elements have 0 bytes"));
        }
        let length = |i: usize| {
            let bytes = lengths[4 * i..][..4].try_into().expect("four bytes");
            u32::from_le_bytes(bytes)
        };
        let (nbytes, blocksize, cbytes) = (length(0), length(1), length(2));
        let sizes = || format!("{nbytes} bytes in blocks of {blocksize}, coded as {cbytes}");
        let wrong = |what: &str| Err(Error::corrupt(format!("{what}: a chunk of {}", sizes())));
        let header_len = u32::try_from(HEADER).expect("16");
        if cbytes > LONGEST || nbytes > LONGEST - header_len {
            return wrong("larger than a chunk may be");
        }
        if cbytes < header_len {
            return wrong("smaller than its header");
        }
        if nbytes == 0 && cbytes != header_len {
            return wrong("no data, but more than a header");
        }
        if nbytes > 0 && (blocksize == 0 || blocksize > nbytes || blocksize > LARGEST_BLOCK) {
            return wrong("blocks of an impossible size");
        }
        let usize_of = |n: u32| usize::try_from(n).expect("31 bits");
        let header = Header {
            flags: *flags,
            codec,
            typesize: usize::from(*typesize),
            nbytes: usize_of(nbytes),
            blocksize: usize_of(blocksize),
            cbytes: usize_of(cbytes),
        };
        if header.is_stored() {
            if nbytes > 0 && cbytes != nbytes + header_len {
                return wrong("stored, but not as long as its data");
            }
        } else if nbytes > 0 {
            // An entry of the table, the length of a split, and a byte in it.
            if header.blocks() as u64 * 9 + HEADER as u64 > u64::from(cbytes) {
                return wrong("too short for its blocks");
            }
            let elements_fit = header.blocksize.is_multiple_of(header.splits(0));
            if !elements_fit {
                return wrong("blocks that do not split into their elements");
            }
        }
        Ok(header)
    }

    /// The data follows as it is.
    pub(super) fn is_stored(&self) -> bool {
        self.flags & STORED != 0
    }

    pub(super) fn blocks(&self) -> usize {
        if self.nbytes == 0 {
            0
        } else {
            self.nbytes.div_ceil(self.blocksize)
        }
    }

    /// Bytes of the table of blocks.
    pub(super) fn table_len(&self) -> usize {
        4 * self.blocks()
    }

    /// Plain bytes in a block.
    pub(super) fn block_len(&self, block: usize) -> usize {
        self.blocksize.min(self.nbytes - block * self.blocksize)
    }

    /// Into how many parts, coded apart, a block is cut: one for each byte of an element, or one.
    pub(super) fn splits(&self, block: usize) -> usize {
        let splits = self.flags & NOT_SPLIT == 0
            && self.typesize <= WIDEST_SPLIT
            && self.blocksize / self.typesize >= FEWEST_SPLIT
            && self.block_len(block) == self.blocksize;
        if splits { self.typesize } else { 1 }
    }

    /// What must be undone in a block.
    ///
    /// If both flags are set, bytes were shuffled: the reference implementation looks at that flag first. Bits are
    /// shuffled in groups of eight elements, and not at all in a block that does not consist of such groups.
    pub(super) fn filter(&self, block: usize) -> Filter {
        let elements = self.block_len(block) / self.typesize;
        if self.flags & BYTE_SHUFFLE != 0 && self.typesize > 1 {
            // One element or none is in order as it is.
            if elements > 1 { Filter::Bytes } else { Filter::None }
        } else if self.flags & BIT_SHUFFLE != 0 && elements > 0 && elements.is_multiple_of(8) {
            Filter::Bits
        } else {
            Filter::None
        }
    }
}

/// Where the blocks of a chunk lie in it. Several threads write them in the order in which they get done.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    blocks: Vec<Entry>,
}

/// Offsets from the beginning of the chunk.
#[derive(Clone, Copy, Debug)]
struct Entry {
    start: u32,
    /// Where the block behind it begins, or the chunk ends.
    end: u32,
    /// Where the first of this block and all later ones begins: nothing in front of it is needed any more.
    first: u32,
}

impl Table {
    /// Reads the table of the chunk with that header.
    ///
    /// No two blocks may share bytes. The reference implementation does not look, but it does not write such chunks
    /// either; so damage to the table is noticed, and no chunk becomes larger by saying the same thing twice.
    pub(super) fn read(&mut self, header: &Header, raw: &[u8]) -> Result<()> {
        let (from, to) = (HEADER + header.table_len(), header.cbytes);
        self.blocks.clear();
        room::reserve_exact(&mut self.blocks, raw.len() / 4)?;
        for (i, raw) in raw.as_chunks::<4>().0.iter().enumerate() {
            let start = u32::from_le_bytes(*raw);
            if !(from..to).contains(&usize::try_from(start).unwrap_or(usize::MAX)) {
                return Err(Error::corrupt(format!(
                    "block {i} begins at {start} of a chunk, whose blocks lie between {from} and {to}"
                )));
            }
            self.blocks.push(Entry {
                start,
                end: u32::try_from(to).expect("31 bits"),
                first: start,
            });
        }
        let in_order = self.blocks.is_sorted_by(|a, b| a.start < b.start);
        if in_order {
            for i in 1..self.blocks.len() {
                self.blocks[i - 1].end = self.blocks[i].start;
            }
            return Ok(());
        }
        let mut starts = Vec::new();
        room::reserve_exact(&mut starts, self.blocks.len())?;
        starts.extend(self.blocks.iter().map(|entry| entry.start));
        starts.sort_unstable();
        if let Some(twice) = starts.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::corrupt(format!(
                "two blocks of a chunk begin at {}",
                twice[0]
            )));
        }
        let mut first = u32::MAX;
        for entry in self.blocks.iter_mut().rev() {
            let behind = starts.partition_point(|start| *start <= entry.start);
            if let Some(next) = starts.get(behind) {
                entry.end = *next;
            }
            first = first.min(entry.start);
            entry.first = first;
        }
        Ok(())
    }

    pub(super) fn len(&self) -> usize {
        self.blocks.len()
    }

    /// Bytes that it takes, though it may have been of a longer one.
    pub(super) fn memory(&self) -> usize {
        self.blocks.capacity() * size_of::<Entry>()
    }

    /// Where a block begins, and the most that it may reach to.
    pub(super) fn extent(&self, block: usize) -> (usize, usize) {
        let entry = self.blocks[block];
        (offset(entry.start), offset(entry.end))
    }

    /// Nothing in front of this is needed behind that block.
    pub(super) fn needed_behind(&self, block: usize) -> usize {
        self.blocks
            .get(block + 1)
            .map_or(usize::MAX, |next| offset(next.first))
    }
}

fn offset(n: u32) -> usize {
    usize::try_from(n).expect("31 bits")
}
