//! What cargo knows about the packages: names, features, binaries.

use serde_json::Value;

use crate::Result;
use crate::process::Process;

/// A package of a workspace.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Package {
    pub(crate) name: String,
    /// Its features in alphabetical order, `default` left out.
    pub(crate) features: Vec<String>,
    /// Its binary targets.
    pub(crate) binaries: Vec<String>,
}

/// The packages of the workspace that `cargo`, ready with its directory or manifest, belongs to.
pub(crate) fn packages(cargo: Process) -> Result<Vec<Package>> {
    let json = cargo
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .capture()?;
    parse(&json)
}

fn parse(json: &[u8]) -> Result<Vec<Package>> {
    let metadata: Value =
        serde_json::from_slice(json).map_err(|error| format!("`cargo metadata` gave bad JSON: {error}"))?;
    let packages = metadata["packages"]
        .as_array()
        .ok_or("`cargo metadata` lists no packages")?;
    packages.iter().map(package).collect()
}

fn package(json: &Value) -> Result<Package> {
    let name = json["name"]
        .as_str()
        .ok_or("a package without a name in `cargo metadata`")?;
    let features = json["features"].as_object().into_iter().flatten();
    let targets = json["targets"].as_array().into_iter().flatten();
    let is_binary = |target: &&Value| {
        target["kind"]
            .as_array()
            .is_some_and(|kinds| kinds.iter().any(|kind| kind == "bin"))
    };
    Ok(Package {
        name: name.to_owned(),
        features: features
            .map(|(name, _)| name)
            .filter(|name| *name != "default")
            .cloned()
            .collect(),
        binaries: targets
            .filter(is_binary)
            .filter_map(|t| t["name"].as_str())
            .map(String::from)
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::{Package, parse};

    #[test]
    fn reads_features_and_binaries() {
        let json = br#"{"packages": [{"name": "p", "features": {"default": ["b"], "b": [], "a": []},
            "targets": [{"name": "p", "kind": ["lib"]}, {"name": "tool", "kind": ["bin"]}]}]}"#;
        let package = Package {
            name: "p".into(),
            features: vec!["a".into(), "b".into()],
            binaries: vec!["tool".into()],
        };
        assert_eq!(parse(json).unwrap(), [package]);
    }

    #[test]
    fn refuses_what_is_not_metadata() {
        assert!(parse(b"{}").is_err());
        assert!(parse(b"not json").is_err());
        assert!(parse(br#"{"packages": [{}]}"#).is_err());
    }
}
