//! Where things are.

use std::env;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::process::Process;

/// The checkout that this program was built from.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
}

impl Workspace {
    pub(crate) fn find() -> Result<Self> {
        let xtask = Path::new(env!("CARGO_MANIFEST_DIR"));
        let root = xtask.parent().ok_or("the workspace has no root folder")?;
        if !root.join("Cargo.toml").is_file() {
            return Err(format!(
                "{} is gone; build xtask again from where the checkout is now",
                root.display()
            ));
        }
        Ok(Self {
            root: root.to_owned(),
        })
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where cargo and this program put what they make.
    pub(crate) fn target(&self) -> PathBuf {
        match env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => self.root.join(dir),
            None => self.path("target"),
        }
    }

    /// The corpus, if there is one: `$DEMIJOHN_CORPUS`, else `../shared/corpus`.
    pub(crate) fn corpus(&self) -> Option<PathBuf> {
        let dir = match env::var_os("DEMIJOHN_CORPUS") {
            Some(dir) => self.root.join(dir),
            None => self.path("../shared/corpus"),
        };
        dir.join("MANIFEST.json").is_file().then_some(dir)
    }

    /// The cargo that runs this program, started in the root of the workspace.
    pub(crate) fn cargo(&self) -> Process {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo"));
        self.program(cargo)
    }

    /// Any program, started in the root of the workspace.
    pub(crate) fn program(&self, program: impl Into<OsString>) -> Process {
        Process::new(program).dir(&self.root)
    }
}
