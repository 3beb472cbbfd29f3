//! Pickles that mean harm: nothing panics, hangs, recurses, or takes more memory than it has input.

use demijohn_pickle::{self as pickle, ErrorKind, NoArrays, Protocol, save};
use proptest::prelude::*;

/// A pickle with a bit of everything, of each protocol's kind.
const SAMPLES: [&[u8]; 4] = [
    b"(dp0\nVa\np1\n(lp2\nI1\naL123L\naF1.5\nasS'x\\n'\n(cm\nC\nI1\nosVe\ncm\nD\n(I01\ntR(dVs\nNsbs.",
    b"\x80\x02}q\x00(X\x01\0\0\0aq\x01]q\x02(K\x01M\x00\x02J\x00\x00\x00\x01\x8a\x02\x00\x80eX\x01\0\0\0bcm\nC\n)\x81}U\x01sNsbu.",
    b"\x80\x03(C\x02xyB\x02\0\0\0zw\x88\x89G?\xf8\0\0\0\0\0\0tq\x00h\x00\x86.",
    b"\x80\x05\x95\x25\0\0\0\0\0\0\0\x8f\x94(\x8c\x01m\x8c\x01C\x93)}\x92\x90(K\x01\x91\x96\x03\0\0\0\0\0\0\0abcN\x87\x94]\x94(h\x01h\x00e\x86.",
];

#[test]
fn samples_are_good() {
    for sample in SAMPLES {
        pickle::read(&mut &*sample).unwrap_or_else(|e| panic!("{}: {e}", sample.escape_ascii()));
    }
}

#[test]
fn every_cut_is_truncated() {
    for sample in SAMPLES {
        for cut in 0..sample.len() {
            let error = pickle::read(&mut &sample[..cut]).unwrap_err();
            assert_eq!(
                error.kind(),
                ErrorKind::Truncated,
                "{} cut at {cut}: {error}",
                sample.escape_ascii()
            );
            assert!(error.offset().is_some_and(|offset| offset <= cut as u64));
        }
    }
}

#[test]
fn every_wrong_byte_is_an_error_or_another_object() {
    for sample in SAMPLES {
        for at in 0..sample.len() {
            for byte in 0..=255 {
                let mut bytes = sample.to_vec();
                bytes[at] = byte;
                if let Ok(document) = pickle::read(&mut bytes.as_slice()) {
                    exercise(&document);
                }
            }
        }
    }
}

/// Uses a document in every way that walks it.
fn exercise(document: &pickle::Document) {
    let root = document.root();
    assert!(root.deep_eq(root, 1_000_000).unwrap());
    let _ = (
        format!("{root:?}"),
        root.len(),
        root.find("a"),
        root.iter().count(),
        root.items().count(),
    );
    let bytes = save::write(document, Vec::new(), Protocol::V4, NoArrays).unwrap();
    let again = pickle::read(&mut bytes.as_slice()).unwrap();
    assert!(
        again.root().deep_eq(root, 1_000_000).unwrap(),
        "{}",
        bytes.escape_ascii()
    );
}

proptest! {
    #[test]
    fn random_opcodes_do_no_harm(
        ops in prop::collection::vec(prop::sample::select(OPCODES.to_vec()), 0..60),
    ) {
        let mut bytes: Vec<u8> = ops.concat();
        bytes.push(b'.');
        if let Ok(document) = pickle::read(&mut bytes.as_slice()) {
            exercise(&document);
        }
    }
}

/// Pieces that fit together often enough to make odd objects.
const OPCODES: [&[u8]; 34] = [
    b"(",
    b"(",
    b"(",
    b"0",
    b"1",
    b"2",
    b"N",
    b"\x88",
    b"K\x01",
    b"X\x01\0\0\0a",
    b"U\x01b",
    b"C\x01c",
    b"]",
    b"]",
    b"}",
    b"}",
    b"\x8f",
    b")",
    b"t",
    b"l",
    b"\x85",
    b"\x86",
    b"\x87",
    b"a",
    b"e",
    b"s",
    b"u",
    b"\x90",
    b"\x91",
    b"\x94",
    b"h\x00",
    b"h\x01",
    b"cm\nC\n",
    b"\x81",
];

#[test]
fn depth_costs_no_stack() {
    const DEPTH: usize = 200_000;
    let deep = [
        [
            b"\x80\x02".to_vec(),
            b"]".repeat(DEPTH),
            b"a".repeat(DEPTH - 1),
            b".".to_vec(),
        ]
        .concat(),
        [b"\x80\x02N".to_vec(), b"\x85".repeat(DEPTH), b".".to_vec()].concat(),
        [
            b"\x80\x02".to_vec(),
            b"cm\nC\n".repeat(DEPTH),
            b")".to_vec(),
            b"R".repeat(DEPTH),
            b".".to_vec(),
        ]
        .concat(),
        [b"(".repeat(DEPTH), b"l".repeat(DEPTH), b".".to_vec()].concat(),
    ];
    // A stack that none of these would fit in if anything recursed.
    let work = move || {
        for bytes in deep {
            let document = pickle::read(&mut bytes.as_slice()).unwrap();
            assert!(document.node_count() >= DEPTH);
            assert!(document.root().deep_eq(document.root(), u64::MAX).unwrap());
            let copy = save::write(&document, Vec::new(), Protocol::V4, NoArrays).unwrap();
            let again = pickle::read(&mut copy.as_slice()).unwrap();
            assert!(again.root().deep_eq(document.root(), u64::MAX).unwrap());
        }
    };
    std::thread::Builder::new()
        .stack_size(256 << 10)
        .spawn(work)
        .unwrap()
        .join()
        .unwrap();
}

#[test]
fn a_billion_laughs_stay_small() {
    // Ten levels of lists that hold the one before ten times over; and the same by DUP.
    let mut by_memo = b"\x80\x02X\x03\0\0\0lolq\x00".to_vec();
    for level in 0..20_u8 {
        by_memo.extend(b"0](");
        by_memo.extend([b'h', level].repeat(10));
        by_memo.extend([b'e', b'q', level + 1]);
    }
    by_memo.push(b'.');
    let mut by_dup = b"\x80\x02N".to_vec();
    for _ in 0..64 {
        by_dup.extend(b"2\x86");
    }
    by_dup.push(b'.');
    for bytes in [by_memo, by_dup] {
        let document = pickle::read(&mut bytes.as_slice()).unwrap();
        assert!(document.node_count() < 100);
        let copy = save::write(&document, Vec::new(), Protocol::V4, NoArrays).unwrap();
        assert!(copy.len() < 4 * bytes.len(), "written back shared");
        let again = pickle::read(&mut copy.as_slice()).unwrap();
        assert!(
            again.root().deep_eq(document.root(), 10_000).unwrap(),
            "compared shared"
        );
    }
}

#[test]
fn comparing_has_a_budget() {
    let document = pickle::read(&mut &b"\x80\x02](K\x01K\x02K\x03e."[..]).unwrap();
    assert!(document.root().deep_eq(document.root(), 4).unwrap());
    assert_eq!(
        document.root().deep_eq(document.root(), 3).unwrap_err().kind(),
        ErrorKind::Limit
    );
}

#[test]
fn comparing_tells_differences_apart() {
    let all: [&[u8]; 24] = [
        b"N.",
        b"\x88.",
        b"\x89.",
        b"K\x00.",
        b"K\x01.",
        b"G\0\0\0\0\0\0\0\0.",
        b"G\x80\0\0\0\0\0\0\0.",
        b"X\0\0\0\0.",
        b"X\x01\0\0\0a.",
        b"U\x01a.",
        b"C\x01a.",
        b"\x96\x01\0\0\0\0\0\0\0a.",
        b").",
        b"].",
        b"}.",
        b"\x8f.",
        b"(\x91.",
        b"]K\x01a.",
        b"]K\x02a.",
        b"}K\x01K\x02s.",
        b"cm\na\n.",
        b"cm\nb\n.",
        b"cm\na\n)R.",
        b"cm\na\n)\x81.",
    ];
    for (i, a) in all.iter().enumerate() {
        for (j, b) in all.iter().enumerate() {
            let (a, b) = (pickle::read(&mut &**a).unwrap(), pickle::read(&mut &**b).unwrap());
            assert_eq!(a.root().deep_eq(b.root(), 100).unwrap(), i == j, "{a:?} {b:?}");
        }
    }
    // State, items and keyword arguments count too.
    let variants: [&[u8]; 5] = [
        b"cm\na\n)R.",
        b"cm\na\n)RNb.",
        b"cm\na\n)RNa.",
        b"cm\na\n)RNNs.",
        b"\x80\x04cm\na\n)}\x92.",
    ];
    for (i, a) in variants.iter().enumerate() {
        for (j, b) in variants.iter().enumerate() {
            let (a, b) = (pickle::read(&mut &**a).unwrap(), pickle::read(&mut &**b).unwrap());
            assert_eq!(a.root().deep_eq(b.root(), 100).unwrap(), i == j, "{i} {j}");
        }
    }
}

#[test]
fn an_object_among_its_own_arguments_is_written_as_one_object() {
    // l = []; x = C(l); l.append(x)
    let document = pickle::read(&mut &b"cm\nC\n]q\x00\x85Rq\x01h\x00h\x01a0."[..]).unwrap();
    let bytes = save::write(&document, Vec::new(), Protocol::V4, NoArrays).unwrap();
    let again = pickle::read(&mut bytes.as_slice()).unwrap();
    for document in [document, again] {
        let root = document.root();
        let list = root.as_object().unwrap().args().index(0).unwrap();
        assert!(list.index(0).unwrap().is(root));
    }
}

#[test]
fn a_set_in_itself_takes_a_protocol_that_has_sets() {
    let document = pickle::read(&mut &b"\x80\x04\x8f\x94(h\x00\x90."[..]).unwrap();
    for protocol in Protocol::ALL {
        let result = save::write(&document, Vec::new(), protocol, NoArrays);
        if protocol < Protocol::V4 {
            assert_eq!(result.unwrap_err().kind(), ErrorKind::Unsupported);
        } else {
            let again = pickle::read(&mut result.unwrap().as_slice()).unwrap();
            assert!(again.root().iter().next().unwrap().is(again.root()));
        }
    }
}

#[test]
fn cycles_can_be_compared_and_written() {
    for bytes in [
        &b"]q\x00h\x00a."[..],
        b"]q\x00(h\x00h\x00K\x01e.",
        b"\x80\x02]q\x00h\x00\x85q\x01a0h\x01.",
        b"\x80\x02]q\x00(h\x00NNNtq\x01a0h\x01.",
        b"\x80\x04]\x94(h\x00\x91\x94a0h\x01.",
        b"}q\x00K\x01h\x00s.",
        b"cm\nC\n)Rq\x00}X\x01\0\0\0sh\x00sb.",
        // An object among its own arguments: the list that holds it is one of them.
        b"cm\nC\n]q\x00\x85Rq\x01h\x00h\x01a0.",
    ] {
        let document = pickle::read(&mut &*bytes).unwrap();
        exercise(&document);
    }
}
