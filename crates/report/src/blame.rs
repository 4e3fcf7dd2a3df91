//! The frame to blame: the first one outside the C library, the event loop's library and the
//! interpreter. A wait is made by libuv, a registration by mio, a read by CPython; what is to be changed
//! is in the code that uses them.
//!
//! One table says which code is not the user's, by the module's name or the function's; the C library has a list of its own,
//! which others ask too (`epshim_observe::is_part_of_libc`). It is no list of
//! correct code: where no other frame is there, the first is blamed, though the table has it.
//!
//! Surprising: a library that is linked into the program is known by its functions only. So a prefix
//! here must be the library's own; `event_` alone would be half of all servers.

use crate::glob::glob_matches;
use crate::printable;
use crate::stack::{Frame, Report, Stack, Symbol, base_name};
use epshim_observe::is_part_of_libc;

/// A part of a program that its user did not write.
struct Part {
    /// Globs for the name of a module; with a slash in it, for its whole path.
    modules: &'static [&'static str],
    /// Globs for the name of a function.
    functions: &'static [&'static str],
}

const PARTS: [Part; 17] = [
    // The compilers' run-time libraries, what sanitizers put before libc, and by what interpreters call C.
    Part {
        modules: &["libgcc_s.so*", "lib*san.so*", "libffi.so*"],
        functions: &["__interceptor_*", "___interceptor_*"],
    },
    // The standard libraries of C++ and Rust.
    Part {
        modules: &["libstdc++.so*", "libc++.so*", "libstd-*.so"],
        functions: &["std::*", "<std::*", "core::*", "<core::*", "alloc::*", "<alloc::*"],
    },
    // epshim itself.
    Part { modules: &["libepshim*.so*"], functions: &["epshim_*", "epshim::*", "<epshim::*"] },
    // libuv.
    Part { modules: &["libuv.so*"], functions: &["uv_*"] },
    // libevent.
    Part {
        modules: &["libevent*.so*"],
        functions: &[
            "event_base_*",
            "event_add*",
            "event_del*",
            "event_active*",
            "evmap_*",
            "evbuffer_*",
            "bufferevent_*",
            "evconnlistener_*",
            "evutil_*",
            "epoll_dispatch",
            "epoll_nochangelist_*",
            "epoll_apply_*",
        ],
    },
    // libev.
    Part {
        modules: &["libev.so*"],
        functions: &["ev_run", "ev_invoke*", "ev_io_*", "epoll_poll", "epoll_modify", "fd_reify"],
    },
    // GLib, systemd's sd-event, Qt.
    Part {
        modules: &["libglib-2*", "libgio-2*", "libsystemd.so*", "libQt?Core.so*"],
        functions: &["g_main_*", "g_poll", "g_source_*", "sd_event_*"],
    },
    // Boost.Asio.
    Part { modules: &[], functions: &["boost::asio::*", "asio::detail::*"] },
    // The loops of Rust.
    Part {
        modules: &[],
        functions: &[
            "mio::*",
            "<mio::*",
            "tokio::*",
            "<tokio::*",
            "polling::*",
            "<polling::*",
            "async_io::*",
            "<async_io::*",
            "async_std::*",
            "<async_std::*",
            "nix::*",
            "<nix::*",
            "rustix::*",
            "<rustix::*",
        ],
    },
    // CPython, its modules in C, and the loops that are such modules.
    Part {
        modules: &[
            "python3*",
            "python2*",
            "libpython*",
            "*/lib-dynload/*",
            "*/uvloop/*",
            "*/gevent/*",
        ],
        functions: &[],
    },
    Part { modules: &["node", "nodejs", "libnode.so*", "bun", "deno"], functions: &["v8::*"] },
    Part { modules: &["ruby", "ruby?.?", "libruby*", "*/ruby/*.so"], functions: &[] },
    Part { modules: &["php", "php?*", "libphp*"], functions: &[] },
    Part { modules: &["perl", "perl5*", "libperl*", "*/perl5/*", "*/perl/*.so"], functions: &[] },
    Part {
        modules: &["java", "libjvm.so", "libnio.so", "libnet.so", "libjava.so", "libjli.so"],
        functions: &[],
    },
    Part { modules: &["lua", "lua5*", "luajit*", "liblua*"], functions: &[] },
    Part { modules: &["dotnet", "libcoreclr.so", "libSystem.Native.so"], functions: &[] },
];

/// The frame, and the function of it where it has names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blamed<'a> {
    /// The frame.
    pub frame: &'a Frame,
    /// The function, which may be inlined into others of the frame.
    pub symbol: Option<&'a Symbol>,
}

impl Report {
    /// The frame to blame: what the finding is named by. It is of the first call site; in an interpreted program of
    /// the first one that has a line of the user's, and of a wait only if there is no other: every descriptor of a loop has
    /// that line, and what is wrong with one of them is elsewhere.
    #[must_use]
    pub fn blamed(&self) -> Option<Blamed<'_>> {
        let of = |is_wait: bool| {
            let stacks = self.stacks.iter().filter(move |stack| stack.role.is_wait() == is_wait);
            stacks.into_iter().find_map(Stack::users)
        };
        let users = || of(false).or_else(|| of(true));
        let is_interpreted = self.stacks.iter().any(Stack::is_interpreted);
        is_interpreted.then(users).flatten().or_else(|| self.stacks.first()?.blamed())
    }

    /// The line of a suppressions file that silences this finding and its like.
    #[must_use]
    pub fn suppression(&self) -> String {
        let name = self.blamed().map(|blamed| match blamed.symbol {
            // Every function of a script stands below its module's: a line tells them apart.
            Some(symbol) if blamed.frame.interpreted.is_some() => {
                let place = symbol.place().unwrap_or_default();
                base_name(&place).to_owned()
            }
            Some(symbol) => symbol.function.clone(),
            None => base_name(&blamed.frame.module).to_owned(),
        });
        let mut glob = name.unwrap_or_default().replace(printable::is_command, "?");
        if glob.is_empty() || glob.trim() != glob {
            "*".clone_into(&mut glob);
        }
        format!("{}:{glob}", self.finding.rule)
    }
}

impl Stack {
    /// The frame to blame; `None`: there is no frame.
    pub(crate) fn blamed(&self) -> Option<Blamed<'_>> {
        let first = self.frames.first()?;
        let first = Blamed { frame: first, symbol: first.symbols.first() };
        Some(self.users().unwrap_or(first))
    }

    /// The innermost function that is the user's own.
    fn users(&self) -> Option<Blamed<'_>> {
        self.of_the_program().iter().find_map(own)
    }
}

/// Whether a frame is libc's, an event loop's library's or an interpreter's, by its module and its function.
#[must_use]
pub fn is_of_others(module: &str, function: Option<&str>) -> bool {
    is_module_of_others(module) || function.is_some_and(is_function_of_others)
}

/// The innermost function of a frame that is the user's own.
fn own(frame: &Frame) -> Option<Blamed<'_>> {
    if let Some(interpreted) = frame.interpreted {
        return interpreted.is_users.then_some(Blamed { frame, symbol: frame.symbols.first() });
    }
    // An address in no module is what an interpreter has compiled: it has no name to blame.
    if frame.module.is_empty() && frame.symbols.is_empty() || is_module_of_others(&frame.module) {
        return None;
    }
    if frame.symbols.is_empty() {
        return Some(Blamed { frame, symbol: None });
    }
    let symbol = frame.symbols.iter().find(|symbol| !is_function_of_others(&symbol.function))?;
    Some(Blamed { frame, symbol: Some(symbol) })
}

fn is_module_of_others(path: &str) -> bool {
    let name = base_name(path);
    let is_a_part = |glob: &&str| glob_matches(glob, if glob.contains('/') { path } else { name });
    is_part_of_libc(path) || PARTS.iter().flat_map(|part| part.modules).any(is_a_part)
}

fn is_function_of_others(function: &str) -> bool {
    PARTS.iter().flat_map(|part| part.functions).any(|glob| glob_matches(glob, function))
}
