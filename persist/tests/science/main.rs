//! Models of scikit-learn, tables of pandas and matrices of scipy, as stock joblib dumps them.
//!
//! Needs a Python with these: `$DEMIJOHN_PYTHON`, or `target/venv/bin/python`. Without one, the tests say that they were
//! skipped.

#[path = "../../examples/sklearn_linear.rs"]
#[allow(dead_code, reason = "the program around it is not what is tested")]
mod example;
mod forest;
mod frame;
#[path = "../../../testing/outside.rs"]
mod outside;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use demijohn::arrays::{Order, npy};
use demijohn::pickle::Kind;
use demijohn::{Array, Document, ErrorKind, Limits};
use serde_json::{Value as Json, json};

/// The files, and what is in them.
struct Made {
    python: PathBuf,
    folder: PathBuf,
    expected: Json,
}

impl Made {
    /// All tests look at the same files.
    fn get() -> Option<&'static Self> {
        static MADE: OnceLock<Option<Made>> = OnceLock::new();
        MADE.get_or_init(|| {
            let python = outside::python("joblib, sklearn, pandas, scipy")?;
            // Nobody would remove a temporary folder: statics are not dropped.
            let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("science");
            drop(fs::remove_dir_all(&folder));
            fs::create_dir_all(&folder).unwrap();
            let made = Self {
                python,
                folder,
                expected: Json::Null,
            };
            made.run("make");
            let expected = fs::read(made.path("expected.json")).unwrap();
            Some(Self {
                expected: serde_json::from_slice(&expected).unwrap(),
                ..made
            })
        })
        .as_ref()
    }

    fn run(&self, command: &str) -> String {
        let script = outside::workspace().join("persist/tests/science/science.py");
        let mut python = Command::new(&self.python);
        outside::run(python.arg(script).arg(command).arg(&self.folder))
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    fn load(&self, name: &str) -> Document {
        demijohn::load(self.path(name)).unwrap()
    }

    fn data(&self) -> Array {
        npy::load(self.path("data.npy")).unwrap()
    }

    fn models(&self) -> impl Iterator<Item = (&str, &Json)> {
        let models = self.expected["models"].as_object().unwrap();
        models.iter().map(|(name, model)| (name.as_str(), model))
    }

    fn files(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(&self.folder).unwrap();
        let paths = entries.map(|entry| entry.unwrap().path());
        paths
            .filter(|path| path.to_str().unwrap().contains(".pkl"))
            .collect()
    }
}

/// An array as the script describes it.
fn described(array: &Array) -> Json {
    let in_order = array.to_order(Order::C).unwrap();
    let hex: String = in_order.as_bytes().iter().map(|b| format!("{b:02x}")).collect();
    let dtype = match array.dtype().as_struct() {
        Some(s) => format!("|V{}", s.itemsize()),
        None => array.dtype().to_string(),
    };
    json!({"dtype": dtype, "shape": array.shape(), "hex": hex})
}

#[test]
fn models_are_their_parameters_and_arrays() {
    let Some(made) = Made::get() else { return };
    let (mut arrays, mut parameters) = (0, 0);
    for (name, model) in made.models() {
        let document = made.load(name);
        for (path, expected) in model["arrays"].as_object().unwrap() {
            let array = document.at(path).unwrap().array().unwrap();
            assert_eq!(described(array), *expected, "{name}: {path}");
            assert_eq!(demijohn::load_array(made.path(name), path).unwrap(), *array);
            arrays += 1;
        }
        for (path, expected) in model["params"].as_object().unwrap() {
            assert_eq!(document.get::<Json>(path).unwrap(), *expected, "{name}: {path}");
            parameters += 1;
        }
    }
    assert!(arrays > 30 && parameters > 60, "{arrays} {parameters}");
}

#[test]
fn classes_are_texts_and_numbers() {
    let Some(made) = Made::get() else { return };
    for (name, model) in made
        .models()
        .filter(|(name, _)| !name.contains("pipe") && !name.contains("scal"))
    {
        let classes: Json = made.load(name).get("classes_").unwrap();
        assert_eq!(classes, model["classes"], "{name}");
    }
    let names: Vec<String> = made.load("names.pkl.xz").get("classes_").unwrap();
    assert_eq!(names, ["größer", "setosa", "virginica"]);
}

#[test]
fn linear_models_predict_what_scikit_learn_does() {
    let Some(made) = Made::get() else { return };
    let mut predicted = 0;
    for (name, model) in made.models().filter(|(name, _)| !name.contains("forest")) {
        let linear = example::Model::load(made.path(name)).unwrap();
        let labels = linear.predict(&made.data()).unwrap();
        let expected: Vec<example::Label> = serde_json::from_value(model["predictions"].clone()).unwrap();
        assert!(labels == expected, "{name}");
        predicted += 1;
    }
    assert_eq!(predicted, 6);
}

#[test]
fn a_forest_predicts_what_scikit_learn_does() {
    let Some(made) = Made::get() else { return };
    let forest = forest::Forest::load(&made.load("forest.pkl.z")).unwrap();
    let data = made.data();
    let labels: Vec<i64> = data
        .as_slice::<f64>()
        .unwrap()
        .chunks_exact(4)
        .map(|row| forest.predict(row))
        .collect();
    assert_eq!(
        json!(labels),
        made.expected["models"]["forest.pkl.z"]["predictions"]
    );
}

#[test]
fn a_table_is_its_columns() {
    let Some(made) = Made::get() else { return };
    let document = made.load("frame.pkl");
    let columns = frame::columns(&document).unwrap();
    let expected = made.expected["frame"].as_array().unwrap();
    assert_eq!(columns.len(), expected.len());
    for expected in expected {
        let name = expected[0].as_str().unwrap();
        let column = &columns[name];
        assert_eq!(expected[1], column.dtype, "{name}");
        assert_eq!(expected[2], json!(column.values), "{name}");
    }
}

#[test]
fn a_sparse_matrix_is_put_together_from_its_parts() {
    let Some(made) = Made::get() else { return };
    let document = made.load("sparse.pkl.bz2");
    let (rows, columns): (usize, usize) = document.get("_shape").unwrap();
    let slice = |name| document.at(name).unwrap().array().unwrap();
    let starts = slice("indptr").as_slice::<i32>().unwrap();
    let indices = slice("indices").as_slice::<i32>().unwrap();
    let values = slice("data").as_slice::<f64>().unwrap();
    let mut dense = vec![0.0; rows * columns];
    for row in 0..rows {
        let [start, end] = [starts[row], starts[row + 1]].map(|n| usize::try_from(n).unwrap());
        for (&column, &value) in indices[start..end].iter().zip(&values[start..end]) {
            dense[row * columns + usize::try_from(column).unwrap()] = value;
        }
    }
    let dense = Array::from_vec(dense, &[rows, columns]).unwrap();
    assert_eq!(described(&dense), made.expected["sparse"]);
}

#[test]
fn every_path_that_is_shown_leads_to_its_array() {
    let Some(made) = Made::get() else { return };
    let (mut arrays, mut objects) = (0, 0);
    for path in made.files() {
        let shown = path.display();
        let found = demijohn::inspect(&path).unwrap();
        assert!(found.error.is_none(), "{shown}: {:?}", found.error);
        let document = demijohn::load(&path).unwrap();
        assert_eq!(found.arrays.len(), document.arrays().count(), "{shown}");
        let extract = |at: &str| demijohn::extract(File::open(&path).unwrap(), at, &Limits::untrusted());
        for entry in &found.arrays {
            let at = entry.path.as_str();
            let array = document.at(at).unwrap().array().unwrap();
            assert_eq!(
                (array.layout(), &extract(at).unwrap()),
                (&entry.layout, array),
                "{shown}: {at}"
            );
            assert_eq!(demijohn::load_array(&path, at).unwrap(), *array, "{shown}: {at}");
            arrays += 1;
        }
        // Arrays of objects have no bytes to take out, but what they hold has paths.
        for visit in document
            .walk()
            .filter(|visit| visit.value().kind() == Kind::ObjectArray)
        {
            let at = visit.path().to_string();
            let error = extract(&at).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{shown}: {at}: {error}");
            assert!(document.at(&format!("{at}[0]")).is_ok(), "{shown}: {at}");
            objects += 1;
        }
    }
    assert!(arrays > 60 && objects > 3, "{arrays} {objects}");
}

#[test]
fn an_array_is_taken_out_of_a_model_without_copying() {
    let Some(made) = Made::get() else { return };
    let mut document = made.load("numbers.pkl");
    let before = document.at("coef_").unwrap().array().unwrap().as_bytes().as_ptr();
    let coef = document.take_array("coef_").unwrap();
    assert_eq!(coef.as_bytes().as_ptr(), before);
    let error = document.at("coef_").unwrap().array().unwrap_err().to_string();
    assert!(
        error.contains(".state.coef_") && error.contains("taken out"),
        "{error}"
    );
}

#[test]
fn a_model_is_shown_on_a_page() {
    let Some(made) = Made::get() else { return };
    let document = made.load("pipeline.pkl.gz");
    let page = format!("{:#}", document.root().summary());
    for line in [
        "<sklearn.pipeline.Pipeline(), state: {",
        "            \"standardscaler\",",
        "            <sklearn.preprocessing._data.StandardScaler(), state: {",
        "                \"n_samples_seen_\": <f8(200.0),",
        "                \"mean_\": array(<f8 (4,) C),",
        "                \"classes_\": array(<U9 (3,) C),",
        "    \"memory\": None,",
        "    \"verbose\": False,",
        "}>",
    ] {
        assert!(
            page.lines().any(|shown| shown == line),
            "{line:?} is not in\n{page}"
        );
    }
    let globals: Vec<String> = document.globals().map(|global| global.to_string()).collect();
    assert!(globals.contains(&"sklearn.linear_model._logistic.LogisticRegression".to_owned()));
}

#[test]
fn what_is_written_back_is_what_it_was() {
    let Some(made) = Made::get() else { return };
    fs::create_dir(made.path("copies")).unwrap();
    let files = made.files();
    for path in &files {
        let document = demijohn::load(path).unwrap();
        demijohn::dump(&document, made.path("copies").join(path.file_name().unwrap())).unwrap();
    }
    assert_eq!(made.run("check").trim(), files.len().to_string());
}
