//! `--watch`: a table of loops that is made anew each second, until `q`.
//!
//! - `board`: which processes are watched, their looks, and what each look adds to what is known.
//! - `row`: a loop as a row, from two looks.
//! - `screen`: how it is drawn.
//!
//! Nothing of what is watched is stopped, as
//! with a single look. Surprising: a list of registrations that is long is read every ten seconds only, because calls
//! on its epoll wait while the kernel writes it; its row then stands still.

mod board;
mod row;
mod screen;

use crate::args::InspectOptions;
use crate::output::Output;
use crate::terminal::{self, Key, Terminal};
use board::Board;
use screen::Screen;
use std::time::Instant;

/// Watches until it is told to stop. `note`: why this is shown, and not what was asked for.
pub fn watch(options: &InspectOptions, note: Option<&str>) -> Result<Output, String> {
    if !terminal::is_there() {
        return Err("--watch needs a terminal; without --watch the answer is a text".to_owned());
    }
    let mut board = Board::new(options);
    // What cannot be watched is said before the terminal is changed.
    board.look()?;
    run(&mut Terminal::open()?, &mut board, Screen::new(note))?;
    Ok(Output::text(String::new(), !board.has_findings()))
}

fn run(terminal: &mut Terminal, board: &mut Board<'_>, mut screen: Screen) -> Result<(), String> {
    let mut next = Instant::now() + board.interval();
    loop {
        terminal.draw(|frame| screen.draw(frame, board))?;
        match terminal.key(next)? {
            Some(Key::End | Key::Interrupt | Key::Signal(_)) => return Ok(()),
            Some(Key::Scroll(rows)) => screen.scroll(rows),
            Some(_) => {}
            None => {
                board.look()?;
                next = Instant::now() + board.interval();
            }
        }
    }
}
