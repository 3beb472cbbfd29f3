//! Ctrl-C, and being asked to stop by SIGTERM or SIGHUP.
//!
//! The first signal asks: copying stops at the next chunk, writers are dropped and with them every unfinished
//! file, and the program ends with status 130. A program that does not get there, because it waits in a write
//! to a pipe that nobody reads, or in a coder that has a lot to finish, is ended after a moment; after a longer
//! one if it is writing a file. (On Linux an unfinished file has no name, so nothing is left behind then
//! either; elsewhere a hidden temporary file may be.) A second signal ends it at once. Scratch directories are
//! removed in every case.
//!
//! Where the parent ignores one of these signals, as nohup does, all keep the meaning they were given.

use std::io;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use demijohn_codecs::{Error, ErrorKind};
use tempfile::TempDir;

/// The exit status of an interrupted program: 128 and the number of SIGINT.
pub(crate) const STATUS: u8 = 130;

/// How long the program may take to stop by itself.
const GRACE: Duration = Duration::from_millis(500);
/// How much longer if a file is being written.
const GRACE_TO_CLEAN_UP: Duration = Duration::from_millis(2500);

static REQUESTED: AtomicBool = AtomicBool::new(false);
static WRITING: AtomicBool = AtomicBool::new(false);
static SCRATCH: Mutex<Option<PathBuf>> = Mutex::new(None);

/// Takes over the signals, unless the parent has decided about them.
pub(crate) fn install() {
    // An error means that they are ignored, or cannot be handled; either way they keep their meaning.
    let _ = ctrlc::try_set_handler(on_signal);
}

fn on_signal() {
    if REQUESTED.swap(true, SeqCst) {
        exit();
    }
    thread::spawn(|| {
        thread::sleep(GRACE);
        if WRITING.load(SeqCst) {
            thread::sleep(GRACE_TO_CLEAN_UP);
        }
        exit();
    });
}

/// Ends the program from outside of what it is doing.
fn exit() -> ! {
    if let Some(dir) = &*SCRATCH.lock().unwrap_or_else(PoisonError::into_inner) {
        let _ = std::fs::remove_dir_all(dir);
    }
    std::process::exit(STATUS.into())
}

/// Has the user asked to stop?
pub(crate) fn requested() -> bool {
    REQUESTED.load(SeqCst)
}

/// For progress callbacks: breaks when the user asks to stop.
pub(crate) fn go_on() -> ControlFlow<()> {
    if requested() {
        ControlFlow::Break(())
    } else {
        ControlFlow::Continue(())
    }
}

/// The error with which work stops when the user asks for it.
pub(crate) fn cancelled() -> Error {
    Error::new(ErrorKind::Cancelled, "interrupted")
}

/// Held while a file is being written that must be removed if it is not finished.
#[derive(Debug)]
pub(crate) struct Writing(());

impl Writing {
    /// # Errors
    /// `Cancelled` if the user has asked to stop: from then on no file is begun.
    pub(crate) fn begin() -> Result<Self, Error> {
        WRITING.store(true, SeqCst);
        let writing = Writing(());
        if requested() {
            Err(cancelled())
        } else {
            Ok(writing)
        }
    }
}

impl Drop for Writing {
    fn drop(&mut self) {
        WRITING.store(false, SeqCst);
    }
}

/// A temporary directory that goes away with the program, however that ends, short of being killed. There is
/// one at a time.
#[derive(Debug)]
pub(crate) struct Scratch(TempDir);

impl Scratch {
    pub(crate) fn new() -> io::Result<Self> {
        let dir = tempfile::Builder::new().prefix("demijohn-").tempdir()?;
        *SCRATCH.lock().unwrap_or_else(PoisonError::into_inner) = Some(dir.path().to_owned());
        Ok(Scratch(dir))
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }
}

/// A reader of something that can keep one waiting for ever (a pipe, a terminal), which stops waiting when
/// the user asks to stop.
#[derive(Debug)]
pub(crate) struct Interruptible<R>(pub(crate) R);

#[cfg(unix)]
impl<R: io::Read + std::os::fd::AsFd> io::Read for Interruptible<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        use rustix::event::{PollFd, PollFlags, Timespec, poll};
        const PATIENCE: Timespec = Timespec {
            tv_sec: 0,
            tv_nsec: 100_000_000,
        };
        loop {
            if requested() {
                return Err(cancelled().into());
            }
            match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&PATIENCE)) {
                Ok(0) | Err(rustix::io::Errno::INTR) => {}
                // Whatever is the matter, reading will tell.
                Ok(_) | Err(_) => return self.0.read(out),
            }
        }
    }
}

#[cfg(not(unix))]
impl<R: io::Read> io::Read for Interruptible<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        if requested() {
            return Err(cancelled().into());
        }
        self.0.read(out)
    }
}
