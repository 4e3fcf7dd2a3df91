//! `--watch`: a table of loops that is made anew each second, until `q`.
//!
//! - `board`: which processes are watched, their looks, and what each look adds to what is known.
//! - `row`: a loop as a row, from two looks.
//! - `screen`: how it is drawn.
//!
//! The terminal is the user's: it is put back as it was, also at a failure. Nothing of what is watched is stopped, as
//! with a single look. Surprising: a list of registrations that is long is read every ten seconds only, because calls
//! on its epoll wait while the kernel writes it; its row then stands still.

mod board;
mod row;
mod screen;

use crate::args::InspectOptions;
use crate::output::Output;
use board::Board;
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use screen::Screen;
use std::io::{self, IsTerminal as _};
use std::time::Instant;

/// Watches until it is told to stop.
pub fn watch(options: &InspectOptions) -> Result<Output, String> {
    if !io::stdout().is_terminal() || !io::stdin().is_terminal() {
        return Err("--watch needs a terminal; without --watch the answer is a text".to_owned());
    }
    let mut board = Board::new(options);
    // What cannot be watched is said before the terminal is changed.
    board.look()?;
    let mut terminal = ratatui::try_init().map_err(unusable)?;
    let done = run(&mut terminal, &mut board);
    let restored = ratatui::try_restore();
    done?;
    restored.map_err(unusable)?;
    Ok(Output::text(String::new(), !board.has_findings()))
}

fn unusable(error: io::Error) -> String {
    format!("the terminal cannot be used: {error}")
}

fn run(terminal: &mut DefaultTerminal, board: &mut Board<'_>) -> Result<(), String> {
    let mut screen = Screen::default();
    let mut next = Instant::now() + board.interval();
    loop {
        terminal.draw(|frame| screen.draw(frame, board)).map_err(unusable)?;
        let left = next.saturating_duration_since(Instant::now());
        if event::poll(left).map_err(unusable)? {
            if is_end(&event::read().map_err(unusable)?, &mut screen) {
                return Ok(());
            }
        } else {
            board.look()?;
            next = Instant::now() + board.interval();
        }
    }
}

/// Whether a key ends it; others move the table.
fn is_end(event: &Event, screen: &mut Screen) -> bool {
    let Event::Key(key) = event else { return false };
    if key.kind == KeyEventKind::Release {
        return false;
    }
    match key.code {
        KeyCode::Char('q') | KeyCode::Esc => return true,
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => return true,
        KeyCode::Down | KeyCode::Char('j') => screen.scroll(1),
        KeyCode::Up | KeyCode::Char('k') => screen.scroll(-1),
        KeyCode::PageDown | KeyCode::Char(' ') => screen.scroll(10),
        KeyCode::PageUp => screen.scroll(-10),
        KeyCode::Home => screen.scroll(isize::MIN),
        _ => {}
    }
    false
}
