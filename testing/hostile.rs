//! Files that try to make whoever reads them open another one, run something, or talk to somebody. Included by `#[path]`,
//! beside `outside`.

use std::fs;
use std::path::{Path, PathBuf};

use super::outside;

fn text(text: &str) -> Vec<u8> {
    let len = u32::try_from(text.len()).unwrap().to_le_bytes();
    [&b"X"[..], &len, text.as_bytes()].concat()
}

/// `module.name(argument)`, in protocol 2.
fn call(module: &str, name: &str, argument: &str) -> Vec<u8> {
    let global = format!("c{module}\n{name}\n");
    [b"\x80\x02", global.as_bytes(), &text(argument), b"\x85R."].concat()
}

/// An object of joblib's before 0.10 for an array in a file of this name.
fn companion(class: &str, file: &str) -> Vec<u8> {
    let global = format!("cjoblib.numpy_pickle\n{class}\n)");
    let state = [
        text("filename"),
        text(file),
        text("subclass"),
        b"cnumpy\nndarray\n".to_vec(),
    ];
    [b"\x80\x02", global.as_bytes(), b"\x81}(", &state.concat(), b"ub."].concat()
}

/// An array of joblib's of this class, of three bytes.
fn wrapped(class: &str) -> Vec<u8> {
    let dtype = [&b"cnumpy\ndtype\n"[..], &text("u1"), b"\x85R"].concat();
    let state = [
        [text("subclass"), format!("c{class}\n").into_bytes()].concat(),
        [text("shape"), b"K\x03\x85".to_vec()].concat(),
        [text("order"), text("C")].concat(),
        [text("dtype"), dtype].concat(),
        [text("allow_mmap"), b"\x88".to_vec()].concat(),
    ];
    let object = b"\x80\x02cjoblib.numpy_pickle\nNumpyArrayWrapper\n)\x81}(";
    [&object[..], &state.concat(), b"ub\x01\x02\x03."].concat()
}

/// Files of many kinds that try nothing, written into a folder: what reading them opens is what reading takes.
pub(crate) fn harmless(folder: &Path) -> Vec<PathBuf> {
    let array = demijohn::Array::from_vec((0..1000).collect::<Vec<i64>>(), &[1000]).unwrap();
    let extensions = [
        "pkl", "pkl.gz", "pkl.z", "pkl.bz2", "pkl.xz", "pkl.lzma", "pkl.zst", "pkl.lz4",
    ];
    let dumped = extensions.map(|extension| {
        let path = folder.join(format!("harmless.{extension}"));
        demijohn::dump(&[&array, &array], &path).unwrap();
        path
    });
    let npy = folder.join("harmless.npy");
    demijohn::arrays::npy::save(&npy, &array).unwrap();
    let old = folder.join("old.pkl");
    fs::write(&old, companion("NDArrayWrapper", "harmless.npy")).unwrap();
    dumped.into_iter().chain([npy, old]).collect()
}

/// Writes the files into a folder, and answers where they are: those made here, which name files outside of the folder, and
/// the pickles of the corpus, if it is there.
pub(crate) fn write(folder: &Path) -> Vec<PathBuf> {
    let outside = folder.parent().unwrap().join("secret.npy");
    fs::write(&outside, b"\x93NUMPY secret").unwrap();
    let secret = outside.to_str().unwrap();
    std::os::unix::fs::symlink(&outside, folder.join("link.npy")).unwrap();
    let mut files = Vec::new();
    for (module, name) in [
        ("os", "system"),
        ("posix", "open"),
        ("io", "open"),
        ("builtins", "open"),
        ("builtins", "eval"),
        ("subprocess", "Popen"),
        ("runpy", "run_path"),
        ("numpy", "load"),
        ("numpy", "memmap"),
        ("numpy", "fromfile"),
        ("joblib", "load"),
        ("ctypes", "CDLL"),
        ("pathlib", "Path.read_text"),
        ("socket", "create_connection"),
        ("urllib.request", "urlopen"),
        ("zipfile", "ZipFile"),
    ] {
        files.push(call(module, name, secret));
        files.push(call(module, name, "http://127.0.0.1:9/"));
    }
    let up = "../secret.npy";
    let here = format!("{}/../secret.npy", folder.display());
    for class in ["NDArrayWrapper", "ZNDArrayWrapper"] {
        for name in [
            up,
            secret,
            &here,
            "link.npy",
            "./link.npy",
            "/dev/zero",
            "..",
            ".",
            "",
            "a\0.npy",
            "/etc/passwd",
        ] {
            files.push(companion(class, name));
        }
    }
    for class in ["numpy\nmemmap", "numpy\nndarray", "os\nsystem"] {
        files.push(wrapped(class));
    }
    // Persistent and registered names, and a state with somebody's way to set it.
    files.push([b"\x80\x02", &text(secret)[..], b"Q."].concat());
    files.push(format!("P{secret}\n.").into_bytes());
    files.push(b"\x80\x02\x82\x01.".to_vec());
    files.push(
        [
            b"\x80\x02cshelve\nDbfilenameShelf\n)\x81",
            &text(secret)[..],
            b"b.",
        ]
        .concat(),
    );
    let mut paths: Vec<_> = (0..)
        .zip(&files)
        .map(|(i, bytes)| {
            let path = folder.join(format!("hostile_{i}.pkl"));
            fs::write(&path, bytes).unwrap();
            path
        })
        .collect();
    paths.extend(of_corpus(folder));
    paths
}

/// Copies of the corpus's pickles and `.npy` files.
fn of_corpus(folder: &Path) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    let Some(corpus) = outside::corpus() else {
        return paths;
    };
    for kind in ["pickle", "npy"] {
        for verdict in ["bad", "questionable", "good"] {
            for entry in fs::read_dir(corpus.join(kind).join(verdict))
                .into_iter()
                .flatten()
            {
                let from = entry.unwrap().path();
                let path = folder.join(from.file_name().unwrap());
                if from.is_file() {
                    fs::copy(&from, &path).unwrap();
                    paths.push(path);
                }
            }
        }
    }
    paths
}
