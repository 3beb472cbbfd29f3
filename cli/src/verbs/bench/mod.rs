//! `demijohn bench`: every codec at a few levels on the user's own data.

mod data;
mod measure;
mod plan;
mod plot;
mod report;

use std::io::Write as _;
use std::path::PathBuf;

use self::data::Data;
use self::measure::Bench as Measured;
use self::plan::Row;
use self::plot::Plot;
use self::report::Ranked;
use crate::args::Bench;
use crate::output::{self, OutputFile};
use crate::progress::Steps;
use crate::report::{Exit, Failure};

pub(crate) fn run(args: &Bench) -> Result<Exit, Failure> {
    if args.sample == 0 {
        return Err(Failure::Usage("--sample 0 leaves nothing to measure".to_owned()));
    }
    // Before anything is measured: what is refused is refused at once.
    let picture = args.plot.clone().map(|path| Picture::create(path, args.force));
    let mut picture = picture.transpose()?;
    let mut tables = 0;
    let mut all_well = true;
    let mut show = |data: &Data, rows: &[Row]| {
        if tables > 0 && !args.json {
            output::print("\n")?;
        }
        tables += 1;
        let (well, ranked) = one(args, data, rows)?;
        all_well &= well;
        if let Some(picture) = &mut picture {
            picture.plot.add(data, &ranked);
        }
        Ok(())
    };
    let exit = if args.files.files.is_empty() {
        let rows = plan::rows(args, plan::Default::One)?;
        // Several tables, so each on as little as says something.
        let size = args.sample.min(BUILT_IN);
        Data::built_in(size).try_for_each(|data| show(&data, &rows))?;
        Exit::Ok
    } else {
        let rows = plan::rows(args, plan::Default::Few)?;
        super::each(
            &args.files.files,
            |_| Ok(()),
            |operand| show(&Data::read(operand, args)?, &rows),
        )?
    };
    if tables > 0 && !args.json {
        output::print(&report::legend(args))?;
    }
    if let Some(picture) = picture.filter(|_| tables > 0) {
        picture.publish(args)?;
    }
    Ok(if all_well { exit } else { Exit::Failed })
}

/// Bytes of each kind of built-in data, at most.
const BUILT_IN: u64 = 1 << 20;

/// A picture that is to be drawn, and the file for it.
struct Picture {
    plot: Plot,
    file: OutputFile,
}

impl Picture {
    fn create(path: PathBuf, force: bool) -> Result<Self, Failure> {
        Ok(Picture {
            plot: Plot::default(),
            file: OutputFile::plain(path, force)?,
        })
    }

    fn publish(self, args: &Bench) -> Result<(), Failure> {
        let svg = self.plot.chart(&report::threads(args)).svg();
        self.file.fill(|sink| sink.write_all(svg.as_bytes()))?;
        Ok(())
    }
}

/// Measures and shows; says whether every codec did what it should, and what came of it.
fn one(args: &Bench, data: &Data, rows: &[Row]) -> Result<(bool, Vec<Ranked>), Failure> {
    let steps = Steps::start(args.quiet, &data.name, rows.len());
    let threads = args.threads.count();
    let mut measured = Measured::new(&data.bytes, data.element_size, threads, args.min_time);
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        steps.next(report::title(row));
        match measured.measure(row) {
            Err(error) if error.kind() == demijohn_codecs::ErrorKind::Cancelled => {
                return Err(Failure::Interrupted);
            }
            outcome => results.push((row.clone(), outcome)),
        }
    }
    // Before anything is said.
    drop(steps);
    let well = results.iter().all(|(_, outcome)| outcome.is_ok());
    let ranked = report::ranked(results);
    output::print(&if args.json {
        format!("{}\n", report::object(args, data, &ranked))
    } else {
        report::table(args, data, &ranked)
    })?;
    Ok((well, ranked))
}
