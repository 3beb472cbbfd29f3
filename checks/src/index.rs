//! Index files, which are of strangers as much as what they are of.

use std::io::{Cursor, Read, Seek, SeekFrom};
use std::sync::OnceLock;

use demijohn_codecs::seek::SeekIndex;
use demijohn_codecs::{Error, ErrorKind, Limits, Options};

/// Plain bytes between two places, the least there may be.
const SPACING: u64 = 32 << 10;

/// A gzip file, what it holds, and a good index file of it.
struct Indexed {
    plain: Vec<u8>,
    coded: Vec<u8>,
    index: Vec<u8>,
    /// How much of the index is not windows.
    head: usize,
}

impl Indexed {
    /// One deflate stream whose blocks refer to what is before them.
    fn new() -> Self {
        let mut state = 1_u32;
        let plain: Vec<u8> = (0..300_000_u32)
            .map(|i| {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let [.., random] = state.to_le_bytes();
                if i % 3000 < 1500 {
                    b'a' + random % 4
                } else {
                    random
                }
            })
            .collect();
        let options = Options::new().block_size(1 << 30);
        let mut writer = options.writer(Vec::new(), "gzip").expect("gzip writes");
        std::io::copy(&mut &*plain, &mut writer).expect("memory takes everything");
        let finished = writer.finish().map_err(|error| error.to_string());
        let (coded, _) = finished.expect("memory takes everything");
        let options = Options::new().format("gzip").index_spacing(SPACING);
        let reader = options.seekable_reader(Cursor::new(&coded));
        let index = reader.expect("a good file").seek_index().expect("a good file");
        let mut bytes = Vec::new();
        index.write(&mut bytes).expect("memory takes everything");
        // Without the checksum of ours, which would find every change.
        bytes.truncate(bytes.len() - 8);
        Self {
            plain,
            coded,
            head: 35 + 18 * index.len(),
            index: bytes,
        }
    }

    /// The index, changed at the places that `edits` names, each in four bytes: an offset in three and what to change.
    fn edited(&self, edits: &[u8]) -> Vec<u8> {
        let mut bytes = self.index.clone();
        for edit in edits.chunks_exact(4).take(16) {
            let at = u32::from_le_bytes([edit[0], edit[1], edit[2] & 0x7f, 0]) as usize;
            // Half of them where the numbers are, which are few.
            let part = if edit[2] & 0x80 == 0 {
                self.head
            } else {
                bytes.len()
            };
            bytes[at % part] ^= edit[3];
        }
        bytes
    }
}

/// Reads `data` as an index file, and what is read, if it can be written, again. Then takes `data` for changes to a good
/// index, and reads by what has come of it.
///
/// # Panics
/// Where an index that was written is not read as the same, or one that is changed leads to other data.
pub fn seek_index(data: &[u8]) {
    let limits = Limits::untrusted().memory(4 << 20);
    if let Ok(index) = SeekIndex::read(data, limits) {
        let mut bytes = Vec::new();
        if index.write(&mut bytes).is_ok() {
            let again = SeekIndex::read(&*bytes, Limits::default()).expect("what is written is read");
            assert_eq!(again.points(), index.points());
        }
    }

    static INDEXED: OnceLock<Indexed> = OnceLock::new();
    let file = INDEXED.get_or_init(Indexed::new);
    let Ok(index) = SeekIndex::read(&*file.edited(data), limits) else {
        return;
    };
    let options = Options::new().format("gzip").seek_index(index);
    let mut reader = match options.seekable_reader(Cursor::new(&file.coded)) {
        Ok(reader) => reader,
        Err(error) => return assert_eq!(error.kind(), ErrorKind::Parameter, "{error}"),
    };
    // Backwards, so that each time a place is needed.
    for at in (0..file.plain.len()).step_by(30_000).rev() {
        let mut got = [0; 100];
        let read = reader
            .seek(SeekFrom::Start(at as u64))
            .and_then(|_| reader.read_exact(&mut got));
        match read.map_err(Error::from) {
            Ok(()) => assert!(got == file.plain[at..at + got.len()], "other data at {at}"),
            Err(error) => {
                let meant = matches!(
                    error.kind(),
                    ErrorKind::Corrupt | ErrorKind::Truncated | ErrorKind::Checksum
                );
                return assert!(meant, "{error}");
            }
        }
    }
}
