//! `epshim profile --pid` and `epshim top` of a process that was started without epshim: what is exact is what the server
//! and its client have counted, and what cannot be known so is marked.

use crate::command::{Answer, answer, epshim};
use crate::engine::{can_attach, is_privileged};
use epshim_harness::c_compiler::compile;
use epshim_harness::deadline;
use epshim_harness::ports::connect;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use epshim_harness::tools::is_installed;
use epshim_profile::{Ending, Kind, Profile, VerdictName};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;

/// The server of the tests of profiles.
static SERVER: LazyLock<PathBuf> = LazyLock::new(|| {
    let flags = ["-pthread", "-O1", "-g"];
    let sources = ["tests/profile/ways.c"];
    compile(env!("CARGO_MANIFEST_DIR"), &sources, "attached-profile-ways", &flags)
});

/// A server for one connection, which it has.
fn server(way: &str) -> (Process, TcpStream) {
    let server: &Path = &SERVER;
    let mut process = Process::start(way, Command::new(server).args([way, "1"]));
    let mut client = connect(process.listening_address().expect("it listens").port());
    echo(&mut client, 10);
    (process, client)
}

fn echo(client: &mut TcpStream, messages: usize) {
    let (sent, mut got) = ([7; 100], [0; 100]);
    for _ in 0..messages {
        client.write_all(&sent).expect("it takes");
        client.read_exact(&mut got).expect("it answers");
    }
}

/// The server is watched while a client sends so many messages more. What it says at its end, and the profile.
fn profile(way: &str, messages: usize) -> (Vec<String>, Profile, String) {
    let (mut process, mut client) = server(way);
    let pid = process.id();
    let json = folder("attached-profile").join(format!("{way}-%p.json"));
    let mut command = epshim(&["profile", "--pid", &pid.to_string(), "--json"]);
    let mut profiler = Process::start("epshim", command.arg(&json));
    let line = profiler.next_line_of_stderr(deadline()).expect("a line").expect("a line");
    assert!(line.contains(&format!("profiles process {pid} from outside")), "{line}");
    echo(&mut client, messages);
    drop(client);
    let (_, said, errors) = process.finish(deadline()).expect("it ends");
    assert_eq!(errors, [""; 0]);
    let (status, text, _) = profiler.finish(deadline()).expect("it ends");
    assert!(status.success());
    let path = json.with_file_name(format!("{way}-{pid}.json"));
    let document = std::fs::read_to_string(&path).expect("it is written");
    (said, serde_json::from_str(&document).expect("a profile"), text.join("\n"))
}

#[test]
fn what_is_exact_is_what_the_client_has_counted_and_the_rest_is_marked() {
    if !can_attach() {
        return;
    }
    let (_, profile, text) = profile("echo", 200);
    let figures = &profile.figures;
    let whole = |figure: &epshim_profile::Figure| figure.whole().expect("a number");
    assert_eq!(profile.drops.records, 0, "{text}");
    assert_eq!((whole(&figures.bytes_in), whole(&figures.bytes_out)), (20_000, 20_000));
    // The last delivery is the hang-up.
    assert_eq!((whole(&figures.deliveries), whole(&figures.waits)), (201, 201), "{text}");
    // What was registered before was not registered now.
    assert_eq!((whole(&figures.ctl_calls), whole(&figures.accepted)), (0, 0));
    let row = profile.descriptors.iter().find(|row| row.bytes_in > 0).expect("the connection");
    assert_eq!((row.bytes_in, row.deliveries, &*row.kind), (20_000, 201, "stream"));
    for unknown in
        [&figures.lag_p99, &figures.late_max, &figures.returned_at_once, &figures.blocked]
    {
        assert_eq!(unknown.value, None);
    }
    assert!([&figures.busy, &figures.turn_max].iter().all(|least| least.kind == Kind::Least));
    assert!(profile.program.from_outside);
    assert!(profile.not_seen.iter().any(|one| one.contains("when a wait began")));
    assert_eq!(profile.processes[0].ending, Ending::Exited);
    let site = profile.sites.iter().find(|row| row.call == "read").expect("its reads");
    assert!(site.name.starts_with("serve ways.c:"), "{}", site.name);
    assert!(text.contains("busy at least") && text.contains("not known from outside"), "{text}");
}

#[test]
fn a_slow_turn_is_found_and_at_least_as_long_as_the_sleep_in_it() {
    if !can_attach() {
        return;
    }
    let (said, profile, text) = profile("sleep", 200);
    let slept = said.iter().filter_map(|line| line.strip_prefix("slept ")?.parse::<u64>().ok());
    let slept = slept.max().expect("it sleeps");
    let worst = &profile.slow_turns[0];
    assert!(worst.length >= slept && !worst.is_open, "{} of {slept}", worst.length);
    assert!(worst.gap.length >= slept);
    assert_eq!((&*worst.gap.after.what, &*worst.gap.before.what), ("read", "write"));
    let blocked = profile.verdicts.iter().any(|one| one.name == VerdictName::Blocked);
    // A machine without a free processor may be the greater part of it.
    assert!(blocked || worst.runnable > Some(worst.length / 2), "{text}");
}

/// A loop that waits is in no turn, however long it does.
#[test]
fn a_loop_that_only_waits_is_not_said_to_hang() {
    if !can_attach() {
        return;
    }
    let (process, client) = server("echo");
    let pid = process.id().to_string();
    let Answer { code, out, err } = answer(&["profile", "--pid", &pid, "--for", "1500ms"]);
    assert_eq!(code, 0, "{err}");
    assert!(!out.contains("in a turn since") && !out.contains("took more than"), "{out}");
    drop(client);
}

#[test]
fn top_shows_it_through_the_stream_and_one_that_hangs_in_its_turn() {
    if !can_attach() {
        return;
    }
    let (mut process, mut client) = server("hang");
    let pid = process.id().to_string();
    let top = |interval: &str| {
        let answer = answer(&["top", "--once", "--interval", interval, &pid]);
        assert_eq!((answer.code, answer.err.as_str()), (0, ""));
        assert!(answer.out.lines().all(|line| line.chars().count() <= 80), "{}", answer.out);
        answer.out
    };
    let screen = top("0.2");
    assert!(screen.contains("from outside"), "{screen}");
    assert!(!screen.contains("in a turn"), "{screen}");
    // Its twentieth message is never answered: it is attached to while it comes.
    let mut command = epshim(&["top", "--once", "--interval", "2", &pid]);
    let mut top = Process::start("top", &mut command);
    echo(&mut client, 9);
    epshim_harness::wait_for("the stream", || attached(top.id()));
    client.write_all(&[7; 100]).expect("it takes");
    assert_eq!(process.next_line(deadline()).expect("a line").as_deref(), Some("hangs"));
    let (_, screen, _) = top.finish(deadline()).expect("it ends");
    assert!(screen.iter().any(|line| line.contains("in a turn since")), "{screen:#?}");
}

/// Whether a process has a BPF program.
fn attached(pid: u32) -> Option<()> {
    let folder = std::fs::read_dir(format!("/proc/{pid}/fd")).ok()?;
    let is_link = |entry: std::io::Result<std::fs::DirEntry>| {
        let link = std::fs::read_link(entry.ok()?.path()).ok()?;
        link.to_str().map(|name| name.contains("bpf_link") || name.contains("bpf-raw-tracepoint"))
    };
    folder.into_iter().filter_map(is_link).any(|is| is).then_some(())
}

#[test]
fn without_the_right_top_says_so_and_shows_what_looks_tell() {
    if !is_privileged() || !can_attach() || !is_installed("setpriv") {
        return;
    }
    let (process, client) = server("echo");
    let mut command = Command::new("setpriv");
    command
        .args(["--bounding-set", "-all", "--inh-caps", "-all"])
        .arg(env!("CARGO_BIN_EXE_epshim"));
    command.args(["top", "--once", "--interval", "0.2", &process.id().to_string()]);
    let Answer { code, out, err } = Answer::from(command.output().unwrap());
    assert_eq!(code, 0, "{err}");
    assert_eq!(err.lines().count(), 1, "{err}");
    assert!(err.contains("it is not under epshim profile") && err.contains("CAP_BPF"), "{err}");
    assert!(out.contains(&process.id().to_string()), "{out}");
    drop(client);
}
