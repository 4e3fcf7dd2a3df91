//! The user's terminal, while a table is drawn on it again and again. It is put back as it was, also at a failure and at
//! a signal.

use crate::interrupts::Interrupts;
use ratatui::crossterm::event::{self, Event, KeyCode, KeyEventKind, KeyModifiers};
use ratatui::{DefaultTerminal, Frame};
use std::io::{self, IsTerminal as _};
use std::time::{Duration, Instant};

/// A signal is seen after this time at most.
pub const LOOK: Duration = Duration::from_millis(50);

/// A terminal that draws.
pub struct Terminal {
    screen: DefaultTerminal,
    interrupts: Interrupts,
}

/// What the user wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Key {
    /// The end of it.
    End,
    /// Ctrl-C.
    Interrupt,
    /// SIGINT, SIGTERM or SIGHUP has come.
    Signal(i32),
    /// So many rows down.
    Scroll(isize),
    Tab,
    Letter(char),
    /// The size has changed: it is drawn anew.
    Resize,
}

/// Whether there is one.
pub fn is_there() -> bool {
    io::stdout().is_terminal() && io::stdin().is_terminal()
}

impl Terminal {
    /// Begins to draw on it.
    pub fn open() -> Result<Self, String> {
        let interrupts = Interrupts::begin().map_err(unusable)?;
        let screen = ratatui::try_init().map_err(|error| {
            // It may have been changed in part.
            let _ = ratatui::try_restore();
            unusable(error)
        })?;
        Ok(Self { screen, interrupts })
    }

    pub fn draw(&mut self, draw: impl FnOnce(&mut Frame<'_>)) -> Result<(), String> {
        self.screen.draw(draw).map(drop).map_err(unusable)
    }

    /// Waits for a key until this time.
    pub fn key(&self, until: Instant) -> Result<Option<Key>, String> {
        loop {
            if let Some(signal) = self.interrupts.take() {
                return Ok(Some(Key::Signal(signal)));
            }
            let left = until.saturating_duration_since(Instant::now());
            if event::poll(left.min(LOOK)).map_err(unusable)? {
                if let Some(key) = key(&event::read().map_err(unusable)?) {
                    return Ok(Some(key));
                }
            } else if left.is_zero() {
                return Ok(None);
            }
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nothing can be done where that fails.
        let _ = ratatui::try_restore();
    }
}

fn unusable(error: io::Error) -> String {
    format!("the terminal cannot be used: {error}")
}

fn key(event: &Event) -> Option<Key> {
    let key = match event {
        Event::Key(key) if key.kind != KeyEventKind::Release => key,
        Event::Resize(..) => return Some(Key::Resize),
        _ => return None,
    };
    Some(match key.code {
        KeyCode::Char('c') if key.modifiers.contains(KeyModifiers::CONTROL) => Key::Interrupt,
        KeyCode::Char('q') | KeyCode::Esc => Key::End,
        KeyCode::Down | KeyCode::Char('j') => Key::Scroll(1),
        KeyCode::Up | KeyCode::Char('k') => Key::Scroll(-1),
        KeyCode::PageDown | KeyCode::Char(' ') => Key::Scroll(10),
        KeyCode::PageUp => Key::Scroll(-10),
        KeyCode::Home => Key::Scroll(isize::MIN),
        KeyCode::Tab => Key::Tab,
        KeyCode::Char(letter) => Key::Letter(letter),
        _ => return None,
    })
}
