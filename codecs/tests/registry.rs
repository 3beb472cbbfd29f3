//! The built-in formats side by side: no two share a name, an extension or a signature, and content, extension and
//! name lead to the same one. Formats that come later are covered by themselves.

mod common;

use std::collections::HashMap;
use std::fs;
use std::io::Read;

use demijohn_codecs::{Compressor, Detection, Head, Options, Probe, Registry, Spec};

use common::{Rng, compressed_formats, sample};

fn builtin() -> Vec<Compressor> {
    Registry::builtin().formats().to_vec()
}

/// The lowest, the default and the highest level; none for a format without.
fn levels(spec: &Spec) -> Vec<Option<i32>> {
    match (spec.level_range(), spec.default_level()) {
        (Some(range), Some(default)) => {
            let mut levels = vec![*range.start(), default, *range.end()];
            levels.dedup();
            levels.into_iter().map(Some).collect()
        }
        _ => vec![None],
    }
}

/// Data of several sizes: none, tiny, large.
fn samples() -> Vec<Vec<u8>> {
    [0, 1, 30, 300_000].map(sample).into()
}

/// The same sizes of what compresses to nothing, and of what does not compress.
fn extremes() -> Vec<Vec<u8>> {
    let mut rng = Rng(1);
    let mut noise = |len| (0..len).map(|_| rng.next().to_le_bytes()[0]).collect();
    [1, 2, 30, 300_000].map(|len| [vec![0; len], noise(len)]).concat()
}

fn coded(format: &Compressor, level: Option<i32>, plain: &[u8]) -> Vec<u8> {
    use std::io::Write as _;
    let options = level.map_or(Options::new(), |level| Options::new().level(level));
    let mut writer = options.writer(Vec::new(), format).unwrap();
    writer.write_all(plain).unwrap();
    writer.finish().unwrap().0
}

#[test]
fn specs_are_complete() {
    for format in builtin() {
        let (name, spec) = (format.name(), format.spec());
        let lower_case = |text: &str| text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        assert!(!name.is_empty() && lower_case(name), "{name:?}");
        assert!(!spec.summary().is_empty(), "{name}");
        assert_eq!(spec.is_transparent(), name == "none");
        assert_eq!(spec.file_extensions().is_empty(), spec.is_transparent(), "{name}");
        assert_eq!(spec.magic().is_empty(), spec.is_transparent(), "{name}");
        assert!(spec.magic().iter().all(|magic| !magic.is_empty()), "{name}");
        for extension in spec.file_extensions() {
            let after_dot = extension.strip_prefix('.').unwrap_or_default();
            assert!(
                !after_dot.is_empty() && lower_case(after_dot),
                "{name}: {extension:?}"
            );
        }
        assert_eq!(
            spec.level_range().is_some(),
            spec.default_level().is_some(),
            "{name}"
        );
        if let (Some(range), Some(default)) = (spec.level_range(), spec.default_level()) {
            assert!(range.contains(&default), "{name}: {default} in {range:?}");
        }
    }
}

#[test]
fn no_word_means_two_formats() {
    let registry = Registry::builtin();
    let mut words = HashMap::new();
    for format in builtin() {
        let name = format.name();
        let dotless = |extension: &'static str| extension.trim_start_matches('.');
        let extensions = format.spec().file_extensions();
        for word in extensions.iter().copied().map(dotless).chain([name]) {
            if let Some(other) = words.insert(word, name) {
                assert_eq!(other, name, "{word:?} means two formats");
            }
            assert_eq!(registry.by_name(word).unwrap().name(), name, "{word:?}");
        }
        for extension in extensions {
            for stem in ["x", "x.tar", "x.pkl", "x.gz", ".hidden", "", "folder.xz/x"] {
                let path = format!("{stem}{extension}");
                let found = registry.by_extension(&path);
                assert_eq!(found.map(|found| found.name()), Some(name), "{path}");
            }
            for no in [format!("x{extension}x"), format!("x{extension}.part")] {
                assert!(registry.by_extension(&no).is_none(), "{no}");
            }
        }
    }
    assert!(words.len() > builtin().len(), "extensions were looked at");
}

#[test]
fn every_signature_leads_to_its_own_format() {
    let registry = Registry::builtin();
    for format in builtin() {
        for signature in format.spec().magic() {
            let head = Head {
                bytes: signature,
                total: None,
            };
            let name = format.name();
            let probe = format.probe(&head);
            assert_ne!(probe, Probe::No, "{name} does not know {signature:02x?}");
            let shares = |other: &Compressor| {
                other.name() == name
                    || format.spec().has_skippable_frames() && other.spec().has_skippable_frames()
            };
            for other in builtin().iter().filter(|other| !shares(other)) {
                let both = other
                    .spec()
                    .magic()
                    .iter()
                    .find(|theirs| theirs.starts_with(signature) || signature.starts_with(theirs));
                assert!(both.is_none(), "{name} and {}: {both:02x?}", other.name());
                assert!(
                    matches!(other.probe(&head), Probe::No | Probe::More),
                    "{} claims {signature:02x?} of {name}",
                    other.name()
                );
            }
            match registry.detect_head(&head) {
                // Too little to be sure of, but for what it may become.
                Detection::More => {}
                Detection::Strong(found) | Detection::Weak(found) => assert_eq!(found.name(), name),
                Detection::Skip(found, _) => assert!(shares(&found), "{name}: {}", found.name()),
                Detection::Unknown => panic!("{signature:02x?} of {name} leads nowhere"),
            }
        }
    }
}

#[test]
fn content_and_extension_say_the_same_of_every_sample() {
    let formats = compressed_formats();
    let mut seen = 0;
    for format in &formats {
        for level in levels(format.spec()) {
            let mut plains = samples();
            if level == format.spec().default_level() {
                plains.extend(extremes());
            }
            for plain in plains {
                let coded = coded(format, level, &plain);
                let what = format!("{} {level:?}, {} bytes", format.name(), plain.len());
                let by_content = Compressor::detect(&coded).map(|found| found.name());
                assert_eq!(by_content, Some(format.name()), "{what}");
                for extension in format.spec().file_extensions() {
                    let by_extension = Compressor::by_extension(format!("x{extension}")).unwrap();
                    assert_eq!(by_content, Some(by_extension.name()), "{what}");
                }
                // Whether all of it is there from the beginning or not.
                let mut reader = Options::new().reader(&coded[..]).unwrap();
                assert_eq!(reader.format(), format.name(), "{what}");
                let mut back = Vec::new();
                reader.read_to_end(&mut back).unwrap();
                assert!(back == plain, "{what}");
                seen += 1;
            }
        }
    }
    assert!(seen >= formats.len() * (samples().len() + extremes().len()));
}

#[test]
fn the_content_decides_over_every_extension() {
    let folder = tempfile::tempdir().unwrap();
    let plain = sample(3_000);
    let builtin = builtin();
    let extensions = || builtin.iter().flat_map(|format| format.spec().file_extensions());
    let mut streams: Vec<_> = compressed_formats()
        .iter()
        .flat_map(|format| {
            // An empty one too: there is hardly anything but the header to go by.
            [&plain[..], b""].map(|plain| (format.name(), coded(format, None, plain), plain.to_vec()))
        })
        .collect();
    // Nor is anything read as what it is only called.
    for plain in [&plain[..], b"", b"x", b"\x80\x04N.", b"]q\0."] {
        streams.push(("none", plain.to_vec(), plain.to_vec()));
    }
    for (name, coded, plain) in streams {
        for extension in extensions() {
            let path = folder.path().join(format!("x{extension}"));
            fs::write(&path, &coded).unwrap();
            let mut reader = demijohn_codecs::open(&path).unwrap();
            assert_eq!(reader.format(), name, "called x{extension}");
            let mut back = Vec::new();
            reader.read_to_end(&mut back).unwrap();
            assert!(back == plain, "{name} called x{extension}");
        }
    }
}

/// A format by a signature, of somebody who only reads it.
#[cfg(feature = "gzip")]
struct ByHead(Spec, &'static [u8]);

#[cfg(feature = "gzip")]
impl demijohn_codecs::Format for ByHead {
    fn spec(&self) -> &Spec {
        &self.0
    }
    fn probe(&self, head: &Head<'_>) -> Probe {
        head.begins_with(self.1)
    }
    fn encoder(
        &self,
        _: &demijohn_codecs::EncodeOptions,
    ) -> demijohn_codecs::Result<Box<dyn demijohn_codecs::Encode>> {
        Err(demijohn_codecs::Error::unsupported("only read"))
    }
    fn decoder(
        &self,
        options: &demijohn_codecs::DecodeOptions,
    ) -> demijohn_codecs::Result<Box<dyn demijohn_codecs::Decode>> {
        Compressor::by_name("none")?.format().decoder(options)
    }
}

#[cfg(feature = "gzip")]
#[test]
fn a_format_of_one_reader_is_known_to_it_alone_and_comes_last() {
    let gzip = coded(&Compressor::by_name("gzip").unwrap(), None, b"text");
    let found = |bytes: &[u8], step: usize, also: bool| {
        let mut options = Options::new();
        if also {
            options = options
                .also(ByHead(Spec::new("mine", ""), b"MINE"))
                .also(ByHead(Spec::new("thief", ""), b"\x1f\x8b\x08"));
        }
        // A source that shows so many bytes at a time.
        let source = std::io::BufReader::with_capacity(step, bytes);
        options.exact(source).unwrap().format().to_owned()
    };
    for step in [1, 64] {
        assert_eq!(found(b"MINE, really", step, true), "mine");
        assert_eq!(found(b"MINE, really", step, false), "none");
        assert_eq!(found(b"MINUTE", step, true), "none");
    }
    assert_eq!(found(&gzip, 64, true), "gzip");
    assert!(Compressor::by_name("mine").is_err());
}
