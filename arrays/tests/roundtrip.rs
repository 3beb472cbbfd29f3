//! Properties of `.npy` files: what is written comes back, and what is damaged never does harm.

use demijohn_arrays::{Array, ByteOrder, DType, Layout, Order, Scalar, npy};
use proptest::prelude::*;

fn arrays() -> impl Strategy<Value = Array> {
    let dtype = (prop::sample::select(Scalar::ALL.to_vec()), any::<bool>()).prop_map(|(scalar, big)| {
        DType::with_order(scalar, if big { ByteOrder::Big } else { ByteOrder::Little })
    });
    let shape = prop::collection::vec(0_usize..5, 0..5);
    let order = prop::bool::ANY.prop_map(|f| if f { Order::F } else { Order::C });
    (dtype, shape, order).prop_flat_map(|(dtype, shape, order)| {
        let layout = Layout::new(dtype, &shape, order).unwrap();
        prop::collection::vec(any::<u8>(), layout.nbytes())
            .prop_map(move |bytes| Array::from_bytes(layout.clone(), &bytes).unwrap())
    })
}

fn written(array: &Array) -> Vec<u8> {
    let mut bytes = Vec::new();
    npy::write(array, &mut bytes).unwrap();
    bytes
}

proptest! {
    #[test]
    fn what_is_written_is_read(array in arrays()) {
        let bytes = written(&array);
        let back = npy::read(&mut bytes.as_slice()).unwrap();
        prop_assert_eq!(back.as_bytes(), array.as_bytes());
        prop_assert_eq!(back.layout().canonical_order(), array.layout().canonical_order());
        prop_assert_eq!(&back, &array);
        prop_assert_eq!((bytes.len() - array.nbytes()) % 64, 0);
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
