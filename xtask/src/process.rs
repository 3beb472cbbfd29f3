//! Starting other programs, showing what is started, and judging how it ended.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};

use crate::Result;

/// A program and its arguments, not started yet.
#[derive(Debug)]
pub(crate) struct Process {
    command: Command,
}

impl Process {
    pub(crate) fn new(program: impl Into<OsString>) -> Self {
        Self {
            command: Command::new(program.into()),
        }
    }

    pub(crate) fn dir(mut self, dir: &Path) -> Self {
        self.command.current_dir(dir);
        self
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<S: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = S>) -> Self {
        self.command.args(args);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    pub(crate) fn without_env(mut self, key: &str) -> Self {
        self.command.env_remove(key);
        self
    }

    /// The command line as one would type it, without the folders of the program.
    fn line(&self) -> String {
        let program = Path::new(self.command.get_program());
        let program = program.file_name().unwrap_or(program.as_os_str());
        let words = std::iter::once(program).chain(self.command.get_args());
        words
            .map(|word| word.to_string_lossy())
            .collect::<Vec<_>>()
            .join(" ")
    }

    /// Runs to the end with the caller's own input and outputs.
    pub(crate) fn run(mut self) -> Result {
        let line = self.line();
        eprintln!("$ {line}");
        let status = self
            .command
            .status()
            .map_err(|error| not_started(&line, &error))?;
        judge(&line, status)
    }

    /// Runs to the end and hands over each line of standard output as it comes, without its newline.
    pub(crate) fn each_line(mut self, mut on_line: impl FnMut(&str)) -> Result {
        let line = self.line();
        eprintln!("$ {line}");
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| not_started(&line, &error))?;
        if let Some(stdout) = child.stdout.take() {
            let mut stdout = BufReader::new(stdout);
            let mut bytes = Vec::new();
            while stdout
                .read_until(b'\n', &mut bytes)
                .map_err(|error| format!("`{line}`: {error}"))?
                > 0
            {
                on_line(String::from_utf8_lossy(&bytes).trim_end_matches(['\r', '\n']));
                bytes.clear();
            }
        }
        let status = child.wait().map_err(|error| format!("`{line}`: {error}"))?;
        judge(&line, status)
    }

    /// Runs quietly and gives back standard output; what it said on standard error is in the failure.
    pub(crate) fn capture(mut self) -> Result<Vec<u8>> {
        let line = self.line();
        let output = self
            .command
            .output()
            .map_err(|error| not_started(&line, &error))?;
        judge(&line, output.status).map_err(|message| {
            let complaint = String::from_utf8_lossy(&output.stderr);
            format!("{message}\n{}", complaint.trim_end())
        })?;
        Ok(output.stdout)
    }
}

fn not_started(line: &str, error: &std::io::Error) -> String {
    format!("`{line}` could not be started: {error}")
}

fn judge(line: &str, status: ExitStatus) -> Result {
    if status.success() {
        Ok(())
    } else {
        Err(format!("`{line}` failed ({status})"))
    }
}

#[cfg(test)]
mod tests {
    use super::Process;

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = Process::new("no-such-program-here").arg("x").run().unwrap_err();
        assert!(
            error.contains("`no-such-program-here x` could not be started"),
            "{error}"
        );
    }

    #[test]
    fn a_failure_carries_what_the_program_said() {
        let cargo = std::env::var_os("CARGO").expect("cargo runs the tests");
        let error = Process::new(cargo).arg("no-such-command").capture().unwrap_err();
        assert!(
            error.contains("failed") && error.contains("no such command"),
            "{error}"
        );
    }

    #[test]
    fn lines_come_one_by_one() {
        let cargo = std::env::var_os("CARGO").expect("cargo runs the tests");
        let mut lines = Vec::new();
        Process::new(cargo)
            .arg("-vV")
            .each_line(|line| lines.push(line.to_owned()))
            .unwrap();
        assert!(lines[0].starts_with("cargo "), "{lines:?}");
        assert!(
            lines.iter().any(|line| line.starts_with("release: ")),
            "{lines:?}"
        );
        assert!(lines.iter().all(|line| !line.ends_with('\n')), "{lines:?}");
    }
}
