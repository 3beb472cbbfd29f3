//! Levels as single-dash numbers, in the way of gzip, xz and zstd: `-9`, `-19`, also in a bundle as in `-k9f`.
//!
//! They are rewritten to `--level=N` before clap sees the arguments. Which options take a value, so that a
//! number behind them is theirs, is asked of the command line's own definition.

use std::ffi::OsString;

use clap::{Arg, Command, CommandFactory as _};

use crate::args::Args;

/// The verbs that have levels.
const VERBS: [&str; 2] = ["compress", "convert"];
/// The highest level that has a short form.
const HIGHEST: u8 = 19;

/// Rewrites short levels of those verbs; everything else is left as it is.
pub(crate) fn with_levels(argv: impl IntoIterator<Item = OsString>) -> Vec<OsString> {
    let mut argv: Vec<OsString> = argv.into_iter().collect();
    let verb = argv
        .get(1)
        .and_then(|given| VERBS.into_iter().find(|verb| given == verb));
    let Some(verb) = verb else { return argv };
    let command = Args::command();
    let command = command.find_subcommand(verb).expect("the verb is there");
    let mut rest = argv.split_off(2).into_iter();
    while let Some(arg) = rest.next() {
        if arg == "--" {
            argv.push(arg);
            break;
        }
        let wants_value = match arg.to_str() {
            Some(text) => expand(command, text, &mut argv),
            None => {
                argv.push(arg);
                false
            }
        };
        if wants_value {
            argv.extend(rest.next());
        }
    }
    argv.extend(rest);
    argv
}

/// Appends what one argument stands for, and says whether the next one is its value.
fn expand(command: &Command, arg: &str, argv: &mut Vec<OsString>) -> bool {
    if let Some(long) = arg.strip_prefix("--") {
        argv.push(arg.into());
        return takes_value(command, |a| a.get_long() == Some(long));
    }
    let Some(bundle) = arg.strip_prefix('-').filter(|b| !b.is_empty()) else {
        argv.push(arg.into());
        return false;
    };
    let mut flags = String::from("-");
    let mut level = None;
    let mut wants_value = false;
    let mut rest = bundle;
    while let Some(first) = rest.chars().next() {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        if digits > 0 {
            match rest[..digits].parse() {
                Ok(n @ 0..=HIGHEST) => level = Some(n),
                // Not a level; clap will say so.
                _ => flags.push_str(&rest[..digits]),
            }
            rest = &rest[digits..];
        } else if takes_value(command, |a| a.get_short() == Some(first)) {
            // What follows in the bundle is the value, if anything does.
            flags.push_str(rest);
            wants_value = rest.len() == first.len_utf8();
            break;
        } else {
            flags.push(first);
            rest = &rest[first.len_utf8()..];
        }
    }
    // The level first: a bundle may end in an option whose value comes next.
    argv.extend(level.map(|n| format!("--level={n}").into()));
    if flags.len() > 1 {
        argv.push(flags.into());
    }
    wants_value
}

fn takes_value(command: &Command, is_it: impl Fn(&Arg) -> bool) -> bool {
    command
        .get_arguments()
        .any(|arg| is_it(arg) && arg.get_action().takes_values())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(args: &[&str]) -> Vec<String> {
        let argv = ["demijohn"].iter().chain(args).map(OsString::from);
        let out = with_levels(argv).into_iter().skip(1);
        out.map(|arg| arg.into_string().unwrap()).collect()
    }

    #[test]
    fn short_levels_become_long_ones() {
        assert_eq!(
            rewritten(&["compress", "-9", "x"]),
            ["compress", "--level=9", "x"]
        );
        assert_eq!(rewritten(&["compress", "-19"]), ["compress", "--level=19"]);
        assert_eq!(rewritten(&["compress", "-0"]), ["compress", "--level=0"]);
    }

    #[test]
    fn levels_stand_in_bundles_too() {
        assert_eq!(rewritten(&["compress", "-k9f"]), ["compress", "--level=9", "-kf"]);
        assert_eq!(
            rewritten(&["compress", "-9o", "-8", "-c"]),
            ["compress", "--level=9", "-o", "-8", "-c"]
        );
    }

    #[test]
    fn numbers_that_are_values_stay_values() {
        for args in [
            &["compress", "-T", "-3"][..],
            &["compress", "-T4"],
            &["compress", "-o", "-5"],
            &["compress", "--level", "-5"],
            &["compress", "--level=-5"],
            &["compress", "--", "-9"],
            &["compress", "-"],
        ] {
            assert_eq!(rewritten(args), args);
        }
    }

    #[test]
    fn what_is_no_level_is_left_to_the_parser() {
        assert_eq!(rewritten(&["compress", "-20"]), ["compress", "-20"]);
        assert_eq!(
            rewritten(&["compress", "-99999999999"]),
            ["compress", "-99999999999"]
        );
        assert_eq!(rewritten(&["cat", "-9"]), ["cat", "-9"]);
        assert!(rewritten(&[]).is_empty());
    }
}
