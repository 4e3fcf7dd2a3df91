//! The texts of `--help` as a new user sees them, on a terminal of 80 columns.

mod command;

use command::{ask, epshim};

const COMMANDS: [&str; 8] = ["", "check", "run", "chaos", "inspect", "rules", "explain", "layout"];

fn help(command: &str, option: &str) -> String {
    let words: Vec<&str> = [command, option].into_iter().filter(|word| !word.is_empty()).collect();
    let answer = ask(epshim(&words).env("COLUMNS", "80"));
    assert_eq!((answer.code, &*answer.err), (0, ""), "{words:?}");
    answer.out
}

#[test]
fn every_help_fits_80_columns() {
    for command in COMMANDS {
        for option in ["-h", "--help"] {
            let text = help(command, option);
            let wide: Vec<&str> = text.lines().filter(|line| line.chars().count() > 80).collect();
            assert_eq!(wide, [""; 0], "{command} {option}");
        }
    }
}

/// Text that is broken by hand, and then again by the terminal, has lines of a word or two.
#[test]
fn sentences_are_broken_at_the_terminal_s_width_only() {
    for command in COMMANDS {
        let text = help(command, "--help");
        let lines: Vec<&str> = text.lines().collect();
        for pair in lines.windows(2) {
            let [line, next] = pair else { continue };
            let is_sentence = |line: &str| line.starts_with(|first: char| first.is_alphabetic());
            // The first word of the next line would have had room.
            let word = next.split(' ').next().unwrap_or_default().chars().count();
            let has_room = line.chars().count() + 1 + word <= 80;
            assert!(!(is_sentence(line) && is_sentence(next) && has_room), "{line}\n{next}");
        }
    }
}

#[test]
fn every_command_has_a_line_in_the_first_help() {
    let text = help("", "--help");
    for command in COMMANDS.into_iter().skip(1) {
        let line = text.lines().find(|line| line.trim_start().starts_with(&format!("{command} ")));
        let words = line.unwrap_or_else(|| panic!("no line for {command}")).trim_start();
        // Each begins with what it does.
        let says = words.strip_prefix(command).unwrap_or_default().trim_start();
        assert!(says.split(' ').next().unwrap_or_default().ends_with('s'), "{line:?}");
    }
}
