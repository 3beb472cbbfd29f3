//! `cargo xtask unsafe`: every unsafe block of what is published, with the reason that stands beside it.
//!
//! That there is a reason, clippy demands; that unsafe code stays in the files for which `SECURITY.md` says why, a test here.

use std::fs;
use std::path::{Path, PathBuf};

use crate::Result;
use crate::workspace::Workspace;

/// The crates that are published.
const CRATES: [&str; 7] = ["codecs", "arrays", "pickle", "compat", "persist", "cli", "python"];

/// An unsafe block, function or implementation.
struct Block {
    /// Relative to the root of the workspace.
    file: String,
    line: usize,
    code: String,
    reason: String,
}

pub(crate) fn run(workspace: &Workspace) -> Result {
    let blocks = blocks(workspace)?;
    for block in &blocks {
        println!(
            "{}:{}: {}\n    {}",
            block.file, block.line, block.code, block.reason
        );
    }
    println!("{} places", blocks.len());
    Ok(())
}

fn blocks(workspace: &Workspace) -> Result<Vec<Block>> {
    let mut blocks = Vec::new();
    for name in CRATES {
        for path in sources(&workspace.path(name).join("src"))? {
            let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
            let relative = path
                .strip_prefix(workspace.path(""))
                .map_err(|error| error.to_string())?;
            in_text(&relative.display().to_string(), &text, &mut blocks);
        }
    }
    Ok(blocks)
}

fn sources(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let entries = fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    for entry in entries {
        let path = entry.map_err(|error| error.to_string())?.path();
        if path.is_dir() {
            found.extend(sources(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

fn in_text(file: &str, text: &str, blocks: &mut Vec<Block>) {
    let mut reason = String::new();
    let mut in_reason = false;
    for (number, line) in text.lines().enumerate() {
        let code = line.trim();
        if let Some(comment) = code.strip_prefix("//") {
            let comment = comment.trim_start_matches(['/', '!']).trim();
            if let Some(begun) = comment.strip_prefix("SAFETY:") {
                reason = begun.trim().to_owned();
                in_reason = true;
            } else if in_reason {
                reason = format!("{reason} {comment}");
            }
            continue;
        }
        in_reason = false;
        let words = ["{", "impl ", "fn ", "extern ", "trait "];
        if words.iter().any(|word| code.contains(&format!("unsafe {word}"))) {
            blocks.push(Block {
                file: file.to_owned(),
                line: number + 1,
                code: code.to_owned(),
                reason: reason.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{blocks, in_text};
    use crate::workspace::Workspace;

    #[test]
    fn unsafe_code_is_where_it_is_said_to_be_and_nowhere_else() {
        let workspace = Workspace::find().unwrap();
        let text = std::fs::read_to_string(workspace.path("SECURITY.md")).unwrap();
        // Rows of the table: | `file` | why |
        let mut said: Vec<&str> = text
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split_once('`'))
            .map(|(file, _)| file)
            .filter(|file| file.ends_with(".rs"))
            .collect();
        said.sort_unstable();
        let blocks = blocks(&workspace).unwrap();
        let mut found: Vec<&str> = blocks.iter().map(|block| &*block.file).collect();
        found.sort_unstable();
        found.dedup();
        assert_eq!(found, said, "SECURITY.md lists the files with unsafe code");
    }

    #[test]
    fn a_block_is_found_with_its_reason() {
        let mut found = Vec::new();
        let text = "// unsafe {\n// SAFETY: it is\n// so.\nlet a = unsafe { b() };\nsafe();\n";
        in_text("a.rs", text, &mut found);
        assert_eq!(found.len(), 1);
        assert_eq!((found[0].line, &*found[0].reason), (4, "it is so."));
    }
}
