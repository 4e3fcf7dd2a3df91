//! Runs: JSON lines as `epshim check` writes them.

use epshim_formats::Run;
use serde_json::{Value, json};

pub const PID: u32 = 4711;

/// A finding at this place of the repository.
pub fn finding(rule: &str, certainty: &str, file: Option<&str>, line: u32) -> Value {
    let mut frame =
        json!({"module": "/home/me/x/build/server", "offset": 16850, "function": "on_read"});
    if let Some(file) = file {
        frame["file"] = json!(file);
        frame["line"] = json!(line);
    }
    json!({
        "schema": 1, "kind": "finding", "pid": PID, "tid": PID, "time": 1_700_000_000.25,
        "rule": rule, "certainty": certainty, "epfd": 5, "fd": null,
        "what": "100% <wrong>, \"so\": fd 9 & more\u{1b}[2J\nsecond line",
        "verified": "poll(fd 9) says POLLIN",
        "descriptors": [{"fd": 9, "text": "TCP 127.0.0.1:8080, LISTEN", "kind": "tcp"}],
        "sites": [{"role": "now", "frames": [frame]},
                  {"role": "registered by", "frames": [{"module": null, "offset": 7}, frame]},
                  {"role": "closed by", "frames": []}],
        "blame": frame, "manual": "epoll(7), Q6", "fix": "Close it.",
        "suppression": format!("{rule}:on_read"),
    })
}

pub fn summary(pid: u32) -> Value {
    json!({"schema": 1, "kind": "summary", "pid": pid, "findings": 1, "not_seen": []})
}

pub fn run(lines: &[Value]) -> Run {
    let mut run = Run {
        command: ["/home/me/x/build/server", "--port", "0"].map(str::to_owned).to_vec(),
        root: "/home/me/x".into(),
        pid: PID,
        version: "0.1.0".to_owned(),
        ..Run::default()
    };
    let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
    run.add(&text);
    run
}

/// Three findings, one without a source and one outside the repository, and the end.
pub fn whole() -> Run {
    run(&[
        finding("level-spin", "certain", Some("/home/me/x/src/a b.c"), 25),
        finding("ghost", "suspected", None, 0),
        finding("ctl-error", "note", Some("/usr/src/lib.c"), 7),
        summary(PID),
    ])
}
