//! Pickles outside of the stream, which a payload asks for.

use std::io::Cursor;

use demijohn_pickle::{
    self as pickle, Apart, Document, ErrorKind, Found, Kind, Limits, Payload, Raw, ReadOptions, Value,
};

/// Finds the same pickle behind each object, with eight bytes before it.
struct Elsewhere(Vec<u8>, u32);

impl Payload for Elsewhere {
    fn read(&mut self, _: Value<'_>, _: &mut Raw<'_>) -> pickle::Result<Found> {
        self.1 += 1;
        Ok(Found::PickleIn(Apart {
            source: Box::new(Cursor::new(self.0.clone())),
            position: 8,
            length: Some(8 + self.0.len() as u64),
            name: "the other file".into(),
        }))
    }
}

/// A tuple of an instance, twice the same one, and of what its memo number 0 is.
const MAIN: &[u8] = b"\x80\x02(ca\nb\n)\x81q\0}bh\0K\x09t.";

fn read(other: &[u8], limits: Limits) -> (pickle::Result<Document>, u32) {
    let mut payload = Elsewhere(other.to_vec(), 0);
    let options = ReadOptions { limits, length: None };
    let document = pickle::read_with(&mut { MAIN }, &options, &mut payload);
    (document, payload.1)
}

#[test]
fn its_object_stands_for_the_one_in_the_stream() {
    // It has a memo of its own, and objects in it are not asked about.
    let (document, asked) = read(b"\x80\x02]q\0(h\0cc\nd\n)\x81}be.", Limits::default());
    let document = document.unwrap();
    let root = document.root();
    let [first, second] = [0, 1].map(|i| root.index(i).unwrap());
    assert_eq!((first.kind(), first.len()), (Kind::List, Some(2)));
    assert!(first.is(second), "what the memo holds is the same object");
    assert_eq!(root.index(2).unwrap().as_i64(), Some(9));
    assert_eq!(asked, 1);
    assert_eq!(document.globals().len(), 2, "all that is named is noted");
}

#[test]
fn its_errors_say_where_they_are() {
    let (result, _) = read(b"\x80\x02]q\0h\x05.", Limits::default());
    let error = result.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Corrupt);
    let message = error.to_string();
    assert!(message.starts_with("the other file: "), "{message}");
    assert!(message.contains("at byte 13, opcode BINGET"), "{message}");
    // The place of the error itself is that of the opcode that led there.
    assert_eq!((error.offset(), error.opcode()), (Some(13), Some(b'b')));
    let (result, _) = read(b"\x80\x02]", Limits::default());
    assert_eq!(result.unwrap_err().kind(), ErrorKind::Truncated);
    // More than its source has is refused at once.
    let (result, _) = read(b"\x80\x02X\xff\xff\xff\x7fabc", Limits::default());
    assert!(
        result
            .unwrap_err()
            .to_string()
            .contains("operand of 2147483647 bytes")
    );
}

#[test]
fn it_runs_on_what_is_left_of_the_limits() {
    let mut limits = Limits::none();
    let within = |limits| read(b"K\x01K\x02\x86.", limits).0;
    limits.opcodes = 16;
    within(limits).unwrap();
    limits.opcodes = 15;
    assert_eq!(within(limits).unwrap_err().kind(), ErrorKind::Limit);
}
