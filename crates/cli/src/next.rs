//! `epshim` alone: what to do next, by what there is on this machine.
//!
//! It goes to standard error and the exit code is 2, as where clap prints the help for want of a command: a script
//! that forgot its subcommand must not read it as an answer.

use crate::inspect::{Glance, Spinner, glance};
use crate::output::{BAD, BOLD, shown};
use epshim_report::counted;
use std::fmt::Write as _;
use std::io::Write as _;

/// Each reader's first command.
const STEPS: [(&str, &str); 6] = [
    ("a server hangs or spins now", "epshim inspect PID"),
    ("it is one of many processes", "epshim inspect --all"),
    ("find it in a test, or start it again", "epshim check -- CMD"),
    ("a binding, a port, a compiled program", "epshim layout"),
    ("what a report means", "epshim explain RULE"),
    ("all commands and options", "epshim --help, man epshim"),
];

/// Prints it. Nothing can be done about a closed standard error.
pub fn print() {
    let _ = write!(anstream::stderr(), "{}", text(&glance()));
}

fn text(seen: &Glance) -> String {
    let mut text = "epshim says what is wrong with event loops on epoll.\n\n".to_owned();
    for spinner in &seen.spinners {
        let _ = writeln!(text, "{}", line(spinner));
    }
    if !seen.spinners.is_empty() {
        text.push('\n');
    }
    for (what, command) in STEPS {
        let _ = writeln!(text, "  {what:<39} {BOLD}{command}{BOLD:#}");
    }
    if seen.refused > 0 {
        let _ = writeln!(
            text,
            "\n{} of other users may not be looked at; root may: sudo epshim",
            counted(seen.refused as u64, "process", "processes")
        );
    }
    text
}

fn line(spinner: &Spinner) -> String {
    let Spinner { pid, name, rule } = spinner;
    let name = shown(name);
    match rule {
        Some(rule) => format!(
            "{BAD}PID {pid} ({name}) looks stuck{BAD:#} ({rule}): {BOLD}epshim inspect {pid}{BOLD:#}"
        ),
        None => format!("PID {pid} ({name}) never sleeps: {BOLD}epshim inspect {pid}{BOLD:#}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_process_that_spins_has_a_line_with_its_command() {
        let spinner = |pid, name: &str, rule| Spinner { pid, name: name.to_owned(), rule };
        let spinners =
            vec![spinner(4711, "node", Some("level-spin")), spinner(7, "\x1b[31m", None)];
        let text =
            anstream::adapter::strip_str(&text(&Glance { spinners, refused: 2 })).to_string();
        let said: Vec<&str> = text.lines().filter(|line| !line.starts_with("  ")).collect();
        assert_eq!(
            said,
            [
                "epshim says what is wrong with event loops on epoll.",
                "",
                "PID 4711 (node) looks stuck (level-spin): epshim inspect 4711",
                "PID 7 (\\u{1b}[31m) never sleeps: epshim inspect 7",
                "",
                "",
                "2 processes of other users may not be looked at; root may: sudo epshim",
            ]
        );
    }
}
