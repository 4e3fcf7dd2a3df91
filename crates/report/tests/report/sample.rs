//! Reports to be written.

use epshim_check::{Certainty, Finding, Role, Rule};
use epshim_observe::Site;
use epshim_report::descriptor::{Connection, Side, What};
use epshim_report::{
    Count, Descriptor, End, Fate, Frame, How, NotFollowed, Others, Report, Seen, Stack, Symbol,
    Total,
};
use std::time::Duration;

pub const TIME: Duration = Duration::new(1_700_000_000, 250_000_000);

pub fn symbol(function: &str, file: Option<&str>, line: Option<u32>) -> Symbol {
    Symbol { function: function.into(), file: file.map(str::to_owned), line, source: None }
}

pub fn frame(module: &str, offset: u64, symbols: Vec<Symbol>) -> Frame {
    Frame { symbols, ..Frame::at(module.into(), offset) }
}

/// A finding without a call site.
pub fn bare(rule: Rule, certainty: Certainty, epfd: i32, fd: i32) -> Report {
    let finding = Finding {
        rule,
        certainty,
        epfd,
        fd,
        tid: 4713,
        at: 5_000_000_000,
        what: "it happened".into(),
        verified: None,
        sites: Vec::new(),
        advice: None,
    };
    Report { pid: 4711, time: TIME, finding, stacks: Vec::new(), descriptors: Vec::new() }
}

/// A finding with all that a report can have: inlined functions, a function without a line, a
/// module without names, and an address in no module.
pub fn ghost() -> Report {
    let mut report = bare(Rule::Ghost, Certainty::Certain, 5, 9);
    report.finding.what =
        "fd 9 was closed, but epfd 5 still watches the same open file: fd 12 keeps \
        it open. Its events were delivered 17 times since, with data 0x55d0c0ffee40."
            .into();
    let connection = Connection {
        local: Some(([127, 0, 0, 1], 8080).into()),
        peer: Some(([127, 0, 0, 1], 51234).into()),
        state: Some("CLOSE_WAIT"),
        opened_by: Some(Side::Peer),
    };
    report.descriptors = vec![Descriptor { fd: 9, what: What::Tcp(connection) }];
    report.finding.verified = Some("/proc/self/fdinfo/5 lists fd 9, inode 63431".into());
    let sites =
        [(Role::Now, 1), (Role::RegisteredBy, 2), (Role::ClosedBy, 3), (Role::DuplicatedBy, 4)];
    report.finding.sites = sites.map(|(role, site)| (role, Site(site))).into();
    let server = "/usr/bin/server";
    let wait = vec![
        symbol("poll_once", Some("src/loop.c"), Some(120)),
        symbol("run", Some("src/loop.c"), Some(88)),
    ];
    let mut wait = wait;
    wait[0].source = Some("int n = epoll_wait(epfd, events, 64, -1);".into());
    wait[1].source = Some("poll_once(loop);".into());
    let main = vec![symbol("main", Some("src/main.c"), None)];
    let stacks = [
        vec![frame(server, 0x41d2, wait), frame(server, 0x1005, main)],
        vec![frame(server, 0x3f10, vec![symbol("conn_new", None, None)])],
        vec![frame("/usr/lib/libpool.so.1", 0x1a20, vec![])],
        vec![frame("", 0x7f00_1234_0010, vec![])],
    ];
    let roles = report.finding.sites.iter().map(|&(role, _)| role);
    report.stacks =
        roles.zip(stacks).map(|(role, frames)| Stack { role, frames: frames.to_vec() }).collect();
    report
}

/// The end of a report in which something is said of everything.
pub fn end() -> End {
    let seen = Seen {
        unheard_epolls: 1,
        waits: 12345,
        registrations: 50,
        rings: 1,
        taken_unseen: 6,
        unknown_deliveries: 2,
        dropped_calls: 3,
        not_followed: vec![NotFollowed { rule: Rule::OneshotNotRearmed, suspicions: 7 }],
        high_descriptors: 1,
        dropped_findings: 5,
        checker_failed: true,
        not_symbolized: Some("epshim: no such file".into()),
        no_lines: Some("Python 3.99 is not known: its files and lines are not shown".into()),
        sandbox: Some("the program entered it at server.c:42 in confine".into()),
    };
    let count =
        |rule, certainty, findings, occurrences| Count { rule, certainty, findings, occurrences };
    let counts = vec![
        count(Rule::Ghost, Certainty::Certain, 1, 17),
        count(Rule::CtlError, Certainty::Fact, 2, 2),
    ];
    let suppressed = vec![epshim_report::suppressions::Used {
        suppression: "level-spin:uv__*".into(),
        findings: 1,
        occurrences: 1,
    }];
    let summaries = vec!["SUMMARY: epshim: ghost src/conn.c:42 in handle".to_owned()];
    let json = Some("/tmp/found.json".to_owned());
    End {
        pid: 4711,
        time: TIME,
        counts,
        suppressed,
        notes_not_shown: 4,
        seen,
        summaries,
        json,
        fate: Some(Fate { pending: 2, ..Fate::new(How::Signal(9)) }),
        others: Others {
            not_watched: 3,
            going_on: 1,
            total: Some(Total { processes: 2, findings: 4 }),
        },
    }
}

/// The end where nothing was found, and nothing is known to have been missed.
pub fn nothing() -> End {
    let seen = Seen { waits: 1, registrations: 2, ..Seen::default() };
    let (counts, suppressed) = (Vec::new(), Vec::new());
    let (summaries, json) = (Vec::new(), None);
    let (fate, others) = (None, Others::default());
    End {
        pid: 4711,
        time: TIME,
        counts,
        suppressed,
        notes_not_shown: 0,
        seen,
        summaries,
        json,
        fate,
        others,
    }
}
