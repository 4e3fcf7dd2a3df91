//! [`Prefix`]: `make install` into a folder of a test's own, and programs that use what is there.

use epshim_harness::c_library::make;
use epshim_harness::process::{run, stdout_of};
use epshim_harness::products::product;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Once;

/// What the smallest program prints, up to where targets differ.
pub const HELLO: &str =
    concat!("epshim ", env!("CARGO_PKG_VERSION"), ": data 42 says \"hello\"; struct epoll_event");

/// An installed tree. It is left there, for a look at what failed; the next run removes it.
pub struct Prefix {
    pub path: PathBuf,
}

impl Prefix {
    /// Installs into `target/tmp/install/NAME/prefix`, with an empty folder beside it.
    pub fn new(name: &str) -> Self {
        let prefix = Self::empty(name);
        run(&mut prefix.make("install"));
        prefix
    }

    /// A prefix in which nothing is installed yet.
    pub fn empty(name: &str) -> Self {
        let folder = product("install").join(name);
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("the folder of the products is ours");
        }
        fs::create_dir_all(folder.join("work")).expect("the folder of the products is ours");
        Self { path: folder.join("prefix") }
    }

    /// `make TARGET PREFIX=...`, after one `make build` for all tests.
    pub fn make(&self, target: &str) -> Command {
        static BUILD: Once = Once::new();
        BUILD.call_once(|| drop(run(make().arg("build"))));
        let mut command = make();
        command.arg(target).arg(format!("PREFIX={}", self.path.display()));
        command
    }

    pub fn lib(&self) -> PathBuf {
        self.path.join("lib")
    }

    /// The folder beside the prefix, for what a test builds.
    pub fn work(&self) -> PathBuf {
        self.path.with_file_name("work")
    }

    /// A command that looks for packages in the prefix, and programs of which look for libraries
    /// there. What cargo has set for tests would have them find the library that was just built.
    pub fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = Command::new(program);
        command.env("PKG_CONFIG_PATH", self.lib().join("pkgconfig"));
        command.env("CMAKE_PREFIX_PATH", &self.path);
        command.env("LD_LIBRARY_PATH", self.lib());
        command
    }

    /// Runs a command that must succeed, and returns what it prints.
    pub fn output(&self, command: &mut Command) -> String {
        stdout_of(command)
    }

    /// Runs one of the programs that say hello.
    pub fn says_hello(&self, program: &Path) {
        let said = self.output(&mut self.command(program));
        assert!(said.starts_with(HELLO), "{}: {said}", program.display());
    }

    /// Every file, link and folder below the prefix.
    pub fn files(&self) -> BTreeSet<String> {
        let mut files = BTreeSet::new();
        let mut folders = vec![self.path.clone()];
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for entry in entries.map(|entry| entry.expect("readable")) {
                let path = entry.path();
                let name = path.strip_prefix(&self.path).expect("below it").display().to_string();
                files.insert(name);
                if entry.file_type().expect("readable").is_dir() {
                    folders.push(path);
                }
            }
        }
        files
    }
}
