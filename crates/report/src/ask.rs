//! Whom to ask where all frames are an interpreter's: the command that tells the program's own lines while it runs.
//!
//! It is named and never run: some of these stop the program for a moment.

use crate::glob::glob_matches;
use crate::stack::{Report, Stack, base_name};

/// An interpreter's modules, and the command, before the process id and behind it.
struct Interpreter {
    /// Globs for the name of a module; with a slash in it, for its whole path.
    modules: &'static [&'static str],
    command: (&'static str, &'static str),
}

const INTERPRETERS: [Interpreter; 4] = [
    Interpreter {
        modules: &["python3*", "libpython3*", "*/lib-dynload/*"],
        command: ("py-spy dump --nonblocking --pid ", ""),
    },
    Interpreter {
        modules: &["java", "libjvm.so", "libnio.so", "libnet.so"],
        command: ("jcmd ", " Thread.print"),
    },
    Interpreter { modules: &["ruby", "ruby?.?", "libruby*"], command: ("rbspy dump --pid ", "") },
    Interpreter { modules: &["php", "php?.?", "libphp*"], command: ("phpspy -p ", "") },
];

impl Report {
    /// The command, where the frame to blame is an interpreter's.
    #[must_use]
    pub fn command(&self) -> Option<String> {
        if self.stacks.iter().any(Stack::is_interpreted) {
            return None;
        }
        let path = self.blamed()?.frame.module.as_str();
        let matches = |glob: &&str| {
            glob_matches(glob, if glob.contains('/') { path } else { base_name(path) })
        };
        let found = INTERPRETERS.iter().find(|one| one.modules.iter().any(&matches))?;
        let (before, behind) = found.command;
        Some(format!("{before}{}{behind}", self.pid))
    }
}
