//! Waits that a recording has packed are to the rules what they were one by one.

use epshim_check::replay::Replay;
use std::fmt::Write as _;

/// What a trace comes to: what was found, and all that the model knows.
fn outcome(trace: &str) -> (String, String) {
    let mut replay = Replay::default();
    replay.read(trace).expect("a trace");
    replay.pass(20_000_000_000);
    let model = format!("{:?}", replay.checker());
    (format!("{:?}", replay.found()), model)
}

/// Thread 1 looks again and again; thread 2 reads and writes meanwhile.
fn trace(looks: impl Fn(u64) -> String) -> String {
    let mut text = String::from("0ns t1 create 3 @1\n0ns t1 add 3 5 IN @2\n0ns t2 create 4 @3\n");
    for round in 0..400 {
        let at = 1_000_000 + round * 20_000;
        text += &looks(at);
        let _ = writeln!(text, "{}ns t2 wait 4 @4\n{}ns t2 got nothing @0", at + 250, at + 1_250);
    }
    text + "3s end @0\n"
}

#[test]
fn packed_waits_are_what_they_were_one_by_one() {
    let packed = trace(|at| format!("{at}ns t1 empty-waits 3 0+100 400+150 550+200 @6\n"));
    // As they were observed, thread 2's between them.
    let mut lines: Vec<(u64, String)> = Vec::new();
    let apart = trace(|at| {
        [(at, at + 100), (at + 500, at + 650), (at + 1_200, at + 1_400)]
            .map(|(begin, end)| {
                format!("{begin}ns t1 wait 3 timeout=0ms @6\n{end}ns t1 got nothing @0\n")
            })
            .concat()
    });
    for line in apart.lines() {
        let (at, _) = line.split_once(|c: char| !c.is_ascii_digit()).expect("a time");
        let at = if line.starts_with("3s") { 3_000_000_000 } else { at.parse().expect("a time") };
        lines.push((at, line.to_owned()));
    }
    lines.sort_by_key(|(at, _)| *at);
    let apart: String = lines.into_iter().map(|(_, line)| line + "\n").collect();
    let (found, model) = outcome(&apart);
    assert_eq!(outcome(&packed), (found, model.clone()));
    assert_ne!(
        outcome(&trace(|_| String::new())).1,
        model,
        "the waits leave no trace in the model"
    );
}
