//! What can happen: the rows of the faults, as text and as the table of docs/chaos.md.

use epshim_observe::fault::{Fault, Level, Row};
use std::fmt::Write as _;

/// All faults.
pub fn text(is_markdown: bool) -> String {
    if is_markdown { markdown() } else { plain() }
}

fn plain() -> String {
    let mut text = String::new();
    for level in Level::ALL {
        let _ = writeln!(text, "{level}:");
        for row in rows(level) {
            let Row { name, calls, when, legal, truth, .. } = row;
            let _ = writeln!(text, "  {name}");
            for (key, words) in
                [("calls", calls), ("when", when), ("legal", legal), ("made true", truth)]
            {
                let _ = writeln!(text, "{}", hanging(&format!("{key}: {words}")));
            }
        }
    }
    text
}

/// In lines of 80 columns.
fn hanging(words: &str) -> String {
    let mut lines = vec![String::new()];
    for word in words.split(' ') {
        let last = lines.last_mut().expect("one at least");
        if !last.is_empty() && 4 + last.len() + 1 + word.len() > 80 {
            lines.push(format!("  {word}"));
        } else {
            if !last.is_empty() {
                last.push(' ');
            }
            last.push_str(word);
        }
    }
    lines.iter().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn markdown() -> String {
    let mut text = "| fault | level | calls | when | legal because | made true by |\n|---|---|---|---|---|---|\n".to_owned();
    for Row { name, level, calls, when, legal, truth } in Level::ALL.into_iter().flat_map(rows) {
        let _ = writeln!(text, "| `{name}` | {level} | {calls} | {when} | {legal} | {truth} |");
    }
    text
}

fn rows(level: Level) -> impl Iterator<Item = &'static Row> {
    Fault::ALL.into_iter().map(Fault::row).filter(move |row| row.level == level)
}
