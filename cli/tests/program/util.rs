//! A directory to work in, a command to run there, and how it ended.

#[path = "../../../testing/folder.rs"]
mod folder;
#[path = "../../../testing/hostile.rs"]
pub(crate) mod hostile;
#[path = "../../../testing/opened.rs"]
pub(crate) mod opened;
#[path = "../../../testing/outside.rs"]
mod outside;

use std::ffi::OsStr;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, Read, Write as _};
use std::ops::Deref;
use std::os::unix::process::ExitStatusExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::thread;

use serde_json::Value;

use folder::Folder;
pub(crate) use outside::{skip, workspace};

/// A folder to work in, and commands to run there.
pub(crate) struct Dir(Folder);

impl Deref for Dir {
    type Target = Folder;

    fn deref(&self) -> &Folder {
        &self.0
    }
}

impl Dir {
    pub(crate) fn new() -> Self {
        Dir(Folder::new())
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let path = self.path(name);
        fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// `demijohn` with these arguments, in this directory.
    pub(crate) fn demijohn<S: AsRef<OsStr>>(&self, args: impl IntoIterator<Item = S>) -> TestCommand {
        self.command(env!("CARGO_BIN_EXE_demijohn"), args)
    }

    /// Any program, in this directory.
    pub(crate) fn command<S: AsRef<OsStr>>(
        &self,
        program: impl AsRef<OsStr>,
        args: impl IntoIterator<Item = S>,
    ) -> TestCommand {
        let mut command = Command::new(program);
        command.args(args).current_dir(self.path("")).stdin(Stdio::null());
        TestCommand {
            command,
            stdin: Vec::new(),
        }
    }

    /// A line of shell, in which `demijohn` is the program under test.
    pub(crate) fn shell(&self, line: &str) -> TestCommand {
        let line = format!(
            "demijohn() {{ {} \"$@\"; }}; {line}",
            env!("CARGO_BIN_EXE_demijohn")
        );
        self.command("sh", ["-c", &line])
    }
}

/// A command that has not been run yet.
pub(crate) struct TestCommand {
    command: Command,
    stdin: Vec<u8>,
}

impl TestCommand {
    pub(crate) fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = bytes.into();
        self.command.stdin(Stdio::piped());
        self
    }

    pub(crate) fn stdin_file(mut self, file: File) -> Self {
        self.command.stdin(file);
        self
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(key, value);
        self
    }

    /// Runs to the end.
    pub(crate) fn run(mut self) -> Ended {
        let shown = format!("{:?}", self.command);
        let mut child = self
            .command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{shown}: {error}"));
        let feeder = child.stdin.take().map(|mut pipe| {
            // A program may end without having read everything.
            thread::spawn(move || drop(pipe.write_all(&self.stdin)))
        });
        let output = child.wait_with_output().unwrap();
        if let Some(feeder) = feeder {
            feeder.join().unwrap();
        }
        Ended { shown, output }
    }

    /// Starts, with all three streams as pipes.
    pub(crate) fn start(mut self) -> Child {
        self.command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    }
}

/// How a command ended.
pub(crate) struct Ended {
    shown: String,
    output: Output,
}

impl Ended {
    pub(crate) fn of(child: Child) -> Self {
        Ended {
            shown: "the command".to_owned(),
            output: child.wait_with_output().unwrap(),
        }
    }

    /// The exit status as a shell shows it.
    pub(crate) fn code(&self) -> i32 {
        let status = self.output.status;
        status.code().unwrap_or_else(|| 128 + status.signal().unwrap())
    }

    pub(crate) fn stdout(&self) -> &[u8] {
        &self.output.stdout
    }

    pub(crate) fn stdout_text(&self) -> &str {
        std::str::from_utf8(&self.output.stdout).unwrap()
    }

    pub(crate) fn stderr(&self) -> &str {
        std::str::from_utf8(&self.output.stderr).unwrap()
    }

    /// Asserts that all went well, silently, and gives standard output.
    #[track_caller]
    pub(crate) fn ok(self) -> Vec<u8> {
        assert_eq!(self.code(), 0, "{self}");
        assert_eq!(self.stderr(), "", "{self}");
        self.output.stdout
    }

    /// Asserts the exit status.
    #[track_caller]
    pub(crate) fn status(self, code: i32) -> Self {
        assert_eq!(self.code(), code, "{self}");
        self
    }

    /// Asserts exit status 1 and gives the one line on standard error.
    #[track_caller]
    pub(crate) fn fails(&self) -> &str {
        assert_eq!(self.code(), 1, "{self}");
        self.line()
    }

    /// Asserts exit status 2 and gives what was said.
    #[track_caller]
    pub(crate) fn misused(&self) -> &str {
        assert_eq!(self.code(), 2, "{self}");
        self.stderr()
    }

    /// The one line on standard error.
    #[track_caller]
    pub(crate) fn line(&self) -> &str {
        let text = self.stderr();
        assert_eq!(text.lines().count(), 1, "{self}");
        assert!(text.starts_with("demijohn: ") && text.ends_with('\n'), "{self}");
        text.trim_end()
    }

    /// Standard output as JSON values, one a line.
    pub(crate) fn json_lines(&self) -> Vec<Value> {
        let lines = self.stdout_text().lines();
        lines.map(|line| serde_json::from_str(line).unwrap()).collect()
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\nended with {}", self.shown, self.output.status)?;
        writeln!(f, "stdout: {} bytes", self.output.stdout.len())?;
        write!(f, "stderr: {}", String::from_utf8_lossy(&self.output.stderr))
    }
}

/// A format, as `demijohn codecs --json` lists it.
pub(crate) struct Codec(Value);

impl Codec {
    pub(crate) fn name(&self) -> &str {
        self.0["name"].as_str().unwrap()
    }

    /// The preferred extension.
    pub(crate) fn extension(&self) -> &str {
        self.0["extensions"][0].as_str().unwrap()
    }

    pub(crate) fn has(&self, capability: &str) -> bool {
        self.0[capability].as_bool().unwrap()
    }

    /// Lowest, highest and default level.
    pub(crate) fn levels(&self) -> Option<[i64; 3]> {
        let level = |which: &str| self.0["levels"][which].as_i64();
        Some([level("min")?, level("max")?, level("default")?])
    }
}

/// The option for a quick level, for a format that has levels.
pub(crate) fn quickly(format: &str) -> &'static [&'static str] {
    if format == "snappy" { &[] } else { &["-1"] }
}

/// All formats that compress. The tests that run over them cover formats that come later by themselves.
pub(crate) fn codecs() -> Vec<Codec> {
    let listing = Dir::new().demijohn(["codecs", "--json"]).run().ok();
    let Value::Array(all) = serde_json::from_slice(&listing).unwrap() else {
        panic!("no array")
    };
    let codecs: Vec<_> = all.into_iter().map(Codec).collect();
    let codecs: Vec<_> = codecs
        .into_iter()
        .filter(|codec| codec.name() != "none")
        .collect();
    assert!(codecs.len() >= 6, "zlib, gzip, bz2, lzma, xz and zstd at least");
    codecs
}

/// A deterministic stream of bytes that no codec can make much of.
pub(crate) fn noise(len: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut bytes = Vec::with_capacity(len + 8);
    while bytes.len() < len {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes());
    }
    bytes.truncate(len);
    bytes
}

/// Data that compresses, but not to nothing: lines of text with noise among them.
pub(crate) fn sample(len: usize) -> Vec<u8> {
    let noise = noise(len / 8 + 8);
    let mut bytes = Vec::with_capacity(len + 64);
    for (i, n) in noise.chunks(6).cycle().enumerate() {
        if bytes.len() >= len {
            break;
        }
        bytes.extend(format!("line {i} of the sample, and then some: ").bytes());
        bytes.extend(n);
        bytes.push(b'\n');
    }
    bytes.truncate(len);
    bytes
}

/// A device on which there is never any room.
///
/// For root it is a node of our own: a mistake in the program could replace `/dev/full` itself, for the whole
/// machine.
pub(crate) struct Full {
    path: PathBuf,
    _own: Dir,
}

impl Full {
    pub(crate) fn find() -> Option<Self> {
        let own = Dir::new();
        let node = own.path("full");
        let made = Command::new("mknod")
            .arg(&node)
            .args(["c", "1", "7"])
            .stderr(Stdio::null())
            .status();
        let made = made.is_ok_and(|status| status.success());
        let path = if made { node } else { PathBuf::from("/dev/full") };
        let file = File::options().write(true).open(&path);
        let full = file.and_then(|mut file| file.write_all(b"x")).err();
        if full.is_some_and(|error| error.kind() == io::ErrorKind::StorageFull) {
            return Some(Full { path, _own: own });
        }
        skip("no device that is full, such as /dev/full");
        None
    }

    pub(crate) fn name(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

/// Is there such a program? If not, the test that wants it says so.
pub(crate) fn has_tool(name: &str) -> bool {
    let found = std::env::var_os("PATH")
        .is_some_and(|path| std::env::split_paths(&path).any(|dir| dir.join(name).is_file()));
    if !found {
        skip(&format!("the program {name} is not installed"));
    }
    found
}

/// The interpreter of the interop tests, which has joblib.
pub(crate) fn python() -> Option<PathBuf> {
    outside::python("joblib")
}

/// Reads exactly so many bytes from a child's pipe.
pub(crate) fn read_exact(pipe: &mut impl Read, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    pipe.read_exact(&mut bytes).unwrap();
    bytes
}
