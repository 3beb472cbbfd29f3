//! Reads the output of Rust's test harness, run with `--show-output`.
//!
//! A test that needs something the machine lacks prints a line starting with `skip:` and passes. The harness
//! shows the output of passing tests only on request, and then all of it; this filter keeps the skips for the
//! end, hides the rest, and adds up the totals. What failing tests said is left as it is.

/// Totals over all test binaries of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Report {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) ignored: u64,
    /// The distinct `skip:` lines, without that prefix, in order of appearance.
    pub(crate) skips: Vec<String>,
    /// Inside the listing of what passing tests printed.
    in_successes: bool,
}

impl Report {
    /// Takes in one line and says whether it is worth showing.
    pub(crate) fn line(&mut self, line: &str) -> bool {
        if let Some(reason) = line.trim_start().strip_prefix("skip:") {
            let reason = reason.trim().to_owned();
            if !self.skips.contains(&reason) {
                self.skips.push(reason);
            }
        }
        match line {
            "successes:" => self.in_successes = true,
            "failures:" => self.in_successes = false,
            _ => {}
        }
        if let Some(totals) = line.strip_prefix("test result: ") {
            self.in_successes = false;
            self.passed += count(totals, "passed");
            self.failed += count(totals, "failed");
            self.ignored += count(totals, "ignored");
        }
        !self.in_successes
    }
}

/// The number before `what` in "ok. 3 passed; 0 failed; 1 ignored; …".
fn count(totals: &str, what: &str) -> u64 {
    let words: Vec<&str> = totals.split([' ', ';']).collect();
    words
        .windows(2)
        .find(|pair| pair[1] == what)
        .and_then(|pair| pair[0].parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::Report;

    fn read(output: &str) -> (Report, Vec<&str>) {
        let mut report = Report::default();
        let shown = output.lines().filter(|line| report.line(line)).collect();
        (report, shown)
    }

    const MIXED: &str = "\
running 3 tests
test a ... ok
test b ... FAILED
test c ... ignored

successes:

---- a stdout ----
chatter of a passing test
skip: lzop is not installed

successes:
    a

failures:

---- b stdout ----
assertion failed
skip: no corpus

failures:
    b

test result: FAILED. 1 passed; 1 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s
";

    #[test]
    fn totals_and_skips_are_added_up_over_binaries() {
        let (report, _) = read(&format!(
            "{MIXED}\nrunning 7 tests\n\ntest result: ok. 7 passed; 0 failed; 0 ignored; 0 measured\n"
        ));
        assert_eq!((report.passed, report.failed, report.ignored), (8, 1, 1));
        assert_eq!(report.skips, ["lzop is not installed", "no corpus"]);
    }

    #[test]
    fn passing_tests_are_quiet_and_failing_ones_are_not() {
        let (_, shown) = read(MIXED);
        assert!(!shown.contains(&"chatter of a passing test"), "{shown:?}");
        assert!(shown.contains(&"assertion failed"), "{shown:?}");
        assert!(shown.contains(&"test b ... FAILED"), "{shown:?}");
        assert!(
            shown.last().unwrap().starts_with("test result: FAILED"),
            "{shown:?}"
        );
    }

    #[test]
    fn the_same_skip_counts_once() {
        let (report, _) = read("skip: xz is missing\nskip: xz is missing\n  skip: gzip is missing\n");
        assert_eq!(report.skips, ["xz is missing", "gzip is missing"]);
    }
}
