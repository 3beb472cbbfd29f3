"""What scikit-learn, pandas and scipy keep in joblib files, and what is in there.

    science.py make DIR    dumps models and tables, with what they hold in expected.json
    science.py check DIR   compares each with its copy in DIR/copies
"""

import json
import pathlib
import sys

import joblib
import numpy as np
import pandas as pd
import scipy.sparse
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

folder = pathlib.Path(sys.argv[2])


def array(a):
    """What the bytes of an array are, in C order."""
    return {"dtype": str(a.dtype.str), "shape": a.shape, "hex": a.tobytes("C").hex()}


def estimators():
    rng = np.random.default_rng(0)
    data = rng.normal(size=(200, 4))
    three = (data @ [1, -2, 0.5, 0] > 0).astype(int) + (data[:, 0] > 1)
    names = np.array(["setosa", "virginica", "größer"])[three]
    mixed = names.astype(object)
    return data, {
        "binary.pkl": LogisticRegression(C=0.5, tol=0.01).fit(data, three > 0),
        "numbers.pkl": LogisticRegression(fit_intercept=False).fit(data, three),
        "names.pkl.xz": LogisticRegression(class_weight="balanced", random_state=3).fit(data, names),
        "objects.pkl": LogisticRegression().fit(data.astype("f4"), mixed),
        "pipeline.pkl.gz": make_pipeline(StandardScaler(), LogisticRegression()).fit(data, names),
        "scalers.pkl": make_pipeline(
            StandardScaler(with_mean=False), StandardScaler(with_std=False), LogisticRegression()
        ).fit(data, three),
        "forest.pkl.z": RandomForestClassifier(7, max_depth=4, random_state=0).fit(data, three),
    }


def arrays_of(model):
    """Arrays by their paths."""
    if isinstance(model, RandomForestClassifier):
        yield "classes_", model.classes_
        for i, estimator in enumerate(model.estimators_):
            state = estimator.tree_.__getstate__()
            for name in ("nodes", "values"):
                yield f"estimators_[{i}].tree_.{name}", state[name]
    elif isinstance(model, LogisticRegression):
        for name in ("coef_", "intercept_", "n_iter_", "classes_"):
            yield name, getattr(model, name)
    else:
        for i, (_, step) in enumerate(model.steps):
            names = ("mean_", "scale_") if isinstance(step, StandardScaler) else ("coef_", "intercept_")
            for name in names:
                if getattr(step, name) is not None:
                    yield f"steps[{i}][1].{name}", getattr(step, name)


def scalars(params):
    return {name: value for name, value in params.items() if isinstance(value, (bool, int, float, str, type(None)))}


def frame():
    return pd.DataFrame(
        {
            "float": [1.5, np.nan, -0.25, 0.0],
            "second float": [4.0, 3.0, 2.0, 1.0],
            "int": [1, -2, 3, 2**60],
            "small": np.arange(4, dtype="u1"),
            "bool": [True, False, True, True],
            "text": ["x", "", None, "größer"],
            "object": pd.Series([1, "a", None, 2.5], dtype=object),
            "date": pd.to_datetime(["2020-02-29 12:00:00.5", None, "1969-12-31 23:59:59.0", "2262-01-01 00:00:00.0"]),
            "zoned": pd.date_range("2020-06-01", periods=4, tz="Europe/Berlin"),
            "category": pd.Categorical(["b", "a", None, "b"]),
            "nullable": pd.array([1, None, 3, 4], dtype="Int64"),
            "third float": [0.5, 0.25, 0.125, 0.0625],
        }
    )


def column(series):
    """A column as plain values: dates as numbers of their unit, categories by name, and what is missing as null."""
    if series.dtype.kind == "M":
        return [None if pd.isna(date) else n for date, n in zip(series, series.astype("int64").tolist())]
    return [None if pd.isna(x) else x.item() if isinstance(x, np.generic) else x for x in series.tolist()]


def make():
    data, models = estimators()
    np.save(folder / "data.npy", data)
    expected = {"models": {}}
    for name, model in models.items():
        joblib.dump(model, folder / name)
        expected["models"][name] = {
            "arrays": {path: array(a) for path, a in arrays_of(model) if a.dtype != object},
            "params": scalars(model.get_params(deep=False)),
            "classes": model.classes_.tolist(),
            "predictions": model.predict(data).tolist(),
        }
    table = frame()
    joblib.dump(table, folder / "frame.pkl")
    expected["frame"] = [[name, str(table[name].dtype), column(table[name])] for name in table.columns]
    sparse = scipy.sparse.random(7, 5, density=0.3, format="csr", rng=np.random.default_rng(1))
    joblib.dump(sparse, folder / "sparse.pkl.bz2")
    expected["sparse"] = array(sparse.toarray())
    (folder / "expected.json").write_text(json.dumps(expected))


def check():
    copies = sorted((folder / "copies").iterdir())
    data = np.load(folder / "data.npy")
    for path in copies:
        one, two = joblib.load(folder / path.name), joblib.load(path)
        assert type(one) is type(two), path
        if isinstance(one, pd.DataFrame):
            pd.testing.assert_frame_equal(one, two)
        elif scipy.sparse.issparse(one):
            assert (one != two).nnz == 0 and one.dtype == two.dtype, path
        else:
            assert (one.predict_proba(data) == two.predict_proba(data)).all(), path
            assert str(one.get_params()) == str(two.get_params()), path
    print(len(copies))


{"make": make, "check": check}[sys.argv[1]]()
