//! Reading frames of all three kinds.

use std::hash::Hasher;
use std::sync::Arc;

use lz4_flex::block::DecompressError;
use twox_hash::XxHash32;

use super::super::gather::{Deferred, Gather, Held};
use super::super::header::header_of;
use super::coder::{
    BLOCK_CHECKSUMS, CONTENT_CHECKSUM, CONTENT_SIZE, DICTIONARY, INDEPENDENT, RESERVED, STORED, VERSION,
    VERSION_MASK, header_checksum, xxh32,
};
use super::window::{WINDOW, Window};
use super::{LEGACY, MAGIC};
use crate::error::{Error, Result};
use crate::format::{Decode, DecodeOptions, Status, Step};
use crate::pieces::{Adopt, Place};
use crate::seek::{Entry, Marks};

/// Plain bytes in a block of a legacy frame, and the most that coding can make of them.
const LEGACY_BLOCK: usize = 8 << 20;
const LEGACY_CODED: usize = LEGACY_BLOCK + LEGACY_BLOCK / 255 + 16;
/// No byte of a coded block stands for more plain ones.
const RATIO: usize = 255;

pub(super) fn decoder(options: &DecodeOptions) -> Result<Box<dyn Decode>> {
    Ok(Box::new(Decoder::new(options.memory)))
}

/// What the header of a frame says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) legacy: bool,
    pub(super) linked: bool,
    pub(super) block_checksums: bool,
    pub(super) content_checksum: bool,
    /// Plain bytes that a block may have.
    pub(super) block_most: usize,
    /// Plain bytes in all of them.
    pub(super) size: Option<u64>,
}

/// The longest header of a frame, its magic included, without a dictionary.
pub(super) const HEADER: usize = 19;

impl Frame {
    /// What the header says that `coded` begins with, and how long it is; `None` if it is not all there.
    ///
    /// # Errors
    /// Whatever the decoder makes of it.
    pub(super) fn parse(coded: &[u8], memory: Option<u64>) -> Result<Option<(Self, usize)>> {
        header_of(Decoder::new(memory), coded, HEADER, Decoder::frame)
    }

    /// All that the blocks of a frame depend on.
    pub(super) fn context(self) -> u64 {
        self.block_most as u64 | u64::from(self.block_checksums)
    }
}

/// All plain bytes of a frame, and what its header says of them.
#[derive(Clone, Default)]
struct Content {
    total: u64,
    size: Option<u64>,
    hash: Option<XxHash32>,
    /// Some of them are not known, because decoding began behind them.
    partial: bool,
}

impl Content {
    fn add(&mut self, bytes: &[u8]) -> Result<()> {
        self.total += bytes.len() as u64;
        if self.size.is_some_and(|size| self.total > size) {
            return Err(self.wrong_size());
        }
        if let Some(hash) = self.hash.as_mut().filter(|_| !self.partial) {
            hash.write(bytes);
        }
        Ok(())
    }

    fn end(&self) -> Result<()> {
        match self.size {
            Some(size) if size != self.total => Err(self.wrong_size()),
            _ => Ok(()),
        }
    }

    fn wrong_size(&self) -> Error {
        let (total, size) = (self.total, self.size.unwrap_or_default());
        Error::corrupt(format!("the frame holds {total} bytes, its header says {size}"))
    }
}

/// What the next bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Magic,
    /// The length of a skippable frame, and the frame. The engine steps over those before a stream; these follow a
    /// legacy frame.
    SkipLength,
    Skip(u32),
    /// The first two bytes of a frame's header, and what must follow those.
    Flags,
    Header([u8; 2]),
    BlockHeader,
    Block {
        len: usize,
        stored: bool,
    },
    ContentChecksum,
    End,
}

pub(super) struct Decoder {
    memory: Option<u64>,
    state: State,
    /// A legacy frame came before, so that the input may end where a frame could begin.
    after_legacy: bool,
    /// Of blocks alone, which end with their input.
    blocks_only: bool,
    frame: Frame,
    content: Content,
    /// The same in front of the piece that is being adopted.
    before_piece: Option<Content>,
    gathered: Gather,
    window: Window,
    held: Held,
    failed: Deferred,
    marks: Marks,
    /// What blocks of the frame need to know of what came before: the flags in its header.
    point: Arc<[u8]>,
}

/// The caller's slice.
struct Out<'a> {
    bytes: &'a mut [u8],
    filled: usize,
    /// From here to `filled`: bytes that the window does not have yet. While they are a window's worth, blocks are
    /// decoded with these as the window, and nothing is copied.
    fresh: usize,
}

impl Out<'_> {
    fn room(&self) -> usize {
        self.bytes.len() - self.filled
    }
}

impl Decode for Decoder {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        self.failed.check()?;
        let mut consumed = 0;
        let mut out = Out {
            bytes: out,
            filled: 0,
            fresh: 0,
        };
        let result = self.run(input, &mut consumed, &mut out, eof);
        self.remember(&mut out);
        self.marks.advance(consumed, out.filled);
        self.failed.step(consumed, out.filled, result)
    }

    fn reset(&mut self) -> Result<()> {
        self.state = State::Magic;
        self.after_legacy = false;
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
        match *state {
            [flags, block] => {
                self.flags(flags, block)?;
                self.content.partial = true;
                self.within_memory()?;
            }
            _ => self.legacy_frame()?,
        }
        self.state = State::BlockHeader;
        Ok(())
    }

    fn adopt(&mut self) -> Option<&mut dyn Adopt> {
        Some(self)
    }
}

/// Blocks that need none before them.
impl Adopt for Decoder {
    fn place(&mut self) -> Option<Place> {
        let frame = self.frame().filter(|frame| !frame.linked)?;
        self.held.is_empty().then_some(Place {
            bit: 0,
            context: frame.context(),
        })
    }

    fn take(&mut self, plain: &[u8]) -> Result<()> {
        self.marks.adopt(plain.len());
        self.before_piece.get_or_insert_with(|| self.content.clone());
        self.content.add(plain)
    }

    fn done(&mut self, coded: u64, _: u64) {
        self.before_piece = None;
        let entry = || Entry::inside(&self.point, 0);
        self.marks.adopted_up_to(coded, entry);
    }

    fn undo(&mut self) {
        self.marks.undo();
        if let Some(content) = self.before_piece.take() {
            self.content = content;
        }
    }
}

impl Decoder {
    pub(super) fn new(memory: Option<u64>) -> Self {
        Decoder {
            memory,
            state: State::Magic,
            after_legacy: false,
            blocks_only: false,
            frame: Frame::default(),
            content: Content::default(),
            before_piece: None,
            gathered: Gather::default(),
            window: Window::default(),
            held: Held::default(),
            failed: Deferred::default(),
            marks: Marks::default(),
            point: Arc::new([]),
        }
    }

    /// A decoder of blocks that stand in such a frame, up to the end of its input.
    pub(super) fn of_blocks(frame: Frame, memory: Option<u64>) -> Self {
        Decoder {
            state: State::BlockHeader,
            blocks_only: true,
            frame,
            ..Decoder::new(memory)
        }
    }

    /// What the header of the frame says, in front of any of its blocks.
    pub(super) fn frame(&self) -> Option<Frame> {
        (self.state == State::BlockHeader && self.gathered.is_empty()).then_some(self.frame)
    }

    fn run(&mut self, input: &[u8], consumed: &mut usize, out: &mut Out<'_>, eof: bool) -> Result<Status> {
        loop {
            self.hand_out(out);
            if !self.held.is_empty() || (out.filled > 0 && out.room() == 0) {
                return Ok(Status::More);
            }
            // Blocks that refer to those before them are none to begin at.
            if self.state == State::BlockHeader && self.gathered.is_empty() && !self.frame.linked {
                let entry = || Entry::inside(&self.point, 0);
                self.marks.place(*consumed, out.filled, entry);
            }
            let rest = &input[*consumed..];
            let nothing_more = eof && rest.is_empty() && self.gathered.is_empty();
            let need = match self.state {
                State::End => return Ok(Status::Done),
                State::Magic if self.after_legacy && nothing_more => return Ok(Status::Done),
                State::BlockHeader if (self.frame.legacy || self.blocks_only) && nothing_more => {
                    return Ok(Status::Done);
                }
                State::Skip(0) => {
                    self.state = State::Magic;
                    continue;
                }
                State::Skip(left) => {
                    let n = rest.len().min(usize::try_from(left).unwrap_or(usize::MAX));
                    if n == 0 {
                        return Ok(Status::More);
                    }
                    *consumed += n;
                    self.state = State::Skip(left - u32::try_from(n).expect("no more than is left"));
                    continue;
                }
                State::Flags => 2,
                State::Header([flags, _]) => {
                    let field = |flag, len| if flags & flag == 0 { 0 } else { len };
                    field(CONTENT_SIZE, 8) + field(DICTIONARY, 4) + 1
                }
                State::Magic | State::SkipLength | State::BlockHeader | State::ContentChecksum => 4,
                State::Block { len, .. } => len + if self.frame.block_checksums { 4 } else { 0 },
            };
            let mut gathered = std::mem::take(&mut self.gathered);
            let (n, item) = gathered.take(need, rest)?;
            *consumed += n;
            let result = item.map(|item| self.item(item, out));
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

    /// What to do with an item that is all there.
    fn item(&mut self, item: &[u8], out: &mut Out<'_>) -> Result<()> {
        match self.state {
            State::Magic => self.magic(word(item), out),
            State::SkipLength => {
                self.state = State::Skip(word(item));
                Ok(())
            }
            State::Flags => self.flags(item[0], item[1]),
            State::Header(flags) => self.header(flags, item),
            State::BlockHeader => self.block_header(word(item), out),
            State::Block { len, stored } => self.block(item, len, stored, out),
            State::ContentChecksum => {
                self.state = State::End;
                if self.content.partial {
                    return Ok(());
                }
                let computed = self.content.hash.as_ref().map_or(0, XxHash32::finish_32);
                Error::verify("XXH32 of the content", word(item), computed)
            }
            State::Skip(_) | State::End => unreachable!("these are no items"),
        }
    }

    /// At the first word of a frame.
    fn magic(&mut self, magic: u32, out: &mut Out<'_>) -> Result<()> {
        // What came before is no window to what comes now.
        self.window.clear();
        out.fresh = out.filled;
        self.state = match magic {
            FRAME_MAGIC => State::Flags,
            LEGACY_MAGIC => {
                self.legacy_frame()?;
                State::BlockHeader
            }
            magic if is_skippable(magic) => State::SkipLength,
            magic => {
                let [a, b, c, d] = magic.to_le_bytes();
                return Err(Error::corrupt(format!(
                    "{a:02x} {b:02x} {c:02x} {d:02x} begins no lz4 frame"
                )));
            }
        };
        Ok(())
    }

    fn legacy_frame(&mut self) -> Result<()> {
        self.after_legacy = true;
        self.frame = Frame {
            legacy: true,
            block_most: LEGACY_BLOCK,
            ..Frame::default()
        };
        self.content = Content::default();
        self.point = Arc::new([]);
        self.within_memory()
    }

    fn flags(&mut self, flags: u8, block: u8) -> Result<()> {
        if flags & VERSION_MASK != VERSION {
            return Err(Error::corrupt(format!(
                "version {} of the frame format",
                flags >> 6
            )));
        }
        if flags & RESERVED != 0 || block & 0x8f != 0 {
            return Err(Error::corrupt(format!(
                "reserved bits are set ({flags:#04x}, {block:#04x})"
            )));
        }
        if block >> 4 < 4 {
            return Err(Error::corrupt(format!(
                "block size code {} has no meaning",
                block >> 4
            )));
        }
        self.frame = Frame {
            legacy: false,
            linked: flags & INDEPENDENT == 0,
            block_checksums: flags & BLOCK_CHECKSUMS != 0,
            content_checksum: flags & CONTENT_CHECKSUM != 0,
            // 64 KiB for code 4, and four times as much for each one above.
            block_most: 1 << (8 + 2 * (block >> 4)),
            size: None,
        };
        self.content = Content {
            total: 0,
            size: None,
            hash: (flags & CONTENT_CHECKSUM != 0).then(|| XxHash32::with_seed(0)),
            partial: false,
        };
        self.point = Arc::new([flags, block]);
        self.state = State::Header([flags, block]);
        Ok(())
    }

    fn header(&mut self, flags: [u8; 2], rest: &[u8]) -> Result<()> {
        let (rest, stored) = rest.split_at(rest.len() - 1);
        let computed = header_checksum(&[&flags, rest].concat());
        Error::verify("XXH32 of the header", stored[0].into(), computed.into())?;
        let mut dictionary = rest;
        if flags[0] & CONTENT_SIZE != 0 {
            let (size, behind) = rest.split_at(8);
            self.frame.size = Some(u64::from_le_bytes(size.try_into().expect("eight bytes")));
            self.content.size = self.frame.size;
            dictionary = behind;
        }
        if flags[0] & DICTIONARY != 0 {
            return Err(Error::unsupported(format!(
                "the frame needs the dictionary {:#010x}",
                word(dictionary)
            )));
        }
        self.within_memory()?;
        self.state = State::BlockHeader;
        Ok(())
    }

    fn within_memory(&self) -> Result<()> {
        let need = self.frame.block_most + if self.frame.linked { WINDOW } else { 0 };
        match self.memory {
            Some(memory) if (need as u64) > memory => Err(Error::limit(format!(
                "a block and its window take {need} bytes; {memory} are allowed"
            ))),
            _ => Ok(()),
        }
    }

    fn block_header(&mut self, header: u32, out: &mut Out<'_>) -> Result<()> {
        let legacy = self.frame.legacy;
        if legacy && (matches!(header, FRAME_MAGIC | LEGACY_MAGIC) || is_skippable(header)) {
            // No size of a block, all of which are smaller: here the frame ends and another begins.
            return self.magic(header, out);
        }
        if header == 0 && !legacy {
            self.content.end()?;
            self.state = match self.content.hash {
                Some(_) => State::ContentChecksum,
                None => State::End,
            };
            return Ok(());
        }
        let (len, stored, most) = if legacy {
            (header, false, LEGACY_CODED)
        } else {
            (header & !STORED, header & STORED != 0, self.frame.block_most)
        };
        let len = usize::try_from(len).unwrap_or(usize::MAX);
        if len > most {
            return Err(Error::corrupt(format!(
                "a block of {len} bytes, the frame's maximum is {most}"
            )));
        }
        self.state = State::Block { len, stored };
        Ok(())
    }

    /// A block and, if the frame has it, its checksum.
    fn block(&mut self, item: &[u8], len: usize, stored: bool, out: &mut Out<'_>) -> Result<()> {
        let (coded, checksum) = item.split_at(len);
        if self.frame.block_checksums {
            Error::verify("XXH32 of a block", word(checksum), xxh32(coded))?;
        }
        let most = if stored {
            len
        } else {
            self.frame.block_most.min(len.saturating_mul(RATIO))
        };
        let straight = out.room() >= most;
        let window_in_out = straight && out.filled - out.fresh >= WINDOW;
        if !window_in_out {
            self.remember(out);
        }
        if straight {
            let (before, room) = out.bytes.split_at_mut(out.filled);
            let window = if window_in_out && self.frame.linked {
                &before[out.filled - WINDOW..]
            } else {
                self.window.bytes()
            };
            let n = decode(coded, stored, &mut room[..most], window)?;
            self.content.add(&room[..n])?;
            out.filled += n;
        } else {
            let n = decode(coded, stored, self.held.room(most)?, self.window.bytes())?;
            let plain = self.held.room(n)?;
            self.content.add(plain)?;
            if self.frame.linked {
                self.window.push(plain);
            }
            self.held.keep(n);
        }
        self.state = State::BlockHeader;
        Ok(())
    }

    /// Hands out what is left of a block that had no room before.
    fn hand_out(&mut self, out: &mut Out<'_>) {
        let n = self.held.hand_out(&mut out.bytes[out.filled..]);
        out.filled += n;
        if n > 0 {
            // The window had these when they were decoded.
            out.fresh = out.filled;
        }
    }

    /// Brings the window up to what has been decoded.
    fn remember(&mut self, out: &mut Out<'_>) {
        if self.frame.linked {
            self.window.push(&out.bytes[out.fresh..out.filled]);
        }
        out.fresh = out.filled;
    }
}

const FRAME_MAGIC: u32 = u32::from_le_bytes(MAGIC);
const LEGACY_MAGIC: u32 = u32::from_le_bytes(LEGACY);

fn is_skippable(magic: u32) -> bool {
    magic & 0xffff_fff0 == 0x184d_2a50
}

pub(super) fn word(bytes: &[u8]) -> u32 {
    u32::from_le_bytes(bytes.try_into().expect("four bytes"))
}

/// Decodes a block to the front of `out`, which holds as much as it may have.
pub(super) fn decode(coded: &[u8], stored: bool, out: &mut [u8], window: &[u8]) -> Result<usize> {
    if stored {
        out.copy_from_slice(coded);
        return Ok(coded.len());
    }
    let result = if window.is_empty() {
        lz4_flex::block::decompress_into(coded, out)
    } else {
        lz4_flex::block::decompress_into_with_dict(coded, out, window)
    };
    result.map_err(|error| match error {
        DecompressError::OutputTooSmall { .. } => Error::corrupt(format!(
            "a block is larger than the {} bytes that it may have",
            out.len()
        )),
        error => Error::corrupt(format!("a block is damaged: {error}")),
    })
}
