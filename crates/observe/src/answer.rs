//! What else a recording holds: what the kernel answered about a suspicion, and where call sites lie.
//!
//! With them a replay says the same as the live observer did, on another machine and without the
//! program: it asks no kernel, and resolves no address.

use crate::kernel::Listed;
use crate::terms::{Fd, Tid};

/// What the kernel answered: the question, and the answer to it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are those of the questions: see Kernel")]
pub enum Answer {
    /// [`Kernel::readiness`](crate::Kernel::readiness); `None`: it is not open.
    Poll { fd: Fd, ready: Option<u32> },
    /// [`Kernel::registrations`](crate::Kernel::registrations); `None`: they cannot be read.
    Fdinfo { epfd: Fd, listed: Option<Vec<Listed>> },
    /// [`Kernel::unread`](crate::Kernel::unread).
    Unread { fd: Fd, bytes: Option<u64> },
    /// [`Kernel::traffic`](crate::Kernel::traffic).
    Traffic { fd: Fd, traffic: u64 },
    /// [`Kernel::file`](crate::Kernel::file): inode and device.
    File { fd: Fd, file: Option<(u64, u64)> },
    /// [`Kernel::keeper`](crate::Kernel::keeper), of a registration of `epfd` under `fd`.
    Keeper { epfd: Fd, fd: Fd, keeper: Option<Fd> },
    /// [`Kernel::has_both_ends`](crate::Kernel::has_both_ends).
    BothEnds { fd: Fd, has: bool },
    /// [`Kernel::is_alive`](crate::Kernel::is_alive).
    Alive { tid: Tid, is: bool },
    /// [`Kernel::is_on_its_way`](crate::Kernel::is_on_its_way).
    OnItsWay { tid: Tid, is: bool },
    /// [`Kernel::was_closed`](crate::Kernel::was_closed).
    WasClosed { fd: Fd, was: bool },
    /// [`Kernel::processor_time`](crate::Kernel::processor_time).
    ProcessorTime { tid: Tid, nanos: Option<u64> },
    /// [`Kernel::deaf`](crate::Kernel::deaf): the thread, and the signals.
    Deaf { fd: Fd, thread: Option<(u64, u64)> },
    /// [`Kernel::holder`](crate::Kernel::holder): the process, and its descriptor.
    Holder { inode: u64, holder: Option<(u64, u64)> },
    /// What the first argument of the next call that fails is: an epoll, another file, not open.
    Epfd { epfd: Fd, is_epoll: Option<bool> },
}

/// One frame of a call site: a place in the code of a loaded module.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Frame {
    /// The path of the program or library; empty: in none.
    pub module: String,
    /// The address as the module's own tables count it, or the bare address.
    pub offset: u64,
    /// The function there, the ones that it is inlined into after it; none where they are not known.
    pub symbols: Vec<Symbol>,
    /// It is a function of an interpreted program, which is in no module.
    pub interpreted: Option<Interpreted>,
}

/// What is known of a function of an interpreted program, beside its one symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Interpreted {
    /// Its language.
    pub language: Language,
    /// It is the user's own code, and no event loop stands between it and the call.
    pub is_users: bool,
}

/// Languages whose programs' own functions an observer can tell. New ones go to the end: a recording has their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Language {
    Python,
    JavaScript,
    Ruby,
    Php,
    Java,
}

impl Language {
    pub(crate) const ALL: [Self; 5] =
        [Self::Python, Self::JavaScript, Self::Ruby, Self::Php, Self::Java];

    /// Its name, as reports write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Python => "Python",
            Self::JavaScript => "JavaScript",
            Self::Ruby => "Ruby",
            Self::Php => "PHP",
            Self::Java => "Java",
        }
    }

    /// The language of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|language| language.name() == name)
    }
}

/// A function, and a line in it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Symbol {
    /// Its name.
    pub function: String,
    /// The source file; empty: not known.
    pub file: String,
    /// The line in it; 0: not known.
    pub line: u32,
}
