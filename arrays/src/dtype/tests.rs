use super::*;
use crate::ErrorKind;

fn dtype(text: &str) -> DType {
    text.parse().unwrap_or_else(|e| panic!("{text}: {e}"))
}

fn error(text: &str) -> Error {
    text.parse::<DType>().expect_err(text)
}

#[test]
fn every_scalar_prints_and_parses_in_both_orders() {
    for scalar in Scalar::ALL {
        for order in [ByteOrder::Little, ByteOrder::Big] {
            let dtype = DType::with_order(scalar, order);
            assert_eq!(dtype.to_string().parse::<DType>().unwrap(), dtype);
        }
    }
    assert_eq!(
        DType::with_order(Scalar::Float64, ByteOrder::Little).to_string(),
        "<f8"
    );
    assert_eq!(DType::with_order(Scalar::Bool, ByteOrder::Big).to_string(), "|b1");
    assert_eq!(
        DType::with_order(Scalar::Complex128, ByteOrder::Big).to_string(),
        ">c16"
    );
}

#[test]
fn type_strings_of_all_kinds_are_numpys() {
    // Text, how it prints, item size, alignment: as numpy 2.4.6 on x86-64 has them.
    for (text, printed, itemsize, alignment) in [
        ("?", "|b1", 1, 1),
        ("<u1", "|u1", 1, 1),
        (">c8", ">c8", 8, 4),
        ("<c16", "<c16", 16, 8),
        ("<f16", "<f16", 16, 16),
        (">c32", ">c32", 32, 16),
        ("<f12", "<f12", 12, 4),
        ("<c24", "<c24", 24, 4),
        (">S5", "|S5", 5, 1),
        ("a5", "|S5", 5, 1),
        ("S05", "|S5", 5, 1),
        ("S", "|S0", 0, 1),
        ("<U5", "<U5", 20, 4),
        (">U0", ">U0", 0, 4),
        ("|V7", "|V7", 7, 1),
        ("S2147483647", "|S2147483647", 2_147_483_647, 1),
        ("<M8[25s]", "<M8[25s]", 8, 8),
        (">m8[us]", ">m8[us]", 8, 8),
        ("<M8", "<M8", 8, 8),
        ("<m8[generic]", "<m8", 8, 8),
        ("<M8[1s]", "<M8[s]", 8, 8),
        ("|O", "|O", 8, 8),
        ("O4", "|O", 8, 8),
        ("|T16", "|T", 16, 8),
    ] {
        let dtype = dtype(text);
        assert_eq!(dtype.to_string(), printed, "{text}");
        assert_eq!(
            (dtype.itemsize(), dtype.alignment()),
            (itemsize, alignment),
            "{text}"
        );
        assert_eq!(printed.parse::<DType>().unwrap(), dtype, "{text}");
        assert_eq!(dtype.descr().unwrap(), format!("'{printed}'"));
    }
}

#[test]
fn order_may_be_left_out_or_native() {
    for text in ["i4", "=i4", "|i4"] {
        assert_eq!(dtype(text), DType::new(Scalar::Int32), "{text}");
    }
    assert_eq!(dtype("|U3").byte_order(), ByteOrder::NATIVE);
    assert_eq!(dtype("M8[s]").byte_order(), ByteOrder::NATIVE);
}

#[test]
fn codes_are_those_of_pickles() {
    for (text, code) in [
        (">i4", "i4"),
        ("<U5", "U5"),
        ("|S3", "S3"),
        ("<M8[25s]", "M8"),
        ("|O", "O8"),
        ("<f16", "f16"),
        ("[('a', '<i4'), ('b', '<f8')]", "V12"),
        ("('<f4', (2, 2))", "V16"),
    ] {
        assert_eq!(dtype(text).code(), code);
    }
}

#[test]
fn nonsense_is_corrupt() {
    for text in [
        "",
        "<",
        "<f7",
        "é8",
        "f8 ",
        " f8",
        "S-1",
        "S+1",
        "S 1",
        "Sx",
        "i",
        "f",
        "b2",
        "O2",
        "T8",
        "Z8",
        "<<f8",
        "M7[s]",
        "M8[s",
        "M8s]",
        "M8[]",
        "M8[B]",
        "M8[s/3]",
        "M8[0s]",
        "m8[-1s]",
        "S2147483648",
        "V3000000000",
        "U536870912",
        "S18446744073709551616",
        "f16x",
        "c12",
        "f8,i4",
    ] {
        assert_eq!(error(text).kind(), ErrorKind::Corrupt, "{text}");
    }
}

#[test]
fn structs_print_as_numpy_prints_them() {
    // Each line is `str(numpy.dtype(line))` of numpy 2.4.6.
    for text in [
        "[]",
        "[('a', '?'), ('b', 'S3'), ('c', 'V2'), ('d', 'O'), ('e', '<M8[25s]'), ('f', '<m8'), ('g', '>U2')]",
        "[('h', '<f16'), ('i', 'i1', (2, 3)), (('t', 'j'), '<c32'), ('k', 'S'), ('l', '<U')]",
        "[('a', [('x', '<i4'), ('y', [('z', '>f2', (1,))], (2,))])]",
        "[('a', ('<i4', (2,)), (3,))]",
        "[(\"it's\", '<i4'), ('q\"\\'', '<i4'), ('é\\n', '<i4')]",
        "{'names': ['a', 'b'], 'formats': ['<i4', '<i4'], 'offsets': [0, 2], 'itemsize': 6}",
        "{'names': ['b', 'a'], 'formats': ['<i4', '<i4'], 'offsets': [4, 0], 'itemsize': 8}",
        "{'names': ['a', 'b'], 'formats': ['i1', '<i4'], 'offsets': [0, 4], 'itemsize': 8, 'aligned': True}",
        "{'names': ['a', 'b'], 'formats': ['?', ('>i2', (2,))], 'offsets': [1, 4], 'titles': ['t', None], 'itemsize': 9}",
        "{'names': [], 'formats': [], 'offsets': [], 'itemsize': 4}",
        "('<i4', (2,))",
        "(('?', (2,)), (3, 1))",
    ] {
        assert_eq!(dtype(text).to_string(), text);
    }
}

#[test]
fn alignment_is_no_part_of_equality() {
    let aligned: DType = Struct::aligned([("a", dtype("i1")), ("b", dtype("<i4"))])
        .unwrap()
        .into();
    let placed = dtype("{'names': ['a', 'b'], 'formats': ['i1', '<i4'], 'offsets': [0, 4], 'itemsize': 8}");
    assert_eq!(aligned, placed);
    assert_eq!((aligned.alignment(), placed.alignment()), (4, 1));
    let outer = Struct::aligned([("c", dtype("?")), ("s", aligned), ("t", dtype("?"))]).unwrap();
    assert_eq!(
        (
            outer.itemsize(),
            outer.fields()[1].offset(),
            outer.fields()[2].offset()
        ),
        (16, 4, 12)
    );
    let again = dtype(&DType::from(outer.clone()).to_string());
    let inner = |s: &Struct| s.fields()[1].dtype().as_struct().unwrap().is_aligned();
    assert!(
        inner(again.as_struct().unwrap()) && inner(&outer),
        "printing keeps it, inside as well"
    );
    assert_ne!(
        placed,
        dtype("{'names': ['a', 'b'], 'formats': ['i1', '<i4'], 'offsets': [0, 4], 'itemsize': 9}")
    );
}

#[test]
fn descr_names_gaps_and_titles() {
    for (text, descr) in [
        (
            "{'names': ['a', 'b'], 'formats': ['?', '<i4'], 'offsets': [1, 4], 'titles': ['t', None], 'itemsize': 9}",
            "[('', '|V1'), (('t', 'a'), '|b1'), ('', '|V2'), ('b', '<i4'), ('', '|V1')]",
        ),
        (
            "{'names': [], 'formats': [], 'offsets': [], 'itemsize': 4}",
            "[('', '|V4')]",
        ),
        (
            "[('a', [('x', 'i1', (2, 3))], (2,)), ('b', ('<i4', (2,)), (3,))]",
            "[('a', [('x', '|i1', (2, 3))], (2,)), ('b', ('<i4', (2,)), (3,))]",
        ),
    ] {
        let dtype = dtype(text);
        assert_eq!(dtype.descr().unwrap(), descr);
        assert_eq!(descr.parse::<DType>().unwrap(), dtype);
    }
}

#[test]
fn descr_refuses_what_it_cannot_say() {
    for text in [
        "{'names': ['a', 'b'], 'formats': ['<i4', '<i4'], 'offsets': [0, 2], 'itemsize': 6}",
        "{'names': ['b', 'a'], 'formats': ['<i4', '<i4'], 'offsets': [4, 0], 'itemsize': 8}",
        "{'names': [''], 'formats': ['V4'], 'offsets': [0], 'itemsize': 4}",
    ] {
        assert_eq!(
            dtype(text).descr().unwrap_err().kind(),
            ErrorKind::Unsupported,
            "{text}"
        );
        assert_eq!(
            dtype(text).to_string().parse::<DType>().unwrap(),
            dtype(text),
            "{text}"
        );
    }
}

#[test]
fn lists_are_read_as_numpy_reads_those_of_npy_files() {
    for (text, same) in [
        (
            "[(u'a', b'<i4',), (\"b\", '<f8', 2L)]",
            "[('a', '<i4'), ('b', '<f8', (2,))]",
        ),
        ("[['a', '<i4']]", "[('a', '<i4')]"),
        ("[((None, 'a'), '<i4')]", "[('a', '<i4')]"),
        ("[('a', '<i4', ())]", "[('a', '<i4')]"),
        // A sub-array is void to numpy.
        ("[('', '<i4', (2,)), ('b', '<i4')]", "[('', '|V8'), ('b', '<i4')]"),
        ("[('', '|V0'), ('a', '<i4')]", "[('a', '<i4')]"),
    ] {
        assert_eq!(dtype(text), dtype(same), "{text}");
    }
    assert_eq!(dtype("[('', '<i4')]").field("").unwrap().offset(), 0);
}

#[test]
fn impossible_structs_are_corrupt() {
    for text in [
        "[('a', '<i4'), ('a', '<i4')]",
        "[(('a', 'a'), '<i4')]",
        "[('a', '<i4'), (('a', 'b'), '<i4')]",
        "[(('t', 'a'), '<i4'), (('t', 'b'), '<i4')]",
        "[('a', '<i4', (3,), 0)]",
        "[('a',)]",
        "[(1, '<i4')]",
        "[((1, 'a'), '<i4')]",
        "[('a', 4)]",
        "['a']",
        "[('a', '<i4', (-1,))]",
        "[('a', '<i4', ('b',))]",
        "[('a', '<i4', (True,))]",
        "[('a', '<i4', (1099511627776, 1099511627776))]",
        "[('a', '<i4', (2147483648, 0))]",
        "[('a', '<i4', (536870912,))]",
        "[('a', 'V2147483647'), ('b', '?')]",
        "('<i4', (2,), 3)",
        "('<i4',)",
        "{'names': ['a'], 'formats': ['<i4']}",
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': []}",
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': [-1]}",
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': [170141183460469231731687303715884105727]}",
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': [18446744073709551615]}",
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': [0], 'itemsize': 2}",
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': [0], 'itemsize': 2147483648}",
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': [0], 'itemsize': 7, 'aligned': True}",
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': [2], 'itemsize': 8, 'aligned': True}",
        "{'names': ['a'], 'formats': ['<i4'], 'offsets': [0], 'aligned': 1}",
        "{'names': 'a', 'formats': ['<i4'], 'offsets': [0]}",
        "{'names': ['a', 'b'], 'formats': ['<i4', 'O'], 'offsets': [0, 2]}",
        "{'names': ['a', 'b'], 'formats': ['O', 'V1'], 'offsets': [0, 7]}",
    ] {
        assert_eq!(error(text).kind(), ErrorKind::Corrupt, "{text}");
    }
    let axes = format!("[('a', '<i4', ({}))]", "1,".repeat(65));
    assert_eq!(error(&axes).kind(), ErrorKind::Corrupt);
}

#[test]
fn nesting_is_bounded() {
    let nested = |levels: usize| format!("{}'<i4'{}", "[('a', ".repeat(levels), ")]".repeat(levels));
    let deep = dtype(&nested(MAX_DEPTH));
    assert_eq!(deep.to_string().parse::<DType>().unwrap(), deep);
    assert_eq!(error(&nested(MAX_DEPTH + 1)).kind(), ErrorKind::Limit);
    assert_eq!(
        error(&nested(100_000)).kind(),
        ErrorKind::Corrupt,
        "the parser's own bound"
    );
}

#[test]
fn shared_parts_cannot_unfold_without_end() {
    let mut dtype = DType::object();
    let mut levels = 0;
    let error = loop {
        match Struct::packed([("a", dtype.clone()), ("b", dtype)]) {
            Ok(s) => dtype = s.into(),
            Err(e) => break e,
        }
        levels += 1;
    };
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!((10..20).contains(&levels), "{levels} levels");
    let columns = (0..50_000).map(|i| (format!("column {i}"), DType::new(Scalar::Float64)));
    assert_eq!(Struct::packed(columns).unwrap().itemsize(), 400_000);
}

#[test]
fn messages_stay_short_whatever_the_file_says() {
    let text = format!("[('a', [{}])]", "'é', ".repeat(10_000));
    assert!(error(&text).to_string().len() < 300);
    assert!(error(&"é".repeat(10_000)).to_string().len() < 300);
    let columns: Vec<String> = (0..1000).map(|i| format!("('column {i}', '>f8')")).collect();
    let wide = dtype(&format!("[{}]", columns.join(", ")));
    let layout = crate::Layout::new(wide.clone(), &[1], crate::Order::C).unwrap();
    assert!(format!("{layout} {layout:?} {wide:?}").len() < 500);
    assert!(wide.to_string().len() > 10_000, "which is no message");
    let array = crate::Array::zeros(layout).unwrap();
    for error in [
        array.as_slice::<u8>().unwrap_err(),
        array.field("x").unwrap_err(),
        array.strings().unwrap_err(),
    ] {
        assert!(error.to_string().len() < 300, "{error}");
    }
}

#[test]
fn objects_are_found_wherever_they_are() {
    assert!(dtype("[('a', [('b', '|O')], (2,))]").has_objects());
    assert!(dtype("T").has_objects());
    assert!(!dtype("[('a', [('b', '<M8[s]')], (2,))]").has_objects());
}

#[test]
fn fields_are_found_by_name_and_by_title() {
    let dtype = dtype("[('a', '<i4'), (('Title', 'b'), '<f8')]");
    assert_eq!(dtype.field("b"), dtype.field("Title"));
    assert_eq!(dtype.field("b").unwrap().offset(), 4);
    assert!(dtype.field("c").is_none());
}

/// What `>` types become on little-endian machines and the reverse.
fn foreign(text: &str) -> DType {
    let turned = if cfg!(target_endian = "big") {
        text.replace('>', "<")
    } else {
        text.into()
    };
    dtype(&turned)
}

#[test]
fn swapping_reverses_numbers_wherever_they_are() {
    let bytes: Vec<u8> = (0..16).collect();
    for (text, expected) in [
        (">i4", [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]),
        (">U2", [3, 2, 1, 0, 7, 6, 5, 4, 11, 10, 9, 8, 15, 14, 13, 12]),
        (">c16", [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8]),
        (">M8[s]", [7, 6, 5, 4, 3, 2, 1, 0, 15, 14, 13, 12, 11, 10, 9, 8]),
        (">f16", [15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0]),
        ("|S4", [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15]),
        (
            "[('a', '>i2'), ('', '|V1'), ('b', [('c', '>u2', (2,)), ('d', '|u1')])]",
            [1, 0, 2, 4, 3, 6, 5, 7, 9, 8, 10, 12, 11, 14, 13, 15],
        ),
    ] {
        let dtype = foreign(text);
        let mut swapped = bytes.clone();
        dtype.swap_to_native(&mut swapped).unwrap();
        assert_eq!(swapped, expected, "{text}");
        assert!(dtype.to_native().is_native());
        assert_eq!(dtype.is_native(), swapped == bytes, "{text}");
        let mut unchanged = bytes.clone();
        dtype.to_native().swap_to_native(&mut unchanged).unwrap();
        assert_eq!(unchanged, bytes, "native types stay, {text}");
    }
}

#[test]
fn overlapping_fields_are_not_swapped() {
    let text = "{'names': ['a', 'b'], 'formats': ['>i4', '>i2'], 'offsets': [0, 2], 'itemsize': 4}";
    let error = foreign(text).swap_to_native(&mut [0; 4]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert_eq!(
        foreign(text).to_native().swap_to_native(&mut [0; 4]).ok(),
        Some(())
    );
}
