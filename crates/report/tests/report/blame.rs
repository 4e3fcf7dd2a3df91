//! Which frame is blamed, and which frames are left out.

use crate::sample::{bare, frame, symbol};
use epshim_check::{Certainty, Role, Rule};
use epshim_report::{Frame, Interpreted, Report, Stack, Suppressions, text};

/// A finding with this call site.
fn found(frames: Vec<Frame>) -> Report {
    let mut report = bare(Rule::LevelSpin, Certainty::Certain, 5, 9);
    report.stacks = vec![Stack { role: Role::Now, frames }];
    report
}

fn named(module: &str, function: &str) -> Frame {
    frame(module, 16, vec![symbol(function, None, None)])
}

fn functions(report: &Report) -> Vec<&str> {
    let symbols = report.stacks[0].frames.iter().flat_map(|frame| &frame.symbols);
    symbols.map(|symbol| symbol.function.as_str()).collect()
}

const UV: &str = "/usr/lib/x86_64-linux-gnu/libuv.so.1.0.0";
const SERVER: &str = "/usr/bin/server";
const PYTHON: &str = "/usr/bin/python3.11";

#[test]
fn the_first_frame_outside_the_loop_s_library_is_blamed() {
    for stack in [
        vec![frame(UV, 1, vec![]), named(UV, "uv_run"), named(SERVER, "serve")],
        vec![named(SERVER, "uv__io_poll"), named(SERVER, "uv_run"), named(SERVER, "serve")],
        vec![
            named(SERVER, "epoll_dispatch"),
            named(SERVER, "event_base_loop"),
            named(SERVER, "serve"),
        ],
        vec![named(SERVER, "ev_run"), named(SERVER, "serve")],
        vec![named(SERVER, "mio::poll::Poll::poll"), named(SERVER, "serve")],
        vec![named(SERVER, "<tokio::io::Driver as tokio::Park>::park"), named(SERVER, "serve")],
        vec![named("/lib/libc.so.6", "read"), named(SERVER, "serve")],
        vec![named("/usr/lib/libasan.so.8", "read"), named(SERVER, "serve")],
        vec![
            named("/usr/lib/python3.11/lib-dynload/_socket.so", "x"),
            named(PYTHON, "y"),
            named(SERVER, "serve"),
        ],
        vec![frame("", 0x7f00, vec![]), named("/usr/bin/node", "z"), named(SERVER, "serve")],
    ] {
        let report = found(stack);
        let blamed = report.blamed().unwrap();
        assert_eq!(blamed.symbol.unwrap().function, "serve", "{report:?}");
        assert!(text::summary(&report).ends_with(" in serve"), "{}", text::summary(&report));
        assert_eq!(report.suppression(), "level-spin:serve");
    }
}

#[test]
fn a_function_inlined_from_a_library_is_not_blamed() {
    let inlined = vec![
        symbol("std::io::Read::read", None, None),
        symbol("mio::Poll::poll", None, None),
        symbol("serve", Some("src/main.rs"), Some(7)),
        symbol("main", None, None),
    ];
    let report = found(vec![frame(SERVER, 1, inlined)]);
    assert_eq!(text::summary(&report), "SUMMARY: epshim: level-spin src/main.rs:7 in serve");
}

#[test]
fn where_all_is_a_library_s_or_an_interpreter_s_the_first_is_blamed() {
    let report = found(vec![named(PYTHON, "select_epoll_poll"), named(PYTHON, "_PyEval_Vector")]);
    assert_eq!(report.suppression(), "level-spin:select_epoll_poll");
    let report = found(vec![frame(PYTHON, 1, vec![]), frame(PYTHON, 2, vec![])]);
    assert_eq!(report.suppression(), "level-spin:python3.11");
    assert_eq!(found(vec![]).blamed(), None);
    // Names that only begin alike are a user's own.
    for own in ["event_loop", "events_add", "evil", "uvx", "tokio_like::run", "stdx"] {
        let report = found(vec![named(SERVER, own), named(SERVER, "serve")]);
        assert_eq!(report.suppression(), format!("level-spin:{own}"));
    }
}

/// Lines of suppressions files that were written when the first frame was the one that counted.
#[test]
fn a_line_by_another_frame_than_the_blamed_one_still_suppresses() {
    let frames = vec![
        frame(UV, 1, vec![]),
        named(UV, "uv_run"),
        named(SERVER, "serve"),
        named(SERVER, "main"),
        named("/lib/libc.so.6", "__libc_start_main"),
    ];
    for line in [
        "level-spin:libuv.so.1.0.0",
        "level-spin:uv_run",
        "level-spin:serve",
        "*:main",
        "*:libc.so.6",
    ] {
        let (mut suppressions, complaints) = Suppressions::parse(line);
        assert!(complaints.is_empty() && suppressions.suppress(&found(frames.clone())), "{line}");
    }
}

#[test]
fn what_is_below_main_or_a_thread_s_function_is_left_out() {
    let libc = "/lib/libc.so.6";
    let own = || vec![named(SERVER, "poll_once"), named(SERVER, "run")];
    let c = [named(SERVER, "main"), frame(libc, 1, vec![]), named(SERVER, "_start")];
    let thread = [frame(libc, 1, vec![]), named(libc, "clone3")];
    let rust = [
        named(SERVER, "server::main"),
        named(SERVER, "std::sys::backtrace::__rust_begin_short_backtrace::h0123"),
        named(SERVER, "std::rt::lang_start"),
        named(SERVER, "main"),
        named(libc, "__libc_start_main_impl"),
    ];
    for (below, last) in [(&c[..], "main"), (&thread, "run"), (&rust, "server::main")] {
        let mut report = found([own(), below.to_vec()].concat());
        report.shorten(16);
        assert_eq!(functions(&report).last(), Some(&last));
        assert_eq!(functions(&report)[..2], ["poll_once", "run"]);
        assert!(report.stacks[0].frames.iter().all(|frame| frame.module == SERVER));
    }
    // A callback of libc's own functions has its caller.
    let mut report = found(vec![named(SERVER, "compare"), named(libc, "qsort")]);
    report.shorten(16);
    assert_eq!(functions(&report), ["compare", "qsort"]);
}

#[test]
fn a_stack_without_names_is_whole_and_one_function_is_always_left() {
    let bare = vec![frame(SERVER, 1, vec![]), frame("/lib/libc.so.6", 2, vec![])];
    let mut report = found(bare.clone());
    report.shorten(16);
    assert_eq!(report.stacks[0].frames, bare);
    let begin = "std::sys::backtrace::__rust_begin_short_backtrace";
    for name in ["main", "_start", begin] {
        let mut report = found(vec![named(SERVER, name)]);
        report.shorten(16);
        assert_eq!(functions(&report), [name]);
    }
}

fn python(function: &str, line: u32, is_users: bool) -> Frame {
    let interpreted = Some(Interpreted { language: "Python", is_users });
    Frame { interpreted, ..frame("", 0, vec![symbol(function, Some("/srv/app.py"), Some(line))]) }
}

const SELECT: &str = "/usr/lib/python3.11/lib-dynload/select.so";

#[test]
fn of_an_interpreted_program_the_users_line_is_blamed_and_suppressed() {
    let mut report = found(vec![
        python("register", 359, false),
        python("watch", 12, true),
        python("main", 20, false),
        frame(SELECT, 1, vec![]),
        named(PYTHON, "main"),
    ]);
    assert_eq!(report.suppression(), "level-spin:app.py:12");
    assert!(text::summary(&report).ends_with(" /srv/app.py:12 in watch"));
    // The interpreter's own frames can be matched, and are not shown.
    for line in ["level-spin:python3.11", "level-spin:app.py:12", "level-spin:/srv/app.py:12"] {
        assert!(Suppressions::parse(line).0.suppress(&report), "{line}");
    }
    assert!(!Suppressions::parse("level-spin:app.py:13").0.suppress(&report));
    report.shorten(1);
    assert_eq!(functions(&report), ["register", "watch"], "the user's line is always shown");
}

#[test]
fn the_line_of_a_wait_is_blamed_only_where_there_is_no_other() {
    let mut report = found(vec![python("loop", 30, true)]);
    report.stacks[0].role = Role::NowWaiting;
    let registered = vec![python("_add_reader", 1, false), python("run", 30, false)];
    report.stacks.push(Stack { role: Role::RegisteredBy, frames: registered });
    assert_eq!(report.suppression(), "level-spin:app.py:30");
    let belongs = vec![python("open", 1, false), python("client", 7, true)];
    report.stacks.push(Stack { role: Role::BelongsTo, frames: belongs });
    assert_eq!(report.suppression(), "level-spin:app.py:7");
}

#[test]
fn a_module_in_c_that_python_calls_is_blamed_before_python() {
    let report = found(vec![named("/srv/fast.so", "turn"), python("main", 3, true)]);
    assert_eq!(report.suppression(), "level-spin:turn");
}

#[test]
fn a_program_without_lines_names_the_command_that_has_them() {
    let java = "/usr/lib/jvm/java-17/lib/libnio.so";
    for (module, command) in [
        (PYTHON, Some("py-spy dump --nonblocking --pid 4711")),
        (SELECT, Some("py-spy dump --nonblocking --pid 4711")),
        (java, Some("jcmd 4711 Thread.print")),
        ("/usr/bin/ruby3.1", Some("rbspy dump --pid 4711")),
        ("/usr/bin/php8.2", Some("phpspy -p 4711")),
        (SERVER, None),
        (UV, None),
    ] {
        let report = found(vec![frame(module, 1, vec![])]);
        assert_eq!(report.command().as_deref(), command, "{module}");
    }
    assert_eq!(found(vec![python("main", 3, true), frame(SELECT, 1, vec![])]).command(), None);
}
