//! A format of the user's own: names and extensions mean what they mean for built-in formats, and the README says what
//! the example says, which is a test by itself.

use demijohn::codecs::adapters::Framed;
use demijohn::codecs::{Compressor, Spec};
use demijohn::{Array, Compression, ErrorKind, codecs};

#[test]
fn the_readme_says_what_the_example_says() {
    let readme = include_str!("../../README.md");
    let example = include_str!("../examples/custom_codec.rs");
    let section = readme
        .split("\n## ")
        .find(|section| section.starts_with("A format of your own\n"))
        .expect("the section is there");
    for item in ["const STEPS", "fn pack", "fn unpack"] {
        let from = example.find(&format!("\n{item}")).unwrap();
        let len = example[from..].find("\n\n").unwrap();
        let item = &example[from..from + len];
        assert!(section.contains(item), "the README lacks{item}");
    }
}

#[test]
fn ones_own_name_and_extension_mean_what_built_in_ones_mean() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let format = |name: &str| codecs::open(at(name)).unwrap().format();
    let value = Array::from_vec(vec![7_i32; 1000], &[1000]).unwrap();

    // Nobody's extension means plain bytes, as for joblib; nobody's name means nothing.
    demijohn::dump(&value, at("early.pkl.own")).unwrap();
    assert_eq!(format("early.pkl.own"), "none");
    let error = demijohn::dump_with(&value, at("early.pkl"), "own").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameter);
    assert!(
        error
            .to_string()
            .contains("there is no format \"own\"; the formats are none, zlib"),
        "{error}"
    );
    assert!(!at("early.pkl").exists());

    let spec = Spec::new("own", "a format of one's own")
        .extensions(&[".own", ".pkl.mine"])
        .signatures(&[b"OWN 1.0\n"]);
    let own = Framed::new(spec, |plain, _| Ok(plain.to_vec()), |coded, _| Ok(coded.to_vec()));
    let own = Compressor::register(own).unwrap();

    for (name, compression, expected) in [
        ("by-extension.pkl.own", Compression::auto(), "own"),
        ("by-the-longest.pkl.mine", Compression::auto(), "own"),
        ("by-no-extension.mine", Compression::auto(), "none"),
        ("by-case.OWN", Compression::auto(), "none"),
        ("by-name.pkl", "own".into(), "own"),
        ("by-dotless-extension.pkl", "pkl.mine".into(), "own"),
        ("by-handle.pkl.gz", (&own).into(), "own"),
        ("by-name-against-extension.pkl.own", Compression::none(), "none"),
        ("at-no-level.pkl", ("own", 0).into(), "own"),
    ] {
        demijohn::dump_with(&value, at(name), compression).unwrap();
        assert_eq!(format(name), expected, "{name}");
        assert_eq!(demijohn::load(at(name)).unwrap().root().array().unwrap(), &value);
    }
    // What was written before the format was known is what it was.
    assert_eq!(format("early.pkl.own"), "none");
    assert_eq!(
        demijohn::load(at("early.pkl.own"))
            .unwrap()
            .root()
            .array()
            .unwrap(),
        &value
    );

    let error = demijohn::dump_with(&value, at("level.pkl"), ("own", 5)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Parameter);
    assert!(
        error.to_string().contains("own: ") && error.to_string().contains("no levels"),
        "{error}"
    );
    assert!(!at("level.pkl").exists(), "nothing is begun that cannot be done");

    let (bytes, summary) = demijohn::dump_to(&value, Vec::new(), "own").unwrap();
    assert!(bytes.starts_with(b"OWN 1.0\n"));
    assert_eq!(summary.compressed, bytes.len() as u64);
    assert_eq!(
        demijohn::load_from(&bytes[..]).unwrap().root().array().unwrap(),
        &value
    );
    let error = demijohn::load_from(&bytes[..bytes.len() - 1]).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated, "{error}");
}
