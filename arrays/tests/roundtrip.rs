//! Properties: what is written comes back, and what is damaged never does harm.

use demijohn_arrays::{
    Array, ByteOrder, DType, ErrorKind, Field, Kind, Layout, Order, Scalar, Struct, SubArray, TimeBase,
    TimeUnit, npy,
};
use proptest::prelude::*;

fn orders() -> impl Strategy<Value = ByteOrder> {
    prop::sample::select(vec![ByteOrder::Little, ByteOrder::Big])
}

fn leaves() -> impl Strategy<Value = DType> {
    let unit = (prop::sample::select(TimeBase::ALL.to_vec()), 1_u32..100);
    let unit = unit.prop_map(|(base, count)| TimeUnit::new(base, count).unwrap());
    let kind = prop_oneof![
        prop::sample::select(Scalar::ALL.to_vec()).prop_map(Kind::Number),
        prop::sample::select(vec![12_usize, 16]).prop_map(Kind::LongDouble),
        prop::sample::select(vec![24_usize, 32]).prop_map(Kind::ComplexLongDouble),
        (0_usize..9).prop_map(Kind::Bytes),
        (0_usize..9).prop_map(Kind::Text),
        (0_usize..9).prop_map(Kind::Void),
        unit.clone().prop_map(Kind::Datetime),
        unit.prop_map(Kind::Timedelta),
    ];
    (kind, orders()).prop_map(|(kind, order)| DType::from_kind(kind, order).unwrap())
}

fn names() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z]{1,4}", "\\PC{1,3}", "[\\x00-\\x7f'\"\\\\]{1,4}"]
}

/// Structs whose fields stand in order with gaps between and behind them; if `tangled`, anywhere.
fn structs(inner: impl Strategy<Value = DType> + Clone, tangled: bool) -> impl Strategy<Value = DType> {
    let field = (names(), prop::option::of(names()), inner, 0_usize..5);
    (prop::collection::vec(field, 0..5), 0_usize..5, any::<bool>()).prop_filter_map(
        "a name occurs twice",
        move |(fields, behind, aligned)| {
            if aligned && !tangled {
                return Struct::aligned(fields.into_iter().map(|(name, _, dtype, _)| (name, dtype)))
                    .ok()
                    .map(DType::from);
            }
            let mut end = 0;
            let place = |(name, title, dtype, gap): (String, Option<String>, DType, usize)| {
                let offset = if tangled { gap } else { end + gap };
                end = (offset + dtype.itemsize()).max(end);
                let field = Field::new(name, offset, dtype);
                title.into_iter().fold(field, Field::with_title)
            };
            let fields: Vec<Field> = fields.into_iter().map(place).collect();
            Struct::new(fields, end + behind, false).ok().map(DType::from)
        },
    )
}

fn dtypes(tangled: bool) -> impl Strategy<Value = DType> {
    leaves().prop_recursive(3, 12, 4, move |inner| {
        let shape = prop::collection::vec(0_usize..3, 1..3);
        let part = prop_oneof![
            3 => inner.clone(),
            1 => (inner, shape).prop_map(|(base, shape)| SubArray::new(base, &shape).unwrap().into()),
        ];
        structs(part, tangled)
    })
}

fn array_of(dtype: impl Strategy<Value = DType>, shape: usize) -> impl Strategy<Value = Array> {
    let shape = prop::collection::vec(0_usize..5, 0..shape);
    let order = prop::bool::ANY.prop_map(|f| if f { Order::F } else { Order::C });
    (dtype, shape, order).prop_flat_map(|(dtype, shape, order)| {
        let layout = Layout::new(dtype, &shape, order).unwrap();
        prop::collection::vec(any::<u8>(), layout.nbytes())
            .prop_map(move |bytes| Array::from_bytes(layout.clone(), &bytes).unwrap())
    })
}

fn arrays() -> impl Strategy<Value = Array> {
    prop_oneof![array_of(leaves(), 5), array_of(dtypes(false), 3)]
}

fn written(array: &Array) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write(array, &mut bytes).unwrap();
    bytes
}

proptest! {
    #[test]
    fn every_dtype_is_parsed_from_what_it_prints(dtype in prop_oneof![dtypes(false), dtypes(true)]) {
        let text = dtype.to_string();
        let parsed: DType = text.parse().unwrap();
        prop_assert_eq!(&parsed, &dtype);
        prop_assert_eq!(parsed.alignment(), dtype.alignment());
        prop_assert_eq!(parsed.to_string(), text);
        prop_assert_eq!(parsed.to_native().to_native(), dtype.to_native());
        prop_assert!(dtype.to_native().is_native());
        prop_assert_eq!(dtype.to_native().itemsize(), dtype.itemsize());
    }

    #[test]
    fn every_dtype_is_parsed_from_its_descr_or_has_none(dtype in prop_oneof![dtypes(false), dtypes(true)]) {
        match dtype.descr() {
            Ok(descr) => prop_assert_eq!(descr.trim_matches('\'').parse::<DType>().unwrap(), dtype),
            Err(error) => prop_assert_eq!(error.kind(), ErrorKind::Unsupported),
        }
    }

    #[test]
    fn fields_in_order_always_have_a_descr(dtype in dtypes(false)) {
        prop_assert!(dtype.descr().is_ok());
    }

    #[test]
    fn any_text_is_a_dtype_or_an_error(text in "[\\[\\](){}',: <>|a-cfiuSUVMmO0-9]{0,30}") {
        if let Ok(dtype) = text.parse::<DType>() {
            prop_assert_eq!(dtype.to_string().parse::<DType>().unwrap(), dtype);
        }
    }

    #[test]
    fn what_is_written_is_read(array in arrays()) {
        let bytes = written(&array);
        let back = npy::read_with(&mut bytes.as_slice(), npy::ReadOptions {
            max_header: 1 << 20,
            ..npy::ReadOptions::default()
        }).unwrap();
        prop_assert_eq!(back.as_bytes(), array.as_bytes());
        prop_assert_eq!(back.layout().canonical_order(), array.layout().canonical_order());
        prop_assert_eq!(&back, &array);
        prop_assert_eq!((bytes.len() - array.nbytes()) % 64, 0);
    }

    #[test]
    fn the_other_order_and_back_changes_nothing(array in arrays()) {
        for order in [Order::C, Order::F] {
            let other = array.to_order(order).unwrap();
            prop_assert_eq!(other.order(), order);
            prop_assert_eq!(&*other, &array);
            let back = other.to_order(array.order()).unwrap();
            prop_assert_eq!(back.as_bytes(), array.as_bytes());
        }
    }

    #[test]
    fn converting_twice_changes_nothing(array in arrays()) {
        let native = array.to_native().unwrap().into_owned();
        prop_assert!(native.dtype().is_native());
        prop_assert_eq!(&native.clone().into_native().unwrap(), &native);
        // Swapped back by hand, bytes are those of the original.
        let foreign = Array::from_bytes(array.layout().clone(), native.as_bytes()).unwrap();
        let twice = foreign.into_native().unwrap();
        prop_assert_eq!(twice.as_bytes(), array.as_bytes());
    }

    #[test]
    fn fields_are_the_bytes_at_their_offset(array in array_of(dtypes(true), 3)) {
        for field in array.dtype().as_struct().map_or(&[][..], Struct::fields) {
            let view = array.field(field.name()).unwrap();
            let size = array.dtype().itemsize();
            for (index, bytes) in view.iter().enumerate() {
                let at = index * size + field.offset();
                prop_assert_eq!(bytes, &array.as_bytes()[at..at + field.dtype().itemsize()]);
            }
            let copy = view.to_array().unwrap();
            prop_assert_eq!(copy.nbytes(), view.len() * field.dtype().itemsize());
        }
    }

    #[test]
    fn one_wrong_byte_is_an_error_or_an_array_of_the_right_size(
        array in arrays(), at in any::<prop::sample::Index>(), byte in any::<u8>(),
    ) {
        let mut bytes = written(&array);
        let at = at.index(bytes.len());
        bytes[at] = byte;
        if let Ok(back) = npy::read(&mut bytes.as_slice()) {
            prop_assert_eq!(back.as_bytes().len(), back.len() * back.dtype().itemsize());
        }
    }
}
