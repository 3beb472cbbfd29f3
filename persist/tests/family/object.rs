//! Objects of all kinds, as they are in Rust, in a description for Python, and in a document.

use demijohn::arrays::{
    Field, Kind as ElementKind, Layout, Order, Scalar, Struct, SubArray, TimeBase, TimeUnit,
};
use demijohn::pickle::Kind;
use demijohn::{Array, DType, Value};
use proptest::prelude::*;
use serde::ser::{Error as _, SerializeTuple as _};
use serde::{Serialize, Serializer};
use serde_json::{Value as Json, json};

#[derive(Debug, Clone)]
pub(crate) enum Object {
    None,
    Bool(bool),
    /// Two's complement, little-endian, as short as possible.
    Int(Vec<u8>),
    Float(f64),
    Str(String),
    Bytes(Vec<u8>),
    List(Vec<Object>),
    Tuple(Vec<Object>),
    Set(Vec<Object>),
    FrozenSet(Vec<Object>),
    Dict(Vec<(Object, Object)>),
    Array(Array),
    /// An array of Python objects.
    Objects(Vec<usize>, Vec<Object>),
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

impl Object {
    /// What Python is told of it.
    pub(crate) fn describe(&self) -> Json {
        let all = |items: &[Self]| items.iter().map(Self::describe).collect::<Json>();
        match self {
            Self::None => json!({"t": "none"}),
            Self::Bool(value) => json!({"t": "bool", "v": value}),
            Self::Int(bytes) => json!({"t": "int", "v": hex(bytes)}),
            Self::Float(value) => json!({"t": "float", "v": hex(&value.to_be_bytes())}),
            Self::Str(text) => json!({"t": "str", "v": text}),
            Self::Bytes(bytes) => json!({"t": "bytes", "v": hex(bytes)}),
            Self::List(items) => json!({"t": "list", "v": all(items)}),
            Self::Tuple(items) => json!({"t": "tuple", "v": all(items)}),
            Self::Set(items) => json!({"t": "set", "v": all(items)}),
            Self::FrozenSet(items) => json!({"t": "frozenset", "v": all(items)}),
            Self::Dict(pairs) => {
                let pairs = pairs
                    .iter()
                    .map(|(key, value)| json!([key.describe(), value.describe()]));
                json!({"t": "dict", "v": pairs.collect::<Json>()})
            }
            Self::Array(array) => json!({
                "t": "array", "dtype": array.dtype().to_string(), "shape": array.shape(),
                "order": array.order().as_str(), "v": hex(array.as_bytes()),
            }),
            Self::Objects(shape, items) => json!({"t": "objects", "shape": shape, "v": all(items)}),
        }
    }

    /// Whether a type of Rust stands for it and for all that is in it.
    pub(crate) fn is_rusts(&self) -> bool {
        match self {
            Self::Int(bytes) => bytes.len() <= 16,
            Self::List(items) | Self::Tuple(items) => items.iter().all(Self::is_rusts),
            Self::Dict(pairs) => pairs
                .iter()
                .all(|(key, value)| key.is_rusts() && value.is_rusts()),
            Self::Set(_) | Self::FrozenSet(_) | Self::Objects(..) => false,
            _ => true,
        }
    }

    /// Whether a value of a document is this object; if not, what is different where. Arrays may have been turned into
    /// this machine's byte order.
    pub(crate) fn check(&self, value: Value<'_>, native: bool) -> Result<(), String> {
        let is = |same: bool| {
            if same {
                Ok(())
            } else {
                Err(format!("{value:?} instead of {self:?}"))
            }
        };
        match self {
            Self::None => is(value.is_none()),
            Self::Bool(b) => is(value.as_bool() == Some(*b)),
            Self::Int(bytes) => is(value.as_int().is_some_and(|n| n.to_le_bytes() == *bytes)),
            Self::Float(x) => is(value.as_f64().map(f64::to_bits) == Some(x.to_bits())),
            Self::Str(text) => is(value.as_str() == Some(text)),
            Self::Bytes(bytes) => is(value.kind() == Kind::Bytes && value.as_bytes() == Some(bytes)),
            Self::List(items) => {
                is(value.kind() == Kind::List)?;
                in_order(items, value, native)
            }
            Self::Tuple(items) => {
                is(value.kind() == Kind::Tuple)?;
                in_order(items, value, native)
            }
            Self::Set(items) => {
                is(value.kind() == Kind::Set)?;
                any_order(items, value)
            }
            Self::FrozenSet(items) => {
                is(value.kind() == Kind::FrozenSet)?;
                any_order(items, value)
            }
            Self::Dict(pairs) => {
                is(value.kind() == Kind::Dict && value.len() == Some(pairs.len()))?;
                for ((key, item), (found_key, found)) in pairs.iter().zip(value.items()) {
                    key.check(found_key, native)?;
                    item.check(found, native).map_err(|e| format!("[{key:?}]{e}"))?;
                }
                Ok(())
            }
            Self::Array(array) => {
                let found = value.array().map_err(|e| e.to_string())?;
                is(found.layout().canonical_order() == array.layout().canonical_order())?;
                // Inside arrays of objects, joblib does not turn bytes around, and neither do we.
                is(found == array || native && found == array.to_native().unwrap().as_ref())
            }
            Self::Objects(shape, items) => {
                let found = value
                    .as_object_array()
                    .ok_or_else(|| format!("{value:?} instead of objects"))?;
                is(found.shape() == shape)?;
                in_order(items, value, native)
            }
        }
    }
}

fn in_order(items: &[Object], value: Value<'_>, native: bool) -> Result<(), String> {
    let found = value.iter();
    if found.len() != items.len() {
        return Err(format!(": {} items instead of {}", found.len(), items.len()));
    }
    for (i, (item, found)) in items.iter().zip(found).enumerate() {
        item.check(found, native).map_err(|e| format!("[{i}]{e}"))?;
    }
    Ok(())
}

fn any_order(items: &[Object], value: Value<'_>) -> Result<(), String> {
    let missing = items
        .iter()
        .find(|item| value.iter().all(|found| item.check(found, false).is_err()));
    match missing {
        Some(item) => Err(format!(": {item:?} is missing")),
        None if value.iter().len() != items.len() => Err(format!(": more than {items:?}")),
        None => Ok(()),
    }
}

impl Serialize for Object {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => serializer.serialize_none(),
            Self::Bool(value) => serializer.serialize_bool(*value),
            Self::Int(bytes) => {
                let sign = if bytes.last().is_some_and(|b| b & 0x80 != 0) {
                    0xff
                } else {
                    0
                };
                let mut wide = [sign; 16];
                wide[..bytes.len()].copy_from_slice(bytes);
                serializer.serialize_i128(i128::from_le_bytes(wide))
            }
            Self::Float(value) => serializer.serialize_f64(*value),
            Self::Str(text) => serializer.serialize_str(text),
            Self::Bytes(bytes) => serializer.serialize_bytes(bytes),
            Self::List(items) => serializer.collect_seq(items),
            Self::Tuple(items) => {
                let mut tuple = serializer.serialize_tuple(items.len())?;
                items.iter().try_for_each(|item| tuple.serialize_element(item))?;
                tuple.end()
            }
            Self::Dict(pairs) => serializer.collect_map(pairs.iter().map(|(key, value)| (key, value))),
            Self::Array(array) => array.serialize(serializer),
            Self::Set(_) | Self::FrozenSet(_) | Self::Objects(..) => Err(S::Error::custom("no type of Rust")),
        }
    }
}

/// Objects with objects in them, arrays among them.
pub(crate) fn objects() -> impl Strategy<Value = Object> {
    let leaf = prop_oneof![
        2 => hashable(),
        1 => any::<bool>().prop_map(Object::Bool),
        2 => float().prop_map(Object::Float),
        4 => array().prop_map(Object::Array),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        let many = || prop::collection::vec(inner.clone(), 0..6);
        let keys = || prop::collection::vec(hashable(), 0..6).prop_map(distinct);
        prop_oneof![
            2 => many().prop_map(Object::List),
            2 => many().prop_map(Object::Tuple),
            1 => keys().prop_map(Object::Set),
            1 => keys().prop_map(Object::FrozenSet),
            3 => (keys(), prop::collection::vec(inner.clone(), 6))
                .prop_map(|(keys, values)| Object::Dict(keys.into_iter().zip(values).collect())),
            1 => (1_usize..4, many()).prop_map(|(columns, mut items)| {
                items.truncate(items.len() / columns * columns);
                Object::Objects(vec![items.len() / columns, columns], items)
            }),
        ]
    })
}

/// Objects that can be keys of dicts and items of sets. Neither booleans nor floats, which may be equal to an integer.
fn hashable() -> BoxedStrategy<Object> {
    let leaf = prop_oneof![
        1 => Just(Object::None),
        4 => int().prop_map(Object::Int),
        2 => prop_oneof![".{0,12}", any::<String>(), "[a-z]{250,260}"].prop_map(Object::Str),
        2 => prop::collection::vec(any::<u8>(), 0..12).prop_map(Object::Bytes),
    ];
    leaf.prop_recursive(2, 6, 3, |inner| {
        prop::collection::vec(inner, 0..3).prop_map(Object::Tuple)
    })
    .boxed()
}

/// Objects of which no two are equal.
fn distinct(objects: Vec<Object>) -> Vec<Object> {
    let mut seen = std::collections::HashSet::new();
    objects
        .into_iter()
        .filter(|object| seen.insert(object.describe().to_string()))
        .collect()
}

fn int() -> impl Strategy<Value = Vec<u8>> {
    let powers = (0..130_u32, -1..=1_i8).prop_map(|(bit, off)| {
        let power = 1_i128.checked_shl(bit).unwrap_or(0);
        power.wrapping_add(off.into())
    });
    prop_oneof![
        powers.prop_map(|n| n.to_le_bytes().to_vec()),
        any::<i64>().prop_map(|n| n.to_le_bytes().to_vec()),
        any::<i8>().prop_map(|n| n.to_le_bytes().to_vec()),
        prop::collection::vec(any::<u8>(), 0..40),
        prop::collection::vec(any::<u8>(), 250..270),
    ]
    .prop_map(|mut bytes| {
        bytes.resize(bytes.len().max(1), 0);
        // What only repeats the sign is left out.
        while let [.., before, last] = bytes[..]
            && last == if before & 0x80 == 0 { 0 } else { 0xff }
        {
            bytes.pop();
        }
        bytes
    })
}

fn float() -> impl Strategy<Value = f64> {
    let bits = any::<u64>().prop_map(f64::from_bits);
    let special = [
        0.0,
        -0.0,
        f64::INFINITY,
        f64::NEG_INFINITY,
        f64::NAN,
        -f64::NAN,
        f64::MIN_POSITIVE,
        5e-324,
    ];
    prop_oneof![bits, prop::sample::select(special.to_vec())].prop_map(|x| {
        // Whoever moves a signalling NaN through a register may quiet it.
        f64::from_bits(if x.is_nan() {
            x.to_bits() | 1 << 51
        } else {
            x.to_bits()
        })
    })
}

fn array() -> impl Strategy<Value = Array> {
    let shape = prop_oneof![
        3 => prop::collection::vec(0_usize..5, 0..4),
        1 => prop::collection::vec(1_usize..40, 1..=2),
    ];
    (dtype(), shape, any::<bool>()).prop_flat_map(|(dtype, shape, fortran)| {
        let order = if fortran { Order::F } else { Order::C };
        let layout = Layout::new(dtype, &shape, order).unwrap();
        prop::collection::vec(any::<u8>(), layout.nbytes()).prop_map(move |mut bytes| {
            let size = layout.dtype().itemsize();
            if size > 0 {
                bytes
                    .chunks_exact_mut(size)
                    .for_each(|element| make_valid(layout.dtype(), element));
            }
            Array::from_bytes(layout.clone(), &bytes).unwrap()
        })
    })
}

/// Booleans are 0 and 1, wherever they are.
fn make_valid(dtype: &DType, element: &mut [u8]) {
    match dtype.kind() {
        ElementKind::Number(Scalar::Bool) => element[0] &= 1,
        ElementKind::Struct(s) => {
            for field in s.fields() {
                let (start, dtype) = (field.offset(), field.dtype());
                make_valid(dtype, &mut element[start..start + dtype.itemsize()]);
            }
        }
        ElementKind::SubArray(s) if s.base().itemsize() > 0 => {
            element
                .chunks_exact_mut(s.base().itemsize())
                .for_each(|item| make_valid(s.base(), item));
        }
        _ => {}
    }
}

fn dtype() -> impl Strategy<Value = DType> {
    let order = prop::sample::select(vec!["<", ">"]);
    let number = (order, prop::sample::select(Scalar::ALL.to_vec()))
        .prop_map(|(order, scalar)| format!("{order}{}", scalar.code()).parse::<DType>().unwrap());
    let order = prop::sample::select(vec!["<", ">"]);
    let text = (order, prop::sample::select(vec!["S", "U", "V"]), 1_usize..6)
        .prop_map(|(order, kind, size)| format!("{order}{kind}{size}").parse().unwrap());
    let order = prop::sample::select(vec!["<", ">"]);
    let unit = prop::sample::select(vec![TimeBase::Day, TimeBase::Second, TimeBase::Nanosecond]);
    let time = (order, prop::sample::select(vec!["M8", "m8"]), unit, 1_u32..30).prop_map(
        |(order, kind, base, n)| {
            let unit = TimeUnit::new(base, n).unwrap();
            format!("{order}{kind}[{unit}]").parse().unwrap()
        },
    );
    let plain = prop_oneof![6 => number, 2 => text, 1 => time];
    plain.prop_recursive(2, 8, 4, |inner| {
        let field = (inner, prop::collection::vec(1_usize..4, 0..3)).prop_map(|(dtype, shape)| {
            if shape.is_empty() {
                dtype
            } else {
                SubArray::new(dtype, &shape).unwrap().into()
            }
        });
        (prop::collection::vec(field, 1..4), 0_usize..4).prop_map(|(fields, how)| structure(fields, how))
    })
}

fn is_aligned(dtype: &DType) -> bool {
    match dtype.kind() {
        ElementKind::Struct(s) => s.is_aligned(),
        ElementKind::SubArray(s) => is_aligned(s.base()),
        _ => true,
    }
}

/// A structure of these fields: packed, aligned, or with gaps, then with titles too.
fn structure(fields: Vec<DType>, how: usize) -> DType {
    let named = || {
        fields
            .iter()
            .cloned()
            .enumerate()
            .map(|(i, dtype)| (format!("f{i}é"), dtype))
    };
    match how {
        0 => Struct::packed(named()).unwrap().into(),
        // A text that says "aligned" means all that is inside, to numpy.
        1 if fields.iter().all(is_aligned) => Struct::aligned(named()).unwrap().into(),
        gap => {
            let mut at = 0;
            let spaced = named().map(|(name, dtype)| {
                let start = at + gap - 1;
                at = start + dtype.itemsize();
                let field = Field::new(&name, start, dtype);
                if gap == 3 {
                    field.with_title(format!("title of {name}"))
                } else {
                    field
                }
            });
            let spaced: Vec<Field> = spaced.collect();
            Struct::new(spaced, at + gap, false).unwrap().into()
        }
    }
}
