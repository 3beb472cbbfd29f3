//! Opening a file in the folder of another, and nothing else.

use std::fs::File;
use std::io;
#[cfg(not(unix))]
use std::path::PathBuf;
use std::path::{Component, Path};

/// Whether this is the name of a file and no more: nothing that leads to another folder, or nowhere.
pub(crate) fn is_plain(name: &str) -> bool {
    let mut parts = Path::new(name).components();
    let alone = matches!((parts.next(), parts.next()), (Some(Component::Normal(part)), None) if part == name);
    // On Windows, what follows a colon is a stream of the file.
    alone && !name.contains('\0') && !(cfg!(windows) && name.contains(':'))
}

/// The folder that a path has a file in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn not_regular(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidInput,
        format!("it is {what}, not a regular file, so it is not opened"),
    )
}

/// A folder that stays the same one, whatever happens to its name.
#[derive(Debug)]
#[cfg(unix)]
pub(crate) struct Folder(rustix::fd::OwnedFd);

#[cfg(unix)]
impl Folder {
    /// The folder of the file with this path.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        use rustix::fs::{Mode, OFlags};
        // A folder need not be readable for what is in it to be opened.
        #[cfg(target_os = "linux")]
        let access = OFlags::PATH;
        #[cfg(not(target_os = "linux"))]
        let access = OFlags::RDONLY;
        let flags = access | OFlags::DIRECTORY | OFlags::CLOEXEC;
        let open = || rustix::fs::open(parent(path), flags, Mode::empty());
        Ok(Self(rustix::io::retry_on_intr(open)?))
    }

    /// Opens a regular file by its [plain](is_plain) name. Never waits, and follows no link.
    pub(crate) fn open(&self, name: &str) -> io::Result<File> {
        use rustix::fs::{Mode, OFlags};
        use rustix::io::Errno;
        // A pipe that nobody writes to would be waited for without NONBLOCK; on regular files it has no effect.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
        let open = || rustix::fs::openat(&self.0, name, flags, Mode::empty());
        let file = match rustix::io::retry_on_intr(open) {
            Ok(file) => File::from(file),
            // FreeBSD says MLINK.
            Err(Errno::LOOP | Errno::MLINK) => return Err(not_regular("a link")),
            // A socket.
            Err(Errno::NXIO) => return Err(not_regular("a socket or device")),
            Err(e) => return Err(e.into()),
        };
        // What was opened is looked at, not what the name may stand for by now.
        let metadata = file.metadata()?;
        if metadata.is_dir() {
            return Err(not_regular("a directory"));
        }
        if !metadata.is_file() {
            return Err(not_regular("a pipe or device"));
        }
        Ok(file)
    }
}

/// A folder by its name.
#[derive(Debug)]
#[cfg(not(unix))]
pub(crate) struct Folder(PathBuf);

#[cfg(not(unix))]
impl Folder {
    /// The folder of the file with this path.
    pub(crate) fn of(path: &Path) -> io::Result<Self> {
        Ok(Self(parent(path).to_owned()))
    }

    /// Opens a regular file by its [plain](is_plain) name. Whoever can put a link there between the two looks could have
    /// put a copy there as well.
    pub(crate) fn open(&self, name: &str) -> io::Result<File> {
        let path = self.0.join(name);
        if !std::fs::symlink_metadata(&path)?.is_file() {
            return Err(not_regular("a link, directory or device"));
        }
        File::open(path)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_files_are_plain() {
        for name in ["a", "a.npy", ".npy", "...", "é b", "a..b", "~", "-"] {
            assert!(is_plain(name), "{name:?}");
        }
        for name in [
            "", ".", "..", "/", "/a", "a/", "a/.", "./a", "../a", "a/..", "a/b", "//a", "a\0", "\0", "a\0/b",
        ] {
            assert!(!is_plain(name), "{name:?}");
        }
    }

    #[test]
    fn a_bare_name_is_in_the_folder_at_hand() {
        for (path, folder) in [("a", "."), ("b/a", "b"), ("/a", "/"), ("../a", ".."), ("", ".")] {
            assert_eq!(parent(Path::new(path)), Path::new(folder), "{path:?}");
        }
    }
}
