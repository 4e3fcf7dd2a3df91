//! `epshim-layouts`: measures `struct epoll_event` on every target this machine has a compiler for.
//!
//! Exit status: 0 all is as the golden table says, 1 something differs, 2 bad usage, or the check could
//! not be done (a file is unreadable, or fewer targets than required).

use clap::{Parser, Subcommand};
use epshim_layouts::check::{Outcome, Project};
use epshim_layouts::{Difference, Row, Table, markdown, run, targets};
use indicatif::{ProgressBar, ProgressStyle};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{fs, thread};

/// The layout of struct epoll_event on every Linux ABI: check, bless, list, run.
#[derive(Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    /// Another copy of the repository to work on.
    #[arg(long, value_name = "DIR", global = true)]
    root: Option<PathBuf>,
    #[command(subcommand)]
    command: Action,
}

#[derive(Subcommand)]
enum Action {
    /// Measure every target again and compare with docs/layouts.toml.
    Check {
        /// Fail (status 2) if fewer targets than this were checked.
        #[arg(long, value_name = "N", default_value_t = 0)]
        require: usize,
        /// Fail (status 2) if zig was asked about fewer targets than this.
        #[arg(long, value_name = "N", default_value_t = 0)]
        require_zig: usize,
        /// Only these targets.
        targets: Vec<String>,
    },
    /// Measure every target again and write docs/layouts.toml and docs/layouts.md.
    ///
    /// The row of a target that cannot be measured here stays as it is.
    Bless,
    /// List the targets, and which of them can be measured here.
    List,
    /// Run a round trip of events in C on every target that qemu supports.
    Run {
        /// Fail (status 2) if it ran on fewer targets than this.
        #[arg(long, value_name = "N", default_value_t = 0)]
        require: usize,
        /// Only these targets.
        targets: Vec<String>,
    },
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let mut project = Project::here();
    if let Some(root) = arguments.root {
        project.root = root;
    }
    let result = match arguments.command {
        Action::Check { require, require_zig, targets } => {
            check(&project, require, require_zig, &targets)
        }
        Action::Bless => bless(&project),
        Action::List => list(&project),
        Action::Run { require, targets } => round_trips(&project, require, &targets),
    };
    match result {
        Ok(differences) if differences.is_empty() => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(1),
        Err(reason) => {
            eprintln!("epshim-layouts: {reason}");
            ExitCode::from(2)
        }
    }
}

fn check(
    project: &Project,
    require: usize,
    require_zig: usize,
    names: &[String],
) -> Result<Vec<Difference>, String> {
    let golden = golden(project)?;
    let all = targets();
    let chosen = chosen(&all, names, |target| &target.name)?;
    let outcomes = each(&chosen, "measuring", |target| project.check(target, &golden));
    let mut differences = project.check_text(&golden, &all)?;
    let (mut checked, mut half, mut excepted, mut by_zig) = (0, 0, 0, 0);
    for (target, outcome) in chosen.iter().zip(outcomes) {
        let name = &target.name;
        let findings = match outcome {
            Outcome::Checked(findings) => {
                checked += 1;
                excepted += usize::from(!target.clang_exception.is_empty());
                findings
            }
            Outcome::Half(findings, reason) => {
                half += 1;
                println!("not checked: {name}: by one C compiler alone: {reason}");
                findings
            }
            Outcome::Skipped(reason) => {
                println!("skipped: {name}: {reason}");
                continue;
            }
        };
        by_zig += usize::from(findings.by_zig);
        differences.extend(findings.differences);
        findings.remarks.iter().for_each(|remark| println!("note: {remark}"));
    }
    report(&differences);
    println!(
        "{checked} of {} targets checked, {} of them by C compiler and bindgen, {excepted} by the C compiler \
         with a known exception for bindgen; {by_zig} by zig; {} skipped; src/layout.rs held against {} rows; \
         {} differences",
        chosen.len(),
        checked - excepted,
        chosen.len() - checked - half,
        golden.rows.len(),
        differences.len()
    );
    let differences = enough(checked, require, "targets", differences)?;
    enough(by_zig, require_zig, "targets by zig", differences)
}

fn round_trips(
    project: &Project,
    require: usize,
    names: &[String],
) -> Result<Vec<Difference>, String> {
    let golden = golden(project)?;
    let chosen = chosen(&golden.rows, names, |row| &row.target.name)?;
    let outcomes = each(&chosen, "running", |row| run::round_trip(project, row));
    let (mut passed, mut differences) = (0, Vec::new());
    for (row, outcome) in chosen.iter().zip(outcomes) {
        match outcome {
            run::Outcome::Ran(found) => {
                passed += usize::from(found.is_empty());
                differences.extend(found);
            }
            run::Outcome::Skipped(reason) => println!("skipped: {}: {reason}", row.target.name),
        }
    }
    report(&differences);
    println!("round trip passed on {passed} of {} targets", chosen.len());
    enough(passed, require, "targets", differences)
}

fn bless(project: &Project) -> Result<Vec<Difference>, String> {
    let old = golden(project).unwrap_or(Table { rows: Vec::new() });
    let all: Vec<_> = targets();
    let chosen: Vec<_> = all.iter().collect();
    let measured = each(&chosen, "measuring", |target| project.measure_with_witnesses(target));
    let mut rows = Vec::new();
    for (target, measured) in all.iter().zip(measured) {
        match (measured, old.row(&target.name)) {
            (Ok(measured), _) => rows.push(Row::new(target.clone(), measured)),
            (Err(reason), Some(row)) => {
                println!("kept as it was: {}: {reason}", target.name);
                rows.push(Row::new(target.clone(), row.measured.clone()));
            }
            (Err(reason), None) => println!("left out: {}: {reason}", target.name),
        }
    }
    let table = Table { rows };
    for (file, text) in
        [("docs/layouts.toml", table.to_toml()), ("docs/layouts.md", markdown::render(&table))]
    {
        fs::write(project.root.join(file), text).map_err(|error| format!("{file}: {error}"))?;
        println!("wrote {file}");
    }
    Ok(Vec::new())
}

fn list(project: &Project) -> Result<Vec<Difference>, String> {
    let all = targets();
    let chosen: Vec<_> = all.iter().collect();
    let measured = each(&chosen, "measuring", |target| project.measure(target));
    for (target, measured) in all.iter().zip(measured) {
        let state = match measured {
            Ok(_) => target.compiler.clone(),
            Err(reason) => format!("not here: {reason}"),
        };
        println!("{:30} {state}", target.name);
    }
    Ok(Vec::new())
}

/// The table as it is in the repository now, not as it was when this program was built.
fn golden(project: &Project) -> Result<Table, String> {
    let path = project.root.join("docs/layouts.toml");
    let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    Table::parse(&text).map_err(|error| format!("docs/layouts.toml: {error}"))
}

/// All, or those with these names.
fn chosen<'a, T>(
    all: &'a [T],
    names: &[String],
    name: impl Fn(&T) -> &String,
) -> Result<Vec<&'a T>, String> {
    if let Some(unknown) = names.iter().find(|&wanted| !all.iter().any(|one| name(one) == wanted)) {
        return Err(format!("no target {unknown}; `epshim-layouts list` shows them all"));
    }
    Ok(all.iter().filter(|&one| names.is_empty() || names.contains(name(one))).collect())
}

/// Does the work for all, on all processors, and keeps the order. Shows progress on a terminal only.
fn each<T: Sync, R: Send>(all: &[&T], verb: &'static str, work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let style =
        ProgressStyle::with_template("{msg} [{wide_bar}] {pos}/{len}").expect("well-formed");
    let progress = ProgressBar::new(all.len() as u64).with_style(style).with_message(verb);
    let results: Vec<Mutex<Option<R>>> = all.iter().map(|_| Mutex::new(None)).collect();
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let position = next.fetch_add(1, Ordering::Relaxed);
                    let Some(one) = all.get(position) else { break };
                    let result = work(one);
                    *results[position].lock().expect("no thread panics with it") = Some(result);
                    progress.inc(1);
                }
            });
        }
    });
    progress.finish_and_clear();
    let done = results.into_iter().map(|slot| slot.into_inner().expect("no thread panics with it"));
    done.map(|result| result.expect("all were worked on")).collect()
}

fn report(differences: &[Difference]) {
    for difference in differences {
        println!("DIFFERS: {difference}");
    }
}

fn enough(
    count: usize,
    require: usize,
    what: &str,
    differences: Vec<Difference>,
) -> Result<Vec<Difference>, String> {
    if differences.is_empty() && count < require {
        return Err(format!("{count} {what}, but {require} are required"));
    }
    Ok(differences)
}
