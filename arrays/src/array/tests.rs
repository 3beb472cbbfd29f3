use std::borrow::Cow;

use super::*;
use crate::{ByteOrder, ErrorKind, Scalar, f16};

const FOREIGN: ByteOrder = match ByteOrder::NATIVE {
    ByteOrder::Big => ByteOrder::Little,
    _ => ByteOrder::Big,
};

#[test]
fn gives_back_the_slice_it_was_made_of() {
    fn check<T: Element + PartialEq + fmt::Debug>(data: &[T]) {
        let array = Array::from_slice(data, &[data.len()]).unwrap();
        assert_eq!(array.as_slice::<T>().unwrap(), data);
        assert_eq!(array.dtype().scalar(), Some(T::SCALAR));
        assert_eq!(array.nbytes(), size_of_val(data));
    }
    check(&[true, false]);
    check(&[-1_i8, 2]);
    check(&[1_u64, u64::MAX, 3]);
    check(&[f16::from_f32(0.5), f16::INFINITY]);
    check(&[1.5_f32, -2.0]);
    check(&[[1.0_f64, -1.0], [0.0, 2.0]]);
}

#[test]
fn a_shape_must_have_as_many_elements() {
    let error = Array::from_vec(vec![1_i32; 5], &[2, 3]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameter);
    assert!(error.to_string().contains("20 bytes"), "{error}");
    assert_eq!(Array::from_vec(vec![7_i32], &[]).unwrap().ndim(), 0);
    assert!(Array::from_vec(Vec::<i32>::new(), &[4, 0]).unwrap().is_empty());
}

#[test]
fn views_of_another_type_are_refused() {
    let array = Array::from_vec(vec![1.0_f64], &[1]).unwrap();
    assert_eq!(array.as_slice::<i64>().unwrap_err().kind(), ErrorKind::Parameter);
    assert_eq!(array.as_slice::<f32>().unwrap_err().kind(), ErrorKind::Parameter);
}

#[test]
fn foreign_byte_order_is_refused_until_converted() {
    let layout = Layout::new(DType::with_order(Scalar::Uint16, FOREIGN), &[2], Order::C).unwrap();
    let bytes: Vec<u8> = [1_u16, 0x0203]
        .iter()
        .flat_map(|n| n.swap_bytes().to_ne_bytes())
        .collect();
    let array = Array::from_bytes(layout, &bytes).unwrap();
    assert!(
        array
            .as_slice::<u16>()
            .unwrap_err()
            .to_string()
            .contains("byte order")
    );
    let native = array.to_native().unwrap();
    assert_eq!(native.as_slice::<u16>().unwrap(), [1, 0x0203]);
    assert!(matches!(native.to_native().unwrap(), Cow::Borrowed(_)));
    assert_ne!(array, *native);
}

#[test]
fn booleans_are_checked_before_they_are_shown() {
    let layout = Layout::new(DType::new(Scalar::Bool), &[2], Order::C).unwrap();
    let mut array = Array::from_bytes(layout, &[1, 2]).unwrap();
    assert_eq!(array.as_slice::<bool>().unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(
        array.as_mut_slice::<bool>().unwrap_err().kind(),
        ErrorKind::Corrupt
    );
    array.as_mut_bytes().unwrap()[1] = 0;
    assert_eq!(array.as_slice::<bool>().unwrap(), [true, false]);
}

#[test]
fn equality_is_by_element_not_by_memory_order() {
    let c = Array::from_slice(&[1_i16, 2, 3, 4, 5, 6], &[2, 3]).unwrap();
    let f = Array::from_slice_in(Order::F, &[1_i16, 4, 2, 5, 3, 6], &[2, 3]).unwrap();
    assert_eq!(c, f);
    assert_eq!(f, c);
    let other = Array::from_slice_in(Order::F, &[1_i16, 4, 2, 5, 3, 7], &[2, 3]).unwrap();
    assert_ne!(c, other);
    assert_ne!(f, other);
    let cube: Vec<u8> = (0..24).collect();
    let mut turned = Vec::new();
    for k in 0..4 {
        for j in 0..3 {
            turned.extend((0..2).map(|i| cube[i * 12 + j * 4 + k]));
        }
    }
    let c = Array::from_vec(cube, &[2, 3, 4]).unwrap();
    assert_eq!(c, Array::from_slice_in(Order::F, &turned, &[2, 3, 4]).unwrap());
    assert_ne!(c, Array::from_slice_in(Order::F, &turned, &[4, 3, 2]).unwrap());
    let row = Array::from_slice_in(Order::F, &[1_u8, 2], &[1, 2]).unwrap();
    assert_eq!(row, Array::from_slice(&[1_u8, 2], &[1, 2]).unwrap());
}

#[test]
fn floats_are_equal_by_their_bytes() {
    let of = |x: f64| Array::from_vec(vec![x], &[1]).unwrap();
    assert_eq!(of(f64::NAN), of(f64::NAN));
    assert_ne!(of(0.0), of(-0.0));
}

#[test]
fn zeros_can_be_filled_in_place() {
    let mut array = Array::zeros(Layout::new(DType::of::<f32>(), &[3], Order::C).unwrap()).unwrap();
    array.as_mut_slice::<f32>().unwrap()[1] = 2.5;
    assert_eq!(array.as_slice::<f32>().unwrap(), [0.0, 2.5, 0.0]);
}

#[test]
fn reading_takes_what_it_needs_and_says_what_is_missing() {
    let layout = Layout::new(DType::of::<u8>(), &[2, 2], Order::C).unwrap();
    let mut source = &[1_u8, 2, 3, 4, 5][..];
    for available in [Available::Unknown, Available::Bytes(5)] {
        let mut source = source;
        let array = Array::read(layout.clone(), &mut source, available).unwrap();
        assert_eq!((array.as_bytes(), source), (&[1, 2, 3, 4][..], &[5][..]));
    }
    let error = Array::read(layout.clone(), &mut source, Available::Bytes(3)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert_eq!(source.len(), 5, "refused before reading");
    let error = Array::read(layout, &mut &source[..3], Available::Unknown).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
}

fn array(dtype: &str, shape: &[usize], order: Order, bytes: &[u8]) -> Array {
    Array::from_bytes(Layout::new(dtype.parse().unwrap(), shape, order).unwrap(), bytes).unwrap()
}

#[test]
fn objects_have_no_raw_data() {
    for dtype in ["|O", "|T", "[('a', '<i4'), ('b', '|O')]"] {
        let layout = Layout::new(dtype.parse().unwrap(), &[0], Order::C).unwrap();
        for error in [
            Array::zeros(layout.clone()).unwrap_err(),
            Array::from_bytes(layout.clone(), &[]).unwrap_err(),
            Array::read(layout, &mut &[][..], Available::Unknown).unwrap_err(),
        ] {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert!(error.to_string().contains("demijohn-pickle"), "{error}");
        }
    }
}

#[test]
fn elements_of_no_size_are_counted() {
    let none = array("|V0", &[2, 3], Order::F, &[]);
    assert_eq!((none.len(), none.nbytes()), (6, 0));
    assert_eq!(none, *none.to_order(Order::C).unwrap());
    assert_eq!(
        array("|S0", &[2], Order::C, &[])
            .strings()
            .unwrap()
            .bytes()
            .count(),
        2
    );
    let many = Layout::new("|V0".parse().unwrap(), &[1 << 62], Order::C).unwrap_err();
    assert_eq!(many.kind(), ErrorKind::Corrupt);
}

#[test]
fn large_arrays_are_cloned_and_compared_too() {
    let bytes: Vec<u8> = (0..3_u32 << 20).map(|i| u8::try_from(i % 251).unwrap()).collect();
    let large = Array::from_vec(bytes, &[3 << 10, 1 << 10]).unwrap();
    assert_eq!(large.clone(), large);
    let mut other = large.clone();
    other.as_mut_bytes().unwrap()[5] ^= 1;
    assert_ne!(other, large);
}

#[test]
fn memory_order_changes_and_elements_stay() {
    let bytes: Vec<u8> = (0..48).collect();
    let c = array("<i2", &[2, 3, 4], Order::C, &bytes);
    let f = c.to_order(Order::F).unwrap().into_owned();
    assert_eq!(f.order(), Order::F);
    assert_eq!(f.as_bytes()[..8], [0, 1, 24, 25, 8, 9, 32, 33]);
    assert_eq!(f, c);
    assert_eq!(f.to_order(Order::C).unwrap().as_bytes(), bytes);
    assert!(matches!(c.to_order(Order::C).unwrap(), Cow::Borrowed(_)));
    let line = array("<i2", &[1, 24], Order::C, &bytes);
    assert_eq!(line.to_order(Order::F).unwrap().as_bytes(), bytes);
}

#[test]
fn structs_are_converted_field_by_field() {
    let text = "[('a', '>u2'), ('b', 'S1'), ('c', '>u2', (2,))]";
    let text = if cfg!(target_endian = "big") {
        text.replace('>', "<")
    } else {
        text.into()
    };
    let foreign = array(&text, &[2], Order::C, &[0, 1, 9, 0, 2, 0, 3, 0, 4, 9, 0, 5, 0, 6]);
    let native = foreign.to_native().unwrap();
    assert!(native.dtype().is_native());
    assert_eq!(
        native
            .field("a")
            .unwrap()
            .to_array()
            .unwrap()
            .as_slice::<u16>()
            .unwrap(),
        [1, 4]
    );
    let c = native.field("c").unwrap().to_array().unwrap();
    assert_eq!(
        (c.as_slice::<u16>().unwrap(), c.shape()),
        (&[2, 3, 5, 6][..], &[2, 2][..])
    );
    assert_eq!(
        native.field("b").unwrap().iter().collect::<Vec<_>>(),
        [b"\t", b"\t"]
    );
}

#[test]
fn fields_keep_the_order_unless_they_have_axes_of_their_own() {
    let bytes: Vec<u8> = (0..12).collect();
    let f = array("[('a', 'u1'), ('b', 'u1', (2,))]", &[2, 2], Order::F, &bytes);
    let a = f.field("a").unwrap().to_array().unwrap();
    assert_eq!((a.as_bytes(), a.order()), (&[0, 3, 6, 9][..], Order::F));
    let b = f.field("b").unwrap().to_array().unwrap();
    assert_eq!(
        (b.as_bytes(), b.order()),
        (&[1, 2, 7, 8, 4, 5, 10, 11][..], Order::C)
    );
    assert_eq!(b.shape(), [2, 2, 2]);
    let view = f.field("b").unwrap();
    assert_eq!(
        (view.get(3), view.get(4), view.len()),
        (Some(&[10, 11][..]), None, 4)
    );
}

#[test]
fn fields_that_are_not_there_are_named() {
    let plain = Array::from_vec(vec![1_u8], &[1]).unwrap();
    assert_eq!(plain.field("a").unwrap_err().kind(), ErrorKind::Parameter);
    let s = array("[('here', 'u1')]", &[1], Order::C, &[1]);
    let error = s.field("there").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameter);
    assert!(error.to_string().contains("here"), "{error}");
}

fn texts(array: &Array) -> Vec<Result<String>> {
    array.strings().unwrap().iter().collect()
}

#[test]
fn strings_lose_the_nuls_behind_them_only() {
    let s = array("|S3", &[4], Order::C, b"abca\0c\0\0\0x\0\0");
    let bytes: Vec<&[u8]> = s.strings().unwrap().bytes().collect();
    assert_eq!(bytes, [&b"abc"[..], b"a\0c", b"", b"x"]);
    assert_eq!(
        texts(&s).into_iter().collect::<Result<Vec<_>>>().unwrap(),
        ["abc", "a\0c", "", "x"]
    );
    for order in ["<", ">"] {
        let units = ['é', '\0', '😀', 'a', '\0', '\0'];
        let bytes: Vec<u8> = units
            .iter()
            .flat_map(|&c| {
                if order == "<" {
                    u32::from(c).to_le_bytes()
                } else {
                    u32::from(c).to_be_bytes()
                }
            })
            .collect();
        let u = array(&format!("{order}U3"), &[2], Order::C, &bytes);
        assert_eq!(
            texts(&u).into_iter().collect::<Result<Vec<_>>>().unwrap(),
            ["é\0😀", "a"]
        );
        assert_eq!(
            u.strings().unwrap().iter_lossy().collect::<Vec<_>>(),
            ["é\0😀", "a"]
        );
    }
}

#[test]
fn strings_that_are_no_text_are_errors_or_replaced() {
    let s = array("|S2", &[2], Order::C, b"ok\xff\xfe");
    assert_eq!(texts(&s)[1].as_ref().unwrap_err().kind(), ErrorKind::Corrupt);
    assert_eq!(
        s.strings().unwrap().iter_lossy().nth(1).unwrap(),
        "\u{fffd}\u{fffd}"
    );
    let u = array("<U1", &[2], Order::C, &[0, 0xd8, 0, 0, 0, 0, 0x11, 0]);
    for (text, lossy) in texts(&u).into_iter().zip(u.strings().unwrap().iter_lossy()) {
        assert_eq!(text.unwrap_err().kind(), ErrorKind::Corrupt);
        assert_eq!(lossy, "\u{fffd}");
    }
    assert_eq!(
        array("|u1", &[0], Order::C, &[]).strings().unwrap_err().kind(),
        ErrorKind::Parameter
    );
}

#[test]
fn times_are_numbers_with_a_unit() {
    let native = array(
        "=M8[25s]",
        &[2],
        Order::C,
        &[7_i64.to_ne_bytes(), i64::MIN.to_ne_bytes()].concat(),
    );
    let (numbers, unit) = native.times().unwrap();
    assert_eq!((numbers, unit.to_string().as_str()), (&[7, i64::MIN][..], "25s"));
    assert_eq!(native.as_slice::<i64>().unwrap_err().kind(), ErrorKind::Parameter);
    let foreign = Layout::new(native.dtype().clone().with_byte_order(FOREIGN), &[1], Order::C).unwrap();
    let foreign = Array::from_bytes(foreign, &7_i64.swap_bytes().to_ne_bytes()).unwrap();
    assert_eq!(foreign.times().unwrap_err().kind(), ErrorKind::Parameter);
    assert_eq!(foreign.into_native().unwrap().times().unwrap().0, [7]);
    assert_eq!(
        Array::from_vec(vec![1_i64], &[1])
            .unwrap()
            .times()
            .unwrap_err()
            .kind(),
        ErrorKind::Parameter
    );
}
