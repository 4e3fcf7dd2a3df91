//! The call sites of a finding as frames: return addresses, and lines of the program's language between them.
//!
//! The functions of the program stand where the interpreter's own are, which come behind them: a suppression may
//! match those still, and the report leaves them out.

use crate::books::words::Found;
use crate::books::{belongings, stacks};
use crate::output::frames;
use crate::questions::line::Line;
use crate::questions::lines;
use epshim_check::{Finding, Role};
use epshim_observe::Site;
use epshim_report::{Frame, Interpreted, Stack, Symbol, is_of_others};

/// The call sites of a finding; and where none of them is the user's own because an event loop makes the call later,
/// the line that the descriptor belongs to.
pub fn stacks(finding: &Finding) -> Vec<Stack> {
    let (mut all, mut belongs) = (Vec::new(), None);
    let (mut is_deferred, mut was_closed) = (false, false);
    for &(role, site) in &finding.sites {
        let found = stacks::of(site);
        let is_registration = matches!(role, Role::RegisteredBy | Role::Now);
        let is_in_language = !found.lines.is_empty() || lines::are_of_the_caller();
        is_deferred |= is_registration && is_in_language && stacks::users(&found.lines).is_none();
        was_closed |= role == Role::ClosedBy;
        belongs = belongs.or(found.belongs);
        all.push(Stack { role, frames: frames_of(&found) });
    }
    if is_deferred && !was_closed && finding.fd >= 0 && lines::are_there() {
        belongs = belongs.or_else(|| belongings::of(finding.fd));
    }
    if let Some(number) = belongs {
        let found: Found = stacks::of(Site::of_stack(number));
        all.push(Stack { role: Role::BelongsTo, frames: frames_of(&found) });
    }
    all
}

fn frames_of(found: &Found) -> Vec<Frame> {
    let mut frames = frames::locate(&found.addresses);
    if found.lines.is_empty() {
        return frames;
    }
    // What the interpreter has called comes first: a module of the user's that is written in C.
    let is_of_the_user =
        |frame: &Frame| !is_of_others(&frame.module, None) && !is_package(&frame.module);
    let place = frames.iter().position(|frame| !is_of_the_user(frame)).unwrap_or(frames.len());
    let users = stacks::users(&found.lines);
    let lines = found.lines.iter().enumerate();
    let lines = lines.map(|(number, line)| frame(line, users == Some(number)));
    frames.splice(place..place, lines);
    frames
}

/// An installed module.
fn is_package(path: &str) -> bool {
    ["/site-packages/", "/dist-packages/"].iter().any(|folder| path.contains(folder))
}

fn frame(line: &Line, is_users: bool) -> Frame {
    let symbol = Symbol {
        function: line.function.clone(),
        file: Some(line.file.clone()).filter(|file| !file.is_empty()),
        line: Some(line.line).filter(|&line| line > 0),
        source: None,
    };
    let interpreted = Some(Interpreted { language: lines::language(), is_users });
    Frame { symbols: vec![symbol], interpreted, ..Frame::at(String::new(), 0) }
}
