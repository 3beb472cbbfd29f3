//! `cargo xtask torture`: the tests that end sooner in `cargo xtask test`, or are left out there, at full length.

use crate::Result;
use crate::workspace::Workspace;

/// A test program, and what of it is run.
struct Part {
    name: &'static str,
    package: &'static str,
    test: &'static str,
    filter: &'static str,
}

const fn part(name: &'static str, package: &'static str, test: &'static str, filter: &'static str) -> Part {
    Part {
        name,
        package,
        test,
        filter,
    }
}

const PARTS: [Part; 12] = [
    // 1000 kills for each of 4 formats, at random times.
    part("kills", "demijohn", "crashes", "killed"),
    // 10,000 dumps of 2 processes and of 8 to one path, for each of 2 formats.
    part("race", "demijohn", "crashes", "race"),
    // 150,000 round trips for each format, cut at random.
    part("chunkings", "demijohn-codecs", "chunkings", ""),
    // A million cuts of the corpus's good files: every one up to 8 KiB, 500 above.
    part("cuts", "demijohn-codecs", "corpus", "cut"),
    part("cuts", "demijohn", "corpus", "cut"),
    // Every bit of a stream of each format, at both ends of its levels too.
    part("flips", "demijohn-codecs", "damage", "flipped"),
    // 10,000 sequences of reads and seeks for each format.
    part("seeks", "demijohn-codecs", "seek_sequences", ""),
    // 1,200,000 tampered pickles, read here and by Python.
    part("pickles", "demijohn-pickle", "agreement", ""),
    // 4 GiB and a byte through each format.
    part("large", "demijohn-codecs", "large", ""),
    // Pickled values of as many.
    part("large", "demijohn-pickle", "large", ""),
    // 10,000 streams opened and dropped.
    part("leaks", "demijohn-codecs", "leaks", ""),
    // Two gigabytes of zeros in each format.
    part("bombs", "demijohn", "bombs", ""),
];

pub(crate) fn run(workspace: &Workspace, args: &[String]) -> Result {
    let (name, seconds) = parse(args)?;
    let names = || {
        let mut names = PARTS.map(|part| part.name).to_vec();
        names.dedup();
        names.join(", ")
    };
    let parts: Vec<&Part> = PARTS
        .iter()
        .filter(|part| name.as_deref().is_none_or(|name| name == part.name))
        .collect();
    if parts.is_empty() {
        return Err(format!(
            "no part {:?}; there are {}",
            name.unwrap_or_default(),
            names()
        ));
    }
    let effort = seconds.map_or("all".to_owned(), |seconds| seconds.to_string());
    for part in parts {
        let cargo = workspace.cargo().env("DEMIJOHN_TORTURE", &effort);
        let what = [
            "test",
            "--release",
            "--all-features",
            "-p",
            part.package,
            "--test",
            part.test,
        ];
        // One at a time: what is measured is the process's.
        let how = ["--", "--include-ignored", "--nocapture", "--test-threads=1"];
        let filter = Some(part.filter).filter(|filter| !filter.is_empty());
        cargo.args(what).args(how).args(filter).run()?;
    }
    Ok(())
}

/// The part that is asked for, if it is not all, and for how many seconds what has no end of its own goes on.
fn parse(args: &[String]) -> Result<(Option<String>, Option<u64>)> {
    let (mut name, mut seconds) = (None, None);
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--seconds" {
            let value = args.next().ok_or("--seconds needs a number")?;
            seconds = Some(
                value
                    .parse()
                    .map_err(|_| format!("--seconds {value}: not a number"))?,
            );
        } else if arg.starts_with('-') || name.is_some() {
            return Err("usage: cargo xtask torture [PART] [--seconds N]".into());
        } else {
            name = Some(arg.clone());
        }
    }
    Ok((name, seconds))
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn the_command_line_is_read_in_any_order() {
        let parse = |args: &[&str]| parse(&args.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>());
        assert_eq!(parse(&[]).unwrap(), (None, None));
        let both = (Some("race".to_owned()), Some(5));
        assert_eq!(parse(&["race", "--seconds", "5"]).unwrap(), both);
        assert_eq!(parse(&["--seconds", "5", "race"]).unwrap(), both);
        for wrong in [
            &["--seconds"][..],
            &["--seconds", "x"],
            &["--second", "5"],
            &["a", "b"],
        ] {
            assert!(parse(wrong).is_err(), "{wrong:?}");
        }
    }
}
