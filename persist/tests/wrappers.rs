//! The object that describes an array, in all the forms it has had, and in some it must not have.

use demijohn::arrays::Order;
use demijohn::pickle::{self, Emitter, Protocol};
use demijohn::{Array, ErrorKind};

type Out = Emitter<Vec<u8>>;
type Part = fn(&mut Out) -> pickle::Result<()>;
type State<'a> = &'a [(&'a str, Part)];

fn global(out: &mut Out, module: &str, name: &str) -> pickle::Result<()> {
    out.str(module)?;
    out.str(name)?;
    out.stack_global()
}

fn dtype(out: &mut Out, code: &str) -> pickle::Result<()> {
    global(out, "numpy", "dtype")?;
    out.str(code)?;
    out.tuple(1)?;
    out.reduce()
}

/// Everything up to the data: a list whose item is an array wrapper with this class and state.
fn head(module: &str, class: &str, state: State<'_>) -> Out {
    let write = || {
        let mut out = Emitter::new(Vec::new(), Protocol::V4)?;
        out.list()?;
        out.memoize()?;
        global(&mut out, module, class)?;
        out.tuple(0)?;
        out.newobj()?;
        out.memoize()?;
        out.dict()?;
        out.mark()?;
        for (key, value) in state {
            out.str(key)?;
            value(&mut out)?;
        }
        Ok::<_, pickle::Error>(out)
    };
    write().unwrap()
}

/// The whole stream, with `raw` behind the wrapper.
fn stream(mut out: Out, raw: &[u8]) -> Vec<u8> {
    // SETITEMS and BUILD; then the wrapper is appended, and the list is finished.
    let mut bytes = {
        out.commit_frame().unwrap();
        let mut end = b"ub".to_vec();
        end.extend(raw);
        out.raw(&end).unwrap();
        out.raw(b"a").unwrap();
        out.finish().unwrap()
    };
    assert_eq!(bytes.pop(), Some(b'.'));
    bytes.push(b'.');
    bytes
}

fn load(state: State<'_>, raw: &[u8]) -> demijohn::Result<Array> {
    let bytes = stream(head("joblib.numpy_pickle", "NumpyArrayWrapper", state), raw);
    let document = demijohn::load_from(bytes.as_slice())?;
    Ok(document.root().index(0)?.array()?.clone())
}

const DTYPE: (&str, Part) = ("dtype", |out| dtype(out, "<u2"));
const SHAPE: (&str, Part) = ("shape", |out| {
    out.int(2)?;
    out.tuple(1)
});
const ORDER: (&str, Part) = ("order", |out| out.str("C"));
const ALIGNED: (&str, Part) = ("numpy_array_alignment_bytes", |out| out.int(16));

#[test]
fn forms_of_all_versions_are_read() {
    let expected = Array::from_vec(vec![0x0201_u16, 0x0403], &[2]).unwrap();
    let data = [1, 2, 3, 4];
    let any_pad = |n: u8| [&[n][..], &vec![n; n.into()], &data].concat();
    // Without pad; with one that is said not to be there; with every length.
    assert_eq!(load(&[DTYPE, SHAPE, ORDER], &data).unwrap(), expected);
    assert_eq!(
        load(
            &[("numpy_array_alignment_bytes", |o| o.none()), ORDER, SHAPE, DTYPE],
            &data
        )
        .unwrap(),
        expected
    );
    for n in 0..=255 {
        assert_eq!(
            load(&[DTYPE, SHAPE, ORDER, ALIGNED], &any_pad(n)).unwrap(),
            expected,
            "pad of {n}"
        );
    }
    // Keys that are missing, unknown, or in the words of Python 2.
    assert_eq!(load(&[DTYPE, SHAPE], &data).unwrap(), expected);
    assert_eq!(
        load(&[DTYPE, SHAPE, ("subclass", |o| global(o, "my", "Array"))], &data).unwrap(),
        expected
    );
    assert_eq!(
        load(&[DTYPE, SHAPE, ("future", |o| o.int(1))], &data).unwrap(),
        expected
    );
    assert_eq!(
        load(&[DTYPE, SHAPE, ("order", |o| o.str8(b"C"))], &data).unwrap(),
        expected
    );
    let shape_list: (&str, Part) = ("shape", |out| {
        out.list()?;
        let mut batch = pickle::Batch::append(Some(1));
        batch.before(out)?;
        out.int(2)?;
        batch.after(out)
    });
    assert_eq!(load(&[DTYPE, shape_list], &data).unwrap(), expected);
    // Shapes of no axes, and of Fortran order.
    assert_eq!(
        load(&[DTYPE, ("shape", |o| o.tuple(0))], &data[..2])
            .unwrap()
            .ndim(),
        0
    );
    let square: (&str, Part) = ("shape", |out| {
        out.int(2)?;
        out.int(2)?;
        out.tuple(2)
    });
    let fortran = load(
        &[DTYPE, square, ("order", |o| o.str("F"))],
        &[1, 0, 2, 0, 3, 0, 4, 0],
    )
    .unwrap();
    assert_eq!(fortran.order(), Order::F);
    assert_eq!(fortran, Array::from_vec(vec![1_u16, 3, 2, 4], &[2, 2]).unwrap());
}

#[test]
fn carried_copies_of_joblib_are_recognised_and_other_classes_are_not() {
    let state = [DTYPE, SHAPE];
    let bytes = stream(
        head(
            "sklearn.externals.joblib.numpy_pickle",
            "NumpyArrayWrapper",
            &state,
        ),
        &[1, 2, 3, 4],
    );
    assert!(
        demijohn::load_from(bytes.as_slice())
            .unwrap()
            .root()
            .index(0)
            .unwrap()
            .as_array()
            .is_some()
    );
    for (module, class) in [
        ("other.numpy_pickle", "NumpyArrayWrapper"),
        ("joblib.numpy_pickle", "Other"),
    ] {
        let bytes = stream(head(module, class, &state), &[]);
        let document = demijohn::load_from(bytes.as_slice()).unwrap();
        assert!(
            document
                .root()
                .index(0)
                .unwrap()
                .as_object()
                .unwrap()
                .calls(module, class)
        );
    }
    for class in ["NDArrayWrapper", "ZNDArrayWrapper"] {
        let state: State<'_> = &[("filename", |out| out.str("a.pkl_01.npy"))];
        let bytes = stream(head("joblib.numpy_pickle", class, state), &[]);
        let error = demijohn::load_from(bytes.as_slice()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("companion"), "{error}");
    }
}

#[test]
fn wrappers_that_make_no_sense_are_named() {
    let cases: [(State<'_>, ErrorKind, &str); 12] = [
        (&[SHAPE], ErrorKind::Corrupt, "no \"dtype\""),
        (&[DTYPE], ErrorKind::Corrupt, "no \"shape\""),
        (
            &[DTYPE, ("shape", |o| o.int(2))],
            ErrorKind::Corrupt,
            "shape is 2",
        ),
        (
            &[
                DTYPE,
                ("shape", |o| {
                    o.int(-1)?;
                    o.tuple(1)
                }),
            ],
            ErrorKind::Corrupt,
            "shape",
        ),
        (
            &[
                DTYPE,
                ("shape", |o| {
                    o.float(2.0)?;
                    o.tuple(1)
                }),
            ],
            ErrorKind::Corrupt,
            "shape",
        ),
        (
            &[
                DTYPE,
                ("shape", |o| {
                    o.str("2")?;
                    o.tuple(1)
                }),
            ],
            ErrorKind::Corrupt,
            "shape",
        ),
        (
            &[
                DTYPE,
                ("shape", |o| {
                    o.int(1_i64 << 32)?;
                    o.int(1_i64 << 32)?;
                    o.tuple(2)
                }),
            ],
            ErrorKind::Corrupt,
            "too big",
        ),
        (
            &[
                DTYPE,
                ("shape", |o| {
                    o.int(1_i128 << 100)?;
                    o.tuple(1)
                }),
            ],
            ErrorKind::Corrupt,
            "too big",
        ),
        (
            &[
                DTYPE,
                ("shape", |o| {
                    o.mark()?;
                    (0..65).try_for_each(|_| o.int(1))?;
                    o.tuple_from_mark()
                }),
            ],
            ErrorKind::Corrupt,
            "axes",
        ),
        (
            &[SHAPE, ("dtype", |o| o.str("<u2"))],
            ErrorKind::Corrupt,
            "not a dtype",
        ),
        (
            &[SHAPE, ("dtype", |o| dtype(o, "nonsense"))],
            ErrorKind::Corrupt,
            "nonsense",
        ),
        (
            &[
                DTYPE,
                ("shape", |o| {
                    o.int(1_i64 << 40)?;
                    o.tuple(1)
                }),
            ],
            ErrorKind::Truncated,
            "array data ends after 6",
        ),
    ];
    for (state, kind, word) in cases {
        let error = load(state, &[1, 2, 3, 4]).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(word), "{error}");
        assert!(
            error.offset_out().is_some() && error.opcode() == Some(b'b'),
            "{error:?}"
        );
    }
}

#[test]
fn the_byte_order_is_that_of_the_state() {
    let big: (&str, Part) = ("dtype", |out| {
        dtype(out, "u2")?;
        out.mark()?;
        out.int(3)?;
        out.str(">")?;
        (0..3).try_for_each(|_| out.none())?;
        (0..2).try_for_each(|_| out.int(-1))?;
        out.int(0)?;
        out.tuple_from_mark()?;
        out.build()
    });
    let array = load(&[big, SHAPE], &[1, 2, 3, 4]).unwrap();
    assert_eq!(array.dtype().to_string(), ">u2");
    assert_eq!(
        array.to_native().unwrap().as_slice::<u16>().unwrap(),
        [0x0102, 0x0304]
    );
    let odd: (&str, Part) = ("dtype", |out| {
        dtype(out, "u2")?;
        out.int(9)?;
        out.str(">")?;
        out.tuple(2)?;
        out.build()
    });
    assert_eq!(
        load(&[odd, SHAPE], &[1, 2, 3, 4]).unwrap_err().kind(),
        ErrorKind::Unsupported
    );
}

#[test]
fn cuts_in_pad_and_data_are_truncated() {
    let raw = [3, 0xff, 0xff, 0xff, 1, 2, 3, 4];
    for cut in 0..raw.len() {
        let mut bytes = stream(
            head(
                "joblib.numpy_pickle",
                "NumpyArrayWrapper",
                &[DTYPE, SHAPE, ALIGNED],
            ),
            &raw,
        );
        bytes.truncate(bytes.len() - 2 - raw.len() + cut);
        let error = demijohn::load_from(bytes.as_slice()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated, "{cut}: {error}");
        let word = if cut < 4 { "pad" } else { "array data" };
        assert!(error.to_string().contains(word), "{cut}: {error}");
    }
}

#[test]
fn a_plain_file_that_is_too_short_is_refused_before_memory_is_taken() {
    let huge: (&str, Part) = ("shape", |out| {
        out.int(1_i64 << 40)?;
        out.tuple(1)
    });
    let bytes = stream(
        head("joblib.numpy_pickle", "NumpyArrayWrapper", &[DTYPE, huge]),
        &[1, 2, 3, 4],
    );
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let error = demijohn::load(file.path()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Truncated);
    assert!(
        error
            .to_string()
            .contains("needs 2199023255552 bytes, 6 are left"),
        "{error}"
    );
}
