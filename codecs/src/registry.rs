//! The list of formats: by name, by extension, by content.

use std::path::Path;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use crate::compressor::Compressor;
use crate::error::{Error, Result};
use crate::format::{Format, Head, Probe};
use crate::formats;
use crate::spec::Spec;

/// A list of formats.
///
/// The process has one, [`Registry::global`], which starts with the built-in formats; whoever wants no
/// process-wide state makes one of their own and gives it to [`Options::registry`](crate::Options::registry).
/// Order matters for detection: among formats that are equally sure, the one registered first wins.
///
/// The methods of a registered format are never called while the registry is locked, so they may use it.
#[derive(Debug, Default)]
pub struct Registry {
    formats: RwLock<Arc<Vec<Compressor>>>,
}

/// What a look at the beginning of an input said.
#[derive(Clone, Debug)]
pub enum Detection {
    /// No registered format begins like this.
    Unknown,
    /// A format that other data can be mistaken for.
    Weak(Compressor),
    /// A format, surely.
    Strong(Compressor),
    /// No format is sure yet, and some want to see more bytes.
    More,
    /// A frame without data, so many bytes long, that the format allows in front of a stream.
    Skip(Compressor, u64),
}

impl Registry {
    /// A list without any format, not even `none`.
    #[must_use]
    pub fn empty() -> Self {
        Registry::default()
    }

    /// A new list of the built-in formats.
    ///
    /// # Panics
    /// Never: the built-in names are distinct, and a test says so.
    #[must_use]
    pub fn builtin() -> Self {
        let registry = Registry::empty();
        for format in formats::builtin() {
            registry
                .insert(format, false)
                .expect("built-in formats have distinct names and extensions");
        }
        registry
    }

    /// The list of the process.
    pub fn global() -> &'static Registry {
        static GLOBAL: OnceLock<Registry> = OnceLock::new();
        GLOBAL.get_or_init(Registry::builtin)
    }

    /// All formats, in the order they were registered.
    #[must_use]
    pub fn formats(&self) -> Arc<Vec<Compressor>> {
        self.formats
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Adds a format.
    ///
    /// # Errors
    /// `Parameter` if its name or one of its extensions is taken, or if the name is empty.
    pub fn register(&self, format: impl Format) -> Result<Compressor> {
        self.insert(Compressor::new(format), false)
    }

    /// Puts a format in the place of the one of the same name.
    ///
    /// # Errors
    /// `Parameter` if no format has its name, or another one has one of its extensions.
    pub fn replace(&self, format: impl Format) -> Result<Compressor> {
        self.insert(Compressor::new(format), true)
    }

    fn insert(&self, new: Compressor, replace: bool) -> Result<Compressor> {
        loop {
            let before = self.formats();
            let after = Arc::new(with(&before, &new, replace)?);
            let mut formats = self.formats.write().unwrap_or_else(PoisonError::into_inner);
            if Arc::ptr_eq(&formats, &before) {
                *formats = after;
                return Ok(new);
            }
        }
    }

    /// The format of that name; an extension without its dot (`"gz"`) will do too.
    ///
    /// # Errors
    /// `Parameter` for a name nobody has registered; the message lists those that are known.
    pub fn by_name(&self, name: &str) -> Result<Compressor> {
        let formats = self.formats();
        let by_name = formats.iter().find(|f| f.name() == name);
        let by_extension = || {
            let is_it = |e: &&str| e.strip_prefix('.') == Some(name);
            formats
                .iter()
                .find(|f| f.spec().file_extensions().iter().any(is_it))
        };
        by_name.or_else(by_extension).cloned().ok_or_else(|| {
            let known: Vec<_> = formats.iter().map(Compressor::name).collect();
            Error::parameter(format!(
                "there is no format {name:?}; the formats are {}",
                known.join(", ")
            ))
        })
    }

    /// The format whose extension the file name ends with: the longest match, case-sensitive.
    pub fn by_extension(&self, path: impl AsRef<Path>) -> Option<Compressor> {
        let name = path.as_ref().as_os_str().as_encoded_bytes();
        let mut best: Option<(usize, Compressor)> = None;
        for format in self.formats().iter() {
            for extension in format.spec().file_extensions() {
                let longer = best.as_ref().is_none_or(|(len, _)| extension.len() > *len);
                if longer && name.ends_with(extension.as_bytes()) {
                    best = Some((extension.len(), format.clone()));
                }
            }
        }
        best.map(|(_, format)| format)
    }

    /// The format in which these bytes, the beginning of an input or all of it, begin.
    #[must_use]
    pub fn detect(&self, bytes: &[u8]) -> Option<Compressor> {
        let mut rest = bytes;
        let mut skipped = None;
        loop {
            match self.detect_head(&Head::of(rest)) {
                Detection::Weak(format) | Detection::Strong(format) => return Some(format),
                Detection::Unknown | Detection::More => return skipped,
                Detection::Skip(format, n) => {
                    // Every skippable frame has a header, so this ends.
                    let n = usize::try_from(n).unwrap_or(usize::MAX).max(1);
                    rest = rest.get(n..).unwrap_or_default();
                    skipped.get_or_insert(format);
                }
            }
        }
    }

    /// One look at the beginning of an input.
    #[must_use]
    pub fn detect_head(&self, head: &Head<'_>) -> Detection {
        detect_among(self.formats().iter(), head)
    }
}

/// One look at the beginning of an input, for these formats.
pub(crate) fn detect_among<'f>(formats: impl Iterator<Item = &'f Compressor>, head: &Head<'_>) -> Detection {
    let mut best = Detection::Unknown;
    let mut more = false;
    for format in formats {
        match format.probe(head) {
            Probe::Strong => return Detection::Strong(format.clone()),
            Probe::Skip(n) if !matches!(best, Detection::Skip(..)) => {
                best = Detection::Skip(format.clone(), n);
            }
            Probe::Weak if matches!(best, Detection::Unknown) => best = Detection::Weak(format.clone()),
            Probe::More => more = true,
            Probe::No | Probe::Weak | Probe::Skip(_) => {}
        }
    }
    match best {
        // A sure answer may come yet.
        Detection::Unknown | Detection::Weak(_) if more && !head.is_complete() => Detection::More,
        best => best,
    }
}

/// The list with one more format, or with one in the place of its namesake.
fn with(before: &[Compressor], new: &Compressor, replace: bool) -> Result<Vec<Compressor>> {
    let spec = new.spec();
    if spec.name().is_empty() {
        return Err(Error::parameter("a format needs a name"));
    }
    let namesake = before.iter().position(|f| f.name() == spec.name());
    match (namesake, replace) {
        (Some(_), false) => {
            return Err(Error::parameter(format!(
                "there is a format {:?} already; `replace` puts another in its place",
                spec.name()
            )));
        }
        (None, true) => {
            return Err(Error::parameter(format!(
                "there is no format {:?} to replace; `register` adds one",
                spec.name()
            )));
        }
        _ => {}
    }
    let others = before.iter().enumerate().filter(|(i, _)| Some(*i) != namesake);
    for (_, other) in others {
        if let Some(extension) = shared_extension(other.spec(), spec) {
            return Err(Error::parameter(format!(
                "the extension {extension:?} belongs to the format {:?}",
                other.name()
            )));
        }
    }
    let mut after = before.to_vec();
    match namesake {
        Some(i) => after[i] = new.clone(),
        None => after.push(new.clone()),
    }
    Ok(after)
}

fn shared_extension(a: &Spec, b: &Spec) -> Option<&'static str> {
    a.file_extensions()
        .iter()
        .find(|e| b.file_extensions().contains(e))
        .copied()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::{Decode, DecodeOptions, Encode, EncodeOptions};

    /// A format that can only be found.
    struct Named(Spec, &'static [u8], Probe);

    impl Format for Named {
        fn spec(&self) -> &Spec {
            &self.0
        }
        fn probe(&self, head: &Head<'_>) -> Probe {
            if head.bytes.starts_with(self.1) {
                self.2
            } else {
                Probe::No
            }
        }
        fn encoder(&self, _: &EncodeOptions) -> Result<Box<dyn Encode>> {
            Err(Error::unsupported("found, not made"))
        }
        fn decoder(&self, _: &DecodeOptions) -> Result<Box<dyn Decode>> {
            Err(Error::unsupported("found, not made"))
        }
    }

    const A: Spec = Spec::new("a", "").extensions(&[".a", ".tar.a"]);

    #[test]
    fn unknown_names_list_the_known_ones() {
        let registry = Registry::empty();
        registry.register(Named(A, b"A", Probe::Strong)).unwrap();
        let error = registry.by_name("b").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Parameter);
        assert!(error.to_string().contains("the formats are a"), "{error}");
        assert_eq!(registry.by_name("tar.a").unwrap().name(), "a");
    }

    #[test]
    fn names_and_extensions_are_taken_once() {
        let registry = Registry::empty();
        registry.register(Named(A, b"A", Probe::Strong)).unwrap();
        assert!(registry.register(Named(A, b"A", Probe::Strong)).is_err());
        let thief = Spec::new("b", "").extensions(&[".b", ".a"]);
        assert!(registry.register(Named(thief, b"B", Probe::Strong)).is_err());
        assert!(
            registry
                .replace(Named(Spec::new("c", ""), b"C", Probe::Strong))
                .is_err()
        );
        registry
            .replace(Named(Spec::new("a", "new"), b"AA", Probe::Strong))
            .unwrap();
        assert_eq!(registry.by_name("a").unwrap().spec().summary(), "new");
        assert_eq!(registry.formats().len(), 1);
    }

    #[test]
    fn the_longest_extension_wins_and_case_counts() {
        let registry = Registry::empty();
        registry
            .register(Named(Spec::new("z", "").extensions(&[".z"]), b"Z", Probe::Strong))
            .unwrap();
        registry
            .register(Named(
                Spec::new("y.z", "").extensions(&[".y.z"]),
                b"Y",
                Probe::Strong,
            ))
            .unwrap();
        assert_eq!(registry.by_extension("x.y.z").unwrap().name(), "y.z");
        assert_eq!(registry.by_extension("x.z").unwrap().name(), "z");
        assert_eq!(registry.by_extension(".z").unwrap().name(), "z");
        assert!(registry.by_extension("x.Z").is_none());
    }

    #[test]
    fn a_sure_answer_beats_an_unsure_one_registered_earlier() {
        let registry = Registry::empty();
        registry
            .register(Named(Spec::new("weak", ""), b"X", Probe::Weak))
            .unwrap();
        registry
            .register(Named(Spec::new("strong", ""), b"XY", Probe::Strong))
            .unwrap();
        assert_eq!(registry.detect(b"XY").unwrap().name(), "strong");
        assert_eq!(registry.detect(b"XZ").unwrap().name(), "weak");
        assert!(registry.detect(b"").is_none());
    }

    #[test]
    fn detection_looks_behind_skippable_frames() {
        let registry = Registry::empty();
        registry
            .register(Named(Spec::new("s", ""), b"S", Probe::Skip(3)))
            .unwrap();
        registry
            .register(Named(Spec::new("t", ""), b"T", Probe::Strong))
            .unwrap();
        assert_eq!(registry.detect(b"S..S..T").unwrap().name(), "t");
        assert_eq!(registry.detect(b"S..").unwrap().name(), "s");
    }

    #[test]
    fn a_format_may_use_the_registry_from_its_own_methods() {
        struct Nosy;
        impl Format for Nosy {
            fn spec(&self) -> &Spec {
                const SPEC: Spec = Spec::new("nosy", "");
                let _ = Registry::global().formats();
                &SPEC
            }
            fn probe(&self, _: &Head<'_>) -> Probe {
                let _ = Registry::global().by_name("none");
                Probe::No
            }
            fn encoder(&self, _: &EncodeOptions) -> Result<Box<dyn Encode>> {
                Err(Error::unsupported(""))
            }
            fn decoder(&self, _: &DecodeOptions) -> Result<Box<dyn Decode>> {
                Err(Error::unsupported(""))
            }
        }
        let registry = Registry::empty();
        registry.register(Nosy).unwrap();
        assert!(registry.detect(b"x").is_none());
    }
}
