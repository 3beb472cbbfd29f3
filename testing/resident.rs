//! What work costs a process, as the system counts it: large arrays have pages of their own, of which an allocator
//! knows nothing. The counts are the process's, so a test binary that includes this (by `#[path]`) has one test at a time.

use std::fs;
use std::path::Path;

/// By how many bytes the resident memory grew at most, and how many bytes were read, while `act` ran. `None` where the
/// system does not tell.
pub(crate) fn cost(act: impl FnOnce()) -> Option<(usize, usize)> {
    let most = || number("status", "VmHWM:");
    let read = || number("io", "rchar:");
    // Makes the peak what is in use now.
    fs::write("/proc/self/clear_refs", "5").ok()?;
    let (before, start) = (most()?, read()?);
    act();
    // The system adds up what each thread has counted now and then, so it may say a little less afterwards.
    Some((most()?.saturating_sub(before) << 10, read()? - start))
}

/// A number in a file of `/proc/self`.
fn number(file: &str, key: &str) -> Option<usize> {
    let text = fs::read_to_string(Path::new("/proc/self").join(file)).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(key))?;
    line.split_whitespace().next()?.parse().ok()
}
