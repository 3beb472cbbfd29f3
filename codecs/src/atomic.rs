//! Files that appear whole: written beside their place, then renamed over it.
//!
//! [`AtomicFile::create`] opens a temporary file in the directory of the target; [`AtomicFile::commit`] puts
//! it in the target's place. Whoever opens the target sees the old file or the new one, never a part, and a
//! writer that is dropped or killed leaves the old one. On Linux the temporary file has no name until it is
//! committed, so nothing is left behind either.
//!
//! What is kept and what is not: the mode bits of the file replaced are kept, and its owner where the process
//! may give files away; a new file gets the mode that the umask allows. A symbolic link stays, and the file it
//! points to is replaced. Other hard links keep the old content. FIFOs, devices and sockets are written
//! through, since there is nothing to replace.
//!
//! [`AtomicFile::append`] adds to a file instead, which cannot be had without writing into it: there, dropping takes
//! back what was added, and being killed does not.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use tempfile::TempPath;

use crate::error::{Error, Result};

/// What a committed file survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Durability {
    /// The death of the process. The system may write the data out later.
    #[default]
    Rename,
    /// A power cut: the data is synced, the file renamed, the directory synced, in this order.
    Sync,
}

/// How a file takes the place of an older one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Replace {
    /// As a whole, by renaming a temporary file.
    #[default]
    Atomic,
    /// By truncating it and writing into it: for directories where no temporary file can be made, or where
    /// hard links must be kept. A failure leaves a part.
    InPlace,
    /// Not at all. Anything of that name is an error (`AlreadyExists`), at once or, if it has come since, when the file
    /// is committed.
    Never,
}

/// A file that takes its place when it is [committed](Self::commit).
///
/// ```
/// use demijohn_codecs::atomic::AtomicFile;
/// use std::io::Write;
///
/// # let dir = tempfile::tempdir()?;
/// # let path = dir.path().join("settings");
/// let mut file = AtomicFile::create(&path)?;
/// file.write_all(b"all or nothing")?;
/// assert!(!path.exists());
/// file.commit()?;
/// assert_eq!(std::fs::read(&path)?, b"all or nothing");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct AtomicFile {
    file: File,
    place: Place,
    path: PathBuf,
    replace: Replace,
    durability: Durability,
}

/// Where the bytes go until they are committed.
#[derive(Debug)]
enum Place {
    /// Straight into the target.
    Target,
    /// Into a file without a name, in the directory of this target.
    #[cfg_attr(
        not(target_os = "linux"),
        allow(dead_code, reason = "Linux has unnamed files")
    )]
    Unnamed(PathBuf),
    /// Into a file with a name, which is removed if it is not renamed to this target.
    Named(TempPath, PathBuf),
    /// To the end of the target.
    End(Addition),
}

/// What is added to a file: cut off again when it is dropped, unless it is told to stay.
#[derive(Debug)]
struct Addition {
    file: File,
    /// Where it begins.
    from: Option<u64>,
}

impl Addition {
    fn keep(mut self) {
        self.from = None;
    }
}

impl Drop for Addition {
    fn drop(&mut self) {
        let Some(from) = self.from else { return };
        let ends_here =
            |file: &mut File| Ok::<_, io::Error>(file.stream_position()? == file.metadata()?.len());
        // Not if somebody else has added to it since. That it may fail is why this is no promise for killed processes.
        if ends_here(&mut self.file).unwrap_or(false) {
            let _ = self.file.set_len(from);
        }
    }
}

impl AtomicFile {
    /// Opens a temporary file that is to become `path`.
    ///
    /// # Errors
    /// `Io` with the path in the message: for a directory, a target without write permission, and a directory
    /// where no temporary file can be made.
    pub fn create(path: impl AsRef<Path>) -> Result<Self> {
        AtomicFile::create_with(path, Replace::default(), Durability::default())
    }

    /// As [`create`](Self::create), with a say in how.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn create_with(path: impl AsRef<Path>, replace: Replace, durability: Durability) -> Result<Self> {
        let path = path.as_ref();
        open(path, replace)
            .map(|(file, place)| AtomicFile {
                file,
                place,
                path: path.to_path_buf(),
                replace,
                durability,
            })
            .map_err(|error| Error::at_path(error, path))
    }

    /// Opens a file so that what is written is added to it, or a temporary one that is to become `path` if there is
    /// none.
    ///
    /// The bytes go to the end of the file as they come, and whoever reads it sees them. Dropped before it is
    /// [committed](Self::commit), this cuts them off again; a process that is killed leaves them.
    ///
    /// # Errors
    /// As [`create`](Self::create).
    pub fn append(path: impl AsRef<Path>, durability: Durability) -> Result<Self> {
        let path = path.as_ref();
        let add = || {
            if !path.exists() {
                // A file that another process makes meanwhile is not to be lost.
                return open(&follow_links(path)?, Replace::Never);
            }
            if !path.is_file() {
                return open(path, Replace::Atomic);
            }
            let mut file = OpenOptions::new().append(true).open(path)?;
            let from = file.seek(SeekFrom::End(0))?;
            let addition = Addition {
                file: file.try_clone()?,
                from: Some(from),
            };
            Ok((file, Place::End(addition)))
        };
        add()
            .map(|(file, place)| AtomicFile {
                file,
                place,
                path: path.to_path_buf(),
                replace: Replace::Never,
                durability,
            })
            .map_err(|error| Error::at_path(error, path))
    }

    /// The file that this is to become, as it was given.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Is it a file in which one can go back, unlike a FIFO or a device?
    #[must_use]
    pub fn is_regular(&self) -> bool {
        self.file.metadata().is_ok_and(|metadata| metadata.is_file())
    }

    /// Puts the file in its place.
    ///
    /// # Errors
    /// `Io` for what syncing, closing or renaming reports. The target is then as it was.
    pub fn commit(self) -> Result<()> {
        let path = self.path;
        publish(self.file, self.place, self.replace, self.durability)
            .map_err(|error| Error::at_path(error, &path))
    }
}

#[cfg(unix)]
impl std::os::fd::AsFd for AtomicFile {
    /// The file that is written to, which may have no name yet.
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.file.as_fd()
    }
}

impl Seek for AtomicFile {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}

impl Write for AtomicFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

fn open(path: &Path, replace: Replace) -> io::Result<(File, Place)> {
    if replace == Replace::Never && fs::symlink_metadata(path).is_ok() {
        return Err(sys::already_exists());
    }
    let old = match fs::metadata(path) {
        Ok(metadata) => Some(metadata),
        // An empty path, or one that ends with `..`, can be no file's.
        Err(error) if error.kind() == io::ErrorKind::NotFound && path.file_name().is_some() => None,
        Err(error) => return Err(error),
    };
    match &old {
        Some(old) if old.is_dir() => return Err(io::ErrorKind::IsADirectory.into()),
        // By its own path: the text of the links in /proc/self/fd, `pipe:[7]`, leads nowhere.
        Some(old) if !old.is_file() => {
            return Ok((OpenOptions::new().write(true).open(path)?, Place::Target));
        }
        Some(_) => sys::may_write(path)?,
        None => {}
    }
    let target = follow_links(path)?;
    // An open file whose name has been removed, as /dev/stdout may lead to: nothing can take its place.
    let is_nameless = old.is_some() && !target.exists();
    if replace == Replace::InPlace || is_nameless {
        return Ok((File::create(path)?, Place::Target));
    }
    let (file, place) = temporary(&target).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => error,
        kind => {
            let why = if old.is_some() {
                "no temporary file can be made in its directory, so it can only be written in place"
            } else {
                "no file can be made in its directory"
            };
            io::Error::new(kind, format!("{error}; {why}"))
        }
    })?;
    if let Some(old) = old {
        sys::copy_owner(&file, &old);
        file.set_permissions(old.permissions())?;
    }
    Ok((file, place))
}

/// The file at the end of a chain of symbolic links, whether it exists or not.
fn follow_links(path: &Path) -> io::Result<PathBuf> {
    const MOST: usize = 40;
    let mut path = path.to_path_buf();
    for _ in 0..MOST {
        match fs::read_link(&path) {
            // `join` keeps an absolute link as it is.
            Ok(to) => path = path.parent().unwrap_or(Path::new("")).join(to),
            // Not a link, or not there.
            Err(_) => return Ok(path),
        }
    }
    Err(io::Error::other("too many levels of symbolic links"))
}

fn directory_of(target: &Path) -> &Path {
    match target.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn temporary(target: &Path) -> io::Result<(File, Place)> {
    if let Some(file) = sys::unnamed(directory_of(target))? {
        return Ok((file, Place::Unnamed(target.to_path_buf())));
    }
    let (file, temp) = named(target, |path| {
        OpenOptions::new().write(true).create_new(true).open(path)
    })?
    .into_parts();
    Ok((file, Place::Named(temp, target.to_path_buf())))
}

/// Makes something under a fresh name beside the target.
fn named<T>(
    target: &Path,
    make: impl FnMut(&Path) -> io::Result<T>,
) -> io::Result<tempfile::NamedTempFile<T>> {
    let name = target.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    let mut prefix = std::ffi::OsString::from(".");
    prefix.push(name);
    prefix.push(".");
    tempfile::Builder::new()
        .prefix(&prefix)
        .suffix(".tmp")
        .make_in(directory_of(target), make)
}

fn publish(file: File, place: Place, replace: Replace, durability: Durability) -> io::Result<()> {
    let sync = durability == Durability::Sync;
    if sync {
        match file.sync_all() {
            // Pipes and terminals cannot be synced, and hold nothing to sync.
            Err(error) if matches!(place, Place::Target) && error.kind() == io::ErrorKind::InvalidInput => {}
            other => other?,
        }
    }
    let (temp, target) = match place {
        Place::Target => return sys::close(file),
        Place::End(addition) => {
            sys::close(file)?;
            addition.keep();
            return Ok(());
        }
        Place::Named(temp, target) => (temp, target),
        Place::Unnamed(target) => (
            named(&target, |name| sys::link(&file, name))?.into_temp_path(),
            target,
        ),
    };
    sys::close(file)?;
    match replace {
        Replace::Never => temp.persist_noclobber(&target),
        Replace::Atomic | Replace::InPlace => temp.persist(&target),
    }
    .map_err(|error| error.error)?;
    if sync {
        sys::sync_directory(directory_of(&target))
    } else {
        Ok(())
    }
}

#[cfg(unix)]
mod sys {
    use std::fs::{File, Metadata};
    use std::io;
    use std::os::fd::IntoRawFd;
    use std::os::unix::fs::{MetadataExt, fchown};
    use std::path::Path;

    /// An unnamed file in the directory; `None` where the system or the file system has no such thing.
    #[cfg(target_os = "linux")]
    pub(super) fn unnamed(directory: &Path) -> io::Result<Option<File>> {
        use rustix::fs::{Mode, OFlags};
        use rustix::io::Errno;
        // Naming it later goes through /proc.
        if !Path::new("/proc/self/fd").exists() {
            return Ok(None);
        }
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        // On file systems of a network, signals interrupt it.
        let open = || rustix::fs::open(directory, flags, Mode::from_raw_mode(0o666));
        match rustix::io::retry_on_intr(open) {
            Ok(fd) => Ok(Some(File::from(fd))),
            Err(Errno::OPNOTSUPP | Errno::ISDIR | Errno::INVAL | Errno::NOSYS) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn unnamed(_: &Path) -> io::Result<Option<File>> {
        Ok(None)
    }

    pub(super) fn already_exists() -> io::Error {
        rustix::io::Errno::EXIST.into()
    }

    /// Gives an unnamed file a name.
    #[cfg(target_os = "linux")]
    pub(super) fn link(file: &File, name: &Path) -> io::Result<()> {
        use rustix::fs::{AtFlags, CWD};
        use std::os::fd::AsRawFd;
        let fd = format!("/proc/self/fd/{}", file.as_raw_fd());
        Ok(rustix::fs::linkat(CWD, fd, CWD, name, AtFlags::SYMLINK_FOLLOW)?)
    }

    #[cfg(not(target_os = "linux"))]
    pub(super) fn link(_: &File, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }

    /// Renaming over a file needs no permission on the file; we ask for it all the same, as `open` would.
    pub(super) fn may_write(target: &Path) -> io::Result<()> {
        Ok(rustix::fs::access(target, rustix::fs::Access::WRITE_OK)?)
    }

    /// Keeps the owner, where the process may give files away.
    pub(super) fn copy_owner(file: &File, old: &Metadata) {
        let same = file
            .metadata()
            .is_ok_and(|new| (new.uid(), new.gid()) == (old.uid(), old.gid()));
        if !same {
            // Not allowed to most users, who then own the new file, as after any editor's save.
            let _ = fchown(file, Some(old.uid()), Some(old.gid()));
        }
    }

    /// Closes and says how that went; network file systems report full disks here.
    pub(super) fn close(file: File) -> io::Result<()> {
        // SAFETY: the descriptor has just been taken out of the `File`, so nobody else owns or closes it.
        Ok(unsafe { rustix::io::try_close(file.into_raw_fd()) }?)
    }

    pub(super) fn sync_directory(directory: &Path) -> io::Result<()> {
        File::open(directory)?.sync_all()
    }
}

#[cfg(not(unix))]
mod sys {
    use std::fs::{File, Metadata};
    use std::io;
    use std::path::Path;

    pub(super) fn unnamed(_: &Path) -> io::Result<Option<File>> {
        Ok(None)
    }
    pub(super) fn already_exists() -> io::Error {
        io::ErrorKind::AlreadyExists.into()
    }
    pub(super) fn link(_: &File, _: &Path) -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
    pub(super) fn may_write(target: &Path) -> io::Result<()> {
        if std::fs::metadata(target)?.permissions().readonly() {
            return Err(io::ErrorKind::PermissionDenied.into());
        }
        Ok(())
    }
    pub(super) fn copy_owner(_: &File, _: &Metadata) {}
    pub(super) fn close(file: File) -> io::Result<()> {
        drop(file);
        Ok(())
    }
    pub(super) fn sync_directory(_: &Path) -> io::Result<()> {
        Ok(())
    }
}
