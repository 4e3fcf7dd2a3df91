//! A finding as text.
//!
//! ```text
//! ==4711== WARNING: epshim: ghost (epfd 5, fd 9) [suspected]
//! ==4711==   One sentence: what happened.
//! ==4711==   now, in thread 4713:
//! ==4711==     #0 conn_free src/conn.c:41 (/usr/bin/server+0x41d2)
//! ==4711==   registered by:
//! ==4711==     #0 (/usr/bin/server+0x3f10)
//! ==4711==   suppress: ghost:conn_free
//! ==4711== SUMMARY: epshim: ghost src/conn.c:41 in conn_free
//! ```

use super::block::{Block, Style};
use super::{Frame, Report, Stack, Symbol};
use crate::rule::Certainty;

/// The report of one finding. Coloured for a terminal if asked.
#[must_use]
pub fn finding(report: &Report, colour: bool) -> String {
    let finding = &report.finding;
    let mut block = Block::new(report.pid, colour);
    block.line(&"=".repeat(64));
    let (severity, style) = severity(finding.certainty);
    let named = named(finding.epfd, finding.fd);
    let header = format!("{severity}: epshim: {}{named} [{}]", finding.rule, finding.certainty);
    block.styled(style, &header);
    block.wrapped("  ", 2, &finding.what);
    for (index, stack) in report.stacks.iter().enumerate() {
        let thread = if index == 0 && finding.tid > 0 {
            format!(", in thread {}", finding.tid)
        } else {
            String::new()
        };
        block.line(&format!("  {}{thread}:", stack.role.name()));
        for (number, frame) in frames(stack).enumerate() {
            block.line(&format!("    #{number} {frame}"));
        }
    }
    let advice = finding.advice();
    if let Some(verified) = &finding.verified {
        block.wrapped("  verified: ", 4, verified);
    }
    let see = format!("{}; epshim explain {}", advice.manual, finding.rule);
    block.wrapped("  see: ", 4, &see);
    block.wrapped("  fix: ", 4, advice.fix);
    block.line(&format!("  suppress: {}", report.suppression()));
    block.styled(Style::Bold, &summary(report));
    block.into_text()
}

const fn severity(certainty: Certainty) -> (&'static str, Style) {
    match certainty {
        Certainty::Certain => ("ERROR", Style::Red),
        Certainty::Fact | Certainty::Suspected => ("WARNING", Style::Yellow),
        Certainty::Note => ("NOTE", Style::Cyan),
    }
}

/// The descriptors that it is about.
fn named(epfd: i32, fd: i32) -> String {
    match (epfd >= 0, fd >= 0) {
        (true, true) => format!(" (epfd {epfd}, fd {fd})"),
        (true, false) => format!(" (epfd {epfd})"),
        (false, true) => format!(" (fd {fd})"),
        (false, false) => String::new(),
    }
}

/// Each function of a stack, the inlined ones too, as a line.
fn frames(stack: &Stack) -> impl Iterator<Item = String> + '_ {
    stack.frames.iter().flat_map(|frame| {
        let bare = frame.symbols.is_empty().then(|| module_and_offset(frame));
        let symbols = frame.symbols.iter().map(|symbol| line(symbol, frame));
        bare.into_iter().chain(symbols)
    })
}

fn line(symbol: &Symbol, frame: &Frame) -> String {
    let module = module_and_offset(frame);
    match symbol.place() {
        Some(place) => format!("{} {place} {module}", symbol.function),
        None => format!("{} {module}", symbol.function),
    }
}

fn module_and_offset(frame: &Frame) -> String {
    if frame.module.is_empty() {
        format!("({:#x})", frame.offset)
    } else {
        format!("({}+{:#x})", frame.module, frame.offset)
    }
}

/// The last line: the rule, and where it is. The end of the report repeats it.
#[must_use]
pub fn summary(report: &Report) -> String {
    format!("SUMMARY: epshim: {}{}", report.finding.rule, place(report))
}

fn place(report: &Report) -> String {
    let Some(top) = report.top() else { return named(report.finding.epfd, report.finding.fd) };
    let Some(symbol) = top.symbols.first() else { return format!(" {}", module_and_offset(top)) };
    match symbol.place() {
        Some(place) => format!(" {place} in {}", symbol.function),
        None => format!(" {} in {}", module_and_offset(top), symbol.function),
    }
}
