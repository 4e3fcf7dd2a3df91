//! Names: which of a program's may be of epoll's structure, and where they stand in its strings.
//!
//! What a name proves depends on the language: in C only `epoll_event` itself does, in Rust also one in a
//! module, in Go those of the packages that make system calls. Debugging information has millions of names,
//! which are not looked at one by one: they are searched for in the table of strings first ([`Marks`]), and
//! what refers to none of them is not read.
//!
//! Surprising: a linker lets `Event` begin in the middle of `QEvent`. So a mark is not a string but a place
//! where a name may begin.

use memchr::memmem::{Finder, find_iter};

/// What a language does with names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// C and C++, and what is not known: a name counts in the global scope.
    C,
    /// Packages with a path.
    Go,
    /// Upper and lower case are the same, and a package is a prefix with two underscores.
    Ada,
    /// Upper and lower case are the same.
    Pascal,
    /// Modules: Rust, Zig, D, Swift and all others.
    Modules,
}

/// What a name is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Epoll's own, if the scope allows it.
    Exact,
    /// Like it.
    Alike,
    /// Neither.
    Other,
}

/// The functions of the C library, each with how many parameters it has and which one points to the structure.
pub const FUNCTIONS: [(&str, usize, usize); 4] =
    [("epoll_ctl", 4, 3), ("epoll_wait", 4, 1), ("epoll_pwait", 5, 1), ("epoll_pwait2", 5, 1)];

/// Go's packages that have the kernel's structure.
const GO: [&str; 6] = [
    "syscall",
    "runtime",
    "runtime/internal/syscall",
    "internal/runtime/syscall",
    "internal/runtime/syscall/linux",
    "golang.org/x/sys/unix",
];

/// Longer names are of no use to anyone, and would make a search of all prefixes long.
const LONGEST: usize = 512;

/// What the name of a structure says.
pub fn kind(name: &[u8], language: Language) -> Kind {
    if name.len() > LONGEST || name.iter().any(|byte| b"<([&*".contains(byte)) {
        return Kind::Other;
    }
    let last = last(name, language);
    let exact = match language {
        Language::Go => is_of_go(name),
        Language::Ada | Language::Pascal => last.eq_ignore_ascii_case(b"epoll_event"),
        Language::C | Language::Modules => last == b"epoll_event",
    };
    match (exact, plain(last)) {
        (true, _) => Kind::Exact,
        (_, plain) if plain == b"event" || plain.ends_with(b"epollevent") => Kind::Alike,
        _ => Kind::Other,
    }
}

/// The last part of a name that has its scope in it.
pub fn last(name: &[u8], language: Language) -> &[u8] {
    let is_end = |pair: &[u8]| match language {
        Language::C => false,
        Language::Ada => pair == b"__",
        _ => pair == b"::",
    };
    let pair = name.windows(2).rposition(is_end).map_or(0, |at| at + 2);
    let dot = name.iter().rposition(|&byte| byte == b'.').map_or(0, |at| at + 1);
    &name[if language == Language::C { 0 } else { pair.max(dot) }..]
}

/// Whether the user means this one: by its whole path, or by its end.
pub fn is_named(path: &str, wanted: &str) -> bool {
    let end = path.strip_suffix(wanted);
    end.is_some_and(|before| before.is_empty() || before.ends_with([':', '.', '/']))
}

fn is_of_go(name: &[u8]) -> bool {
    let Some(dot) = name.iter().rposition(|&byte| byte == b'.') else { return false };
    // A point in a path is written so.
    let package = String::from_utf8_lossy(&name[..dot]).replace("%2e", ".");
    let vendored = package.rsplit_once("/vendor/").map(|(_, path)| path);
    let package = vendored.or(package.strip_prefix("vendor/")).unwrap_or(&package);
    matches!(&name[dot + 1..], b"EpollEvent" | b"epollevent") && GO.contains(&package)
}

/// Without underscores and capitals.
fn plain(name: &[u8]) -> Vec<u8> {
    let letters = name.iter().filter(|&&byte| byte != b'_');
    letters.map(u8::to_ascii_lowercase).collect()
}

/// Where in a table of strings a name may begin that counts.
#[derive(Debug, Default)]
pub struct Marks {
    bits: Vec<u8>,
    /// Where those end that count: in a section that has names among other things.
    pub ends: Vec<usize>,
}

impl Marks {
    /// Searches. `wanted` are names that the user has given.
    pub fn new(strings: &[u8], wanted: &[String]) -> Self {
        let mut marks = Self { bits: Vec::new(), ends: Vec::new() };
        for word in ["event\0", "Event\0", "EVENT\0"] {
            for at in Finder::new(word).find_iter(strings) {
                marks.event(strings, at);
            }
        }
        for (function, ..) in FUNCTIONS {
            marks.words(strings, function, 0);
        }
        for name in wanted {
            let last = name.rsplit([':', '.', '/']).next().unwrap_or(name);
            marks.words(strings, last, LONGEST);
        }
        marks.ends.sort_unstable();
        marks
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Whether a name that counts may begin here.
    #[inline]
    pub fn has(&self, offset: usize) -> bool {
        self.bits.get(offset >> 3).is_some_and(|byte| byte >> (offset & 7) & 1 == 1)
    }

    fn words(&mut self, strings: &[u8], word: &str, before: usize) {
        let word = format!("{word}\0");
        for at in find_iter(strings, word.as_bytes()) {
            self.mark(strings, begin(strings, at, before), at);
        }
    }

    /// A name that ends with `event`: with anything before `epoll`, or alone.
    fn event(&mut self, strings: &[u8], at: usize) {
        let before = &strings[begin(strings, at, LONGEST)..at];
        let letters = before.len() - before.iter().rev().take_while(|&&byte| byte == b'_').count();
        let is_epoll = before[..letters].to_ascii_lowercase().ends_with(b"epoll");
        let is_alone = before.last().is_none_or(|byte| !byte.is_ascii_alphanumeric());
        let from = if is_epoll || is_alone { at - before.len() } else { at };
        self.mark(strings, from, at);
    }

    fn mark(&mut self, strings: &[u8], from: usize, to: usize) {
        self.bits.resize(strings.len() / 8 + 1, 0);
        for at in from..=to {
            self.bits[at >> 3] |= 1 << (at & 7);
        }
        self.ends.push(to);
    }
}

/// Where the string begins that has this place in it.
fn begin(strings: &[u8], at: usize, before: usize) -> usize {
    let from = at.saturating_sub(before);
    strings[from..at].iter().rposition(|&byte| byte == 0).map_or(from, |zero| from + zero + 1)
}

#[cfg(test)]
mod tests {
    use super::{Kind, Language, Marks, kind};

    #[test]
    fn what_a_name_says_depends_on_the_language() {
        for (name, language, expected) in [
            ("epoll_event", Language::C, Kind::Exact),
            ("EPOLL_EVENT", Language::C, Kind::Alike),
            ("EPOLL_EVENT", Language::Pascal, Kind::Exact),
            ("linux__epoll_event", Language::Ada, Kind::Exact),
            ("os.linux.epoll_event", Language::Modules, Kind::Exact),
            ("my_epoll_event", Language::C, Kind::Alike),
            ("syscall.EpollEvent", Language::Go, Kind::Exact),
            ("golang.org/x/sys/unix.EpollEvent", Language::Go, Kind::Exact),
            ("golang%2eorg/x/sys/unix.EpollEvent", Language::Go, Kind::Exact),
            ("a/vendor/golang.org/x/sys/unix.EpollEvent", Language::Go, Kind::Exact),
            ("runtime.epollevent", Language::Go, Kind::Exact),
            ("example.com/unix.EpollEvent", Language::Go, Kind::Alike),
            ("main.EpollEvent", Language::Go, Kind::Alike),
            ("[]syscall.EpollEvent", Language::Go, Kind::Other),
            ("*syscall.EpollEvent", Language::Go, Kind::Other),
            ("Vec<libc::epoll_event, alloc::alloc::Global>", Language::Modules, Kind::Other),
            ("&mut [libc::epoll_event]", Language::Modules, Kind::Other),
            ("Event", Language::Modules, Kind::Alike),
            ("QEvent", Language::C, Kind::Other),
            ("epoll_events", Language::C, Kind::Other),
        ] {
            assert_eq!(kind(name.as_bytes(), language), expected, "{name}, {language:?}");
        }
    }

    #[test]
    fn names_are_marked_where_they_may_begin() {
        let strings = b"\0a::epoll_event\0QEvent\0epoll_wait\0x_epoll_ctl\0Mine\0os.Event\0";
        let marks = Marks::new(strings, &["my::Mine".to_owned()]);
        let at = |text: &str| strings.windows(text.len()).position(|w| w == text.as_bytes());
        for name in ["a::epoll_event", "epoll_event", "Event\0", "epoll_wait", "epoll_ctl", "Mine"]
        {
            assert!(marks.has(at(name).unwrap()), "{name}");
        }
        assert!(marks.has(at("os.Event").unwrap()));
        for name in ["QEvent", "x_epoll_ctl"] {
            assert!(!marks.has(at(name).unwrap()), "{name}");
        }
        assert!(Marks::new(b"abc\0", &[]).is_empty() && !Marks::default().has(7));
    }
}
