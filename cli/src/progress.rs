//! The progress bar: on standard error, if that is a terminal, once work takes longer than a moment.

use std::fmt;
use std::io::{self, IsTerminal as _};
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use demijohn_codecs::Progress;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::args::Talk;
use crate::interrupt;
use crate::report::printable;

/// Work that is done before this shows no bar.
const MOMENT: Duration = Duration::from_secs(1);

/// Which side of a stream is measured against its total: the input's.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Side {
    Plain,
    Compressed,
}

/// A progress bar, cleared when it is dropped.
#[derive(Debug)]
pub(crate) struct Bar {
    bar: Option<ProgressBar>,
    side: Side,
}

impl Bar {
    /// A bar that will appear after a [`MOMENT`], if bars are to be shown at all.
    pub(crate) fn start(talk: Talk, name: impl fmt::Display, total: Option<u64>, side: Side) -> Self {
        let shown = !talk.quiet && io::stderr().is_terminal();
        let bar = shown.then(|| {
            // Hidden until the callback finds that the moment has passed.
            let hidden = ProgressDrawTarget::hidden();
            ProgressBar::with_draw_target(total, hidden)
                .with_style(style(total.is_some()))
                .with_message(printable(&name.to_string()))
        });
        Bar { bar, side }
    }

    /// For the codecs to call: moves the bar, and has them stop when the user asks for it.
    pub(crate) fn callback(&self) -> impl FnMut(Progress) -> ControlFlow<()> + Send + 'static {
        let bar = self.bar.clone();
        let side = self.side;
        let started = Instant::now();
        let mut visible = false;
        move |progress| {
            if let Some(bar) = &bar {
                if !visible && started.elapsed() > MOMENT {
                    bar.set_draw_target(ProgressDrawTarget::stderr());
                    visible = true;
                }
                bar.set_position(match side {
                    Side::Plain => progress.plain,
                    Side::Compressed => progress.compressed,
                });
            }
            interrupt::go_on()
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

/// A bar over a list of things to do, cleared when it is dropped.
#[derive(Debug)]
pub(crate) struct Steps(Option<ProgressBar>);

impl Steps {
    pub(crate) fn start(quiet: bool, name: &str, steps: usize) -> Self {
        let shown = !quiet && io::stderr().is_terminal();
        Steps(shown.then(|| {
            ProgressBar::new(steps as u64)
                .with_style(template("{prefix}: {wide_msg} [{bar:15}] {pos}/{len}, {elapsed}"))
                .with_prefix(printable(name))
        }))
    }

    /// Begins a step, which is done when the next one begins.
    pub(crate) fn next(&self, what: String) {
        if let Some(bar) = &self.0 {
            if !bar.message().is_empty() {
                bar.inc(1);
            }
            bar.set_message(what);
        }
    }
}

impl Drop for Steps {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

fn style(total_known: bool) -> ProgressStyle {
    template(if total_known {
        "{wide_msg} {percent:>3}% [{bar:15}] {decimal_bytes}/{decimal_total_bytes} \
         {decimal_bytes_per_sec}, {eta} left"
    } else {
        "{wide_msg} {decimal_bytes}, {decimal_bytes_per_sec}, {elapsed} so far"
    })
}

fn template(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template)
        .expect("the template is well-formed")
        .progress_chars("=> ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_templates_are_well_formed() {
        style(true);
        style(false);
    }
}
