//! What `epshim` says of programs with a mistake. The reports are shown as far as they say what is wrong and where; the
//! rest is in the README.

use super::{Result, Running};
use std::io::{BufRead, BufReader};
use std::process::{Command, Output, Stdio};

/// A process that spins, while it runs.
pub fn inspect(epshim: &str, program: &str) -> Result<()> {
    let mut process = Running(Command::new(program).stdout(Stdio::piped()).spawn()?);
    let stdout = process.0.stdout.take().ok_or("no stdout")?;
    BufReader::new(stdout).read_line(&mut String::new())?;
    let pid = process.0.id().to_string();
    // A busy machine may not let it run between two looks.
    for _ in 0..8 {
        let output = Command::new(epshim).args(["inspect", &pid]).output()?;
        if output.status.code() == Some(1) {
            return show(&text(&output, &output.stdout), "level-spin", "notes:");
        }
    }
    Err(format!("{program}: nothing was found").into())
}

/// A program that hangs, and ends by itself.
pub fn check(epshim: &str, program: &str) -> Result<()> {
    let output = Command::new(epshim).arg("check").arg(program).output()?;
    let report = text(&output, &output.stderr);
    let lines = report.lines().filter_map(|line| line.split_once("== ").map(|(_, line)| line));
    let report: String = lines.map(|line| format!("{line}\n")).collect();
    show(&report, "WARNING: epshim: edge-not-drained", "  registered by:")
}

/// What a compiler has made of a structure by hand. On machines where it is right by chance it is said to be.
pub fn layout(epshim: &str, program: &str) -> Result<()> {
    let output = Command::new(epshim).args(["layout", "--binary", program]).output()?;
    show(&text(&output, &output.stdout), "  epoll_event", "    size")
}

fn text(output: &Output, bytes: &[u8]) -> String {
    let said = String::from_utf8_lossy(bytes);
    if said.is_empty() {
        String::from_utf8_lossy(&output.stderr).into_owned()
    } else {
        said.into_owned()
    }
}

/// Prints the lines from the one that begins like this to the one before that, or to a line without text.
fn show(report: &str, from: &str, to: &str) -> Result<()> {
    let lines = report.lines().skip_while(|line| !line.starts_with(from));
    let shown: Vec<_> =
        lines.take_while(|line| !line.is_empty() && !line.starts_with(to)).collect();
    if shown.is_empty() {
        return Err(format!("`{from}` is not found\n{report}").into());
    }
    for line in shown {
        println!("  {line}");
    }
    Ok(())
}
