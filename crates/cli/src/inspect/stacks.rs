//! The stacks of the threads that verdicts are about, with the names of functions. No thread is stopped: one that
//! has moved meanwhile has no stack.

use crate::symbolize::module::Module;
use epshim_attach::gather::Target;
use epshim_attach::languages::{self, Language, Reader};
use epshim_attach::look::{Call, Look, Runtime, Thread};
use epshim_attach::stack::{self, Stacks};
use epshim_attach::verdict::Verdict;
use epshim_report::Symbol;
use epshim_report::dialogue::symbol;
use serde::Serialize;
use std::collections::HashMap;
use std::path::Path;

/// Most threads whose stacks are walked.
const MOST: usize = 8;

/// A thread's stack.
#[derive(Debug)]
pub struct Stack {
    pub tid: i32,
    pub frames: Vec<Frame>,
    /// The frames of an interpreted program, or of one whose runtime hides them.
    pub own: Option<Own>,
    /// Why these cannot be read, in a sentence.
    pub why_not: Option<String>,
    /// The command that tells more, where the frames are not the user's.
    pub command: Option<String>,
}

/// The frames of a language, which are read by its own tables.
#[derive(Debug)]
pub struct Own {
    pub language: Language,
    pub frames: Vec<Frame>,
    /// The innermost of the user's own frames, by its place.
    pub users: Option<usize>,
    /// They are of a goroutine that waits, which no thread runs.
    pub is_waiting: bool,
}

/// A frame, as docs/json.md has it.
#[derive(Debug, Clone, Serialize)]
pub struct Frame {
    pub module: Option<String>,
    pub offset: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub function: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub line: Option<u32>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub inlined: bool,
}

/// The stacks of all threads that verdicts name.
pub fn of(
    target: &Target,
    before: &Look,
    now: &Look,
    verdicts: &[Verdict],
    is_redacted: bool,
) -> Vec<Stack> {
    let mut wanted: Vec<i32> = Vec::new();
    let notable = verdicts.iter().filter(|verdict| verdict.is_finding());
    for &tid in notable.flat_map(|verdict| &verdict.threads) {
        if !wanted.contains(&tid) && wanted.len() < MOST {
            wanted.push(tid);
        }
    }
    let Some(memory) = target.memory().filter(|_| !wanted.is_empty()) else { return Vec::new() };
    let mut stacks = Stacks::of(target.folder(), memory);
    let runtime = now.process.runtime;
    let mut reader = Reader::of(target.folder(), memory, stacks.mappings(), runtime);
    let mut modules = HashMap::new();
    let files = Place::of(target.folder().path(), now.process.program.as_deref());
    wanted.sort_unstable();
    let each = wanted.iter().filter_map(|&tid| {
        let find = |look: &'_ Look| look.threads.iter().find(|thread| thread.tid == tid).cloned();
        let (then, now_there) = (find(before)?, find(now)?);
        let found = reader.frames(&now_there);
        let own = own(reader.language(), found, is_redacted);
        // An interpreter's frames say nothing where those of its program are known.
        let frames = match place(&then, &now_there).filter(|_| own.is_none()) {
            Some((pc, sp)) => stacks.walk(pc, sp),
            None => Vec::new(),
        };
        let frames = if target.is_still_in(&now_there) { frames } else { Vec::new() };
        let named = frames.iter().flat_map(|frame| named(frame, &files, &mut modules, is_redacted));
        let frames: Vec<Frame> = named.collect();
        let why_not = reader.why_not().map(str::to_owned);
        let command = command(runtime, now.process.pid).filter(|_| own.is_none());
        let stack = Stack { tid, frames, own, why_not, command };
        let says_something = !stack.frames.is_empty() || stack.own.is_some();
        (says_something || stack.command.is_some()).then_some(stack)
    });
    let mut found: Vec<Stack> = each.collect();
    let has_users = |stack: &Stack| stack.own.as_ref().is_some_and(|own| own.users.is_some());
    if let Some(&first) = wanted.first().filter(|_| !found.iter().any(has_users)) {
        let waiting = reader.waiting().into_iter();
        let stacks = waiting.filter_map(|frames| {
            let own = own(reader.language(), frames, is_redacted)?;
            let own = Some(Own { is_waiting: true, ..own });
            Some(Stack { tid: first, frames: Vec::new(), own, why_not: None, command: None })
        });
        let waiting: Vec<Stack> = stacks.collect();
        // The threads are the runtime's own then, and parked.
        found = if waiting.is_empty() { found } else { waiting };
    }
    found
}

/// What the language's own tables say.
fn own(language: Option<Language>, found: Vec<languages::Frame>, is_redacted: bool) -> Option<Own> {
    let language = language.filter(|_| !found.is_empty())?;
    let users = found.iter().position(|frame| frame.is_users);
    let frame = |frame: languages::Frame| Frame {
        module: None,
        offset: 0,
        function: Some(frame.function),
        file: frame.file.map(|file| hidden(file, is_redacted)),
        line: frame.line,
        inlined: false,
    };
    let frames = found.into_iter().map(frame).collect();
    Some(Own { language, users, frames, is_waiting: false })
}

/// A path, or its last name where paths are hidden.
fn hidden(path: String, is_redacted: bool) -> String {
    match path.rsplit('/').next() {
        Some(base) if is_redacted => base.to_owned(),
        _ => path,
    }
}

/// Where a thread is, if it has not moved.
fn place(then: &Thread, now: &Thread) -> Option<(u64, u64)> {
    match now.call {
        Call::In { sp, pc, .. } | Call::Blocked { sp, pc } if now.call == then.call => {
            Some((pc, sp))
        }
        _ => None,
    }
}

/// What tells where the user's code is, in a program whose frames are an interpreter's.
fn command(runtime: Runtime, pid: i32) -> Option<String> {
    match runtime {
        Runtime::Python => Some(format!("py-spy dump --nonblocking --pid {pid}")),
        Runtime::Java => Some(format!("jcmd {pid} Thread.print")),
        Runtime::Node | Runtime::Go | Runtime::Unknown => None,
    }
}

/// Where the files of a process's modules are.
struct Place<'a> {
    folder: &'a str,
    program: Option<&'a str>,
}

impl<'a> Place<'a> {
    const fn of(folder: &'a str, program: Option<&'a str>) -> Self {
        Self { folder, program }
    }

    /// A program that was removed, as an upgrade does, can still be opened.
    fn of_module(&self, path: &str) -> String {
        let is_removed = path.ends_with(" (deleted)") && self.program == Some(path);
        match is_removed {
            true => format!("{}/exe", self.folder),
            false => format!("{}/root{path}", self.folder),
        }
    }
}

fn named(
    frame: &stack::Frame,
    place: &Place<'_>,
    modules: &mut HashMap<String, Option<Module>>,
    is_redacted: bool,
) -> Vec<Frame> {
    let path = frame.module.as_deref().filter(|path| path.starts_with('/'));
    let text = path.map(|path| {
        let open = || Module::open(Path::new(&place.of_module(path)));
        let module = modules.entry(path.to_owned()).or_insert_with(open);
        module.as_ref().map_or(String::new(), |module| module.frames(frame.offset))
    });
    let hide = |name| hidden(name, is_redacted);
    let module = frame.module.clone().map(hide);
    let bare = Frame {
        module,
        offset: frame.offset,
        function: None,
        file: None,
        line: None,
        inlined: false,
    };
    let text = text.unwrap_or_default();
    let known = text.lines().filter(|line| !line.starts_with("??"));
    let symbols: Vec<Symbol> = known.filter_map(symbol).collect();
    if symbols.is_empty() {
        return vec![bare];
    }
    let last = symbols.len() - 1;
    let each = symbols.into_iter().enumerate().map(|(nth, symbol)| Frame {
        function: Some(symbol.function),
        file: symbol.file.map(hide),
        line: symbol.line,
        inlined: nth < last,
        ..bare.clone()
    });
    each.collect()
}
