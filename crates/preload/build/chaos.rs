//! What chaos makes of each kind of call: C in place of the call itself, for `hooks/chaos.h`.
//!
//! Only functions whose parameters can be cut have any: messages in a row have boundaries, a positioned read no place in a
//! stream, and a call by its number (`hooks/syscall.c`) arguments of another form. Those are made as they are.

use crate::table::{Call, Function};

/// What is made of a call under `epshim chaos`: instead of the call alone.
#[derive(Debug)]
pub struct Chaos {
    /// Declares `chaos`, and asks what is to become of the call.
    pub before: String,
    /// Parameters' names, and what is passed instead.
    pub replaced: Vec<(&'static str, &'static str)>,
    /// Behind the call, with `result`.
    pub after: String,
}

/// What is made of a call of this function, if anything.
pub fn chaos(function: &Function) -> Option<Chaos> {
    let flags = if function.flags.as_deref() == Some("MSG") { "flags" } else { "0" };
    match function.call {
        Call::Read if function.has("offset") => None,
        Call::Read if function.has("size") => Some(bytes("input", "fd", flags)),
        Call::Read if function.has("parts") => Some(parts("input", flags)),
        Call::Write if function.has("offset") => None,
        Call::Write if function.has("size") => Some(bytes("output", "fd", flags)),
        Call::Write if function.has("parts") => Some(parts("output", flags)),
        Call::ReceiveMessage => Some(message("input")),
        Call::Write if function.has("message") => Some(message("output")),
        Call::Splice => Some(splice()),
        Call::Sendfile => Some(bytes("output", "to", "0")),
        Call::Accept => Some(Chaos {
            before: "struct chaos chaos = {.asked = 1, .room = 1};\n        \
                     on_chaos_accept(&chaos, fd, site);"
                .to_owned(),
            replaced: Vec::new(),
            after: "on_chaos_accepted(&chaos, fd, result, site);\n        \
                    if (chaos.lost != 0 && result >= 0) {\n            \
                    NEXT(close)(result);\n            result = told(&chaos, chaos.lost);\n        }"
                .to_owned(),
        }),
        Call::Wait => Some(Chaos {
            before: "struct chaos chaos = {.asked = (uint64_t)maxevents, .room = (uint64_t)maxevents};\n        \
                     if (maxevents > 0)\n            \
                     on_chaos_wait(&chaos, epfd, NANOSECONDS(timeout), site);"
                .to_owned(),
            replaced: vec![("maxevents", "(int)chaos.room")],
            after: "result = on_chaos_waited(&chaos, epfd, events, result, site);".to_owned(),
        }),
        Call::Connect => Some(Chaos {
            before: "struct chaos chaos = {.asked = 1, .room = 1, .gives = family_of(address, length)};\n        \
                     on_chaos_connect(&chaos, fd, site);\n        \
                     struct sockaddr_storage nobody;\n        \
                     socklen_t size = chaos.room == 0 ? address_of_nobody(fd, &nobody) : length;\n        \
                     const struct sockaddr *other = chaos.room == 0 ? (struct sockaddr *)&nobody : address;"
                .to_owned(),
            replaced: vec![("address", "other"), ("length", "size")],
            after: "if (chaos.fault != 0 && on_chaos_connected(&chaos, fd, result < 0 ? errno : 0))\n            \
                    result = told(&chaos, chaos.lost);"
                .to_owned(),
        }),
        _ => None,
    }
}

/// A call that moves `size` bytes.
fn bytes(direction: &str, fd: &str, flags: &str) -> Chaos {
    Chaos {
        before: format!(
            "struct chaos chaos = {{.asked = size, .room = size}};\n        \
             on_chaos_{direction}(&chaos, {fd}, {flags}, site);"
        ),
        replaced: vec![("size", "(size_t)chaos.room")],
        after: moved(direction, fd),
    }
}

/// A call that moves what a list of buffers has room for.
fn parts(direction: &str, flags: &str) -> Chaos {
    Chaos {
        before: format!(
            "struct iovec copy[CUT_PARTS];\n        \
             struct chaos chaos = {{.asked = cuttable(copy, parts, count)}};\n        \
             chaos.room = chaos.asked;\n        \
             on_chaos_{direction}(&chaos, fd, {flags}, site);\n        \
             const struct iovec *room = parts;\n        \
             int rooms = count;\n        \
             if (chaos.room < chaos.asked) {{\n            \
             room = copy;\n            rooms = cut(copy, count, chaos.room);\n        }}"
        ),
        replaced: vec![("parts", "room"), ("count", "rooms")],
        after: moved(direction, "fd"),
    }
}

/// A message: what its buffers have room for. What the kernel writes of it is the program's.
fn message(direction: &str) -> Chaos {
    let written = if direction == "input" {
        "if (result >= 0 && chaos.room < chaos.asked) {\n            \
         message->msg_namelen = whole.msg_namelen;\n            \
         message->msg_controllen = whole.msg_controllen;\n            \
         message->msg_flags = whole.msg_flags;\n        }\n        "
    } else {
        ""
    };
    Chaos {
        before: format!(
            "struct iovec copy[CUT_PARTS];\n        \
             struct msghdr whole;\n        \
             struct chaos chaos = {{.asked = cuttable_message(copy, &whole, message)}};\n        \
             chaos.room = chaos.asked;\n        \
             on_chaos_{direction}(&chaos, fd, flags, site);\n        \
             if (chaos.room < chaos.asked) {{\n            \
             whole.msg_iovlen = (size_t)cut(copy, (int)whole.msg_iovlen, chaos.room);\n            \
             whole.msg_iov = copy;\n        }}"
        ),
        replaced: vec![("message", "chaos.room < chaos.asked ? &whole : message")],
        after: format!("{written}{}", moved(direction, "fd")),
    }
}

/// What moves bytes between two descriptors is cut at one end: where it goes to, if that is watched.
fn splice() -> Chaos {
    Chaos {
        before: "struct chaos chaos = {.asked = size, .room = size};\n        \
                 bool is_output = is_watched(to);\n        \
                 if (is_output)\n            on_chaos_output(&chaos, to, 0, site);\n        \
                 else\n            on_chaos_input(&chaos, from, 0, site);"
            .to_owned(),
        replaced: vec![("size", "(size_t)chaos.room")],
        after: "on_chaos_moved(&chaos, is_output ? to : from, is_output, result, site);".to_owned(),
    }
}

fn moved(direction: &str, fd: &str) -> String {
    let is_output = direction == "output";
    format!("on_chaos_moved(&chaos, {fd}, {is_output}, result, site);")
}
