//! Predicts with a linear classifier of scikit-learn, without Python:
//! `cargo run -p demijohn --example sklearn_linear -- model.pkl data.npy`.
//!
//! The model is a `LogisticRegression`, or a `Pipeline` that ends with one and has `StandardScaler`s before it, as
//! `joblib.dump` writes it. Nothing in the file is run: what the model has learned is plain arrays, which are read.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

use demijohn::arrays::{Order, npy};
use demijohn::{Array, Value};
use serde::Deserialize;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// What a model predicts: usually a number or a text.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged)]
pub(crate) enum Label {
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
}

/// The attributes of a `StandardScaler` that its `transform` uses.
#[derive(Debug, Deserialize)]
struct Scaler {
    with_mean: bool,
    with_std: bool,
    mean_: Option<Vec<f64>>,
    scale_: Option<Vec<f64>>,
}

/// The attributes of a `LogisticRegression` that its `predict` uses.
#[derive(Debug, Deserialize)]
struct Classifier {
    classes_: Vec<Label>,
    /// A row for each class, or only one if there are two.
    coef_: Vec<Vec<f64>>,
    intercept_: Vec<f64>,
}

#[derive(Debug)]
pub(crate) struct Model {
    scalers: Vec<Scaler>,
    classifier: Classifier,
}

impl Model {
    pub(crate) fn load(path: impl AsRef<Path>) -> Result<Self> {
        let document = demijohn::load(path)?;
        let (mut scalers, mut classifier) = (Vec::new(), None);
        for estimator in steps(document.root())? {
            match class(estimator) {
                "StandardScaler" => scalers.push(estimator.to()?),
                "LogisticRegression" => classifier = Some(estimator.to()?),
                _ => return Err(format!("this example does not know what to do with {estimator:?}").into()),
            }
        }
        let classifier = classifier.ok_or("the pipeline has no LogisticRegression")?;
        Ok(Self { scalers, classifier })
    }

    /// The label of each row.
    pub(crate) fn predict(&self, data: &Array) -> Result<Vec<Label>> {
        let features = self.classifier.coef_.first().map_or(0, Vec::len);
        let &[_, columns] = data.shape() else {
            return Err(format!("the data has shape {:?}, not rows and columns", data.shape()).into());
        };
        if columns != features {
            return Err(format!("the data has {columns} columns, the model {features} features").into());
        }
        let native = data.to_native()?;
        let in_order = native.to_order(Order::C)?;
        let rows = in_order.as_slice::<f64>()?.chunks_exact(features.max(1));
        rows.map(|row| self.label(&self.scale(row)?)).collect()
    }

    fn scale(&self, row: &[f64]) -> Result<Vec<f64>> {
        let mut row = row.to_vec();
        for scaler in &self.scalers {
            if scaler.with_mean {
                let mean = scaler.mean_.as_ref().ok_or("a scaler without means")?;
                row.iter_mut().zip(mean).for_each(|(x, mean)| *x -= mean);
            }
            if scaler.with_std {
                let scale = scaler.scale_.as_ref().ok_or("a scaler without scales")?;
                row.iter_mut().zip(scale).for_each(|(x, scale)| *x /= scale);
            }
        }
        Ok(row)
    }

    fn label(&self, row: &[f64]) -> Result<Label> {
        let Classifier {
            classes_,
            coef_,
            intercept_,
        } = &self.classifier;
        let score = |(weights, intercept): (&Vec<f64>, &f64)| {
            weights.iter().zip(row).map(|(w, x)| w * x).sum::<f64>() + intercept
        };
        let scores: Vec<f64> = coef_.iter().zip(intercept_).map(score).collect();
        let best = match scores[..] {
            [score] => usize::from(score > 0.0),
            _ => (0..scores.len()).fold(0, |best, i| if scores[i] > scores[best] { i } else { best }),
        };
        Ok(classes_.get(best).ok_or("a class without a label")?.clone())
    }
}

/// The estimators of a pipeline, or the one that is not in any.
fn steps(model: Value<'_>) -> Result<Vec<Value<'_>>> {
    if class(model) != "Pipeline" {
        return Ok(vec![model]);
    }
    let steps = model.attr("steps")?.iter();
    steps.map(|step| Ok(step.index(1)?)).collect()
}

/// The name of the class of an instance.
fn class(value: Value<'_>) -> &str {
    let class = value.as_object().and_then(|object| object.class().as_global());
    class.map_or("", |(_, name)| name)
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bool(label) => label.fmt(f),
            Self::Int(label) => label.fmt(f),
            Self::Float(label) => label.fmt(f),
            Self::Text(label) => label.fmt(f),
        }
    }
}

const USAGE: &str = r#"usage: sklearn_linear MODEL DATA.npy

Prints the label that the model gives to each row of the data. In Python, such files are made by

    import joblib, numpy as np
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    X, y = load_iris(return_X_y=True)
    joblib.dump(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, y), "model.pkl")
    np.save("data.npy", X)
"#;

#[allow(clippy::print_stdout, reason = "a program that prints labels")]
fn run(model: &str, data: &str) -> Result<()> {
    let labels = Model::load(model)?.predict(&npy::load(data)?)?;
    labels.iter().for_each(|label| println!("{label}"));
    Ok(())
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [model, data] = args.as_slice() else {
        eprint!("{USAGE}");
        return ExitCode::from(2);
    };
    match run(model, data) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
