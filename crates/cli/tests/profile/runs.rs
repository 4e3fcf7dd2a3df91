//! A server under `epshim profile`, and its profile.

use crate::command::watching;
use epshim_harness::c_compiler::compile;
use epshim_harness::process::Process;
use epshim_harness::products::folder;
use epshim_harness::{deadline, wait_for};
use epshim_profile::{Figure, Profile, Verdict, VerdictName};
use std::ffi::OsStr;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

/// The server of `ways.c`.
pub fn server() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    let flags = ["-pthread", "-O1", "-g"];
    PROGRAM.get_or_init(|| {
        compile(env!("CARGO_MANIFEST_DIR"), &["tests/profile/ways.c"], "profile-ways", &flags)
    })
}

/// A server that runs under `epshim profile`.
pub struct Run {
    pub process: Process,
    pub json: PathBuf,
}

/// A server that has ended.
pub struct Ended {
    pub profile: Profile,
    pub out: Vec<String>,
    pub errors: String,
}

impl Run {
    /// Starts it, with these options of `epshim profile`.
    pub fn start(name: &str, options: &[&str], command: &[&OsStr]) -> Self {
        /// Tests run side by side.
        static RUNS: AtomicU32 = AtomicU32::new(0);
        let number = RUNS.fetch_add(1, Relaxed);
        let json = folder(&format!("profile-{name}-{number}")).join("profile.json");
        let _ = fs::remove_file(&json);
        let mut profile = watching(&["profile", "--json"]);
        profile.arg(&json).args(options).arg("--").args(command);
        Self { process: Process::start(name, &mut profile), json }
    }

    /// The server of `ways.c`, for this number of connections.
    pub fn of_way(way: &str, connections: usize, options: &[&str]) -> Self {
        let connections = connections.to_string();
        let command = [server().as_os_str(), OsStr::new(way), OsStr::new(&connections)];
        Self::start(way, options, &command)
    }

    pub fn address(&mut self) -> SocketAddr {
        self.process.listening_address().expect("it listens")
    }

    /// It ends, and its profile is there: written when it has, or moments later.
    pub fn finish(mut self) -> Ended {
        let (_, out, errors) = self.process.finish(deadline()).expect("it ends");
        let profile = wait_for("the profile", || read(&self.json));
        Ended { profile, out, errors: errors.join("\n") }
    }
}

/// A profile, if it is whole.
pub fn read(path: &Path) -> Option<Profile> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

impl Ended {
    /// The main verdict of the program: that it waits for a processor is the machine's.
    pub fn main(&self) -> &Verdict {
        let all = &self.profile.verdicts;
        all.iter().find(|one| one.name != VerdictName::Starved).unwrap_or(&all[0])
    }

    /// That the main verdict is this one, and what it says.
    #[track_caller]
    pub fn is(&self, name: VerdictName) -> &str {
        assert_eq!(self.main().name, name, "{:#?}\n{}", self.profile.verdicts, self.errors);
        &self.main().text
    }

    /// What the server says that it has read and written.
    pub fn counted(&self) -> (u64, u64) {
        let line = self.out.iter().find(|line| line.starts_with("in ")).expect("it counts");
        let words: Vec<_> = line.split(' ').collect();
        (words[1].parse().expect("a number"), words[3].parse().expect("a number"))
    }

    /// Bytes are what the clients and the server have counted, and times are the thread's.
    #[track_caller]
    pub fn is_whole(&self, read: u64, written: u64) {
        let figures = &self.profile.figures;
        assert_eq!(self.profile.drops.records, 0, "{}", self.errors);
        assert_eq!((whole(&figures.bytes_in), whole(&figures.bytes_out)), (read, written));
        for thread in &self.profile.threads {
            let sum = thread.busy + thread.waiting + thread.spinning;
            assert_eq!(sum, thread.to - thread.from, "{thread:?}");
        }
        let of_rows: u64 = self.profile.descriptors.iter().map(|row| row.bytes_in).sum();
        assert!(self.profile.descriptors_left_out > 0 || of_rows == read, "{of_rows}");
    }
}

#[track_caller]
pub fn whole(figure: &Figure) -> u64 {
    figure.whole().expect("a number")
}
