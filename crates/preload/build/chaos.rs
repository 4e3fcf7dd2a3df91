//! What chaos makes of each kind of call: C in place of the call itself, for `hooks/chaos.h`.
//!
//! Only functions whose parameters can be cut have any: a message has control data, a positioned read no place in a
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
        Call::Sendfile => Some(bytes("output", "to", "0")),
        Call::Accept => Some(Chaos {
            before: "struct chaos chaos = {.asked = 1, .room = 1};\n        \
                     on_chaos_accept(&chaos, fd, site);"
                .to_owned(),
            replaced: Vec::new(),
            after: "on_chaos_accepted(&chaos, fd, result, site);\n        \
                    if (chaos.lost != 0 && result >= 0) {\n            \
                    NEXT(close)(result);\n            result = told(chaos.lost);\n        }"
                .to_owned(),
        }),
        Call::Wait => Some(Chaos {
            before: "struct chaos chaos = {.asked = (uint64_t)maxevents, .room = (uint64_t)maxevents};\n        \
                     if (maxevents > 0)\n            \
                     on_chaos_wait(&chaos, epfd, NANOSECONDS(timeout), site);"
                .to_owned(),
            replaced: vec![("maxevents", "(int)chaos.room")],
            after: "on_chaos_waited(&chaos, epfd, events, result, site);".to_owned(),
        }),
        Call::Connect => Some(Chaos {
            before: "struct chaos chaos = {.asked = 1, .room = 1};\n        \
                     on_chaos_connect(&chaos, fd, site);"
                .to_owned(),
            replaced: Vec::new(),
            after: String::new(),
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

fn moved(direction: &str, fd: &str) -> String {
    let is_output = direction == "output";
    format!("on_chaos_moved(&chaos, {fd}, {is_output}, result, site);")
}
