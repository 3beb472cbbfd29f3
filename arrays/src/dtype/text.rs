//! Types as text: numpy's type strings, its `str` of structs, and the form in which `.npy` files describe elements.
//!
//! Specification: [the array interface](https://numpy.org/doc/stable/reference/arrays.interface.html) for type
//! strings, `numpy/_core/_dtype.py` for what `str` prints, `numpy/_core/_internal.py` (`_array_descr`) and
//! `numpy/lib/_format_impl.py` (`descr_to_dtype`) for `.npy`.

use std::fmt::{self, Write};
use std::str::FromStr;

use super::{ByteOrder, DType, Field, Kind, Scalar, Struct, SubArray, TimeUnit};
use crate::layout::Shape;
use crate::pyliteral::{self, Literal, Repr, Short};
use crate::{Error, Result};

impl DType {
    /// numpy's code without byte order: kind letter and size (`U`: in characters), for example `f8`, `S5` or `V24` for a
    /// struct of 24 bytes. Dates have no unit here: `M8`.
    #[must_use]
    pub fn code(&self) -> String {
        let letter = match &self.kind {
            Kind::Number(scalar) => return scalar.code().into(),
            Kind::Text(length) => return format!("U{length}"),
            Kind::LongDouble(_) => 'f',
            Kind::ComplexLongDouble(_) => 'c',
            Kind::Bytes(_) => 'S',
            Kind::Void(_) | Kind::Struct(_) | Kind::SubArray(_) => 'V',
            Kind::Datetime(_) => 'M',
            Kind::Timedelta(_) => 'm',
            Kind::Object => 'O',
            Kind::String => 'T',
        };
        format!("{letter}{}", self.itemsize())
    }

    /// The type string: byte order, kind letter, size, and the unit of dates. It says nothing about what is in a struct.
    #[must_use]
    pub fn type_string(&self) -> String {
        let symbol = self.order.symbol();
        match self.kind {
            Kind::Object => "|O".into(),
            Kind::String => "|T".into(),
            Kind::Datetime(unit) | Kind::Timedelta(unit) if unit != TimeUnit::GENERIC => {
                format!("{symbol}{}[{unit}]", self.code())
            }
            _ => format!("{symbol}{}", self.code()),
        }
    }

    /// The description that `.npy` files have under `descr`, as a Python literal: a type string in quotes, or a list of
    /// fields in which gaps are fields without a name.
    ///
    /// # Errors
    /// [`Unsupported`](crate::ErrorKind::Unsupported) for structs with fields that overlap, are not in the order of
    /// their offsets, or have an empty name, and for sub-arrays outside of structs: the form cannot say these.
    pub fn descr(&self) -> Result<String> {
        let mut out = String::new();
        self.write_descr(&mut out)?;
        Ok(out)
    }

    fn write_descr(&self, out: &mut String) -> Result<()> {
        match &self.kind {
            Kind::Struct(s) => write_field_list(s, out),
            Kind::SubArray(s) => {
                out.push('(');
                s.base().write_descr(out)?;
                push(out, format_args!(", {})", Shape(s.shape())));
                Ok(())
            }
            _ => {
                push(out, format_args!("'{}'", self.type_string()));
                Ok(())
            }
        }
    }

    /// How it is shown inside of other types: a type string without what is taken for granted there.
    fn write_nested(&self, out: &mut dyn Write) -> fmt::Result {
        let order = match self.order {
            ByteOrder::NotApplicable => String::new(),
            order => order.symbol().into(),
        };
        match &self.kind {
            Kind::Struct(s) => write_struct(s, out),
            Kind::SubArray(s) => write_sub_array(s, out),
            Kind::Number(Scalar::Bool) => out.write_str("'?'"),
            Kind::Bytes(0) | Kind::Void(0) | Kind::Text(0) => {
                let letter = &self.code()[..1];
                write!(out, "'{order}{letter}'")
            }
            _ => write!(out, "'{}'", self.type_string().trim_start_matches('|')),
        }
    }
}

/// Formats into a string, which cannot fail.
fn push(out: &mut String, arguments: fmt::Arguments<'_>) {
    out.write_fmt(arguments).expect("strings take everything");
}

fn write_field_list(s: &Struct, out: &mut String) -> Result<()> {
    let cannot = |what: String| {
        Error::unsupported(format!(
            "{what}, which the list of fields in a .npy file cannot say; save the fields as arrays of their own"
        ))
    };
    let gap = |out: &mut String, size| push(out, format_args!("('', '|V{size}')"));
    out.push('[');
    let mut end = 0;
    for (i, field) in s.fields().iter().enumerate() {
        let (name, offset) = (field.name(), field.offset());
        if offset < end {
            return Err(cannot(format!(
                "field {name:?} overlaps the one before it or stands in front of it"
            )));
        }
        if name.is_empty() {
            return Err(cannot("a field has no name".into()));
        }
        if i > 0 {
            out.push_str(", ");
        }
        if offset > end {
            gap(out, offset - end);
            out.push_str(", ");
        }
        end = field.end();
        match field.title() {
            Some(title) => push(out, format_args!("(({}, {}), ", Repr(title), Repr(name))),
            None => push(out, format_args!("({}, ", Repr(name))),
        }
        if let Kind::SubArray(s) = field.dtype().kind() {
            s.base().write_descr(out)?;
            push(out, format_args!(", {})", Shape(s.shape())));
        } else {
            field.dtype().write_descr(out)?;
            out.push(')');
        }
    }
    if s.itemsize() > end {
        if !s.fields().is_empty() {
            out.push_str(", ");
        }
        gap(out, s.itemsize() - end);
    }
    out.push(']');
    Ok(())
}

fn write_sub_array(s: &SubArray, out: &mut dyn Write) -> fmt::Result {
    out.write_char('(')?;
    s.base().write_nested(out)?;
    write!(out, ", {})", Shape(s.shape()))
}

/// numpy's `str` of a struct. It leaves out that structs inside of others are aligned, and then cannot be read back; here
/// it is always said.
fn write_struct(s: &Struct, out: &mut dyn Write) -> fmt::Result {
    let aligned = s.is_aligned();
    // In a list, a field without a name would be read as a gap.
    let unnamed = s.fields().iter().any(|field| field.name().is_empty());
    if !aligned && !unnamed && s.is_packed() {
        return write_struct_list(s, out);
    }
    let list = |out: &mut dyn Write, write: &dyn Fn(&Field, &mut dyn Write) -> fmt::Result| {
        for (i, field) in s.fields().iter().enumerate() {
            if i > 0 {
                out.write_str(", ")?;
            }
            write(field, out)?;
        }
        Ok(())
    };
    out.write_str("{'names': [")?;
    list(out, &|field, out| write!(out, "{}", Repr(field.name())))?;
    out.write_str("], 'formats': [")?;
    list(out, &|field, out| field.dtype().write_nested(out))?;
    out.write_str("], 'offsets': [")?;
    list(out, &|field, out| write!(out, "{}", field.offset()))?;
    if s.fields().iter().any(|field| field.title().is_some()) {
        out.write_str("], 'titles': [")?;
        list(out, &|field, out| match field.title() {
            Some(title) => write!(out, "{}", Repr(title)),
            None => out.write_str("None"),
        })?;
    }
    write!(out, "], 'itemsize': {}", s.itemsize())?;
    out.write_str(if aligned { ", 'aligned': True}" } else { "}" })
}

fn write_struct_list(s: &Struct, out: &mut dyn Write) -> fmt::Result {
    out.write_char('[')?;
    for (i, field) in s.fields().iter().enumerate() {
        if i > 0 {
            out.write_str(", ")?;
        }
        match field.title() {
            Some(title) => write!(out, "(({}, {}), ", Repr(title), Repr(field.name()))?,
            None => write!(out, "({}, ", Repr(field.name()))?,
        }
        if let Kind::SubArray(s) = field.dtype().kind() {
            s.base().write_nested(out)?;
            write!(out, ", {})", Shape(s.shape()))?;
        } else {
            field.dtype().write_nested(out)?;
            out.write_char(')')?;
        }
    }
    out.write_char(']')
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.kind {
            Kind::Struct(s) => write_struct(s, f),
            Kind::SubArray(s) => write_sub_array(s, f),
            _ => f.write_str(&self.type_string()),
        }
    }
}

impl FromStr for DType {
    type Err = Error;

    /// Parses what [`DType`] prints and what `.npy` files have: a type string (`<f8`, `|b1`, `=i4`, `<M8[25s]`, or `f8`,
    /// without byte order, which means native), or a Python literal: a list of fields, a dict with `names`, `formats`
    /// and `offsets`, or a pair of a type and the shape of a sub-array.
    ///
    /// # Errors
    /// [`Corrupt`](crate::ErrorKind::Corrupt) for what is no type, and for impossible ones;
    /// [`Limit`](crate::ErrorKind::Limit) for descriptions that nest too deep or get too long.
    fn from_str(text: &str) -> Result<Self> {
        if text.starts_with(['[', '{', '(']) {
            from_literal(&pyliteral::parse(text)?, Form::Any)
        } else {
            from_type_string(text)
        }
    }
}

fn from_type_string(text: &str) -> Result<DType> {
    let invalid = || Error::corrupt(format!("{} is not a numpy type string", Short(&text)));
    let (order, code) = match text.as_bytes().first() {
        Some(b'<') => (ByteOrder::Little, &text[1..]),
        Some(b'>') => (ByteOrder::Big, &text[1..]),
        Some(b'|' | b'=') => (ByteOrder::NotApplicable, &text[1..]),
        _ => (ByteOrder::NotApplicable, text),
    };
    if let Some(scalar) = Scalar::from_code(code) {
        return Ok(DType::with_order(scalar, order));
    }
    let mut chars = code.chars();
    let letter = chars.next().ok_or_else(invalid)?;
    let rest = chars.as_str();
    // No sign, no blanks: what Rust's parser would let through. Nothing means 0.
    let size = || match rest.bytes().all(|b| b.is_ascii_digit()) {
        true if rest.is_empty() => Ok(0),
        true => rest.parse::<usize>().map_err(|_| invalid()),
        false => Err(invalid()),
    };
    let kind = match (letter, rest) {
        // `a` is numpy's old letter for the same.
        ('S' | 'a', _) => Kind::Bytes(size()?),
        ('U', _) => Kind::Text(size()?),
        ('V', _) => Kind::Void(size()?),
        ('M', _) => Kind::Datetime(time_unit(rest).ok_or_else(invalid)??),
        ('m', _) => Kind::Timedelta(time_unit(rest).ok_or_else(invalid)??),
        // Objects are as large as pointers, and it matters nowhere how large.
        ('O', "" | "4" | "8") => Kind::Object,
        ('T', "" | "16") => Kind::String,
        ('f', "12" | "16") => Kind::LongDouble(size()?),
        ('c', "24" | "32") => Kind::ComplexLongDouble(size()?),
        _ => return Err(invalid()),
    };
    DType::from_kind(kind, order)
}

/// The unit behind `M8` or `m8`; none given means the generic one.
fn time_unit(rest: &str) -> Option<Result<TimeUnit>> {
    match rest.strip_prefix('8')? {
        "" => Some(Ok(TimeUnit::GENERIC)),
        unit => Some(unit.strip_prefix('[')?.strip_suffix(']')?.parse()),
    }
}

/// Which literals may describe a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// What may stand in a `.npy` header.
    Npy,
    /// Dicts as well, which `str` prints for structs with gaps.
    Any,
}

fn invalid(what: fmt::Arguments<'_>) -> Error {
    Error::corrupt(format!("invalid dtype: {what}"))
}

/// The type that a literal describes. The parser has bounded how deep this goes.
pub(crate) fn from_literal(literal: &Literal, form: Form) -> Result<DType> {
    match literal {
        Literal::Str(text) => from_type_string(text),
        Literal::List(fields) => from_fields(fields, form),
        Literal::Tuple(pair) => match pair.as_slice() {
            [base, shape] => sub_array(from_literal(base, form)?, shape),
            _ => Err(invalid(format_args!(
                "a tuple of {} items, not of type and shape",
                pair.len()
            ))),
        },
        Literal::Dict(pairs) if form == Form::Any => from_dict(pairs),
        other => Err(invalid(format_args!("{} is no description of one", Short(other)))),
    }
}

/// `base` itself if the shape is `()`, as in numpy.
fn sub_array(base: DType, shape: &Literal) -> Result<DType> {
    let extents = match shape {
        Literal::Tuple(extents) => extents.as_slice(),
        single => std::slice::from_ref(single),
    };
    if extents.is_empty() {
        return Ok(base);
    }
    let extent = |n: &Literal| {
        n.as_usize()
            .ok_or_else(|| invalid(format_args!("a sub-array of shape {}", Short(shape))))
    };
    let extents = extents.iter().map(extent).collect::<Result<Vec<_>>>()?;
    Ok(SubArray::new(base, &extents)?.into())
}

/// A list of `(name, type)`, `(name, type, shape)`, with `(title, name)` for names, and without names for gaps.
fn from_fields(items: &[Literal], form: Form) -> Result<DType> {
    let mut fields = Vec::new();
    let mut offset = 0_usize;
    for item in items {
        let no_field = || invalid(format_args!("{} describes no field", Short(item)));
        let (Literal::Tuple(parts) | Literal::List(parts)) = item else {
            return Err(no_field());
        };
        let (name, dtype) = match parts.as_slice() {
            [name, dtype] => (name, from_literal(dtype, form)?),
            [name, dtype, shape] => (name, sub_array(from_literal(dtype, form)?, shape)?),
            _ => return Err(no_field()),
        };
        let (title, name) = match name {
            Literal::Str(name) => (None, name),
            Literal::Tuple(pair) => match pair.as_slice() {
                [Literal::None, Literal::Str(name)] => (None, name),
                [Literal::Str(title), Literal::Str(name)] => (Some(title), name),
                _ => return Err(no_field()),
            },
            _ => return Err(no_field()),
        };
        let at = offset;
        offset = offset.checked_add(dtype.itemsize()).ok_or_else(no_field)?;
        // Sub-arrays count as void in numpy.
        let gap = name.is_empty() && matches!(dtype.kind(), Kind::Void(_) | Kind::SubArray(_));
        if !gap {
            let field = Field::new(name, at, dtype);
            fields.push(match title {
                Some(title) => field.with_title(title),
                None => field,
            });
        }
    }
    Ok(Struct::new(fields, offset, false)?.into())
}

/// A dict with lists of the same length under `names`, `formats`, `offsets` and perhaps `titles`.
fn from_dict(pairs: &[(Literal, Literal)]) -> Result<DType> {
    let get = |wanted: &str| {
        // As in Python, the last of equal keys counts.
        let mut pairs = pairs.iter().rev();
        pairs.find_map(|(key, value)| matches!(key, Literal::Str(key) if key == wanted).then_some(value))
    };
    let list = |key: &str| match get(key) {
        Some(Literal::List(items) | Literal::Tuple(items)) => Ok(Some(items.as_slice())),
        None => Ok(None),
        Some(_) => Err(invalid(format_args!("{key:?} is not a list"))),
    };
    let needed = |key: &str| list(key)?.ok_or_else(|| invalid(format_args!("{key:?} is missing")));
    let (names, formats, offsets) = (needed("names")?, needed("formats")?, needed("offsets")?);
    let titles = list("titles")?;
    if [formats.len(), offsets.len(), titles.unwrap_or(names).len()] != [names.len(); 3] {
        return Err(invalid(format_args!(
            "names, formats, offsets and titles are of different lengths"
        )));
    }
    let mut fields = Vec::with_capacity(names.len());
    for (i, name) in names.iter().enumerate() {
        let no_field = || {
            invalid(format_args!(
                "field {i} has the name {} and the offset {}",
                Short(name),
                Short(&offsets[i])
            ))
        };
        let (Literal::Str(name), Some(offset)) = (name, offsets[i].as_usize()) else {
            return Err(no_field());
        };
        let field = Field::new(name, offset, from_literal(&formats[i], Form::Any)?);
        fields.push(match titles.map(|titles| &titles[i]) {
            None | Some(Literal::None) => field,
            Some(Literal::Str(title)) => field.with_title(title),
            Some(other) => return Err(invalid(format_args!("field {i} has the title {}", Short(other)))),
        });
    }
    let end = |field: &Field| field.offset().saturating_add(field.dtype().itemsize());
    let itemsize = match get("itemsize") {
        None => fields.iter().map(end).max().unwrap_or(0),
        Some(size) => size
            .as_usize()
            .ok_or_else(|| invalid(format_args!("an item size of {}", Short(size))))?,
    };
    let aligned = match get("aligned") {
        None => false,
        Some(Literal::Bool(aligned)) => *aligned,
        Some(other) => return Err(invalid(format_args!("aligned is {}", Short(other)))),
    };
    Ok(Struct::new(fields, itemsize, aligned)?.into())
}
