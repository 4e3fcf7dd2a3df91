//! What the library exports is what `exports.txt` lists: libc's names, and no other.

mod support;

use std::collections::BTreeSet;
use std::process::Command;

/// Every dynamic symbol that the library defines.
fn exported() -> BTreeSet<String> {
    let mut command = Command::new("nm");
    let table = support::run(command.args(["-D", "--defined-only"]).arg(support::library())).stdout;
    let table = String::from_utf8(table).unwrap();
    table.lines().map(|line| line.split(' ').next_back().unwrap().to_owned()).collect()
}

#[test]
fn the_library_exports_the_listed_functions_and_no_other() {
    let mut listed: BTreeSet<String> =
        include_str!("../exports.txt").lines().map(str::to_owned).collect();
    if cfg!(all(target_env = "gnu", target_pointer_width = "32", not(target_arch = "x86_64"))) {
        for name in ["epoll_pwait2", "fcntl", "ioctl", "recvmmsg", "recvmsg", "sendmmsg", "sendmsg"]
        {
            listed.insert(format!("__{name}_time64"));
        }
    }
    assert_eq!(exported(), listed);
}
