//! Reports as the documents show them, and whether two of them say the same.
//!
//! A report that is shown is a real one, but for what depends on the machine and not on the program:
//! the process id, the folders of files, and the frames below the program's own. Two say the same if
//! they differ in numbers only (descriptors, counts, times, addresses), lines of the source excepted,
//! in where lines are broken, and in the lines of sources: where these belong to another user they are not shown.

#![allow(dead_code, reason = "each test program uses a part")]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

/// The last finding on a standard error, as it is shown.
pub fn last_finding(err: &str) -> String {
    let start = err.rfind(&format!(" {}\n", "=".repeat(64))).expect("a finding");
    let start = err[..start].rfind('\n').map_or(0, |end| end + 1);
    let (_, end) = err[start..].split_once("== SUMMARY: ").expect("its last line");
    let length = err.len() - start - end.len() + end.find('\n').expect("a line");
    shown(&err[start..=start + length])
}

/// A report as it is shown.
pub fn shown(report: &str) -> String {
    let mut text = String::new();
    for line in report.lines() {
        let line = line.strip_prefix("==").and_then(|line| line.split_once("== ")).expect(line);
        let (pid, mut line) =
            (line.0, line.1.replace(&format!(", in thread {}:", line.0), ", in thread 4711:"));
        if line.starts_with("    #") && !is_ours(&line) {
            continue;
        }
        let words: Vec<_> = line.split(' ').map(without_folders).collect();
        line = words.join(" ").replace(&format!("process {pid} "), "process 4711 ");
        writeln!(text, "==4711== {line}").unwrap();
    }
    text
}

/// Folders of sources that the documents show reports of.
const SOURCES: [&str; 2] = ["/c_tests/", "/examples/"];

fn is_ours(frame: &str) -> bool {
    SOURCES.iter().any(|folder| frame.contains(folder))
}

/// A path from its `SOURCES` on; a module without any folder.
fn without_folders(word: &str) -> String {
    if let Some(module) = word.strip_prefix("(/") {
        let name = module.rsplit('/').next().unwrap_or(module);
        return format!("({}", name.strip_prefix("misuse-").unwrap_or(name));
    }
    let source = SOURCES.iter().find_map(|folder| word.find(folder));
    source.filter(|_| word.starts_with('/')).map_or(word, |start| &word[start + 1..]).to_owned()
}

/// What two reports have in common that say the same.
pub fn essence(report: &str) -> String {
    let lines = report.lines().filter(|line| !is_source(line));
    let words = lines.flat_map(str::split_whitespace).filter(|word| *word != "==4711==");
    words.map(|word| without_numbers(word) + " ").collect()
}

/// `25 | n = read(fd, buffer, sizeof buffer);`
pub fn is_source(line: &str) -> bool {
    let line = line.strip_prefix("==4711==").unwrap_or(line).trim_start();
    line.split_once(" | ").is_some_and(|(number, _)| number.parse::<u32>().is_ok())
}

fn without_numbers(word: &str) -> String {
    if word.contains(".c:") {
        return word.to_owned();
    }
    let mut text = String::new();
    let mut base = 10;
    for character in word.chars() {
        match character {
            'x' if text.ends_with('#') => base = 16,
            _ if !character.is_digit(base) => text.push(character),
            _ if !text.ends_with('#') => text.push('#'),
            _ => {}
        }
    }
    text
}

/// What a program and the checker write at a terminal, with the report as it is shown: the lines of the
/// README's block after this command.
pub fn in_readme(command: &str) -> (String, String) {
    let (_, after) =
        include_str!("../../../../README.md").split_once(command).expect("it is there");
    let (_, block) = after.split_once("```text\n").expect("its output follows");
    let (block, _) = block.split_once("```").expect("a block ends");
    let lines = block.split_inclusive('\n');
    let (report, out): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with("==4711=="));
    (report.concat(), out.concat())
}

/// Holds a report against the file of its kind, which `EPSHIM_BLESS=1` writes.
pub fn compare(file: &Path, report: &str) -> Result<(), String> {
    let there = fs::read_to_string(file).unwrap_or_default();
    if essence(&there) == essence(report) {
        return Ok(());
    }
    if std::env::var_os("EPSHIM_BLESS").is_some() {
        fs::write(file, report).unwrap();
        return Ok(());
    }
    Err(format!("{} is another; EPSHIM_BLESS=1 writes it:\n{report}", file.display()))
}
