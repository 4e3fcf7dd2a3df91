//! A finding as text.
//!
//! ```text
//! ==4711== WARNING: epshim: ghost (epfd 5, fd 9) [suspected]
//! ==4711==   One sentence: what happened.
//! ==4711==   fd 9: TCP 127.0.0.1:8080 <- 127.0.0.1:51234, CLOSE_WAIT
//! ==4711==   now, in thread 4713:
//! ==4711==     #0 conn_free src/conn.c:41 (/usr/bin/server+0x41d2)
//! ==4711==        41 | close(conn->fd);
//! ==4711==   registered by:
//! ==4711==     #0 (/usr/bin/server+0x3f10)
//! ==4711==   suppress: ghost:conn_free
//! ==4711== SUMMARY: epshim: ghost src/conn.c:41 in conn_free
//! ```

use crate::blame::Blamed;
use crate::block::{Block, Medium, Style};
use crate::stack::{Frame, Report, Stack, Symbol};
use epshim_check::Certainty;

/// The report of one finding.
#[must_use]
pub fn finding(report: &Report, medium: Medium) -> String {
    let finding = &report.finding;
    let mut block = Block::new(report.pid, medium);
    block.line(&"=".repeat(64));
    let (severity, style) = severity(finding.certainty);
    let named = named(finding.epfd, finding.fd);
    let header = format!("{severity}: epshim: {}{named} [{}]", finding.rule, finding.certainty);
    block.styled(style, &header);
    block.wrapped("  ", 2, &finding.what);
    for descriptor in &report.descriptors {
        block.line(&format!("  {descriptor}"));
    }
    for (index, stack) in report.stacks.iter().enumerate() {
        let thread = if index == 0 && finding.tid > 0 {
            format!(", in thread {}", finding.tid)
        } else {
            String::new()
        };
        block.line(&format!("  {}{thread}:", stack.role.name()));
        for (number, (frame, symbol)) in functions(stack).enumerate() {
            block.line(&format!("    #{number} {}", line(frame, symbol)));
            if let Some(source) = source(stack, frame, symbol) {
                block.line(&format!("       {source}"));
            }
        }
    }
    if let Some(command) = report.command() {
        block.line(&format!("  the program's own lines: {command}"));
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

/// Each function of a stack, the inlined ones too. A frame without names is one.
fn functions(stack: &Stack) -> impl Iterator<Item = (&Frame, Option<&Symbol>)> + '_ {
    stack.frames.iter().flat_map(|frame| {
        let bare = frame.symbols.is_empty().then_some((frame, None));
        bare.into_iter().chain(frame.symbols.iter().map(move |symbol| (frame, Some(symbol))))
    })
}

fn line(frame: &Frame, symbol: Option<&Symbol>) -> String {
    let module = module_and_offset(frame);
    match symbol.map(|symbol| (&symbol.function, symbol.place())) {
        Some((function, Some(place))) => format!("{function} {place} {module}"),
        Some((function, None)) => format!("{function} {module}"),
        None => module,
    }
}

/// The line of the source, below the frame to blame of each call site.
fn source(stack: &Stack, frame: &Frame, symbol: Option<&Symbol>) -> Option<String> {
    let blamed = stack.blamed()?;
    let symbol = symbol.filter(|&symbol| {
        std::ptr::eq(blamed.frame, frame)
            && blamed.symbol.is_some_and(|blamed| std::ptr::eq(blamed, symbol))
    })?;
    Some(format!("{} | {}", symbol.line?, symbol.source.as_deref()?))
}

fn module_and_offset(frame: &Frame) -> String {
    if let Some(interpreted) = frame.interpreted {
        format!("({})", interpreted.language)
    } else if frame.module.is_empty() {
        format!("({:#x})", frame.offset)
    } else {
        format!("({}+{:#x})", frame.module, frame.offset)
    }
}

/// The last line: the rule, and the frame to blame. The end of the report repeats it.
#[must_use]
pub fn summary(report: &Report) -> String {
    format!("SUMMARY: epshim: {}{}", report.finding.rule, place(report))
}

fn place(report: &Report) -> String {
    let Some(Blamed { frame, symbol }) = report.blamed() else {
        return named(report.finding.epfd, report.finding.fd);
    };
    let Some(symbol) = symbol else { return format!(" {}", module_and_offset(frame)) };
    match symbol.place() {
        Some(place) => format!(" {place} in {}", symbol.function),
        None => format!(" {} in {}", module_and_offset(frame), symbol.function),
    }
}
