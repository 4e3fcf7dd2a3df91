//! The results for people: what `docs/performance.md` shows.

use super::measured::Results;
use crate::alternate::Row;
use crate::micro;
use crate::outcome::Outcome;
use crate::scaling::Scaling;
use crate::servers::Outcomes;
use crate::servers::subjects::REFERENCE;
use crate::statistics::Median;
use crate::table::{ACTIVE, Line};
use std::fmt::Write;

/// Writes a line into a String, which cannot fail.
macro_rules! put {
    ($text:expr, $($arguments:tt)*) => {
        writeln!($text, $($arguments)*).expect("a String takes everything")
    };
}

/// What was measured once, for a decision, and stands below what is measured anew.
const DECISIONS: &str = include_str!("decisions.md");

/// All of it, with a link to each plot.
pub fn text(results: &Results, plots: &[String]) -> String {
    let mut text = String::new();
    head(&mut text, results);
    if !results.servers.is_empty() {
        summary(&mut text, results);
        show(&mut text, plots, "servers");
        results.servers.iter().for_each(|outcomes| scenario(&mut text, outcomes));
    }
    if let Some(scaling) = &results.scaling {
        many_processes(&mut text, scaling);
    }
    if !results.table.is_empty() {
        select_poll_epoll(&mut text, &results.table);
        show(&mut text, plots, "waits");
    }
    if !results.micro.is_empty() {
        put!(text, "## Single calls\n\nRatio to libc in the same block of 200 calls.\n");
        rows(&mut text, &results.micro);
        micro::NOTES.iter().for_each(|note| put!(text, "- {note}"));
        put!(text, "");
    }
    if !results.reactor.is_empty() {
        put!(text, "## The reactor\n\nA turn is a recv and a send of 64 bytes; the ratio is that");
        put!(text, "to the loop by hand in the same language.\n");
        rows(&mut text, &results.reactor);
    }
    text + DECISIONS
}

/// The plots of one kind.
fn show(text: &mut String, plots: &[String], kind: &str) {
    for plot in plots.iter().filter(|plot| plot.contains(kind)) {
        put!(text, "![{kind}]({plot})\n");
    }
}

fn head(text: &mut String, results: &Results) {
    let machine = &results.machine;
    put!(text, "# Performance\n");
    put!(text, "Measured on {} in {:.0} s with\n", results.date, results.seconds);
    put!(text, "```sh\ncargo run --release -p epshim-bench -- {}\n```\n", results.arguments);
    let (processor, count, gib) = (&machine.processor, machine.processors, machine.memory_gib);
    let (kernel, tcp) = (&machine.kernel, &machine.congestion_control);
    put!(text, "- Machine: {processor}, {count} processors, {gib} GiB, Linux {kernel}, TCP {tcp}");
    put!(text, "- Compilers: {}", machine.compilers.join("; "));
    put!(text, "- Peers: {}", machine.peers.join(", "));
    match machine.pinned_to {
        Some((servers, load)) => {
            put!(text, "- Servers on processor {servers}, load generator on processor {load}");
        }
        None => put!(text, "- One processor for servers and load generator: ratios mean little"),
    }
    results.missing.iter().for_each(|reason| put!(text, "- Not measured: {reason}"));
    put!(text, "");
    put!(text, "A number behind ± is half the 95% interval of a median. Blocks and slices of all");
    put!(
        text,
        "subjects alternate, and ratios are taken within a round. What is called *again* is"
    );
    put!(
        text,
        "the reference a second time, and has to read 1.00. Where the load was busy all the time"
    );
    put!(
        text,
        "it was the slower side: then the ratios of messages are nearer to 1 than the servers are,"
    );
    put!(text, "and the processor time of a message says more.\n");
}

/// What the rows are. Nothing that depends on what was measured.
const ROWS: &str = "
What the rows are:

- `C, libc`: `c_tests/echo` on libc's epoll functions; `C, epshim`: the same source, linked with
  `libepshim.so`, so that its waits and registrations are calls of `epshim_wait` and `epshim_ctl`.
- `C, epshim_reactor`: `c_tests/echo_reactor.c`. `Rust, Reactor`: `examples/echo`.
- `limit: inlined system calls`: `crates/bench/servers/limit.c`, the same order of reads and writes in a loop
  by hand whose waits, reads and writes are inlined system calls. It is nothing to copy: what it brings
  depends on the processor. rustix makes its calls so too; all other rows make libc's.
- Peers read into 64 KiB, which is what libuv suggests. In streams each of them is also measured with the
  512 KiB that our servers have (`..., 512 KiB`): only those rows compare the libraries.
";

/// Ratios of messages a second: servers downwards, scenarios to the right.
fn summary(text: &mut String, results: &Results) {
    put!(text, "## Echo servers\n\nMessages a second, as the ratio to `{REFERENCE}`:\n");
    let titles: Vec<_> = results.servers.iter().map(|outcomes| outcomes.title.as_str()).collect();
    put!(text, "| | {} |", titles.join(" | "));
    put!(text, "|---|{}", "---|".repeat(titles.len()));
    for name in names(results) {
        let cells = results.servers.iter().map(|outcomes| {
            let found = outcomes.servers.iter().find(|outcome| outcome.subject == name);
            found.map_or(String::new(), |outcome| ratio(&outcome.ratio))
        });
        put!(text, "| {name} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    put!(text, "\n{}", ROWS.trim_start());
    for outcomes in &results.servers {
        if !outcomes.quiet {
            put!(text, "**{}: the reference against itself is off by more", outcomes.title);
            put!(text, "than 1%: the machine was not quiet, or the run too short.**\n");
        }
    }
}

/// Every server that was measured, in order of appearance.
fn names(results: &Results) -> Vec<&str> {
    let mut names = Vec::new();
    let all = results.servers.iter().flat_map(|outcomes| &outcomes.servers);
    for name in all.map(|outcome| outcome.subject.as_str()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn scenario(text: &mut String, outcomes: &Outcomes) {
    put!(text, "### {}\n", outcomes.title);
    servers(text, &outcomes.servers);
    if !outcomes.cost_of_idle.is_empty() {
        put!(text, "Processor time of a message, with {} idle connections to", outcomes.idle);
        put!(text, "without:");
        for (name, cost) in &outcomes.cost_of_idle {
            put!(text, "- {name}: {}", ratio(cost));
        }
        put!(text, "");
    }
    put!(text, "System calls counted by: {}.\n", outcomes.syscalls_by);
}

fn servers(text: &mut String, outcomes: &[Outcome]) {
    put!(
        text,
        "| server | messages/s | ratio | p50 us | p99 us | p99.9 us | CPU ns/message | ratio \
        | busy: server, load | calls/message | bytes/connection | slices (thrown away) |"
    );
    put!(text, "|---|{}", "---:|".repeat(11));
    for outcome in outcomes {
        let or_none = |value: Option<f64>, digits| {
            value.map_or("-".to_owned(), |value: f64| format!("{value:.digits$}"))
        };
        put!(
            text,
            "| {} | {:.0} | {} | {:.1} | {:.1} | {:.1} | {:.0} | {} | {:.2}, {:.2} | {} | {} | {} ({}) |",
            outcome.subject,
            outcome.rate.value,
            ratio(&outcome.ratio),
            outcome.p50,
            outcome.p99,
            outcome.p999,
            outcome.cpu_per_message.value,
            ratio(&outcome.cpu_ratio),
            outcome.server_busy,
            outcome.load_busy,
            or_none(outcome.syscalls_per_message, 2),
            or_none(outcome.memory_per_connection, 0),
            outcome.slices,
            outcome.thrown_away,
        );
    }
    put!(text, "");
}

fn many_processes(text: &mut String, scaling: &Scaling) {
    put!(text, "## Past one process's descriptor limit\n");
    let (server, processes, connections) =
        (&scaling.server, scaling.processes, scaling.connections);
    put!(text, "{connections} connections to {processes} processes of `{server}` on one port, all");
    put!(text, "on one processor; {} of them have traffic, the others echo", scaling.active);
    put!(text, "before and after. Open descriptors of each process: {:?}.\n", scaling.descriptors);
    servers(text, &scaling.outcomes);
    put!(text, "Processor time of a message, with {connections} connections to few, the same");
    put!(text, "number of processes: {}.\n", ratio(&scaling.cost_of_connections));
}

fn select_poll_epoll(text: &mut String, lines: &[Line]) {
    put!(text, "## select, poll, epoll\n");
    put!(
        text,
        "Microseconds of one wait that finds {ACTIVE} active descriptors among those registered, with"
    );
    put!(
        text,
        "copying the set (select) and searching the result. select has a set of its own size:"
    );
    put!(text, "the kernel takes any, while `fd_set` of libc ends at 1,024.\n");
    put!(text, "| descriptors | select | poll | epoll | select/epoll | poll/epoll | epoll again |");
    put!(text, "|---:|{}", "---:|".repeat(6));
    for row in lines {
        let (select, poll, epoll) = (row.select.value, row.poll.value, row.epoll.value);
        put!(
            text,
            "| {} | {select:.1} | {poll:.1} | {epoll:.1} | {} | {} | {} |",
            row.descriptors,
            ratio(&row.select_ratio),
            ratio(&row.poll_ratio),
            ratio(&row.epoll_ratio)
        );
    }
    put!(text, "");
}

fn rows(text: &mut String, rows: &[Row]) {
    put!(text, "| what | subject | ns | ratio |\n|---|---|---:|---:|");
    for row in rows {
        let (what, subject, time) = (&row.what, &row.subject, row.time.value);
        put!(text, "| {what} | {subject} | {time:.1} | {} |", ratio(&row.ratio));
    }
    put!(text, "");
}

fn ratio(median: &Median) -> String {
    format!("{:.3} ±{:.3}", median.value, (median.high - median.low) / 2.0)
}
