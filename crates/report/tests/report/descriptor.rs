//! How descriptors are introduced, as text and in JSON.

use crate::sample::{bare, ghost};
use epshim_check::{Certainty, Rule};
use epshim_report::descriptor::{Connection, Side, What, tcp_state};
use epshim_report::{Descriptor, Medium, json, text};
use serde_json::{Value, json};

fn ends(local: &str, peer: Option<&str>, opened_by: Option<Side>) -> Connection {
    Connection {
        local: Some(local.parse().unwrap()),
        peer: peer.map(|peer| peer.parse().unwrap()),
        state: None,
        opened_by,
    }
}

#[test]
fn each_kind_has_its_words() {
    let name = |name: &str| Some(name.to_owned());
    let (local, peer) = ("127.0.0.1:8080", Some("[::1]:51234"));
    let listener = Connection { state: Some("LISTEN"), ..ends(local, None, None) };
    for (what, words) in [
        (What::Tcp(ends(local, peer, Some(Side::Local))), "TCP 127.0.0.1:8080 -> [::1]:51234"),
        (What::Tcp(ends(local, peer, Some(Side::Peer))), "TCP 127.0.0.1:8080 <- [::1]:51234"),
        (What::Udp(ends(local, peer, None)), "UDP 127.0.0.1:8080 <-> [::1]:51234"),
        (What::Tcp(listener), "TCP 127.0.0.1:8080, LISTEN"),
        (What::Udp(Connection::default()), "UDP"),
        (What::Unix { local: name("/run/x"), peer: name("/y") }, "Unix socket /run/x"),
        (What::Unix { local: None, peer: name("@bus") }, "Unix socket -> @bus"),
        (What::Unix { local: None, peer: None }, "Unix socket without a name"),
        (
            What::Pipe { is_read_end: true, other_end: Some(7) },
            "pipe, read end; fd 7 is its write end",
        ),
        (
            What::Pipe { is_read_end: false, other_end: None },
            "pipe, write end; its read end is not open here",
        ),
        (What::File { path: "/tmp/x (deleted)".into() }, "/tmp/x (deleted)"),
        (What::Epoll, "epoll"),
        (What::Anonymous { name: "eventfd".into() }, "eventfd"),
        (What::Socket, "socket"),
    ] {
        assert_eq!(what.to_string(), words);
        assert_eq!(Descriptor { fd: 6, what }.to_string(), format!("fd 6: {words}"));
    }
}

#[test]
fn tcp_s_states_are_those_of_the_kernel() {
    let known = [(1, "ESTABLISHED"), (8, "CLOSE_WAIT"), (10, "LISTEN"), (12, "NEW_SYN_RECV")];
    assert!(known.into_iter().all(|(number, name)| tcp_state(number) == Some(name)));
    assert_eq!((tcp_state(0), tcp_state(13), tcp_state(255)), (None, None, None));
}

#[test]
fn a_descriptor_is_introduced_once_and_a_path_cannot_command_the_terminal() {
    let text = text::finding(&ghost(), Medium::default());
    assert_eq!(text.matches("fd 9: ").count(), 1, "{text}");
    let mut report = bare(Rule::CtlError, Certainty::Fact, 3, 4);
    report.descriptors =
        vec![Descriptor { fd: 4, what: What::File { path: "/tmp/\x1b[2J\n".into() } }];
    let text = text::finding(&report, Medium::default());
    assert!(text.contains("==   fd 4: /tmp/\\u{1b}[2J\\n\n"), "{text}");
}

#[test]
fn in_json_each_part_has_its_field() {
    let value: Value = serde_json::from_str(&json::finding(&ghost())).unwrap();
    let tcp = json!({"fd": 9, "text": "TCP 127.0.0.1:8080 <- 127.0.0.1:51234, CLOSE_WAIT",
        "kind": "tcp", "local": "127.0.0.1:8080", "peer": "127.0.0.1:51234",
        "state": "CLOSE_WAIT", "opened_by": "peer"});
    assert_eq!(value["descriptors"], json!([tcp]));
    let mut report = bare(Rule::CtlError, Certainty::Fact, 3, 4);
    report.descriptors =
        vec![Descriptor { fd: 4, what: What::Pipe { is_read_end: true, other_end: Some(5) } }];
    let value: Value = serde_json::from_str(&json::finding(&report)).unwrap();
    let pipe = json!({"fd": 4, "text": "pipe, read end; fd 5 is its write end", "kind": "pipe",
        "is_read_end": true, "other_end": 5});
    assert_eq!(value["descriptors"], json!([pipe]));
}
