//! The host's proof: what each witness says of `struct epoll_event` on this machine.
//!
//! Ours, the `libc` crate's and bindgen's answers were compared when epshim was compiled, or it
//! would not have been; here they are shown beside the golden table and beside the C compiler, which
//! is asked now. A machine without a C compiler still has four witnesses.

use super::names;
use super::statement::{Difference, Statement, differences, fields, of_the_shim};
use crate::output::{BAD, BOLD, Cell, GOOD, Output, PLAIN, columns, heading, shown};
use crate::scratch;
use anstyle::Style;
use epshim::layout::{CREATE_FLAGS, CTL_OPS, EVENT_FLAGS};
use epshim_layouts::measure::{Answers, Compiler, Header, Unmeasured};
use epshim_layouts::table::Constants;
use epshim_layouts::{Row, Table};
use serde::Serialize;
use std::env;
use std::fmt::Write as _;
use std::process::Command;

/// A source that knows the layout, or why it does not.
#[derive(Serialize)]
struct Witness {
    name: String,
    #[serde(flatten)]
    says: Option<Statement>,
    #[serde(skip_serializing_if = "Option::is_none")]
    not_asked: Option<String>,
}

impl Witness {
    fn new(name: impl Into<String>, answer: Result<Statement, String>) -> Self {
        let name = name.into();
        match answer {
            Ok(says) => Self { name, says: Some(says), not_asked: None },
            Err(reason) => Self { name, says: None, not_asked: Some(reason) },
        }
    }
}

/// Compares all witnesses with epshim itself.
pub fn proof(row: Result<&Row, String>, json: bool) -> Output {
    let ours =
        Statement { layout: of_the_shim(epshim::layout::Layout::OURS), constants: our_constants() };
    let witnesses = witnesses(&ours, row.as_ref().ok().copied());
    let mut differing = Vec::new();
    for witness in &witnesses {
        let found = witness.says.iter().flat_map(|says| differences(&ours, says));
        differing.extend(found.map(|difference| (witness.name.clone(), difference)));
    }
    let equal = differing.is_empty();
    if json {
        let differences: Vec<_> = differing
            .iter()
            .map(|(witness, difference)| serde_json::json!({ "witness": witness, "difference": difference }))
            .collect();
        let value = serde_json::json!({
            "rust_target": names::HOST,
            "target": row.ok().map(|row| &row.target.name),
            "version": env!("CARGO_PKG_VERSION"),
            "equal": equal,
            "witnesses": witnesses,
            "differences": differences,
        });
        return Output::json(&value, equal);
    }
    let mut text = format!("{BOLD}struct epoll_event{PLAIN} on this machine, {}\n\n", names::HOST);
    text.push_str(&columns(&lines(&ours, &witnesses)));
    text.push('\n');
    for witness in &witnesses {
        if let Some(reason) = &witness.not_asked {
            writeln!(text, "not asked: {}: {}", shown(&witness.name), shown(reason))
                .expect(INFALLIBLE);
        }
    }
    for (name, difference) in &differing {
        let Difference { field, expected, found } = difference;
        let name = shown(name);
        writeln!(text, "{BAD}{name}{PLAIN}: {field} is {found}, epshim has {expected}")
            .expect(INFALLIBLE);
    }
    let asked = witnesses.iter().filter(|witness| witness.says.is_some()).count();
    let verdict = if equal {
        let constants = ours.constants.len();
        format!(
            "{GOOD}equal{PLAIN}: {asked} witnesses agree on the layout and on {constants} constants"
        )
    } else {
        format!(
            "{BAD}different{PLAIN}: do not pass struct epoll_event between code built with these"
        )
    };
    writeln!(text, "{verdict}").expect(INFALLIBLE);
    Output::text(text, equal)
}

const INFALLIBLE: &str = "a string takes any text";

fn our_constants() -> Constants {
    let signed = CTL_OPS.iter().chain(CREATE_FLAGS).map(|&(name, value)| (name, value as u32));
    let all = EVENT_FLAGS.iter().copied().chain(signed);
    all.map(|(name, value)| (name.to_owned(), value)).collect()
}

fn witnesses(ours: &Statement, row: Option<&Row>) -> Vec<Witness> {
    // The table is shown from the copy embedded here, which has its constants too.
    let compiled = epshim::proof::WITNESSES.iter().filter(|(name, _)| *name != "docs/layouts.toml");
    let mut witnesses: Vec<_> = compiled
        .map(|&(name, layout)| {
            let layout = of_the_shim(layout);
            let constants =
                if name == "epshim" { ours.constants.clone() } else { Constants::new() };
            Witness::new(name, Ok(Statement { layout, constants }))
        })
        .collect();
    witnesses.push(Witness::new(
        "docs/layouts.toml",
        row.map(Statement::from).ok_or_else(|| "this target is not in it".to_owned()),
    ));
    let command = env::var("CC").unwrap_or_else(|_| "cc".to_owned());
    witnesses.push(Witness::new(format!("<sys/epoll.h>, by {command}"), ask_c(&command, row)));
    witnesses
}

/// Compiles a small file with the C compiler, and reads its answers from the object file.
fn ask_c(command: &str, row: Option<&Row>) -> Result<Statement, String> {
    let words: Vec<_> = command.split_whitespace().map(str::to_owned).collect();
    let Some(program) = words.first() else { return Err("CC is empty".to_owned()) };
    let table = Table::golden();
    let breaks = |flag: &&String| table.rows.iter().any(|r| r.target.breaking_flags.contains(flag));
    if let Some(flag) = words.iter().find(breaks) {
        return Err(format!(
            "{flag} makes another layout on some targets, and no C library is built with it"
        ));
    }
    let machine = Command::new(program).args(&words[1..]).arg("-dumpmachine").output();
    let machine = machine.map_err(|error| format!("{error} (set CC to a C compiler)"))?;
    let machine = String::from_utf8_lossy(&machine.stdout).trim().to_owned();
    let other = names::find(&table, &machine).ok();
    let differ = |(host, other): (&Row, &Row)| host.target.arch != other.target.arch;
    if row.zip(other).is_some_and(differ) {
        return Err(format!("it compiles for {machine}, not for this machine"));
    }
    let answers = scratch::with(|folder| {
        let scratch = folder.to_owned();
        let compiler = Compiler::new(words, scratch);
        compiler.read(Header::Libc)
    })?;
    answers.map(|answers| statement(&answers)).map_err(reason)
}

/// The answers of a C compiler.
pub fn statement(answers: &Answers) -> Statement {
    Statement { layout: answers.layout(), constants: answers.constants.clone() }
}

/// Why there are no answers.
pub fn reason(unmeasured: Unmeasured) -> String {
    match unmeasured {
        Unmeasured::Missing(reason) | Unmeasured::Broken(reason) => reason,
    }
}

fn lines(ours: &Statement, witnesses: &[Witness]) -> Vec<Vec<Cell>> {
    let mut lines = vec![heading([
        "says",
        "size",
        "align",
        "events at",
        "data at",
        "size of data",
        "align of data",
        "packed",
    ])];
    for Witness { name, says, .. } in witnesses {
        let Some(says) = says else { continue };
        let mut line = vec![Cell::from(shown(name))];
        let expected = fields(&ours.layout);
        for ((_, value), (_, expected)) in fields(&says.layout).into_iter().zip(expected) {
            let style = if value == expected { Style::new() } else { BAD };
            line.push(Cell::styled(value, style));
        }
        lines.push(line);
    }
    lines
}
