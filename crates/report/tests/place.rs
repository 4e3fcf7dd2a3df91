//! Places for reports: what a value of `json` or `log_path` names, and which files may be opened, in file
//! systems that are written down here.

use epshim_report::place::{Entry, Found, Inherited, Place, Refused, find};
use std::collections::HashMap;
use std::path::{Path, PathBuf};

const ME: u32 = 1000;
const OTHER: u32 = 1001;

/// The entries of a file system; `/` and `/home` are root's, `/tmp` every user's.
struct Files(HashMap<PathBuf, Entry>);

impl Files {
    fn new() -> Self {
        let files = Self(HashMap::new());
        files.folder("/", 0o755, 0).folder("/home", 0o755, 0).folder("/tmp", 0o1777, 0)
    }

    fn with(mut self, path: &str, entry: Entry) -> Self {
        self.0.insert(path.into(), entry);
        self
    }

    fn folder(self, path: &str, mode: u32, owner: u32) -> Self {
        self.with(path, Entry { link: None, is_folder: true, mode, owner })
    }

    fn file(self, path: &str, owner: u32) -> Self {
        self.with(path, Entry { link: None, is_folder: false, mode: 0o644, owner })
    }

    fn link(self, path: &str, to: &str, owner: u32) -> Self {
        self.with(path, Entry { link: Some(to.into()), is_folder: false, mode: 0o777, owner })
    }

    fn find(&self, path: &str) -> Result<Found, Refused> {
        find(Path::new(path), ME, |path| self.0.get(path).cloned())
    }

    #[track_caller]
    fn opens(self, path: &str, as_path: &str, is_shared: bool) -> Self {
        let found = self.find(path);
        assert_eq!(found, Ok(Found { path: as_path.into(), is_shared }), "{path}");
        // Paths are equal with a slash at the end, too.
        assert_eq!(found.unwrap().path.as_os_str(), as_path, "{path}");
        self
    }

    #[track_caller]
    fn refuses(self, path: &str, refused: Refused) -> Self {
        assert_eq!(self.find(path), Err(refused), "{path}");
        self
    }
}

fn link(path: &str) -> Refused {
    Refused::Link(path.into())
}

fn owner(path: &str) -> Refused {
    Refused::Owner(path.into())
}

#[test]
fn a_descriptor_has_many_names() {
    let here = |number| Place::Descriptor(Inherited { number, process: None, file: None });
    for (value, place) in [
        ("-", here(1)),
        ("/dev/stdout", here(1)),
        ("/dev/stderr", here(2)),
        ("/dev/fd/7", here(7)),
        ("/proc/self/fd/63", here(63)),
    ] {
        assert_eq!(Place::of(value), place, "{value}");
    }
    for value in ["./-", "/-", "/dev/fd/", "/dev/fd/x", "/dev/fd/-1", "/dev/fd/7/x", "/proc/4/fd/7"]
    {
        assert_eq!(Place::of(value), Place::File(value.to_owned()));
    }
    let said = Inherited { number: 7, process: Some(4711), file: Some((45, u64::MAX)) };
    assert_eq!(Place::of(&said.to_string()), Place::Descriptor(said));
    assert_eq!(said.to_string(), "/proc/4711/fd/7#45-18446744073709551615");
}

#[test]
fn a_file_in_a_folder_of_one_s_own_is_found_behind_links() {
    Files::new()
        .folder("/home/me", 0o755, ME)
        .file("/home/me/log", ME)
        .file("/home/me/root", 0)
        .link("/home/me/link", "log", ME)
        .link("/home/me/far", "../../home/me/./link", OTHER)
        .link("/var", "/home", 0)
        .opens("/home/me/log", "/home/me/log", false)
        .opens("/home/me/root", "/home/me/root", false)
        .opens("/home/me/new", "/home/me/new", false)
        .opens("/home/me/far", "/home/me/log", false)
        .opens("/var/me/../me/link", "/home/me/log", false)
        .opens("/var/missing/log", "/home/missing/log", false)
        .opens("/", "/", false);
}

#[test]
fn in_a_folder_of_every_user_only_one_s_own_files_are_opened() {
    Files::new()
        .file("/tmp/mine", ME)
        .file("/tmp/theirs", OTHER)
        .file("/tmp/root", 0)
        .link("/tmp/link", "/home/me/.ssh/authorized_keys", OTHER)
        .link("/tmp/own", "mine", ME)
        .link("/log", "/tmp/link", 0)
        .opens("/tmp/new", "/tmp/new", true)
        .opens("/tmp/mine", "/tmp/mine", true)
        .refuses("/tmp/theirs", owner("/tmp/theirs"))
        .refuses("/tmp/root", owner("/tmp/root"))
        .refuses("/tmp/link", link("/tmp/link"))
        .refuses("/tmp/own", link("/tmp/own"))
        .refuses("/home/../tmp/link", link("/tmp/link"))
        .refuses("/log", link("/tmp/link"));
}

#[test]
fn nor_is_a_folder_entered_there_that_is_a_link_or_another_user_s() {
    Files::new()
        .folder("/tmp/mine", 0o755, ME)
        .folder("/tmp/root", 0o755, 0)
        .folder("/tmp/theirs", 0o755, OTHER)
        .link("/tmp/theirs/log", "/home/me/.profile", OTHER)
        .link("/tmp/link", "/home", OTHER)
        .link("/tmp/mine/link", "/home/log", ME)
        .opens("/tmp/mine/log", "/tmp/mine/log", false)
        .opens("/tmp/mine/link", "/home/log", false)
        .opens("/tmp/root/log", "/tmp/root/log", false)
        .opens("/tmp/missing/log", "/tmp/missing/log", false)
        .refuses("/tmp/theirs/log", owner("/tmp/theirs"))
        .refuses("/tmp/link/me/log", link("/tmp/link"));
}

#[test]
fn links_that_lead_to_themselves_end() {
    let files = Files::new().link("/a", "b", 0).link("/b", "/a/..", 0);
    files.refuses("/a", Refused::Loop).refuses("/b/log", Refused::Loop);
}
