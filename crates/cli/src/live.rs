//! `epshim top` and `epshim profile --live`: what the loops of a program do with their time, while it runs.
//!
//! - `socket`: how the observer beside a program is asked for its profile so far.
//! - `source`: where the profiles come from.
//! - `board`: what is known from two of them, and of those before.
//! - `table`: what is shown below the threads: descriptors, call sites, or slow turns.
//! - `screen`: how it is drawn, on a terminal or as text.
//! - `program`: the program that `--live` starts, and its output.
//!
//! Nothing is written to what is watched, and nothing of it waits.

mod board;
mod program;
mod screen;
pub mod socket;
mod source;
mod table;

use crate::args::{ProfileOptions, TopOptions};
use crate::inspect;
use crate::inspect::targets;
use crate::launch::Failure;
use crate::output::{Output, complain};
use crate::terminal::{self, Key, Terminal};
use board::Board;
use program::Program;
use screen::Screen;
use source::{Begun, Source};
use std::thread;
use std::time::{Duration, Instant};

/// A screen of `--once` has as many lines at most.
const LINES: u16 = 60;
/// Between two looks at whether a program that starts can be asked.
const SOON: Duration = Duration::from_millis(10);

/// `epshim top`.
pub fn top(options: &TopOptions) -> Result<Output, String> {
    let pid = targets::one(&options.target)?;
    if !options.once && !terminal::is_there() {
        return Err("top needs a terminal; `epshim top --once` prints one screen".to_owned());
    }
    let source = match Source::begin(pid)? {
        Begun::Source(source) => source,
        Begun::Looks(why) => return inspect::instead_of_top(pid, &why, options),
    };
    let mut board = Board::new(source);
    if options.once {
        return once(&mut board, options.interval);
    }
    board.look()?;
    let mut terminal = Terminal::open()?;
    let how = view(&mut terminal, &mut board, options.interval, |_| true)?;
    drop(terminal);
    if how == Left::Over {
        complain(&format!("process {pid} has ended"));
    }
    Ok(Output::text(String::new(), true))
}

/// Two profiles, and what was between them.
fn once(board: &mut Board, interval: Duration) -> Result<Output, String> {
    board.look()?;
    thread::sleep(interval);
    if !board.look()? {
        return Err("the process has ended".to_owned());
    }
    Ok(Output::text(Screen::default().text(board, LINES), true))
}

/// `epshim profile --live`: the exit code.
pub fn profile(options: &ProfileOptions) -> Result<u8, Failure> {
    if !terminal::is_there() {
        return Err(Failure::own(
            "--live needs a terminal; `epshim top PID` shows what already runs under `epshim profile`",
        ));
    }
    let mut program = Program::start(options)?;
    let mut board = Board::new(Source::observer(program.pid()));
    let begun = begin(&mut board, &mut program);
    let shown =
        begun.and_then(|is_there| if is_there { show(&mut board, &program) } else { Ok(()) });
    if let Err(why) = shown {
        complain(&why);
    }
    program.finish()
}

/// Waits until the program can be asked. False: it has ended before.
fn begin(board: &mut Board, program: &mut Program) -> Result<bool, String> {
    while !program.has_ended() {
        if board.look()? {
            return Ok(true);
        }
        thread::sleep(SOON);
    }
    Ok(false)
}

fn show(board: &mut Board, program: &Program) -> Result<(), String> {
    const SECOND: Duration = Duration::from_secs(1);
    let mut terminal = Terminal::open()?;
    // The keys' signals are the program's, which decides what becomes of it.
    view(&mut terminal, board, SECOND, |signal| {
        program.signal(signal);
        false
    })?;
    Ok(())
}

/// How a view was left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Left {
    /// The user has.
    Asked,
    /// There is nothing to be shown any more.
    Over,
}

/// Draws until it is left. `signal`: one has come, or Ctrl-C was pressed; whether it is left then.
fn view(
    terminal: &mut Terminal,
    board: &mut Board,
    interval: Duration,
    mut signal: impl FnMut(i32) -> bool,
) -> Result<Left, String> {
    let mut screen = Screen::default();
    let mut next = Instant::now() + interval;
    loop {
        terminal.draw(|frame| screen.draw(frame, board))?;
        match terminal.key(next)? {
            Some(Key::End) => return Ok(Left::Asked),
            Some(Key::Interrupt) if signal(libc::SIGINT) => return Ok(Left::Asked),
            Some(Key::Signal(one)) if signal(one) => return Ok(Left::Asked),
            Some(key) => {
                screen.press(key);
                if screen.takes_pause() {
                    board.pause();
                }
            }
            None => {
                if !board.look()? {
                    return Ok(Left::Over);
                }
                next = Instant::now() + interval;
            }
        }
    }
}
