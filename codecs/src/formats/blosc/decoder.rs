//! Reading files and bare chunks.

use std::sync::Arc;

use super::super::gather::{Deferred, Gather};
use super::HEADER;
use super::blocks::{Blocks, Input, Out, Progress, within};
use super::chunk::Header;
use super::container::{self, Metadata, Pack, begins_file};
use super::digest::{Digest, Kind};
use crate::error::{Error, Result};
use crate::format::{Decode, DecodeOptions, Status, Step};
use crate::pieces::{Adopt, Place};
use crate::seek::{Entry, Marks};

pub(super) fn decoder(options: &DecodeOptions) -> Result<Box<dyn Decode>> {
    Ok(Box::new(Decoder::new(options.memory)))
}

/// What the next bytes are.
#[derive(Clone, Copy)]
enum State {
    /// The first four bytes of a file, or of a chunk that stands alone.
    Begin,
    /// The rest of such a chunk's header.
    BareHeader([u8; 4]),
    FileHeader,
    MetadataHeader,
    /// The metadata, of which `len` bytes are left, and the NUL bytes behind it.
    Metadata(Metadata),
    MetadataDigest(Kind),
    /// The offset with that number.
    Offset(u64),
    /// Another chunk, or the end.
    Between,
    ChunkHeader,
    /// Where the chunk's blocks are, and the blocks.
    Table(Header),
    Blocks(Header),
    /// So many bytes of data as it is.
    Stored(usize),
    ChunkDigest,
    End,
}

pub(super) struct Decoder {
    memory: Option<u64>,
    state: State,
    /// Bytes of the stream in front of the input at hand.
    position: u64,
    /// The file around the chunks, if it is not a chunk that stands alone.
    pack: Option<Pack>,
    /// The kind of checksum behind each chunk.
    checksum: Kind,
    /// Over the chunk at hand, or the metadata.
    digest: Digest,
    gathered: Gather,
    blocks: Blocks,
    failed: Deferred,
    marks: Marks,
    /// What chunks need to know of what came before: the file's header.
    point: Arc<[u8]>,
}

impl Decode for Decoder {
    fn step(&mut self, input: &[u8], out: &mut [u8], eof: bool) -> Result<Step> {
        self.failed.check()?;
        let mut input = Input::new(input);
        let mut out = Out::new(out);
        let result = self.run(&mut input, &mut out, eof);
        self.position += input.used() as u64;
        self.marks.advance(input.used(), out.filled());
        self.failed.step(input.used(), out.filled(), result)
    }

    fn reset(&mut self) -> Result<()> {
        self.state = State::Begin;
        self.position = 0;
        self.pack = None;
        self.checksum = Kind::NONE;
        self.digest = Digest::new(Kind::NONE);
        self.gathered.clear();
        self.failed.clear();
        self.marks.restart();
        Ok(())
    }

    fn marks(&mut self) -> Option<&mut Marks> {
        Some(&mut self.marks)
    }

    fn resume(&mut self, state: &[u8], at: u64) -> Result<()> {
        self.reset()?;
        let wrong = |_| Error::corrupt("no state of a point in a bloscpack file");
        let mut pack = Pack::parse(state.try_into().map_err(wrong)?)?;
        pack.skip_to(at);
        self.checksum = pack.checksum;
        self.digest = Digest::new(pack.checksum);
        self.pack = Some(pack);
        self.point = state.into();
        self.state = State::Between;
        Ok(())
    }

    fn adopt(&mut self) -> Option<&mut dyn Adopt> {
        Some(self)
    }
}

/// Chunks. That each is one which may stand where it does has been seen by the scan, whose [`Pack`] is as this one.
impl Adopt for Decoder {
    fn place(&mut self) -> Option<Place> {
        let context = self.pack_between_chunks()?.begun();
        Some(Place { bit: 0, context })
    }

    fn take(&mut self, plain: &[u8]) -> Result<()> {
        self.marks.adopt(plain.len());
        Ok(())
    }

    fn done(&mut self, coded: u64, plain: u64) {
        self.marks.adopted(coded);
        if let Some(pack) = &mut self.pack {
            pack.passed(plain);
            let chunk = pack.begun();
            self.marks.place(0, 0, || Entry::inside(&self.point, chunk));
        }
        self.position += coded;
        self.state = State::Between;
    }

    fn undo(&mut self) {
        self.marks.undo();
    }
}

impl Decoder {
    pub(super) fn new(memory: Option<u64>) -> Self {
        Decoder {
            memory,
            state: State::Begin,
            position: 0,
            pack: None,
            checksum: Kind::NONE,
            digest: Digest::new(Kind::NONE),
            gathered: Gather::default(),
            blocks: Blocks::default(),
            failed: Deferred::default(),
            marks: Marks::default(),
            point: Arc::new([]),
        }
    }

    /// Makes it a decoder of one chunk of a file and its checksum.
    pub(super) fn begin_chunk(&mut self, checksum: Kind) {
        self.state = State::ChunkHeader;
        self.checksum = checksum;
        self.digest = Digest::new(checksum);
    }

    /// Bytes of the buffers that it keeps for the next chunk.
    pub(super) fn kept(&self) -> usize {
        self.blocks.kept()
    }

    /// The file around the chunks, if that is where the decoder stands: behind one, or in front of the first.
    pub(super) fn pack_between_chunks(&self) -> Option<&Pack> {
        let between = matches!(self.state, State::Between | State::ChunkHeader) && self.gathered.is_empty();
        self.pack.as_ref().filter(|_| between)
    }

    fn run(&mut self, input: &mut Input<'_>, out: &mut Out<'_>, eof: bool) -> Result<Status> {
        loop {
            let need = match self.state {
                State::End => return Ok(Status::Done),
                State::Between => {
                    if let Some(chunk) = self.pack.as_ref().map(Pack::begun) {
                        let entry = || Entry::inside(&self.point, chunk);
                        self.marks.place(input.used(), out.filled(), entry);
                    }
                    if self.between(input, eof)? == Progress::Wait {
                        return Ok(Status::More);
                    }
                    continue;
                }
                State::Metadata(metadata) => {
                    if self.metadata(metadata, input)? == Progress::Wait {
                        return Ok(Status::More);
                    }
                    continue;
                }
                State::Stored(_) | State::Blocks(_) => {
                    if self.data(input, out)? == Progress::Wait {
                        return Ok(Status::More);
                    }
                    continue;
                }
                State::Begin => 4,
                State::BareHeader(_) => HEADER - 4,
                State::FileHeader => container::HEADER,
                State::MetadataHeader => container::METADATA_HEADER,
                State::MetadataDigest(kind) => kind.len(),
                State::Offset(_) => 8,
                State::ChunkHeader => HEADER,
                State::Table(header) => header.table_len(),
                State::ChunkDigest => self.checksum.len(),
            };
            let mut gathered = std::mem::take(&mut self.gathered);
            let (n, item) = gathered.take(need, input.rest())?;
            input.take(n);
            let behind = self.position + input.used() as u64;
            let result = item.map(|item| self.item(item, behind));
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

    /// What to do with an item that is all there, and ends at `behind`.
    fn item(&mut self, item: &[u8], behind: u64) -> Result<()> {
        match self.state {
            State::Begin => {
                let first = array(item);
                self.state = if begins_file(first)? {
                    State::FileHeader
                } else {
                    State::BareHeader(first)
                };
            }
            State::BareHeader(first) => {
                let mut header = [0; HEADER];
                header[..4].copy_from_slice(&first);
                header[4..].copy_from_slice(item);
                self.chunk(&header)?;
            }
            State::FileHeader => {
                let raw = array(item);
                let pack = Pack::parse(&raw)?;
                self.point = Pack::without_offsets(&raw).into();
                self.state = if pack.has_metadata {
                    State::MetadataHeader
                } else {
                    State::Offset(0)
                };
                self.pack = Some(pack);
                self.offsets_or_chunks();
            }
            State::MetadataHeader => {
                let metadata = Metadata::parse(&array(item))?;
                self.digest = Digest::new(metadata.checksum);
                self.state = State::Metadata(metadata);
            }
            State::MetadataDigest(_) => {
                self.digest.check(item, "the metadata")?;
                self.state = State::Offset(0);
                self.offsets_or_chunks();
            }
            State::Offset(index) => {
                if let Some(pack) = &mut self.pack {
                    let left = pack.offsets() - index - 1;
                    pack.offset(index, array(item), behind.saturating_add(left.saturating_mul(8)))?;
                    within(self.memory, pack.memory())?;
                }
                self.state = State::Offset(index + 1);
                self.offsets_or_chunks();
            }
            State::ChunkHeader => {
                let header = array(item);
                if let Some(pack) = &mut self.pack {
                    pack.chunk(&Header::parse(&header)?, behind - HEADER as u64)?;
                }
                self.chunk(&header)?;
            }
            State::Table(header) => {
                self.digest.update(item);
                self.blocks.begin(&header, item)?;
                self.state = State::Blocks(header);
            }
            State::ChunkDigest => {
                self.digest.check(item, "a chunk")?;
                self.state = State::Between;
            }
            State::Metadata(_) | State::Between | State::Blocks(_) | State::Stored(_) | State::End => {
                unreachable!("these are no items")
            }
        }
        Ok(())
    }

    /// From the last offset on to the chunks.
    fn offsets_or_chunks(&mut self) {
        if let (State::Offset(index), Some(pack)) = (self.state, &self.pack)
            && index == pack.offsets()
        {
            self.checksum = pack.checksum;
            self.digest = Digest::new(pack.checksum);
            self.state = State::Between;
        }
    }

    /// Behind a chunk, or in front of the first.
    fn between(&mut self, input: &Input<'_>, eof: bool) -> Result<Progress> {
        let at_end = input.rest().is_empty();
        let another = match &self.pack {
            // A chunk that stands alone has just ended.
            None => false,
            // Where the number of chunks is not known, only the input's end tells.
            Some(pack) if pack.is_open() && at_end && !eof => return Ok(Progress::Wait),
            Some(pack) => pack.another(at_end)?,
        };
        self.state = if another { State::ChunkHeader } else { State::End };
        Ok(Progress::Done)
    }

    /// At the header of a chunk.
    fn chunk(&mut self, raw: &[u8; HEADER]) -> Result<()> {
        let header = Header::parse(raw)?;
        self.digest.update(raw);
        self.state = if header.nbytes == 0 || header.is_stored() {
            State::Stored(header.nbytes)
        } else {
            within(
                self.memory,
                header.blocksize.saturating_add(Blocks::memory(&header)),
            )?;
            State::Table(header)
        };
        Ok(())
    }

    /// The data of a chunk as it arrives.
    fn data(&mut self, input: &mut Input<'_>, out: &mut Out<'_>) -> Result<Progress> {
        let from = input.used();
        let progress = match &mut self.state {
            State::Stored(left) => {
                let n = out.put(&input.rest()[..input.rest().len().min(*left)]);
                input.take(n);
                *left -= n;
                if *left == 0 {
                    Progress::Done
                } else {
                    Progress::Wait
                }
            }
            State::Blocks(header) => self.blocks.run(header, self.memory, input, out)?,
            _ => unreachable!("these are no data"),
        };
        self.digest.update(input.used_since(from));
        if progress == Progress::Done {
            self.state = State::ChunkDigest;
        }
        Ok(progress)
    }

    /// Metadata, and the room for more behind it, which the checksum does not cover.
    fn metadata(&mut self, mut metadata: Metadata, input: &mut Input<'_>) -> Result<Progress> {
        let text = input.take(metadata.len);
        self.digest.update(text);
        metadata.len -= text.len();
        let spare = input.take(if metadata.len == 0 { metadata.spare } else { 0 });
        if spare.iter().any(|byte| *byte != 0) {
            return Err(Error::corrupt("the room behind the metadata is not empty"));
        }
        metadata.spare -= spare.len();
        if metadata.len + metadata.spare > 0 {
            self.state = State::Metadata(metadata);
            return Ok(Progress::Wait);
        }
        self.state = State::MetadataDigest(metadata.checksum);
        Ok(Progress::Done)
    }
}

/// An item as the array that it is.
fn array<const N: usize>(item: &[u8]) -> [u8; N] {
    item.try_into().expect("as many bytes as were asked for")
}
