//! The built-in formats under the conformance suite: one test each, so that they run side by side.

mod common;

use demijohn_codecs::{Registry, conformance};

macro_rules! conforms {
    ($($name:ident),*) => {
        $(
            #[test]
            fn $name() {
                if let Some(compressor) = common::format(stringify!($name)) {
                    conformance::run(&compressor);
                }
            }
        )*

        #[test]
        fn no_builtin_format_is_left_out() {
            let formats = Registry::builtin().formats();
            let names: Vec<_> = formats.iter().map(|format| format.name()).collect();
            assert_eq!(names, [$(stringify!($name)),*]);
        }
    };
}

conforms!(none, zlib, gzip, bz2, lzma, xz, zstd, lz4, snappy, blosc, lzo);
