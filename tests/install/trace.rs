//! What `make` does to files, as strace sees it.

use crate::prefix::Prefix;
use epshim_harness::process::run;
use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The system calls that change the tree of files, and those that change what a path means.
const CALLS: &str = "trace=open,openat,creat,mkdir,mkdirat,unlink,unlinkat,rename,renameat,\
renameat2,symlink,symlinkat,link,linkat,chmod,fchmodat,chown,lchown,fchownat,truncate,utimensat,\
chdir,fchdir";

/// Every path that `make TARGET` changes. Not the folders that it removes: rmdir(1) names them
/// relative to a folder that its parent is in, and removes nothing else.
pub fn changes(prefix: &Prefix, target: &str) -> Vec<PathBuf> {
    let log = prefix.work().join("strace.log");
    let make = prefix.make(target);
    let mut strace = Command::new("strace");
    strace.args(["-f", "-y", "-s", "4096", "-e", "signal=none", "-e", CALLS, "-o"]);
    strace.arg(&log).arg(make.get_program()).args(make.get_args());
    for (name, _) in make.get_envs() {
        strace.env_remove(name);
    }
    run(&mut strace);
    let mut folders = HashMap::new();
    let log = fs::read_to_string(log).expect("strace has written it");
    log.lines().filter_map(|line| changed(line, &mut folders)).collect()
}

/// The path that a call changes; of two, the last. `folders` has where each process is.
fn changed<'a>(line: &'a str, folders: &mut HashMap<&'a str, PathBuf>) -> Option<PathBuf> {
    let (process, call) = line.split_once(' ').expect("the process, then the call");
    let (name, arguments) = call.trim_start().split_once('(')?;
    if !arguments.contains(" = ") || arguments.contains(" = -1 ") {
        return None;
    }
    // make goes into the root before it starts anything.
    let start = || Path::new(env!("CARGO_MANIFEST_DIR")).to_owned();
    let folder = folders.entry(process).or_insert_with(start);
    // `-y` writes the path of a descriptor behind it: 3</path>, and AT_FDCWD</path>.
    let described = arguments.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    let path = arguments.split('"').skip(1).step_by(2).last();
    match name {
        "fchdir" => *folder = described.expect("-y").0.into(),
        "chdir" => *folder = folder.join(path.expect("a path")),
        "open" | "openat" if !["O_WRONLY", "O_RDWR"].iter().any(|m| arguments.contains(m)) => {}
        _ if name.ends_with("at") => {
            let base = described.map_or(&**folder, |(path, _)| Path::new(path));
            return Some(base.join(path?));
        }
        _ => return Some(folder.join(path?)),
    }
    None
}
