//! What is installed, how large it is, and that nothing else is touched or left.

use crate::prefix::{HELLO, Prefix};
use crate::trace;
use epshim_harness::c_compiler::compiler;
use epshim_harness::process::run;
use epshim_harness::tools;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

const VERSION: &str = env!("CARGO_PKG_VERSION");

fn soname(library: &Path) -> Option<String> {
    let output = Command::new("readelf").arg("-d").arg(library).output().expect("binutils");
    assert!(output.status.success(), "{output:?}");
    let table = String::from_utf8(output.stdout).unwrap();
    let (_, name) = table.split_once("soname: [")?;
    Some(name.split(']').next().expect("it is closed").to_owned())
}

#[test]
fn everything_is_where_it_is_looked_for() {
    let prefix = Prefix::new("tree");
    let files = prefix.files();
    let library = format!("lib/libepshim.so.{VERSION}");
    let programs = [&library, "lib/libepshim_preload.so", "bin/epshim"];
    let data = [
        "lib/libepshim.a",
        "include/epshim.h",
        "lib/pkgconfig/epshim.pc",
        "lib/cmake/epshim/epshimConfig.cmake",
        "lib/cmake/epshim/epshimConfigVersion.cmake",
        "share/man/man1/epshim.1",
        "share/man/man1/epshim-chaos.1",
        "share/man/man1/epshim-check.1",
        "share/man/man1/epshim-inspect.1",
        "share/man/man1/epshim-layout.1",
        "share/man/man1/epshim-profile.1",
        "share/man/man1/epshim-replay.1",
        "share/man/man1/epshim-rules.1",
        "share/man/man1/epshim-top.1",
        "share/man/man3/epshim.3",
        "share/man/man3/epshim_reactor.3",
        "share/man/man7/epshim.7",
        "share/bash-completion/completions/epshim",
        "share/zsh/site-functions/_epshim",
        "share/fish/vendor_completions.d/epshim.fish",
    ];
    for (name, mode) in programs.map(|p| (p, 0o755)).into_iter().chain(data.map(|d| (d, 0o644))) {
        assert!(files.contains(name), "{name} is not among {files:?}");
        let metadata = fs::symlink_metadata(prefix.path.join(name)).unwrap();
        assert_eq!(metadata.permissions().mode() & 0o7777, mode, "{name}");
        assert!(metadata.is_file() && metadata.len() > 0, "{name}");
    }
    let links = [
        ("lib/libepshim.so", "libepshim.so.0"),
        ("lib/libepshim.so.0", library.trim_start_matches("lib/")),
        ("share/man/man3/epshim_ctl.3", "epshim.3"),
        ("share/man/man3/epshim_reactor_add.3", "epshim_reactor.3"),
    ];
    for (link, target) in links {
        assert_eq!(fs::read_link(prefix.path.join(link)).unwrap(), Path::new(target), "{link}");
    }
    for file in ["lib/pkgconfig/epshim.pc", "lib/cmake/epshim/epshimConfig.cmake", data[4]] {
        let text = fs::read_to_string(prefix.path.join(file)).unwrap();
        assert!(!text.contains('@'), "not filled in: {text}");
    }
}

#[test]
fn only_the_library_has_its_soname() {
    let prefix = Prefix::new("soname");
    let library = soname(&prefix.lib().join("libepshim.so"));
    assert_eq!(library.as_deref(), Some("libepshim.so.0"));
    // Loaded under its path. With the other's name it would stand in for the library.
    assert_ne!(soname(&prefix.lib().join("libepshim_preload.so")), library);
}

#[test]
fn the_libraries_are_small_and_installing_is_quick() {
    let prefix = Prefix::empty("quick");
    let mut install = prefix.make("install");
    install.arg(format!("DESTDIR={}", prefix.work().display()));
    let start = Instant::now();
    run(&mut install);
    let took = start.elapsed();
    assert!(took < Duration::from_secs(5), "{took:?}");
    assert!(!prefix.path.exists(), "DESTDIR was ignored");

    let mut below = prefix.work().into_os_string();
    below.push(prefix.lib());
    let size = |name: &str| fs::metadata(Path::new(&below).join(name)).unwrap().len();
    assert!(size("libepshim.so") <= 28 << 10, "{}", size("libepshim.so"));
    assert!(size("libepshim.a") <= 48 << 10, "{}", size("libepshim.a"));
    assert!(size("libepshim_preload.so") < 5 << 19, "{}", size("libepshim_preload.so"));
}

#[test]
fn uninstall_leaves_nothing_but_what_is_not_ours() {
    let prefix = Prefix::new("uninstall");
    run(&mut prefix.make("uninstall"));
    assert!(prefix.files().is_empty(), "{:?}", prefix.files());

    run(&mut prefix.make("install"));
    let foreign = ["lib/cmake/epshim/of-the-user", "lib/libother.so", "share/man/man3/epoll.3"];
    for name in foreign {
        fs::write(prefix.path.join(name), "mine").unwrap();
    }
    run(&mut prefix.make("uninstall"));
    let mut left = prefix.files();
    left.retain(|name| !prefix.path.join(name).is_dir());
    assert_eq!(left.into_iter().collect::<Vec<_>>(), foreign.map(str::to_owned));
    // A second time there is nothing to do.
    run(&mut prefix.make("uninstall"));
}

#[test]
fn nothing_outside_the_prefix_is_touched() {
    if !tools::is_installed("strace") {
        return;
    }
    let prefix = Prefix::empty("traced");
    for target in ["install", "uninstall"] {
        let paths = trace::changes(&prefix, target);
        let (ours, others): (Vec<_>, Vec<_>) =
            paths.into_iter().partition(|path| path.starts_with(&prefix.path));
        assert!(ours.len() > 40, "{target}: {ours:?}");
        let others: Vec<_> = others.iter().filter(|path| !path.starts_with("/dev")).collect();
        assert!(others.is_empty(), "{target}: {others:?}");
    }
}

#[test]
fn the_command_runs_from_the_prefix() {
    let prefix = Prefix::new("command");
    let epshim = prefix.path.join("bin/epshim");
    let version = prefix.output(prefix.command(&epshim).arg("--version"));
    assert_eq!(version, format!("epshim {VERSION}\n"));
    let program = prefix.work().join("hello");
    let mut command = compiler();
    command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/hello.c")).arg("-o");
    command.arg(&program).arg("-I").arg(prefix.path.join("include"));
    run(command.arg("-L").arg(prefix.lib()).arg("-lepshim"));
    let said = prefix.output(prefix.command(&epshim).args(["check", "--"]).arg(&program));
    assert!(said.starts_with(HELLO), "{said}");
}

#[test]
fn shells_complete_the_command() {
    let prefix = Prefix::new("completions");
    let share = prefix.path.join("share");
    let mut bash = prefix.command("bash");
    bash.args(["-c", "source $0; COMP_WORDS=(epshim lay); COMP_CWORD=1; _epshim epshim lay epshim; echo ${COMPREPLY[@]}"]);
    let completed = prefix.output(bash.arg(share.join("bash-completion/completions/epshim")));
    assert_eq!(completed, "layout\n");
    // How zsh and fish recognise what a file is for.
    let read = |name: &str| fs::read_to_string(share.join(name)).unwrap();
    assert!(read("zsh/site-functions/_epshim").starts_with("#compdef epshim\n"));
    let fish = read("fish/vendor_completions.d/epshim.fish");
    assert!(fish.contains("complete -c epshim ") && fish.contains(" -a \"layout\""), "{fish}");
}
