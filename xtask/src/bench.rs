//! `cargo xtask bench`, `cargo xtask matrix` and `cargo xtask overhead`.

use std::fs;

use crate::Result;
use crate::process::Process;
use crate::workspace::Workspace;

/// The criterion matrix; all arguments go to criterion, which knows `--quick`.
pub(crate) fn criterion(workspace: &Workspace, args: &[String]) -> Result {
    cargo_bench(workspace, "matrix").args(args).run()
}

/// The cost of streaming over the bare backends.
pub(crate) fn overhead(workspace: &Workspace, args: &[String]) -> Result {
    cargo_bench(workspace, "overhead").args(args).run()
}

/// The table of the README: printed, and with `--readme` put where it stands there.
pub(crate) fn matrix(workspace: &Workspace, args: &[String]) -> Result {
    let readme = match args {
        [] => None,
        [option] if option == "--readme" => Some(workspace.path("README.md")),
        _ => return Err(format!("`matrix` takes `--readme` or nothing, but got {args:?}")),
    };
    let mut section = String::new();
    cargo_bench(workspace, "summary").each_line(|line| {
        println!("{line}");
        section.push_str(line);
        section.push('\n');
    })?;
    let Some(readme) = readme else { return Ok(()) };
    let failed = |error| format!("{}: {error}", readme.display());
    let old = fs::read_to_string(&readme).map_err(failed)?;
    let new = with_section(&old, &section)
        .ok_or_else(|| format!("{} has no line {BEGIN:?} with {END:?} after it", readme.display()))?;
    fs::write(&readme, new).map_err(failed)
}

const BEGIN: &str = "<!-- cargo xtask matrix --readme -->\n";
const END: &str = "<!-- end of matrix -->\n";

/// The text with another section between the marks.
fn with_section(text: &str, section: &str) -> Option<String> {
    let (before, rest) = text.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some([before, BEGIN, section, END, after].concat())
}

fn cargo_bench(workspace: &Workspace, bench: &str) -> Process {
    workspace
        .cargo()
        .args(["bench", "--package", "demijohn-benches", "--bench", bench, "--"])
}

#[cfg(test)]
mod tests {
    use super::{BEGIN, END, with_section};

    #[test]
    fn a_section_replaces_the_one_before_and_nothing_else() {
        let text = format!("a\n{BEGIN}old\n{END}b\n");
        let new = with_section(&text, "new\n").unwrap();
        assert_eq!(new, format!("a\n{BEGIN}new\n{END}b\n"));
        assert_eq!(with_section(&new, "old\n").unwrap(), text);
    }

    #[test]
    fn a_text_without_both_marks_is_refused() {
        assert_eq!(with_section(&format!("a\n{BEGIN}b\n"), ""), None);
        assert_eq!(with_section(&format!("{END}a\n{BEGIN}b\n"), ""), None);
    }
}
