//! Reading one archive.

use std::sync::Arc;

use super::super::gather::{Deferred, Gather, Held};
use super::super::header::header_of;
use super::MAGIC;
use super::coder::{
    ADLER32_CODED, ADLER32_PLAIN, BLOCK_MOST, CRC32_CODED, CRC32_HEADER, CRC32_PLAIN, EXTRA_FIELD, FILTER,
    LONG_HEADER, METHODS, MULTIPART, UNKNOWN, VERSION, adler32,
};
use super::decompress::{RATIO, decompress};
use crate::error::{Error, Result};
use crate::format::{Decode, DecodeOptions, Status, Step};
use crate::pieces::{Adopt, Place};
use crate::seek::{Entry, Marks};

/// Bytes of a header that is looked at in front of blocks to be found, extra field included.
pub(super) const HEADER: usize = 4096;
/// The first version whose headers are like this.
const OLDEST: u16 = 0x0900;

pub(super) fn decoder(options: &DecodeOptions) -> Result<Box<dyn Decode>> {
    Ok(Box::new(Decoder::new(options.memory)))
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug)]
enum State {
    Magic,
    Version,
    /// From there to the flags, in headers with and without the fields of later versions.
    Fields {
        long: bool,
    },
    /// From there to the length of the name.
    Details {
        long: bool,
    },
    /// The name and the checksum.
    Name {
        long: bool,
        len: usize,
    },
    /// The extra field: its length, what is left of it, its checksum.
    ExtraLength,
    Extra(u32),
    ExtraChecksum,
    /// A block, or the end mark: its length once it is plain, and as it stands here.
    PlainLength,
    CodedLength {
        plain: usize,
    },
    /// Its checksums and itself.
    Block {
        plain: usize,
        coded: usize,
    },
    End,
}

/// The sum over the extra field, which may be too long to gather.
enum Checksum {
    Adler32(simd_adler32::Adler32),
    Crc32(crc32fast::Hasher),
}

impl Checksum {
    fn of(flags: u32) -> Self {
        if flags & CRC32_HEADER != 0 {
            Checksum::Crc32(crc32fast::Hasher::new())
        } else {
            Checksum::Adler32(simd_adler32::Adler32::new())
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        match self {
            Checksum::Adler32(sum) => sum.write(bytes),
            Checksum::Crc32(sum) => sum.update(bytes),
        }
    }

    fn compare(&self, what: &str, stored: u32) -> Result<()> {
        match self {
            Checksum::Adler32(sum) => Error::verify(&format!("Adler-32 of {what}"), stored, sum.finish()),
            Checksum::Crc32(sum) => {
                Error::verify(&format!("CRC-32 of {what}"), stored, sum.clone().finalize())
            }
        }
    }
}

pub(super) struct Decoder {
    memory: Option<u64>,
    state: State,
    /// Of blocks alone, which end with their input.
    blocks_only: bool,
    /// What its checksum covers.
    header: Vec<u8>,
    flags: u32,
    extra: Checksum,
    gathered: Gather,
    held: Held,
    failed: Deferred,
    marks: Marks,
    /// What blocks of the archive need to know of what came before: its flags.
    point: Arc<[u8]>,
}

impl Decode for Decoder {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        self.failed.check()?;
        let (mut consumed, mut produced) = (0, 0);
        let ends = eof && self.blocks_only;
        let result = self.run(input, &mut consumed, out, &mut produced, ends);
        self.marks.advance(consumed, produced);
        self.failed.step(consumed, produced, result)
    }

    fn reset(&mut self) -> Result<()> {
        self.state = State::Magic;
        self.header.clear();
        self.gathered.clear();
        self.held.clear();
        self.failed.clear();
        self.marks.restart();
        Ok(())
    }

    fn marks(&mut self) -> Option<&mut Marks> {
        Some(&mut self.marks)
    }

    fn resume(&mut self, state: &[u8], _: u64) -> Result<()> {
        self.reset()?;
        let flags = state
            .try_into()
            .map_err(|_| Error::corrupt("no place in an archive"))?;
        self.begin_blocks(u32::from_le_bytes(flags));
        Ok(())
    }

    fn adopt(&mut self) -> Option<&mut dyn Adopt> {
        Some(self)
    }
}

/// Blocks, each of which has its own checksums.
impl Adopt for Decoder {
    fn place(&mut self) -> Option<Place> {
        let context = self.flags()?.into();
        self.held.is_empty().then_some(Place { bit: 0, context })
    }
    fn take(&mut self, plain: &[u8]) -> Result<()> {
        self.marks.adopt(plain.len());
        Ok(())
    }
    fn done(&mut self, coded: u64, _: u64) {
        let entry = || Entry::inside(&self.point, 0);
        self.marks.adopted_up_to(coded, entry);
    }
    fn undo(&mut self) {
        self.marks.undo();
    }
}

impl Decoder {
    pub(super) fn new(memory: Option<u64>) -> Self {
        Decoder {
            memory,
            state: State::Magic,
            blocks_only: false,
            header: Vec::new(),
            flags: 0,
            extra: Checksum::of(0),
            gathered: Gather::default(),
            held: Held::default(),
            failed: Deferred::default(),
            marks: Marks::default(),
            point: point(0),
        }
    }

    /// The flags in the header that `coded` begins with, and how long that is; `None` if it is not all there, or longer than
    /// [`HEADER`].
    ///
    /// # Errors
    /// Whatever the decoder makes of it.
    pub(super) fn header_of(coded: &[u8], memory: Option<u64>) -> Result<Option<(u32, usize)>> {
        header_of(Decoder::new(memory), coded, HEADER, Decoder::flags)
    }

    fn begin_blocks(&mut self, flags: u32) {
        self.flags = flags;
        self.point = point(flags);
        self.state = State::PlainLength;
    }

    /// A decoder of blocks in an archive with these flags, up to the end of its input.
    pub(super) fn of_blocks(flags: u32, memory: Option<u64>) -> Self {
        Decoder {
            state: State::PlainLength,
            blocks_only: true,
            flags,
            ..Decoder::new(memory)
        }
    }

    /// The flags of the header, in front of any block.
    pub(super) fn flags(&self) -> Option<u32> {
        let between = matches!(self.state, State::PlainLength) && self.gathered.is_empty();
        between.then_some(self.flags)
    }

    fn run(
        &mut self,
        input: &[u8],
        consumed: &mut usize,
        out: &mut [u8],
        produced: &mut usize,
        ends: bool,
    ) -> Result<Status> {
        loop {
            *produced += self.held.hand_out(&mut out[*produced..]);
            if !self.held.is_empty() || (*produced > 0 && *produced == out.len()) {
                return Ok(Status::More);
            }
            if self.flags().is_some() {
                let entry = || Entry::inside(&self.point, 0);
                self.marks.place(*consumed, *produced, entry);
            }
            let rest = &input[*consumed..];
            let need = match self.state {
                State::End => return Ok(Status::Done),
                State::PlainLength if ends && rest.is_empty() && self.gathered.is_empty() => {
                    return Ok(Status::Done);
                }
                State::Extra(0) => {
                    self.state = State::ExtraChecksum;
                    continue;
                }
                State::Extra(left) => {
                    let n = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    if n == 0 {
                        return Ok(Status::More);
                    }
                    self.extra.write(&rest[..n]);
                    *consumed += n;
                    self.state = State::Extra(left - u32::try_from(n).expect("no more than is left"));
                    continue;
                }
                State::Magic => MAGIC.len(),
                State::Version => 2,
                // The library, the version needed, method, level, flags.
                State::Fields { long } => 2 + if long { 2 + 1 + 1 } else { 1 } + 4,
                // The filter, mode, time, the upper half of the time, the length of the name.
                State::Details { long } => {
                    let filter = if self.has(FILTER) { 4 } else { 0 };
                    filter + 4 + 4 + if long { 4 } else { 0 } + 1
                }
                State::Name { len, .. } => len + 4,
                State::ExtraLength | State::ExtraChecksum => 4,
                State::PlainLength | State::CodedLength { .. } => 4,
                State::Block { plain, coded } => 4 * checksums(self.flags, coded < plain).count() + coded,
            };
            let mut gathered = std::mem::take(&mut self.gathered);
            let (n, item) = gathered.take(need, rest)?;
            *consumed += n;
            let result = item.map(|item| self.item(item, out, produced));
            if result.is_some() {
                gathered.clear();
            }
            self.gathered = gathered;
            match result {
                Some(result) => result?,
                None => return Ok(Status::More),
            }
        }
    }

    fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// What to do with an item that is all there.
    fn item(&mut self, item: &[u8], out: &mut [u8], produced: &mut usize) -> Result<()> {
        match self.state {
            State::Magic if item == MAGIC => self.state = State::Version,
            State::Magic => return Err(Error::corrupt("it does not begin as lzop's files do")),
            State::Version => {
                let version = u16::from_be_bytes([item[0], item[1]]);
                if version < OLDEST {
                    return Err(Error::corrupt(format!(
                        "a header of version {version:#06x}, {OLDEST:#06x} is the first"
                    )));
                }
                self.header.extend_from_slice(item);
                let long = version >= LONG_HEADER;
                self.state = State::Fields { long };
            }
            State::Fields { long } => {
                self.header.extend_from_slice(item);
                self.flags = word(&item[item.len() - 4..]);
                self.state = State::Details { long };
            }
            State::Details { long } => {
                self.header.extend_from_slice(item);
                let len = usize::from(item[item.len() - 1]);
                self.state = State::Name { long, len };
            }
            State::Name { long, len } => {
                let (name, checksum) = item.split_at(len);
                self.header.extend_from_slice(name);
                self.header(long, word(checksum))?;
            }
            State::ExtraLength => {
                self.extra.write(item);
                self.state = State::Extra(word(item));
            }
            State::ExtraChecksum => {
                self.extra.compare("the extra field", word(item))?;
                self.state = State::PlainLength;
            }
            State::PlainLength => {
                let plain = usize::try_from(word(item)).unwrap_or(usize::MAX);
                if plain > BLOCK_MOST {
                    return Err(Error::corrupt(format!(
                        "a block of {plain} bytes, {BLOCK_MOST} are the most"
                    )));
                }
                self.state = match plain {
                    0 => State::End,
                    plain => State::CodedLength { plain },
                };
            }
            State::CodedLength { plain } => self.block_header(plain, word(item))?,
            State::Block { plain, coded } => self.block(item, plain, coded, out, produced)?,
            State::Extra(_) | State::End => unreachable!("these are no items"),
        }
        Ok(())
    }

    /// Looks at the fields only once they are known to be whole.
    fn header(&mut self, long: bool, checksum: u32) -> Result<()> {
        let mut sum = Checksum::of(self.flags);
        sum.write(&self.header);
        sum.compare("the header", checksum)?;
        self.extra = Checksum::of(self.flags);
        let needed = if long {
            u16::from_be_bytes([self.header[4], self.header[5]])
        } else {
            OLDEST
        };
        let method = self.header[if long { 6 } else { 4 }];
        let refused = if needed < OLDEST {
            return Err(Error::corrupt(format!(
                "it asks for lzop of version {needed:#06x}, {OLDEST:#06x} is the first"
            )));
        } else if needed > VERSION {
            format!("it asks for lzop of version {needed:#06x}, {VERSION:#06x} is known")
        } else if !METHODS.contains(&method) {
            format!("method {method} is not LZO1X")
        } else if self.has(FILTER) {
            "its data went through a filter".to_owned()
        } else if self.has(MULTIPART) {
            "it is a part of a file in several".to_owned()
        } else if self.has(UNKNOWN) {
            format!("unknown flags ({:#010x})", self.flags & UNKNOWN)
        } else {
            self.begin_blocks(self.flags);
            if self.has(EXTRA_FIELD) {
                self.state = State::ExtraLength;
            }
            return Ok(());
        };
        Err(Error::unsupported(refused))
    }

    fn block_header(&mut self, plain: usize, coded: u32) -> Result<()> {
        let coded = usize::try_from(coded).unwrap_or(usize::MAX);
        if coded > plain || plain > coded.saturating_mul(RATIO) {
            return Err(Error::corrupt(format!(
                "a block of {coded} bytes cannot be one of {plain} plain ones"
            )));
        }
        let need = plain + coded;
        if self.memory.is_some_and(|memory| memory < need as u64) {
            return Err(Error::limit(format!(
                "a block, coded and plain, takes {need} bytes"
            )));
        }
        self.state = State::Block { plain, coded };
        Ok(())
    }

    fn block(
        &mut self,
        item: &[u8],
        plain_len: usize,
        coded_len: usize,
        out: &mut [u8],
        produced: &mut usize,
    ) -> Result<()> {
        self.state = State::PlainLength;
        let compressed = coded_len < plain_len;
        let (stored, coded) = item.split_at(item.len() - coded_len);
        let sums = checksums(self.flags, compressed).zip(stored.chunks_exact(4).map(word));
        for (flag, stored) in sums.clone() {
            match flag {
                ADLER32_CODED => Error::verify("Adler-32 of a coded block", stored, adler32(coded))?,
                CRC32_CODED => Error::verify("CRC-32 of a coded block", stored, crc32fast::hash(coded))?,
                _ => {}
            }
        }
        let straight = plain_len <= out.len() - *produced;
        let plain = if straight {
            &mut out[*produced..*produced + plain_len]
        } else {
            self.held.room(plain_len)?
        };
        if compressed {
            decompress(coded, plain).map_err(|e| Error::corrupt(format!("a block is damaged: {e}")))?;
        } else {
            plain.copy_from_slice(coded);
        }
        for (flag, stored) in sums {
            match flag {
                ADLER32_PLAIN => Error::verify("Adler-32 of a block", stored, adler32(plain))?,
                CRC32_PLAIN => Error::verify("CRC-32 of a block", stored, crc32fast::hash(plain))?,
                _ => {}
            }
        }
        if straight {
            *produced += plain_len;
        } else {
            self.held.keep(plain_len);
        }
        Ok(())
    }
}

/// Flags, as the decoder wants them at a place between blocks.
pub(super) fn point(flags: u32) -> Arc<[u8]> {
    flags.to_le_bytes().into()
}

/// The checksums of a block, in their order. Stored ones have none of their coded form.
pub(super) fn checksums(flags: u32, compressed: bool) -> impl Iterator<Item = u32> + Clone {
    let coded = if compressed {
        ADLER32_CODED | CRC32_CODED
    } else {
        0
    };
    let flags = flags & (ADLER32_PLAIN | CRC32_PLAIN | coded);
    [ADLER32_PLAIN, CRC32_PLAIN, ADLER32_CODED, CRC32_CODED]
        .into_iter()
        .filter(move |flag| flags & flag != 0)
}

pub(super) fn word(bytes: &[u8]) -> u32 {
    u32::from_be_bytes(bytes.try_into().expect("four bytes"))
}
