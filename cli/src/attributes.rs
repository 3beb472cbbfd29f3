//! What a file takes over from the one it was made from: mode, times and, where the system lets us, owner.

use std::fs::{File, FileTimes, Metadata};
use std::path::Path;

/// Gives the file at `path` the attributes of its source, in the manner of gzip and xz.
///
/// All of it is best effort: file systems without modes or owners are no reason to fail. What cannot be taken
/// over leaves the file less accessible than its source, never more.
pub(crate) fn apply(source: &Metadata, path: &Path) {
    let Ok(file) = File::options().write(true).open(path) else {
        return;
    };
    let mut times = FileTimes::new();
    if let Ok(modified) = source.modified() {
        times = times.set_modified(modified);
    }
    if let Ok(accessed) = source.accessed() {
        times = times.set_accessed(accessed);
    }
    let _ = file.set_times(times);
    sys::apply_owner_and_mode(source, &file);
}

pub(crate) use sys::privately;

#[cfg(unix)]
mod sys {
    use std::fs::{File, Metadata, Permissions};
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, fchown};

    use rustix::fs::Mode;

    /// Runs something that creates a file, which then is its owner's alone until its mode is set: what was
    /// private must not be readable by others for even a moment.
    pub(crate) fn privately<T>(create: impl FnOnce() -> T) -> T {
        let before = rustix::process::umask(Mode::RWXG | Mode::RWXO);
        let created = create();
        rustix::process::umask(before);
        created
    }

    pub(super) fn apply_owner_and_mode(source: &Metadata, file: &File) {
        let Ok(now) = file.metadata() else { return };
        if now.uid() != source.uid() {
            // Only root may give files away.
            let _ = fchown(file, Some(source.uid()), None);
        }
        let same_group = now.gid() == source.gid() || fchown(file, None, Some(source.gid())).is_ok();
        // Set-user-ID and its kin are not for copies.
        let mode = source.mode() & 0o777;
        let mode = if same_group { mode } else { without_group(mode) };
        let _ = file.set_permissions(Permissions::from_mode(mode));
    }

    /// A mode for a file that has another group than its source: group and others may do what both might do
    /// before.
    pub(super) fn without_group(mode: u32) -> u32 {
        let both = (mode >> 3) & mode & 0o007;
        (mode & 0o700) | both << 3 | both
    }

    #[cfg(test)]
    mod tests {
        use super::without_group;

        #[test]
        fn another_group_gets_no_more_than_others_had() {
            assert_eq!(without_group(0o640), 0o600);
            assert_eq!(without_group(0o644), 0o644);
            assert_eq!(without_group(0o604), 0o600);
            assert_eq!(without_group(0o775), 0o755);
        }
    }
}

#[cfg(not(unix))]
mod sys {
    use std::fs::{File, Metadata};

    pub(crate) fn privately<T>(create: impl FnOnce() -> T) -> T {
        create()
    }

    pub(super) fn apply_owner_and_mode(source: &Metadata, file: &File) {
        let _ = file.set_permissions(source.permissions());
    }
}
