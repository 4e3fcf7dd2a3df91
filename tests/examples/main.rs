//! Runs each of `examples/` and checks what it prints.
//!
//! What may differ from run to run is matched loosely: descriptor numbers, addresses, how many
//! threads shared the work. Everything else is compared whole, so that an example that says more,
//! less or something else than it promises fails here.

mod example;
mod hello_server;
mod stdin_oneshot;

use example::{Example, output};
use std::collections::BTreeSet;

/// The number between `prefix` and `suffix`, which are the rest of the line.
#[track_caller]
fn number(line: &str, prefix: &str, suffix: &str) -> u64 {
    let number = line.strip_prefix(prefix).and_then(|rest| rest.strip_suffix(suffix));
    let number = number.and_then(|number| number.parse().ok());
    number.unwrap_or_else(|| panic!("{line:?} is not {prefix:?}, a number, {suffix:?}"))
}

#[test]
fn pipe_prints_what_the_document_promises() {
    let lines = output("pipe", &[]);
    let epoll = number(&lines[0], "Created epoll instance: ", "");
    let (reader, writer) = lines[1].split_once(", ").expect("two descriptors");
    let reader = number(reader, "Pipe created: reader = ", "");
    let writer = number(writer, "writer = ", "");
    // 0, 1 and 2 are taken, and three numbers name three descriptors.
    assert!(BTreeSet::from([0, 1, 2, epoll, reader, writer]).len() == 6, "{lines:?}");
    let rest =
        ["Data written to pipe.", "Number of events: 1", "Data read from pipe: Hello, epoll!"];
    assert_eq!(lines[2..], rest);
}

#[test]
fn delayed_responses_come_in_the_order_5_4_3_2_1() {
    let expected = [
        "RECEIVED: events 1, data 5: delayed by 0 ms",
        "RECEIVED: events 1, data 4: delayed by 20 ms",
        "RECEIVED: events 1, data 3: delayed by 40 ms",
        "RECEIVED: events 1, data 2: delayed by 60 ms",
        "RECEIVED: events 1, data 1: delayed by 80 ms",
        "FINISHED",
    ];
    assert_eq!(output("delayed_responses", &["--step", "20"]), expected);
}

#[test]
fn delayed_responses_through_the_unpacked_structure_are_garbage_on_x86_64_only() {
    let lines = output("delayed_responses", &["--unpacked", "--step", "20"]);
    if cfg!(target_arch = "x86_64") {
        let mut expected = vec![
            "libc's epoll_event: 12 bytes, data at offset 4; unpacked: 16 bytes, data at offset 8: \
             wrong on this target"
                .to_owned(),
            "The unpacked offsets are right on every Linux target but x86-64 and x32.".to_owned(),
        ];
        for i in [5, 4, 3, 2, 1_u64] {
            let data = 0xaaaa_aaaa_0000_0000 + i;
            expected.push(format!(
                "RECEIVED: events 1, data {data}: no request has this data (0xaaaaaaaa0000000{i})"
            ));
        }
        expected.push("FINISHED".to_owned());
        assert_eq!(lines, expected);
    } else {
        assert!(lines[0].ends_with(": right on this target"), "{lines:#?}");
        assert_eq!(lines[2..], output("delayed_responses", &["--step", "20"]));
    }
}

#[test]
fn level_reports_until_drained_and_edge_reports_once() {
    let silence = "  wait: nothing (without a timeout it would block)";
    let delivery = "  wait: EventFlags(IN)";
    let expected = [
        "level-triggered, one read of 100 after each wait",
        delivery,
        "  read 100 bytes, 300 are left",
        delivery,
        "  read 100 bytes, 200 are left",
        delivery,
        "  read 100 bytes, 100 are left",
        delivery,
        "  read 100 bytes, 0 are left",
        silence,
        "  0 bytes are stranded",
        "edge-triggered, one read of 100 after each wait: the mistake",
        delivery,
        "  read 100 bytes, 300 are left",
        silence,
        "  300 bytes are stranded",
        "  1 more byte is written",
        delivery,
        "  read until EAGAIN: 301 bytes",
        "edge-triggered, read until EAGAIN after each wait: right",
        delivery,
        "  read until EAGAIN: 400 bytes",
        silence,
        "  0 bytes are stranded",
    ];
    assert_eq!(output("level_vs_edge", &[]), expected);
}

#[test]
fn oneshot_workers_never_handle_one_descriptor_at_once() {
    let lines = output("oneshot_workers", &[]);
    assert_eq!(lines.len(), 4, "{lines:#?}");
    for (index, line) in lines[..3].iter().enumerate() {
        let prefix = format!("descriptor {index}: 100 messages by ");
        let threads = number(line, &prefix, " threads, 0 overlaps, 0 out of order");
        assert!((1..=4).contains(&threads), "{line}");
    }
    let threads = number(&lines[3], "all: 300 of 300 messages by ", " of 4 threads, 0 overlaps");
    assert!((2..=4).contains(&threads), "{lines:#?}");
}

/// That the example can count overlaps at all.
#[test]
fn workers_without_oneshot_overlap() {
    let lines = output("oneshot_workers", &["--without-oneshot"]);
    let (all, overlaps) = lines.last().unwrap().split_once(" threads, ").unwrap();
    assert!(all.starts_with("all: 300 of 300 messages by "), "{lines:#?}");
    assert!(number(overlaps, "", " overlaps") > 0, "{lines:#?}");
}

#[test]
fn examples_with_options_explain_them_and_refuse_others() {
    for name in ["hello_server", "delayed_responses", "oneshot_workers"] {
        let help = output(name, &["--help"]);
        assert!(help[0].starts_with(&format!("Usage: {name} [--")), "{help:#?}");
        let (status, stdout, stderr) = Example::start(name, &["--no-such-option"]).finish();
        assert_eq!((status, stdout, stderr.len()), (2, vec![], 1), "{name}: {stderr:#?}");
        assert!(stderr[0].starts_with(&format!("{name}: bad argument")), "{stderr:#?}");
    }
}
