//! Files by path: what the operating system refuses, and what takes whose place.
#![cfg(all(unix, feature = "gzip", feature = "zlib"))]

mod common;

use std::fs::{self, File, Permissions};
use std::io::{self, ErrorKind as Io, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, symlink};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::{Path, PathBuf};
use std::process::Command;

use demijohn_codecs::atomic::{AtomicFile, Durability, Replace};
use demijohn_codecs::{Error, ErrorKind, Options, Seeking};
use tempfile::TempDir;

use common::{compressed_formats, sample, skip};

fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

/// The names in a directory, sorted.
fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().mode() & 0o7777
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// Writes a file and puts it in its place.
fn replace(path: &Path, content: &[u8]) {
    let mut file = AtomicFile::create(path).unwrap();
    file.write_all(content).unwrap();
    file.commit().unwrap();
}

/// An error of the operating system, of that kind, that names the path.
#[track_caller]
fn refused<T>(result: Result<T, Error>, kind: Io, path: &Path) -> String {
    let error = result.err().expect("should be refused");
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    assert_eq!(error.io_kind(), kind, "{error}");
    let text = error.to_string();
    assert!(
        text.contains(path.to_str().unwrap()),
        "the path is not named: {text}"
    );
    text
}

/// Root may do everything, so there is nothing to refuse.
fn may_do_everything(dir: &Path) -> bool {
    let file = dir.join("who am I");
    fs::write(&file, b"").unwrap();
    chmod(&file, 0);
    let everything = File::open(&file).is_ok();
    fs::remove_file(&file).unwrap();
    if everything {
        skip("permissions do not bind this user");
    }
    everything
}

#[test]
fn what_cannot_be_opened_is_named() {
    let dir = dir();
    let missing = dir.path().join("missing.gz");
    refused(demijohn_codecs::open(&missing), Io::NotFound, &missing);
    refused(demijohn_codecs::open(dir.path()), Io::IsADirectory, dir.path());
    let below_a_file = dir.path().join("file/below.gz");
    fs::write(dir.path().join("file"), b"").unwrap();
    refused(
        demijohn_codecs::open(&below_a_file),
        Io::NotADirectory,
        &below_a_file,
    );
    if !may_do_everything(dir.path()) {
        let secret = dir.path().join("secret.gz");
        fs::write(&secret, b"").unwrap();
        chmod(&secret, 0);
        refused(demijohn_codecs::open(&secret), Io::PermissionDenied, &secret);
    }
}

#[test]
fn what_cannot_be_created_is_named() {
    let dir = dir();
    refused(demijohn_codecs::create(dir.path()), Io::IsADirectory, dir.path());
    let nowhere = dir.path().join("no such directory/file.gz");
    refused(demijohn_codecs::create(&nowhere), Io::NotFound, &nowhere);
    for nobody in [Path::new(""), &dir.path().join("no such directory/..")] {
        refused(demijohn_codecs::create(nobody), Io::NotFound, nobody);
    }
    let turning = dir.path().join("a link to itself.gz");
    symlink(&turning, &turning).unwrap();
    assert!(demijohn_codecs::create(&turning).is_err());
    assert_eq!(names(dir.path()), ["a link to itself.gz"]);
}

#[test]
fn read_only_targets_and_directories_are_refused() {
    let dir = dir();
    if may_do_everything(dir.path()) {
        return;
    }
    let target = dir.path().join("file.gz");
    fs::write(&target, b"old").unwrap();
    chmod(&target, 0o444);
    refused(demijohn_codecs::create(&target), Io::PermissionDenied, &target);
    chmod(&target, 0o644);
    chmod(dir.path(), 0o555);
    let text = refused(demijohn_codecs::create(&target), Io::PermissionDenied, &target);
    assert!(text.contains("in place"), "no way out is named: {text}");
    assert_eq!(fs::read(&target).unwrap(), b"old");
    // The way out.
    let mut file = Options::new()
        .replace(Replace::InPlace)
        .create_as(&target, "none")
        .unwrap();
    file.write_all(b"new").unwrap();
    file.finish().unwrap();
    assert_eq!(fs::read(&target).unwrap(), b"new");
    chmod(dir.path(), 0o755);
}

#[test]
fn a_writer_names_the_format_of_its_extension() {
    let dir = dir();
    for format in compressed_formats() {
        let extension = format.spec().file_extensions()[0];
        let file = demijohn_codecs::create(dir.path().join(format!("file{extension}"))).unwrap();
        assert_eq!(file.format(), format.name());
    }
}

#[test]
fn bad_choices_leave_the_file_system_alone() {
    let dir = dir();
    let path = dir.path().join("file.gz");
    let choose = |compression: (&str, i32)| Options::new().create_as(&path, compression).unwrap_err();
    let unknown = choose(("gzop", 1));
    assert_eq!(unknown.kind(), ErrorKind::Parameter);
    assert!(
        unknown.to_string().contains("gzop") && unknown.to_string().contains("gzip"),
        "{unknown}"
    );
    for format in compressed_formats() {
        let range = format.spec().level_range().unwrap_or(0..=0);
        for level in [range.start() - 1, range.end() + 1] {
            let error = choose((format.name(), level));
            assert_eq!(error.kind(), ErrorKind::Parameter, "{error}");
            assert_eq!(error.format(), Some(format.name()));
            assert_eq!(error.io_kind(), Io::InvalidInput);
        }
    }
    assert_eq!(names(dir.path()), [""; 0]);
}

#[test]
fn a_full_device_is_reported_by_finish_at_the_latest() {
    let full = Path::new("/dev/full");
    if !full.exists() {
        return skip("there is no /dev/full");
    }
    let plain = sample(3_000_000);
    for format in compressed_formats() {
        for plain in [&plain[..], &plain[..100], &[]] {
            let mut file = Options::new().create_as(full, &format).unwrap();
            let end = file
                .write_all(plain)
                .map_err(Error::from)
                .and_then(|()| file.finish());
            let error = end.unwrap_err();
            assert_eq!(error.io_kind(), Io::StorageFull, "{}: {error}", format.name());
            assert_eq!(error.format(), Some(format.name()));
        }
    }
}

#[test]
fn a_reader_that_went_away_is_a_broken_pipe() {
    for format in compressed_formats() {
        let (reader, writer) = io::pipe().unwrap();
        drop(reader);
        let mut writer = demijohn_codecs::writer(writer, &format).unwrap();
        let end = writer
            .write_all(&sample(300_000))
            .and_then(|()| Ok(writer.finish().map(drop)?));
        assert_eq!(end.unwrap_err().kind(), Io::BrokenPipe, "{}", format.name());
    }
}

fn fifo(dir: &Path) -> Option<PathBuf> {
    let fifo = dir.join("fifo");
    match Command::new("mkfifo").arg(&fifo).status() {
        Ok(status) if status.success() => Some(fifo),
        _ => {
            skip("mkfifo is not installed");
            None
        }
    }
}

#[test]
fn a_fifo_is_read_though_it_is_a_file_that_does_not_seek() {
    let dir = dir();
    let Some(fifo) = fifo(dir.path()) else { return };
    let plain = sample(500_000);
    for format in compressed_formats() {
        let coded = format.compress(&plain).unwrap();
        std::thread::scope(|scope| {
            let path = &fifo;
            scope.spawn(move || fs::write(path, coded).unwrap());
            let mut reader = demijohn_codecs::open(&fifo).unwrap();
            assert_eq!(reader.format(), format.name());
            assert!(!reader.seekable());
            let mut got = Vec::new();
            reader.read_to_end(&mut got).unwrap();
            assert!(got == plain, "{}", format.name());
            let back = reader.seek(SeekFrom::Start(0)).unwrap_err();
            assert_eq!(back.kind(), Io::Unsupported);
        });
    }
}

#[test]
fn fifos_and_devices_are_written_through() {
    let dir = dir();
    let Some(fifo) = fifo(dir.path()) else { return };
    let plain = sample(500_000);
    for durability in [Durability::Rename, Durability::Sync] {
        let coded = std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read(&fifo).unwrap());
            let mut file = Options::new()
                .durability(durability)
                .create_as(&fifo, "zlib")
                .unwrap();
            file.write_all(&plain).unwrap();
            file.finish().unwrap();
            reader.join().unwrap()
        });
        assert!(common::format("zlib").unwrap().decompress(&coded).unwrap() == plain);
        assert!(fs::metadata(&fifo).unwrap().file_type().is_fifo());
        assert_eq!(names(dir.path()), ["fifo"]);

        let mut null = Options::new().durability(durability).create("/dev/null").unwrap();
        null.write_all(&plain).unwrap();
        assert_eq!(null.finish().unwrap().plain, 500_000);
        assert!(fs::metadata("/dev/null").unwrap().file_type().is_char_device());
    }
}

/// A path by which this process gets to what it has open, whatever that is.
#[cfg(target_os = "linux")]
fn by_descriptor(file: &impl std::os::fd::AsRawFd) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", file.as_raw_fd()))
}

#[cfg(target_os = "linux")]
#[test]
fn an_open_pipe_is_written_through_by_its_name() {
    let (mut from, to) = io::pipe().unwrap();
    let plain = b"less than a pipe holds".repeat(100);
    let create = || Options::new().create_as(by_descriptor(&to), "none").unwrap();
    let append = || Options::new().append_as(by_descriptor(&to), "none").unwrap();
    for mut file in [create(), append()] {
        file.write_all(&plain).unwrap();
        assert_eq!(file.finish().unwrap().plain, plain.len() as u64);
    }
    drop(to);
    let mut got = Vec::new();
    from.read_to_end(&mut got).unwrap();
    assert!(got == plain.repeat(2));
}

#[cfg(target_os = "linux")]
#[test]
fn an_open_file_without_a_name_is_written_into() {
    let dir = dir();
    let path = dir.path().join("gone");
    let mut open = File::options()
        .read(true)
        .write(true)
        .create_new(true)
        .open(&path)
        .unwrap();
    open.write_all(b"old and longer than what comes").unwrap();
    fs::remove_file(&path).unwrap();
    replace(&by_descriptor(&open), b"new");
    open.rewind().unwrap();
    let mut got = String::new();
    open.read_to_string(&mut got).unwrap();
    assert_eq!((got.as_str(), names(dir.path())), ("new", Vec::new()));
}

#[test]
fn only_finish_publishes() {
    let dir = dir();
    let path = dir.path().join("file.gz");
    let plain = sample(300_000);
    let write = || {
        let mut file = demijohn_codecs::create(&path).unwrap();
        file.write_all(&plain).unwrap();
        file.flush().unwrap();
        file
    };
    drop(write());
    assert_eq!(names(dir.path()), [""; 0], "dropped over nothing");

    fs::write(&path, b"old").unwrap();
    drop(write());
    drop(write().into_file());
    // Without the panic hook, which would print.
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _file = write();
        resume_unwind(Box::new("in the middle of writing"));
    }));
    assert!(panicked.is_err());
    let file = write();
    assert_eq!(fs::read(&path).unwrap(), b"old", "before it is finished");
    assert_eq!(
        names(dir.path()),
        ["file.gz"],
        "after three that were not finished"
    );
    file.finish().unwrap();
    let mut got = Vec::new();
    demijohn_codecs::open(&path)
        .unwrap()
        .read_to_end(&mut got)
        .unwrap();
    assert!(got == plain);
    fs::write(&path, b"old").unwrap();
    write().into_file().finish().unwrap();
    assert_ne!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(dir.path()), ["file.gz"]);
}

#[test]
fn mode_bits_are_kept_and_new_files_get_what_the_umask_allows() {
    let dir = dir();
    let (new, like) = (dir.path().join("new"), dir.path().join("like"));
    File::create(&like).unwrap();
    replace(&new, b"1");
    assert_eq!(mode(&new), mode(&like), "a new file");
    for bits in [0o600, 0o640, 0o755, 0o666] {
        chmod(&new, bits);
        replace(&new, b"2");
        assert_eq!(mode(&new), bits, "{bits:o}");
        assert_eq!(fs::read(&new).unwrap(), b"2");
    }
}

#[test]
fn symbolic_links_stay_and_their_targets_are_replaced() {
    let dir = dir();
    let below = dir.path().join("below");
    fs::create_dir(&below).unwrap();
    let target = below.join("target");
    let links = [
        ("relative", PathBuf::from("below/target")),
        ("absolute", target.clone()),
        ("chained", PathBuf::from("relative")),
        ("below/beside", PathBuf::from("target")),
        ("below/around", PathBuf::from("../chained")),
    ];
    for (name, to) in &links {
        symlink(to, dir.path().join(name)).unwrap();
    }
    for (name, to) in &links {
        let link = dir.path().join(name);
        for old in [Some(0o640), None] {
            match old {
                Some(bits) => {
                    fs::write(&target, b"old").unwrap();
                    chmod(&target, bits);
                }
                // Now the link leads nowhere.
                None => fs::remove_file(&target).unwrap(),
            }
            replace(&link, name.as_bytes());
            assert_eq!(&fs::read_link(&link).unwrap(), to, "{name} is no link any more");
            assert!(fs::symlink_metadata(&target).unwrap().is_file(), "{name}");
            assert_eq!(fs::read(&target).unwrap(), name.as_bytes());
            if let Some(bits) = old {
                assert_eq!(mode(&target), bits, "{name}");
            }
        }
    }
    assert_eq!(names(&below), ["around", "beside", "target"]);
    assert_eq!(names(dir.path()), ["absolute", "below", "chained", "relative"]);
}

#[test]
fn hard_links_are_broken_unless_the_file_is_written_in_place() {
    let dir = dir();
    let (path, other) = (dir.path().join("file"), dir.path().join("other"));
    fs::write(&path, b"old and longer").unwrap();
    chmod(&path, 0o640);
    fs::hard_link(&path, &other).unwrap();
    let inode = |path: &Path| fs::metadata(path).unwrap().ino();

    let mut file = AtomicFile::create_with(&path, Replace::InPlace, Durability::Rename).unwrap();
    file.write_all(b"in place").unwrap();
    file.commit().unwrap();
    assert_eq!(fs::read(&other).unwrap(), b"in place");
    assert_eq!((inode(&path), mode(&path)), (inode(&other), 0o640));

    replace(&path, b"new");
    assert_eq!(fs::read(&path).unwrap(), b"new");
    assert_eq!(fs::read(&other).unwrap(), b"in place");
    assert_ne!(inode(&path), inode(&other));
    assert_eq!(names(dir.path()), ["file", "other"]);
}

#[test]
fn synced_files_are_there_like_others() {
    let dir = dir();
    for replace in [Replace::Atomic, Replace::InPlace] {
        for old in [false, true] {
            let path = dir.path().join(format!("{replace:?}.gz"));
            assert_eq!(path.exists(), old);
            let options = Options::new().durability(Durability::Sync).replace(replace);
            let mut file = options.create(&path).unwrap();
            file.write_all(b"through a power cut").unwrap();
            assert_eq!(file.finish().unwrap().plain, 19);
            let mut text = String::new();
            demijohn_codecs::open(&path)
                .unwrap()
                .read_to_string(&mut text)
                .unwrap();
            assert_eq!(text, "through a power cut");
        }
    }
    assert_eq!(names(dir.path()), ["Atomic.gz", "InPlace.gz"]);
}

#[test]
fn a_file_name_without_a_directory_is_in_the_current_one() {
    // The current directory belongs to the whole process, so a process of its own does it.
    const CHILD: &str = "DEMIJOHN_TEST_CHILD";
    if std::env::var_os(CHILD).is_some() {
        return replace(Path::new("file"), b"here");
    }
    let dir = dir();
    let status = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "a_file_name_without_a_directory_is_in_the_current_one"])
        .env(CHILD, "1")
        .current_dir(dir.path())
        .output()
        .unwrap()
        .status;
    assert!(status.success());
    assert_eq!(names(dir.path()), ["file"]);
    assert_eq!(fs::read(dir.path().join("file")).unwrap(), b"here");
}

#[test]
fn writers_of_one_path_replace_each_other_whole() {
    const ROUNDS: u8 = 25;
    let dir = dir();
    let path = dir.path().join("file.zst");
    let content = |writer: u8, round: u8| vec![writer * ROUNDS + round; 200_000];
    let publish = |content: &[u8]| {
        let mut file = Options::new().create_as(&path, "gzip").unwrap();
        for part in content.chunks(30_000) {
            file.write_all(part).unwrap();
        }
        file.finish().unwrap();
    };
    publish(&content(0, 0));
    std::thread::scope(|scope| {
        let writers: Vec<_> = (0..4u8)
            .map(|writer| scope.spawn(move || (0..ROUNDS).for_each(|round| publish(&content(writer, round)))))
            .collect();
        let mut reads = 0;
        while reads == 0 || writers.iter().any(|writer| !writer.is_finished()) {
            let mut got = Vec::new();
            demijohn_codecs::open(&path)
                .unwrap()
                .read_to_end(&mut got)
                .unwrap();
            assert!(
                got.len() == 200_000 && got.iter().all(|byte| *byte == got[0]),
                "a mixed file"
            );
            reads += 1;
        }
    });
    assert_eq!(names(dir.path()), ["file.zst"]);
}

#[test]
fn a_reader_goes_far_a_piece_at_a_time() {
    let plain = sample(3_000_000);
    for format in compressed_formats() {
        let coded = format.compress(&plain).unwrap();
        let mut reader = Options::new().seekable_reader(io::Cursor::new(coded)).unwrap();
        reader.seek(SeekFrom::Start(u64::MAX)).unwrap();
        let mut pieces = 1;
        while !reader.settle(1 << 20).unwrap() {
            assert_eq!(reader.end(), None);
            pieces += 1;
        }
        // A table of blocks may lead to the end at once.
        let least = match format.spec().seek_kind() {
            Seeking::Rewind => 2,
            _ => 1,
        };
        assert!(
            (least..=4).contains(&pieces),
            "{}: {pieces} pieces",
            format.name()
        );
        assert_eq!(reader.end(), Some(3_000_000));
        assert_eq!(reader.position(), u64::MAX);
        // Going somewhere else meanwhile is free, whether it is a step away (a block that has been passed) or several.
        reader.seek(SeekFrom::Start(2_000_000)).unwrap();
        reader.settle(1000).unwrap();
        reader.seek(SeekFrom::Start(10)).unwrap();
        let mut bytes = [0; 20];
        reader.read_exact(&mut bytes).unwrap();
        assert_eq!(bytes, plain[10..30], "{}", format.name());
    }
}
