//! What becomes of files: kept, removed, refused, replaced.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};
use std::time::{Duration, SystemTime};

use demijohn::Array;
use demijohn::arrays::npy;

use crate::util::{Dir, Full, has_tool, sample, skip};

/// A directory with `notes` and, compressed by gzip, `notes.gz`.
fn notes() -> Dir {
    let dir = Dir::new();
    dir.write("notes", sample(50_000));
    dir.demijohn(["compress", "--format", "gzip", "notes"]).run().ok();
    dir
}

#[test]
fn outputs_take_mode_and_time_of_their_source() {
    let dir = Dir::new();
    dir.write("notes", sample(1000));
    let then = SystemTime::UNIX_EPOCH + Duration::from_secs(981_173_106);
    File::options()
        .write(true)
        .open(dir.path("notes"))
        .unwrap()
        .set_modified(then)
        .unwrap();
    for mode in [0o600, 0o640, 0o755, 0o444] {
        fs::set_permissions(dir.path("notes"), Permissions::from_mode(mode)).unwrap();
        dir.demijohn(["compress", "notes"]).run().ok();
        dir.demijohn(["decompress", "-o", "back", "notes.zst"]).run().ok();
        for name in ["notes.zst", "back"] {
            let metadata = fs::metadata(dir.path(name)).unwrap();
            assert_eq!(metadata.mode() & 0o7777, mode, "{name}");
            assert_eq!(metadata.modified().unwrap(), then, "{name}");
            fs::remove_file(dir.path(name)).unwrap();
        }
    }
}

#[test]
fn what_came_by_pipe_gets_the_mode_of_the_umask() {
    let dir = Dir::new();
    dir.shell("umask 027; echo hello | demijohn compress -o hello.zst")
        .run()
        .ok();
    let mode = fs::metadata(dir.path("hello.zst")).unwrap().mode();
    assert_eq!(mode & 0o7777, 0o640);
}

#[test]
fn sources_are_kept_unless_they_are_to_be_removed() {
    let dir = notes();
    dir.demijohn(["compress", "-k", "--format", "xz", "notes"])
        .run()
        .ok();
    dir.demijohn(["compress", "--rm", "--format", "bz2", "notes"])
        .run()
        .ok();
    assert_eq!(dir.names(), ["notes.bz2", "notes.gz", "notes.xz"]);
    dir.demijohn(["decompress", "--rm", "notes.xz"]).run().ok();
    assert_eq!(dir.names(), ["notes", "notes.bz2", "notes.gz"]);
    // The last one said wins, as with the tools.
    dir.demijohn(["compress", "--rm", "-k", "notes"]).run().ok();
    dir.demijohn(["compress", "-kf", "--rm", "notes"]).run().ok();
    assert_eq!(dir.names(), ["notes.bz2", "notes.gz", "notes.zst"]);
}

#[test]
fn a_source_stays_when_its_output_fails() {
    let dir = notes();
    let cut = dir.read("notes.gz");
    dir.write("cut.gz", &cut[..cut.len() - 3]);
    dir.demijohn(["decompress", "--rm", "cut.gz"]).run().fails();
    if let Some(full) = Full::find() {
        let args = ["compress", "--rm", "-fo", full.name(), "notes"];
        dir.demijohn(args).run().fails();
    }
    assert_eq!(dir.names(), ["cut.gz", "notes", "notes.gz"]);
}

#[test]
fn nothing_is_overwritten_without_force() {
    let dir = notes();
    dir.write("notes.gz", b"precious");
    let ended = dir.demijohn(["compress", "--format", "gzip", "notes"]).run();
    assert_eq!(
        ended.fails(),
        "demijohn: notes.gz: exists already; -f overwrites it"
    );
    let ended = dir.demijohn(["compress", "-o", "notes.gz", "notes"]).run();
    assert_eq!(
        ended.fails(),
        "demijohn: notes.gz: exists already; -f overwrites it"
    );
    assert_eq!(dir.read("notes.gz"), b"precious");

    dir.demijohn(["compress", "-f", "--format", "gzip", "notes"])
        .run()
        .ok();
    let ended = dir.demijohn(["decompress", "notes.gz"]).run();
    assert_eq!(ended.fails(), "demijohn: notes: exists already; -f overwrites it");
    dir.write("notes", b"old");
    dir.demijohn(["decompress", "-f", "notes.gz"]).run().ok();
    assert_eq!(dir.read("notes"), sample(50_000));
    assert_eq!(dir.names(), ["notes", "notes.gz"]);
}

#[test]
fn a_file_is_not_written_over_itself() {
    let dir = notes();
    symlink(dir.path("notes.gz"), dir.path("link")).unwrap();
    for output in ["notes.gz", "link"] {
        let ended = dir
            .demijohn(["decompress", "-f", "--rm", "-o", output, "notes.gz"])
            .run();
        assert_eq!(ended.fails(), format!("demijohn: {output}: is the source itself"));
    }
    assert_eq!(dir.demijohn(["cat", "notes.gz"]).run().ok(), sample(50_000));
}

#[test]
fn a_link_stays_and_its_target_is_replaced() {
    let dir = notes();
    dir.write("target", b"old");
    symlink("target", dir.path("link")).unwrap();
    dir.demijohn(["decompress", "-fo", "link", "notes.gz"]).run().ok();
    assert!(fs::symlink_metadata(dir.path("link")).unwrap().is_symlink());
    assert_eq!(dir.read("target"), sample(50_000));
}

#[test]
fn in_place_keeps_hard_links() {
    let dir = notes();
    for (flag, linked) in [("--sync", false), ("--in-place", true)] {
        dir.write("one", b"old");
        fs::hard_link(dir.path("one"), dir.path("two")).unwrap();
        dir.demijohn(["decompress", "-f", flag, "-o", "one", "notes.gz"])
            .run()
            .ok();
        assert_eq!(dir.read("one"), sample(50_000));
        assert_eq!(dir.read("two") == dir.read("one"), linked, "{flag}");
        fs::remove_file(dir.path("two")).unwrap();
    }
}

#[test]
fn compressing_twice_takes_force() {
    let dir = notes();
    let ended = dir.demijohn(["compress", "--format", "gzip", "notes.gz"]).run();
    assert_eq!(
        ended.fails(),
        "demijohn: notes.gz: ends in .gz already; -f compresses it again"
    );
    dir.demijohn(["compress", "-f", "--format", "gzip", "notes.gz"])
        .run()
        .ok();
    dir.demijohn(["compress", "notes.gz"]).run().ok();
    assert_eq!(dir.names(), ["notes", "notes.gz", "notes.gz.gz", "notes.gz.zst"]);
}

#[test]
fn an_unknown_extension_needs_a_name_for_the_output() {
    let dir = notes();
    fs::rename(dir.path("notes.gz"), dir.path("notes.odd")).unwrap();
    let ended = dir.demijohn(["decompress", "notes.odd"]).run();
    assert_eq!(
        ended.fails(),
        "demijohn: notes.odd: its extension is not that of a format, so the output has no name; use -o or -c"
    );
    assert_eq!(
        dir.demijohn(["decompress", "-c", "notes.odd"]).run().ok(),
        sample(50_000)
    );
    dir.demijohn(["decompress", "-o", "back", "notes.odd"]).run().ok();
    assert_eq!(dir.read("back"), sample(50_000));
}

#[test]
fn dash_is_standard_input_and_output() {
    let dir = notes();
    let packed = dir.read("notes.gz");
    for args in [
        &["decompress", "-"][..],
        &["decompress", "-c", "-"],
        &["decompress", "-o", "-"],
    ] {
        assert_eq!(
            dir.demijohn(args).stdin(packed.clone()).run().ok(),
            sample(50_000)
        );
    }
    assert_eq!(
        dir.demijohn(["decompress", "-o-", "notes.gz"]).run().ok(),
        sample(50_000)
    );
    let both = dir.demijohn(["cat", "notes.gz", "-"]).stdin(packed).run().ok();
    assert_eq!(both, [sample(50_000), sample(50_000)].concat());
    dir.demijohn(["compress", "-o", "-.zst", "-"])
        .stdin(*b"x")
        .run()
        .ok();
    assert_eq!(dir.names(), ["-.zst", "notes", "notes.gz"]);
}

#[test]
fn standard_input_that_is_a_file_is_read_from_where_it_stands() {
    use std::io::{Seek as _, SeekFrom};
    let dir = notes();
    dir.write("two", [&b"header"[..], &dir.read("notes.gz")].concat());
    let mut file = File::open(dir.path("two")).unwrap();
    file.seek(SeekFrom::Start(6)).unwrap();
    assert_eq!(dir.demijohn(["cat"]).stdin_file(file).run().ok(), sample(50_000));
}

#[test]
fn outputs_of_several_files_follow_one_another() {
    let dir = notes();
    let packed = dir
        .demijohn(["compress", "-c", "--format", "gzip", "notes", "notes"])
        .run()
        .ok();
    let twice = [sample(50_000), sample(50_000)].concat();
    assert!(dir.demijohn(["cat"]).stdin(packed).run().ok() == twice);
}

#[test]
fn one_bad_file_does_not_keep_the_others_from_being_done() {
    let dir = notes();
    dir.write("bad.gz", b"\x1f\x8b\x08 this is not gzip");
    dir.write("notes2.gz", dir.read("notes.gz"));
    fs::remove_file(dir.path("notes")).unwrap();
    for args in [
        &["decompress", "missing.gz", "notes.gz", "bad.gz", "notes2.gz"][..],
        &["cat", "missing.gz", "notes.gz", "bad.gz", "notes2.gz"],
        &["test", "missing.gz", "notes.gz", "bad.gz", "notes2.gz"],
    ] {
        let ended = dir.demijohn(args).run().status(1);
        let lines: Vec<_> = ended.stderr().lines().collect();
        assert_eq!(lines.len(), 2, "{ended}");
        assert_eq!(lines[0], "demijohn: missing.gz: no such file or directory");
        assert!(
            lines[1].starts_with("demijohn: bad.gz: gzip: corrupt: "),
            "{ended}"
        );
        if args[0] == "cat" {
            assert_eq!(ended.stdout().len(), 100_000);
        }
    }
    assert_eq!(
        dir.names(),
        ["bad.gz", "notes", "notes.gz", "notes2", "notes2.gz"]
    );
}

#[test]
fn what_the_system_refuses_is_said_in_words() {
    let dir = notes();
    fs::create_dir(dir.path("folder")).unwrap();
    let line = |args: &[&str]| dir.demijohn(args).run().fails().to_owned();
    assert_eq!(
        line(&["compress", "nowhere"]),
        "demijohn: nowhere: no such file or directory"
    );
    assert_eq!(line(&["compress", "folder"]), "demijohn: folder: is a directory");
    assert_eq!(line(&["cat", "folder"]), "demijohn: folder: is a directory");
    assert_eq!(
        line(&["compress", "-o", "folder", "notes"]),
        "demijohn: folder: is a directory"
    );
    assert_eq!(
        line(&["compress", "-o", "nowhere/x", "notes"]),
        "demijohn: nowhere/x: no such file or directory"
    );
    if let Some(full) = Full::find() {
        let expected = format!("demijohn: {}: no space left on device", full.name());
        assert_eq!(line(&["compress", "-o", full.name(), "notes"]), expected);
        assert_eq!(line(&["decompress", "-o", full.name(), "notes.gz"]), expected);
    }
}

#[test]
fn files_one_may_not_read_or_write_are_named() {
    let dir = notes();
    for name in ["notes", "notes.gz"] {
        fs::set_permissions(dir.path(name), Permissions::from_mode(0o000)).unwrap();
    }
    if File::open(dir.path("notes")).is_ok() {
        skip("file permissions mean nothing to this user (root?)");
        return;
    }
    let ended = dir.demijohn(["compress", "notes"]).run();
    assert_eq!(ended.fails(), "demijohn: notes: permission denied");
    fs::set_permissions(dir.path("notes"), Permissions::from_mode(0o600)).unwrap();
    let ended = dir.demijohn(["compress", "-fo", "notes.gz", "notes"]).run();
    assert_eq!(ended.fails(), "demijohn: notes.gz: permission denied");
}

#[test]
fn a_full_standard_output_is_an_error_said_once() {
    let Some(full) = Full::find() else { return };
    let dir = notes();
    for line in [
        "demijohn cat notes.gz notes.gz",
        "demijohn compress -c notes notes",
        "demijohn codecs",
    ] {
        let ended = dir.shell(&format!("{line} > {}", full.name())).run();
        assert_eq!(
            ended.fails(),
            "demijohn: standard output: no space left on device"
        );
    }
}

#[test]
fn a_write_that_fails_half_way_leaves_the_old_file_and_nothing_else() {
    let dir = Dir::new();
    dir.write("notes", crate::util::noise(2_000_000));
    dir.write("notes.zst", b"the old file");
    // Files may grow to 200 blocks of 512 bytes; the signal is ignored so that the write fails instead.
    let line = "trap '' XFSZ; ulimit -f 200; demijohn compress -f notes";
    let ended = dir.shell(line).run();
    assert_eq!(ended.fails(), "demijohn: notes.zst: File too large");
    // Killed by the signal, the program has no say in what is left.
    assert_ne!(
        dir.shell("ulimit -f 200; demijohn compress -f notes")
            .run()
            .code(),
        0
    );
    assert_eq!(dir.read("notes.zst"), b"the old file");
    assert_eq!(dir.names(), ["notes", "notes.zst"]);
}

#[test]
fn files_that_claim_to_be_empty_and_are_not_are_compressed_all_the_same() {
    if !fs::metadata("/proc/version").is_ok_and(|m| m.len() == 0) {
        skip("no /proc/version that claims to be empty");
        return;
    }
    let dir = Dir::new();
    let packed = dir.demijohn(["compress", "-c", "/proc/version"]).run().ok();
    assert_eq!(
        dir.demijohn(["cat"]).stdin(packed).run().ok(),
        fs::read("/proc/version").unwrap()
    );
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_is_written_to_by_its_name() {
    let dir = notes();
    npy::save(dir.path("a.npy"), &Array::from_vec(vec![1_u8, 2], &[2]).unwrap()).unwrap();
    let npy = dir.read("a.npy");
    for verb in [
        "convert -q a.npy /dev/stdout --format gzip",
        "compress -q -o /dev/stdout --format gzip a.npy",
    ] {
        let line = format!("demijohn {verb} | demijohn cat");
        assert_eq!(dir.shell(&line).run().ok(), npy, "{verb}");
    }
    let packed = dir.demijohn(["compress", "-c", "a.npy"]).run().ok();
    dir.write("a.zst", packed);
    for verb in ["extract a.npy . -o", "decompress -q a.zst -o"] {
        let line = format!("demijohn {verb} /dev/stdout | cat");
        assert_eq!(dir.shell(&line).run().ok(), npy, "{verb}");
    }
}

#[test]
fn fifos_are_read_and_written_through() {
    if !has_tool("mkfifo") {
        return;
    }
    let dir = notes();
    let line = "mkfifo in out; cat notes > in & demijohn cat out > back & \
                demijohn compress -o out in; wait";
    dir.shell(line).run().ok();
    assert_eq!(dir.read("back"), sample(50_000));
    assert_eq!(dir.names(), ["back", "in", "notes", "notes.gz", "out"]);
}
