//! Values compared with the nodes of a manifest, whose grammar is in `fixtures/README.md`.

use std::borrow::Cow;
use std::collections::HashMap;

use demijohn::arrays::{self, DType, Order};
use demijohn::pickle::{Kind, numpy};
use demijohn::{Array, Value};
use serde_json::{Value as Json, json};
use sha2::{Digest, Sha256};

/// Compares values with nodes.
#[derive(Clone)]
pub(crate) struct Matcher<'d> {
    /// The values that have been given a number.
    ids: HashMap<u64, Value<'d>>,
    /// Whether dicts are compared without regard to order.
    unordered: bool,
    /// The values that the one at hand is in.
    open: Vec<Value<'d>>,
}

type Checked = Result<(), String>;

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn ensure(is_so: bool, what: impl FnOnce() -> String) -> Checked {
    if is_so { Ok(()) } else { Err(what()) }
}

/// What the manifest says, against what there is.
fn same(what: &str, expected: &Json, found: impl Into<Json>) -> Checked {
    let found = found.into();
    ensure(*expected == found, || {
        format!("{what} is {found}, not {expected}")
    })
}

fn within<T>(result: Result<T, String>, place: impl FnOnce() -> String) -> Result<T, String> {
    result.map_err(|e| format!("{}: {e}", place()))
}

/// Content by hash, and literally where the manifest has that.
fn content(node: &Json, bytes: &[u8]) -> Checked {
    same("length", &node["len"], bytes.len())?;
    same("SHA-256", &node["sha256"], hex(&Sha256::digest(bytes)))
}

fn items(node: &Json) -> &[Json] {
    node["items"].as_array().map_or(&[], Vec::as_slice)
}

/// A dtype as manifests have it.
pub(crate) fn dtype(dtype: &DType) -> Json {
    match dtype.kind() {
        arrays::Kind::Struct(s) => {
            let fields = s.fields().iter().map(|field| {
                let mut node = json!({
                    "name": field.name(), "offset": field.offset(), "dtype": self::dtype(field.dtype()),
                });
                if let Some(title) = field.title() {
                    node["title"] = title.into();
                }
                node
            });
            let fields: Vec<Json> = fields.collect();
            json!({"itemsize": s.itemsize(), "aligned": s.is_aligned(), "fields": fields})
        }
        arrays::Kind::SubArray(s) => json!({"base": self::dtype(s.base()), "shape": s.shape()}),
        _ => dtype.type_string().into(),
    }
}

impl<'d> Matcher<'d> {
    pub(crate) fn new(unordered: bool) -> Self {
        Self {
            ids: HashMap::new(),
            unordered,
            open: Vec::new(),
        }
    }

    /// Whether a value is what a node says; if not, what is different where.
    pub(crate) fn check(&mut self, value: Value<'d>, node: &Json) -> Checked {
        if let Some(id) = node["id"].as_u64() {
            if node["t"] == "ref" {
                let first = self.ids.get(&id).ok_or_else(|| format!("no value {id} yet"))?;
                return ensure(first.is(value), || format!("{value:?} is not the same {first:?}"));
            }
            self.ids.insert(id, value);
        }
        self.open.push(value);
        let checked = self.check_kind(value, node);
        self.open.pop();
        checked
    }

    fn check_kind(&mut self, value: Value<'d>, node: &Json) -> Checked {
        let kind = node["t"].as_str().unwrap();
        let wrong = || format!("{value:?}, not {kind}");
        match kind {
            "none" => ensure(value.is_none(), wrong),
            "bool" => same("bool", &node["v"], value.as_bool()),
            "int" => same("int", &node["v"], value.as_int().map(|n| n.to_string())),
            "float" => same(
                "float",
                &node["bits"],
                value.as_f64().map(|f| hex(&f.to_be_bytes())),
            ),
            "complex" => {
                let c = value.as_complex().ok_or_else(wrong)?;
                for (node, part) in [(&node["re"], c.re), (&node["im"], c.im)] {
                    same("part", &node["bits"], hex(&part.to_be_bytes()))?;
                }
                Ok(())
            }
            "str" => text(value, node),
            "bytes" => {
                ensure(matches!(value.kind(), Kind::Bytes | Kind::Str8), wrong)?;
                content(node, value.as_bytes().ok_or_else(wrong)?)
            }
            "bytearray" => {
                ensure(value.kind() == Kind::ByteArray, wrong)?;
                content(node, value.as_bytes().ok_or_else(wrong)?)
            }
            "list" | "tuple" => {
                ensure(value.type_name() == kind, wrong)?;
                self.sequence(value.iter(), items(node))
            }
            "set" | "frozenset" => {
                ensure(value.type_name() == kind, wrong)?;
                let found = value.iter().map(|item| vec![item]).collect();
                let expected: Vec<_> = items(node).iter().map(|item| vec![item]).collect();
                self.any_order(found, &expected)
            }
            "dict" => {
                ensure(value.kind() == Kind::Dict, wrong)?;
                self.pairs(value, items(node))
            }
            "ndarray" => within(self.array(value, node), || format!("{value:?}")),
            "npscalar" => {
                let scalar = value.as_scalar().ok_or_else(wrong)?;
                same("dtype", &node["dtype"], dtype(scalar.dtype()))?;
                same("scalar", &node["hex"], hex(scalar.bytes()))
            }
            // It holds itself, as the corpus says it.
            "recursion" => {
                let outer = &self.open[..self.open.len() - 1];
                ensure(outer.iter().any(|outer| outer.is(value)), wrong)
            }
            "dtype" => same("dtype", &node["dtype"], value.as_dtype().as_ref().map(dtype)),
            "global" => self.global(value, &node["v"]),
            "object" | "reduce" => within(self.call(value, node), || format!("{value:?}")),
            _ => Err(format!("unknown kind of node: {kind}")),
        }
    }

    fn global(&mut self, value: Value<'d>, name: &Json) -> Checked {
        let found = value.as_global().map(|(module, name)| format!("{module}.{name}"));
        same("global", name, found)
    }

    fn sequence(&mut self, found: impl ExactSizeIterator<Item = Value<'d>>, expected: &[Json]) -> Checked {
        same("number of items", &expected.len().into(), found.len())?;
        for (i, (value, node)) in found.zip(expected).enumerate() {
            within(self.check(value, node), || format!("[{i}]"))?;
        }
        Ok(())
    }

    fn pairs(&mut self, value: Value<'d>, expected: &[Json]) -> Checked {
        let found: Vec<_> = value.items().map(|(key, value)| vec![key, value]).collect();
        let expected: Vec<Vec<&Json>> = expected
            .iter()
            .map(|pair| pair.as_array().unwrap().iter().collect())
            .collect();
        if self.unordered {
            return self.any_order(found, &expected);
        }
        same("number of pairs", &expected.len().into(), found.len())?;
        for (found, expected) in found.iter().zip(&expected) {
            for (value, node) in found.iter().zip(expected) {
                within(self.check(*value, node), || format!("[{:?}]", found[0]))?;
            }
        }
        Ok(())
    }

    /// Whether each group of nodes has a group of values of its own.
    fn any_order(&mut self, mut found: Vec<Vec<Value<'d>>>, expected: &[Vec<&Json>]) -> Checked {
        same("number of items", &expected.len().into(), found.len())?;
        for nodes in expected {
            let place = found.iter().position(|values| {
                let mut trial = self.clone();
                let all = values
                    .iter()
                    .zip(nodes)
                    .all(|(value, node)| trial.check(*value, node).is_ok());
                if all {
                    *self = trial;
                }
                all
            });
            found.swap_remove(place.ok_or_else(|| format!("nothing like {nodes:?}"))?);
        }
        Ok(())
    }

    /// An instance or the result of a call, as the stream has it.
    fn call(&mut self, value: Value<'d>, node: &Json) -> Checked {
        let object = value.as_object().ok_or("no call")?;
        let name = node.get("class").unwrap_or(&node["callable"]);
        self.global(object.callable(), name)?;
        let args = node["args"].as_array().unwrap();
        within(self.sequence(object.args().iter(), args), || ".args".into())?;
        if let Some(kwargs) = node.get("kwargs") {
            let found = object.kwargs().ok_or("no keyword arguments")?;
            within(self.pairs(found, kwargs.as_array().unwrap()), || ".kwargs".into())?;
        }
        self.sequence(object.appended(), items(node))?;
        if let Some(pairs) = node.get("dictitems") {
            self.pairs(value, pairs.as_array().unwrap())?;
        }
        match (object.state(), node.get("state")) {
            (None, None) => Ok(()),
            (Some(state), Some(node)) => within(self.check(state, node), || ".state".into()),
            (state, _) => Err(format!("state {state:?}")),
        }
    }

    fn array(&mut self, value: Value<'d>, node: &Json) -> Checked {
        if let Some(elements) = node.get("items") {
            return self.objects(value, node, elements.as_array().unwrap());
        }
        let class = value.array_class().map(|(_, name)| name);
        if node.get("subclass").and_then(Json::as_str) == Some("numpy.matrix") {
            same("class", &"matrix".into(), class)?;
        }
        let array = match node.get("mask_sha256") {
            Some(mask) => masked(value, mask)?,
            None => numpy::to_array(value).map_err(|e| e.to_string())?,
        };
        same("dtype", &node["dtype"], dtype(array.dtype()))?;
        same("shape", &node["shape"], array.shape())?;
        same("order", &node["order"], array.layout().canonical_order().as_str())?;
        let in_c_order = array.to_order(Order::C).map_err(|e| e.to_string())?;
        let bytes = in_c_order.as_bytes();
        if let (Some(size), Some(head)) = (node.get("nbytes"), node.get("head")) {
            same("size", size, bytes.len())?;
            same("head", head, hex(&bytes[..bytes.len().min(16)]))?;
        }
        same("SHA-256", &node["sha256"], hex(&Sha256::digest(bytes)))
    }

    /// An array of objects, in which numbering begins anew.
    fn objects(&mut self, value: Value<'d>, node: &Json, elements: &[Json]) -> Checked {
        let mut inner = Matcher::new(self.unordered);
        let objects = value.as_object_array().ok_or("no array of objects")?;
        same("dtype", &node["dtype"], dtype(objects.dtype()))?;
        same("shape", &node["shape"], objects.shape())?;
        let order = if objects.is_fortran() { "F" } else { "C" };
        if !node["order"].is_null() {
            same("order", &node["order"], order)?;
        }
        inner.sequence(objects.iter(), elements)
    }
}

fn text(value: Value<'_>, node: &Json) -> Checked {
    let wrong = || format!("{value:?}, not {node}");
    if let Some(wtf8) = node.get("wtf8") {
        // Lone surrogates are not shown as text, but what is around them is, and where they were.
        ensure(value.kind() == Kind::Str && value.as_str().is_none(), wrong)?;
        let bytes = wtf8.as_str().unwrap();
        let bytes: Option<Vec<u8>> = (0..bytes.len() / 2)
            .map(|i| u8::from_str_radix(&bytes[2 * i..2 * i + 2], 16).ok())
            .collect();
        let bytes = bytes.unwrap();
        let expected = String::from_utf8_lossy(&bytes);
        return ensure(value.to_text().as_deref() == Some(&expected), wrong);
    }
    let found = value.to_text().ok_or_else(wrong)?;
    match node.get("v") {
        Some(expected) => same("str", expected, &*found),
        None => content(node, found.as_bytes()),
    }
}

/// The data of a masked array, after a look at the mask.
fn masked<'d>(value: Value<'d>, mask: &Json) -> Result<Cow<'d, Array>, String> {
    let masked = value.as_masked_array().ok_or("no masked array")?;
    let found = masked.mask().map_err(|e| e.to_string())?;
    let in_c_order = found.to_order(Order::C).map_err(|e| e.to_string())?;
    same("mask", mask, hex(&Sha256::digest(in_c_order.as_bytes())))?;
    masked.data().map(Cow::Owned).map_err(|e| e.to_string())
}
