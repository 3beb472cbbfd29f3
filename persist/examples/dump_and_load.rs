//! Dumps a struct with arrays, loads it back, and says how Python opens it:
//! `cargo run -p demijohn --example dump_and_load -- model.pkl.gz`.

use demijohn::Array;
use serde::Serialize;

#[derive(Serialize)]
struct Model {
    name: String,
    classes: Vec<String>,
    weights: Array,
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args().nth(1).ok_or("which file?")?;
    let model = Model {
        name: "small".into(),
        classes: vec!["cat".into(), "dog".into()],
        weights: Array::from_vec(vec![0.5_f64, -1.5, 2.0, 0.25, 0.0, 1.0], &[2, 3])?,
    };
    let summary = demijohn::dump(&model, &path)?;
    eprintln!("{} bytes in {}", summary.plain, summary.compressed);

    let document = demijohn::load(&path)?;
    let root = document.root();
    let weights = root.get("weights")?.array()?;
    assert_eq!(weights.as_slice::<f64>()?, model.weights.as_slice::<f64>()?);
    eprintln!(
        "{}: {} of shape {:?}",
        root.get("name")?.as_str().unwrap_or_default(),
        weights.dtype(),
        weights.shape()
    );
    eprintln!("in Python: joblib.load({path:?})[\"weights\"]");
    Ok(())
}
