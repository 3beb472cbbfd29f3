//! The columns of a `DataFrame`, as far as they are data.
//!
//! pandas 3 pickles a table as blocks of columns of the same type, each with the numbers of its columns, and an index
//! with their names.

use std::collections::BTreeMap;

use demijohn::pickle::{Kind, known::Known};
use demijohn::{Document, Result, Value};
use serde_json::{Value as Json, json};

pub(crate) struct Column {
    pub(crate) dtype: String,
    /// What is missing is null; dates are numbers of their unit.
    pub(crate) values: Vec<Json>,
}

pub(crate) fn columns(document: &Document) -> Result<BTreeMap<String, Column>> {
    let names: Vec<String> = backed(document.at("_mgr.args[1][0].args[1].data")?)?.1.to()?;
    let mut columns = BTreeMap::new();
    for block in document.at("_mgr.args[0]")?.iter() {
        let args = block.as_object().expect("a call").args();
        let numbers = placement(args.index(1)?);
        let (dtype, rows) = values(args.index(0)?)?;
        for (number, values) in numbers.into_iter().zip(rows) {
            let dtype = dtype.clone();
            columns.insert(names[number].clone(), Column { dtype, values });
        }
    }
    Ok(columns)
}

/// The numbers of a block's columns: a slice, or an array where they are not evenly spaced.
fn placement(value: Value<'_>) -> Vec<usize> {
    match value.known() {
        Some(Known::Slice { start, stop, step }) => {
            let [start, stop, step] =
                [start, stop, step].map(|n| usize::try_from(n.as_i64().unwrap()).unwrap());
            (start..stop).step_by(step).collect()
        }
        _ => value.to().unwrap(),
    }
}

/// Class, values and dtype of an array that pandas wraps around one of numpy.
fn backed(value: Value<'_>) -> Result<(&str, Value<'_>, Value<'_>)> {
    let object = value.as_object().expect("a call");
    let class = object.args().index(0)?.as_global().map_or("", |(_, name)| name);
    let state = object.state().expect("a state");
    Ok((class, state.index(1)?, state.index(0)?))
}

/// The name of a block's type, and the values of its columns.
fn values(value: Value<'_>) -> Result<(String, Vec<Vec<Json>>)> {
    if let Some(array) = value.as_array() {
        let name = array.dtype().scalar().map_or("", |scalar| scalar.name());
        return Ok((name.into(), value.to()?));
    }
    if value.kind() == Kind::ObjectArray {
        return Ok(("object".into(), vec![items(value)?]));
    }
    // The values of an `IntegerArray`, and which are missing.
    if let (Some(data), Some(mask)) = (value.find_attr("_data"), value.find_attr("_mask")) {
        let (data, mask): (Vec<i64>, Vec<bool>) = (data.to()?, mask.to()?);
        let values = data
            .iter()
            .zip(mask)
            .map(|(n, missing)| if missing { Json::Null } else { json!(n) });
        return Ok(("Int64".into(), vec![values.collect()]));
    }
    let (class, data, dtype) = backed(value)?;
    match class {
        "StringArray" => Ok(("str".into(), vec![items(data)?])),
        "DatetimeArray" => {
            let (times, unit) = data.array()?.times()?;
            let zone = dtype.find_attr("tz").and_then(|tz| tz.as_object());
            let zone = zone
                .map(|zone| zone.args().index(0)?.to::<String>())
                .transpose()?;
            let zone = zone.map_or(String::new(), |zone| format!(", {zone}"));
            let missing = |&n: &i64| if n == i64::MIN { Json::Null } else { json!(n) };
            Ok((
                format!("datetime64[{unit}{zone}]"),
                vec![times.iter().map(missing).collect()],
            ))
        }
        "Categorical" => {
            let categories = dtype.attr("categories")?.at_path(".args[1].data")?;
            let categories = items(backed(categories)?.1)?;
            let name = |code: i8| usize::try_from(code).map_or(Json::Null, |code| categories[code].clone());
            let codes: Vec<i8> = data.to()?;
            Ok(("category".into(), vec![codes.into_iter().map(name).collect()]))
        }
        _ => panic!("a block of {value:?}"),
    }
}

/// Python objects; NaN is what is missing, and JSON has null for it.
fn items(value: Value<'_>) -> Result<Vec<Json>> {
    Ok(value
        .iter()
        .map(|item| item.to())
        .collect::<demijohn::pickle::Result<_>>()?)
}
