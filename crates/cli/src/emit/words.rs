//! What every emitted file says: the heading, the meaning of each constant and call, and how a
//! template is filled. Words are here once; the language modules only add their comment signs.

use epshim_layouts::table::group;
use epshim_layouts::{Layout, Row};

/// What the calls do, for the comment above each.
pub const CREATE1: &str = "Makes an epoll descriptor. flags: 0 or EPOLL_CLOEXEC.";
pub const CTL: &str =
    "Adds, modifies or deletes the registration of fd. EPOLL_CTL_DEL does not read the event.";
pub const WAIT: &str =
    "Waits for at most timeout milliseconds, -1: without limit. maxevents is at least 1.";

/// What a constant is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A bit of `events`, unsigned.
    Event,
    /// A flag of `epoll_create1`, an `int`.
    Flag,
    /// An operation of `epoll_ctl`, an `int`.
    Operation,
}

/// A constant of the target's `<sys/epoll.h>`.
#[derive(Debug, Clone, Copy)]
pub struct Constant<'a> {
    pub name: &'a str,
    pub value: u32,
    pub kind: Kind,
    pub meaning: &'static str,
}

/// The constants, events first, each kind in the order of the values.
pub fn constants(row: &Row) -> Vec<Constant<'_>> {
    let own = row.measured.constants.iter().map(|(name, &value)| {
        let kind = match group(name) {
            0 => Kind::Event,
            1 => Kind::Flag,
            _ => Kind::Operation,
        };
        Constant { name, value, kind, meaning: meaning(name) }
    });
    let mut constants: Vec<_> = own.collect();
    constants.sort_by_key(|constant| (group(constant.name), constant.value));
    constants
}

/// One line for each constant, an empty one between the kinds.
pub fn constant_lines(row: &Row, line: impl Fn(&Constant<'_>) -> String) -> String {
    let mut text = String::new();
    let mut last = Kind::Event;
    for constant in constants(row) {
        if constant.kind != last {
            text.push('\n');
            last = constant.kind;
        }
        text.push_str(&line(&constant));
        text.push('\n');
    }
    text
}

fn meaning(name: &str) -> &'static str {
    match name {
        "EPOLLIN" => "data can be read, or a connection accepted",
        "EPOLLPRI" => "exceptional condition, such as out-of-band data",
        "EPOLLOUT" => "writing is possible",
        "EPOLLERR" => "error; always reported",
        "EPOLLHUP" => "hang-up; always reported",
        "EPOLL_URING_WAKE" => "the kernel's own, for io_uring (Linux 6.6)",
        "EPOLLNVAL" => "in this header, but epoll never reports it",
        "EPOLLRDNORM" => "normal data can be read",
        "EPOLLRDBAND" => "priority data can be read",
        "EPOLLWRNORM" => "normal data can be written",
        "EPOLLWRBAND" => "priority data can be written",
        "EPOLLMSG" => "unused by the kernel",
        "EPOLLRDHUP" => "the peer closed its writing half (Linux 2.6.17)",
        "EPOLLEXCLUSIVE" => "wake one waiter, not all; for ADD only (Linux 4.5)",
        "EPOLLWAKEUP" => "keep the system awake meanwhile (Linux 3.5)",
        "EPOLLONESHOT" => "disarm after one delivery (Linux 2.6.2)",
        "EPOLLET" => "edge-triggered; bit 31, see above",
        "EPOLL_CLOEXEC" => "close on execve; equals O_CLOEXEC",
        "EPOLL_NONBLOCK" => "in this header, but the kernel refuses it",
        "EPOLL_CTL_ADD" => "add a registration",
        "EPOLL_CTL_DEL" => "delete a registration",
        "EPOLL_CTL_MOD" => "change a registration",
        _ => "newer than this version of epshim",
    }
}

/// The heading of a file. `check` says how its user can check it.
fn heading(row: &Row, language: &str, check: &str) -> Vec<String> {
    let epshim_layouts::Row { target: t, measured: m, .. } = row;
    let Layout { size, align, events_offset, data_offset, packed, .. } = m.layout;
    let packed = if packed { ", packed" } else { "" };
    let half = if t.endian == "big" { "HIGH" } else { "low" };
    let mut lines = vec![
        format!("struct epoll_event for {}: {}.", t.name, t.libc_said(&m.libc_version)),
        format!(
            "{size} bytes, aligned to {align}{packed}: events, 32 bits, at {events_offset}; data, 64 bits, at \
             {data_offset}."
        ),
        format!("Written by epshim {}:", env!("CARGO_PKG_VERSION")),
        format!("    epshim layout --emit {language} --target {}", t.name),
        String::new(),
        "Other targets have other layouts: do not use this file for them.".to_owned(),
        "The 64 bits of data are handed back as they were given: write and read all of them. In C".to_owned(),
        format!("they are a union; its fd and u32 are the {half} half here ({}-endian).", t.endian),
        "EPOLLET is bit 31: as a signed number it is negative, and in a wider signed type another value.".to_owned(),
        String::new(),
    ];
    lines.extend(check.lines().map(str::to_owned));
    lines.push("Without any structure: epshim_add and epshim_wait_split of libepshim.".to_owned());
    lines
}

/// A template of a language, with `{{name}}` where something is to be filled in.
pub struct Template<'a> {
    /// As `--emit` names it.
    pub language: &'a str,
    /// Starts a line of comment.
    pub comment: &'a str,
    /// How a user can check the file, as lines of the heading.
    pub check: &'a str,
    pub text: &'a str,
}

impl Template<'_> {
    /// Fills in the numbers that all templates know, and `more`.
    pub fn fill(&self, row: &Row, more: &[(&str, String)]) -> String {
        let heading: String = heading(row, self.language, self.check)
            .iter()
            .map(|line| format!("{} {line}", self.comment).trim_end().to_owned() + "\n")
            .collect();
        let m = &row.measured.layout;
        let common = [
            ("heading", heading),
            ("target", row.target.name.clone()),
            ("size", m.size.to_string()),
            ("align", m.align.to_string()),
            ("events_offset", m.events_offset.to_string()),
            ("data_offset", m.data_offset.to_string()),
            ("create1", CREATE1.to_owned()),
            ("ctl", CTL.to_owned()),
            ("wait", WAIT.to_owned()),
        ];
        let mut text = self.text.trim_start().to_owned();
        for (name, value) in more.iter().chain(&common) {
            // A value of several lines takes the place of the template's whole line.
            if value.is_empty() || value.ends_with('\n') {
                text = text.replace(&format!("{{{{{name}}}}}\n"), value);
            }
            text = text.replace(&format!("{{{{{name}}}}}"), value);
        }
        debug_assert!(!text.contains("{{"), "{}: an unfilled place: {text}", self.language);
        text
    }
}

#[cfg(test)]
mod tests {
    use super::meaning;
    use epshim::layout::{EVENT_FLAGS, KERNEL_EVENT_FLAGS};
    use epshim_layouts::Table;
    use std::collections::BTreeSet;

    #[test]
    fn every_constant_of_the_table_has_a_meaning() {
        for row in Table::golden().rows {
            for name in row.measured.constants.keys() {
                assert_ne!(meaning(name), meaning("another"), "{}: {name}", row.target.name);
            }
        }
        for (name, _) in KERNEL_EVENT_FLAGS {
            assert_ne!(meaning(name), meaning("another"), "{name}");
        }
    }

    /// Reports, traces and looks name the events by this list.
    #[test]
    fn the_names_of_observed_events_are_the_shims() {
        let shim: BTreeSet<_> =
            EVENT_FLAGS.iter().map(|&(name, bit)| (name.to_owned(), bit)).collect();
        let observed = epshim_observe::bits::NAMES.map(|(name, bit)| (format!("EPOLL{name}"), bit));
        assert_eq!(observed.into_iter().collect::<BTreeSet<_>>(), shim);
    }
}
