//! `cargo xtask features`: every package with features builds without them, with each alone, and with all.
//!
//! The features come from `cargo metadata`, so a new format is covered the day it gets its feature. Clippy does
//! the checking because its `-D warnings` reaches only the package in question: the same through `RUSTFLAGS`
//! would build every dependency again.

use crate::metadata::{self, Package};
use crate::workspace::Workspace;
use crate::{Result, process::Process};

pub(crate) fn run(workspace: &Workspace, names: &[String]) -> Result {
    let checked = check(workspace, names)?;
    println!("features: {checked} combinations build without warnings");
    Ok(())
}

/// Checks the packages named, or all with features where none is; gives the number of combinations. One that does
/// not build does not keep the others from being tried.
pub(crate) fn check(workspace: &Workspace, names: &[String]) -> Result<usize> {
    let packages = metadata::packages(workspace.cargo())?;
    let mut checked = 0;
    let mut failures = Vec::new();
    for package in select(&packages, names)? {
        for combination in combinations(&package.features) {
            if let Err(error) = clippy(workspace.cargo(), &package.name, &combination) {
                failures.push(error);
            }
            checked += 1;
        }
    }
    if failures.is_empty() {
        Ok(checked)
    } else {
        Err(failures.join("\n"))
    }
}

fn select<'p>(packages: &'p [Package], names: &[String]) -> Result<Vec<&'p Package>> {
    if names.is_empty() {
        return Ok(packages
            .iter()
            .filter(|package| !package.features.is_empty())
            .collect());
    }
    let by_name = |name: &String| {
        packages
            .iter()
            .find(|package| package.name == *name)
            .ok_or_else(|| {
                let known: Vec<&str> = packages.iter().map(|package| package.name.as_str()).collect();
                format!(
                    "no package {name:?} in the workspace; there are {}",
                    known.join(", ")
                )
            })
    };
    names.iter().map(by_name).collect()
}

/// One way to switch the features of a package.
#[derive(Debug, PartialEq, Eq)]
enum Combination<'f> {
    Nothing,
    Only(&'f str),
    Everything,
}

fn combinations(features: &[String]) -> Vec<Combination<'_>> {
    let single = features.iter().map(|feature| Combination::Only(feature));
    let mut all = vec![Combination::Nothing];
    all.extend(single);
    all.push(Combination::Everything);
    all
}

fn clippy(cargo: Process, package: &str, combination: &Combination<'_>) -> Result {
    let cargo = cargo.args(["clippy", "--quiet", "--package", package]);
    let cargo = match combination {
        Combination::Nothing => cargo.arg("--no-default-features"),
        Combination::Only(feature) => cargo.args(["--no-default-features", "--features", feature]),
        Combination::Everything => cargo.arg("--all-features"),
    };
    cargo.args(["--", "-D", "warnings"]).run()
}

#[cfg(test)]
mod tests {
    use super::{Combination, combinations, select};
    use crate::metadata::Package;

    #[test]
    fn each_feature_is_tried_alone() {
        let features = ["gzip".to_owned(), "xz".to_owned()];
        let expected = [
            Combination::Nothing,
            Combination::Only("gzip"),
            Combination::Only("xz"),
            Combination::Everything,
        ];
        assert_eq!(combinations(&features), expected);
    }

    #[test]
    fn packages_without_features_are_left_out_unless_named() {
        let package = |name: &str, features: &[&str]| Package {
            name: name.into(),
            features: features.iter().map(|&feature| feature.into()).collect(),
            binaries: vec![],
        };
        let packages = [package("plain", &[]), package("rich", &["a"])];
        assert_eq!(select(&packages, &[]).unwrap(), [&packages[1]]);
        assert_eq!(select(&packages, &["plain".into()]).unwrap(), [&packages[0]]);
        let error = select(&packages, &["other".into()]).unwrap_err();
        assert!(error.contains("plain, rich"), "{error}");
    }
}
