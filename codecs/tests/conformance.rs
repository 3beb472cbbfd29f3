//! The built-in formats under the conformance suite, on one thread and on more: tests of their own, so that they run
//! side by side.

mod common;

use demijohn_codecs::{Registry, conformance};

fn conforms(name: &str, threads: usize) {
    if let Some(compressor) = common::format(name) {
        conformance::run_on(&compressor, threads);
    }
}

macro_rules! conforms {
    ($($name:ident),*) => {
        $(
            mod $name {
                use super::conforms;

                #[test]
                fn on_one_thread() {
                    conforms(stringify!($name), 1);
                }

                #[test]
                fn on_two_threads() {
                    conforms(stringify!($name), 2);
                }

                #[test]
                fn on_four_threads() {
                    conforms(stringify!($name), 4);
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
