//! What the hook of each kind of call does: C around the call itself.
//!
//! A new function needs a row of the table. Only a function of a new kind needs more: a line here, and
//! what that line calls in `hooks/`.

use crate::table::{Call, Function};

/// The parts of a hook. They are C, and use the parameters, `site`, and `result` behind the call.
#[derive(Debug)]
pub struct Parts {
    /// Whether the library has anything to do with the call. Else it is a jump to the next function.
    pub is_observed: &'static str,
    /// Before the call.
    pub before: String,
    /// After it.
    pub after: String,
}

/// The parts of a function's hook; none where it is written by hand (`hooks/syscall.c`).
pub fn parts(function: &Function) -> Option<Parts> {
    let flags = if function.has("flags") { "flags" } else { "0" };
    let (is_observed, before, after) = match function.call {
        Call::Syscall | Call::ExecList => return None,
        Call::Create => {
            ("is_checking()", String::new(), format!("created(result, {flags}, site);"))
        }
        Call::EpollCtl => (
            "is_checking()",
            "uint64_t begun = on_epoll_ctl_begin(epfd, op, fd);".to_owned(),
            "on_epoll_ctl(epfd, op, fd, event, result < 0 ? errno : 0, begun, site);".to_owned(),
        ),
        Call::Wait => (
            "is_checking()",
            "on_wait_begin(epfd, maxevents, NANOSECONDS(timeout), site);".to_owned(),
            "on_wait_end(epfd, events, result, result < 0 ? errno : 0);".to_owned(),
        ),
        Call::Poll => (
            "is_any_watched()",
            "uintptr_t wait = poll_begins(entries, count);".to_owned(),
            "poll_ended(wait, entries, count, result);".to_owned(),
        ),
        Call::Select => (
            "is_any_watched()",
            "uintptr_t wait = select_begins(limit, writing);".to_owned(),
            "select_ended(wait, limit, reading, result);".to_owned(),
        ),
        Call::Close => ("is_close_observed(fd)", "closing(fd, site);".to_owned(), String::new()),
        Call::CloseRange => {
            ("is_checking()", "closing_range(first, last, flags, site);".to_owned(), String::new())
        }
        Call::CloseFrom => (
            "is_checking()",
            "closing_range(first < 0 ? 0 : (unsigned)first, WATCHABLE, 0, site);".to_owned(),
            String::new(),
        ),
        Call::CloseStream => {
            ("is_checking()", "closing_stream(stream, site);".to_owned(), String::new())
        }
        Call::CloseDirectory => {
            ("is_checking()", "closing_directory(directory, site);".to_owned(), String::new())
        }
        Call::Copy => ("is_watched(fd)", String::new(), "copied(fd, result, site);".to_owned()),
        Call::Replace => (
            "is_watched(from) || is_close_observed(to)",
            format!("replacing(from, to, {flags}, site);"),
            "copied(from, result, site);".to_owned(),
        ),
        Call::Fcntl => (
            "is_watched(fd)",
            String::new(),
            "fcntl_ended(fd, operation, result, site);".to_owned(),
        ),
        Call::Ioctl => (
            "is_watched(fd)",
            String::new(),
            "ioctl_ended(fd, operation, result, site);".to_owned(),
        ),
        Call::Shutdown => {
            ("is_watched(fd)", String::new(), "shutdown_ended(fd, how, result);".to_owned())
        }
        Call::Read => input_or_output(function, "IO_READ"),
        Call::ReceiveMessage => input_or_output(function, "IO_MESSAGE"),
        Call::ReceiveMessages => input_or_output(function, "IO_MESSAGES"),
        Call::Accept => accept(function),
        Call::Socket => ("has_lines()", String::new(), "opened(result, site);".to_owned()),
        // One that does not block goes on.
        Call::Connect => (
            "is_checking()",
            String::new(),
            "connected(fd, result == 0 ? 0 : errno, site);".to_owned(),
        ),
        Call::GetOption => (
            "is_watched(fd) && level == SOL_SOCKET && option == SO_ERROR",
            String::new(),
            "if (result == 0)\n        on_error_taken(fd, site);".to_owned(),
        ),
        Call::Write => input_or_output(function, "IO_WRITE"),
        Call::Vmsplice => input_or_output(function, "kind_of_vmsplice(fd)"),
        Call::Sendfile => transfer(function, "IO_READ", true),
        Call::Splice => transfer(function, "IO_READ", false),
        Call::Tee => transfer(function, "IO_PEEK", false),
        // The status is the hook's to change. What syscall(2) is given is not: the next _exit is called.
        Call::Exit if function.is_exported => {
            ("has_begun", "status = ending(status);".to_owned(), String::new())
        }
        Call::Exit => ("has_begun", "NEXT(_exit)(ending(status));".to_owned(), String::new()),
        Call::Exec => (
            "has_begun",
            "bool is_marked = on_exec_begin();".to_owned(),
            "if (is_marked)\n        on_exec_failed();".to_owned(),
        ),
        Call::Spawn => ("is_checking()", "on_spawned();".to_owned(), String::new()),
        Call::Alone => {
            ("is_checking()", "on_alone_begin();".to_owned(), "on_alone_end();".to_owned())
        }
        // The observer would be waited for, and side processes.
        Call::Reap => (
            if function.has("kind") {
                "has_begun && kind != P_PID && kind != P_PIDFD && (options & OF_CLONES) != 0"
            } else {
                "has_begun && process <= 0 && (options & OF_CLONES) != 0"
            },
            "on_clones_awaited();".to_owned(),
            "on_clones_waited_for();".to_owned(),
        ),
        // prctl(2): PR_SET_SECCOMP, and SECCOMP_MODE_STRICT. Without a filter the kernel says EFAULT.
        Call::Prctl => (
            "is_checking() && operation == 22",
            "on_sandbox_begin(site, mode == 1 || filter != 0);".to_owned(),
            "on_sandbox_end(result == 0);".to_owned(),
        ),
        // seccomp(2): SECCOMP_SET_MODE_STRICT, SECCOMP_SET_MODE_FILTER. With SECCOMP_FILTER_FLAG_TSYNC alone
        // the thread that stood against it is returned.
        Call::Seccomp => (
            "is_checking() && operation <= 1",
            "on_sandbox_begin(site, operation == 0 || filter != NULL);".to_owned(),
            "on_sandbox_end(result == 0 || (result > 0 && (options & 8) != 0));".to_owned(),
        ),
        Call::Ring => {
            ("is_checking()", String::new(), "ring_made(result, call->number);".to_owned())
        }
    };
    Some(Parts { is_observed, before, after })
}

/// Input from a descriptor, or output to it.
fn input_or_output(function: &Function, kind: &str) -> (&'static str, String, String) {
    let is_observed = if function.has("offset") {
        // A positioned read takes nothing from a stream (pread(2)); at -1 it is none (readv(2)).
        "is_watched(fd) && offset == -1"
    } else {
        "is_watched(fd)"
    };
    let is_input =
        matches!(function.call, Call::Read | Call::ReceiveMessage | Call::ReceiveMessages);
    let kind = match function.flags.as_deref() {
        Some("MSG") if is_input => format!("kind_of_receive({kind}, flags)"),
        _ => kind.to_owned(),
    };
    let got = match function.call {
        Call::Accept => "result < 0 ? -1 : 1",
        Call::Write if function.has("messages") => "bytes_of_messages(messages, result)",
        _ if function.has("value") => "result < 0 ? -1 : (ssize_t)sizeof(eventfd_t)",
        _ => "result",
    };
    let before = format!(
        "enum io_kind kind = {kind};\n{}    on_io_begin(fd, kind, {}, site);",
        unguarded(function),
        may_not_block(function)
    );
    let asked = asked(function);
    let mut after = format!("ssize_t got = {got};\n    io_ended(fd, kind, {asked}, got, site);");
    if matches!(function.name.as_str(), "write" | "__write") {
        after += "\n    if (got >= 0 && !may_call(REFUSED_DESCRIPTORS))\n        on_written(fd);";
    }
    (is_observed, before, after)
}

/// Input from a listener, and a socket that is new.
fn accept(function: &Function) -> (&'static str, String, String) {
    let (_, before, after) = input_or_output(function, "IO_ACCEPT");
    let if_watched = |text: &str| format!("if (is_awaited) {{\n    {text}\n    }}");
    // What is watched may change in the call.
    let before = before.replace("enum io_kind kind = IO_ACCEPT;\n    ", "");
    let before = before.replace("kind", "IO_ACCEPT");
    let after = after.replace("kind", "IO_ACCEPT");
    (
        "is_watched(fd) || has_lines()",
        format!("bool is_awaited = is_watched(fd);\n    {}", if_watched(&before)),
        format!("{}\n    opened(result, site);", if_watched(&after)),
    )
}

/// How much a call asks for, in C. What the kernel has not read is not read here.
fn asked(function: &Function) -> &'static str {
    match function.call {
        Call::Accept => "1",
        Call::ReceiveMessages => "messages_asked(count, result, timeout)",
        _ if function.has("messages") => "bytes_asked(got, result, count)",
        _ if function.has("message") => {
            "got < 0 ? 0 : size_of_parts(message->msg_iov, message->msg_iovlen)"
        }
        _ if function.has("parts") => "got < 0 ? 0 : size_of_parts(parts, (size_t)count)",
        _ if function.has("value") => "sizeof(eventfd_t)",
        _ => "size",
    }
}

/// What moves bytes between two descriptors. `output_fails`: an error is the output's.
fn transfer(function: &Function, kind: &str, output_fails: bool) -> (&'static str, String, String) {
    let before = format!(
        "struct transfer transfer = transfer_begins(from, {kind}, to, {}, site);",
        may_not_block(function)
    );
    let after = format!("transfer_ended(&transfer, size, result, {output_fails});");
    ("is_watched(from) || is_watched(to)", before, after)
}

/// What comes before a write that SIGPIPE may follow.
fn unguarded(function: &Function) -> &'static str {
    match (function.call, function.flags.as_deref()) {
        (Call::Write, Some("MSG")) => {
            "    if (may_raise_sigpipe() && (flags & MSG_NOSIGNAL) == 0)\n        \
             on_unguarded_write(fd, site);\n"
        }
        (Call::Write, _) => "    if (may_raise_sigpipe())\n        on_unguarded_write(fd, site);\n",
        _ => "",
    }
}

/// Whether the call itself asks not to block, in C.
fn may_not_block(function: &Function) -> &'static str {
    match function.flags.as_deref() {
        Some("MSG") => "flags & MSG_DONTWAIT",
        Some("RWF") => "flags & RWF_NOWAIT",
        Some("SPLICE_F") => "flags & SPLICE_F_NONBLOCK",
        _ => "false",
    }
}
