//! The C tests of `c_tests/`: compiled with every warning an error, linked with the shared and the
//! static library, as they are installed and as a plain `cargo build` makes them, with std; and where
//! they use only libc's ABI also with libc itself, the oracle. Then again under valgrind.
#![cfg(feature = "verify")]

use epshim_harness::c_compiler::{
    WARNINGS, build, c11, library_folder, link_with_epshim, warnings_in_cpp,
};
use epshim_harness::c_library;
use epshim_harness::process::run;
use epshim_harness::tools;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a program is linked with.
#[derive(Debug, Clone, Copy)]
enum Library {
    Libc,
    /// As installed.
    Shared,
    /// As installed.
    Static,
    /// With std, as a plain `cargo build` makes it.
    SharedWithStd,
    /// With std.
    StaticWithStd,
}
use Library::{Libc, Shared, SharedWithStd, Static, StaticWithStd};

const EVERY_ONE: [Library; 5] = [Libc, Shared, Static, SharedWithStd, StaticWithStd];
const OURS: [Library; 4] = [Shared, Static, SharedWithStd, StaticWithStd];

/// What a static libepshim with std needs from the system: `rustc --print native-static-libs`.
const NATIVE_LIBRARIES: [&str; 6] = ["-lgcc_s", "-lutil", "-lrt", "-lpthread", "-lm", "-ldl"];

fn built(name: &str, library: Library) -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut command = c11();
    command.args(["-g", "-pthread", "-I"]).arg(root.join("include"));
    command.arg(root.join(format!("c_tests/{name}.c")));
    let with_std = library_folder();
    match library {
        Libc => command.args(["-DEPSHIM_ORACLE", "-ldl"]),
        Shared => link_with_epshim(&mut command, &c_library::folder()),
        Static => command.arg(c_library::archive()),
        SharedWithStd => link_with_epshim(&mut command, &with_std),
        StaticWithStd => command.arg(with_std.join("libepshim.a")).args(NATIVE_LIBRARIES),
    };
    build(&mut command, format!("{name}-{library:?}"))
}

/// Builds the program with each library and runs it.
fn passes(name: &str, libraries: &[Library]) {
    for &library in libraries {
        run(&mut Command::new(built(name, library)));
    }
}

fn is_clean_under_valgrind(name: &str) {
    if tools::is_installed("valgrind") {
        for library in [Shared, SharedWithStd] {
            let mut valgrind = Command::new("valgrind");
            valgrind.args(["--quiet", "--error-exitcode=9", "--leak-check=full"]);
            run(valgrind.arg(built(name, library)).env("UNDER_VALGRIND", "1"));
        }
    }
}

#[test]
fn the_calls_work_as_with_libc() {
    passes("calls", &EVERY_ONE);
    is_clean_under_valgrind("calls");
}

#[test]
fn an_event_comes_back_bit_for_bit() {
    passes("round_trip", &EVERY_ONE);
    is_clean_under_valgrind("round_trip");
}

#[test]
fn a_blocked_wait_can_be_cancelled_as_with_libc() {
    passes("cancel", &EVERY_ONE);
    is_clean_under_valgrind("cancel");
}

#[test]
fn the_calls_without_the_structure_work() {
    passes("split", &OURS);
    is_clean_under_valgrind("split");
}

#[test]
fn the_reactor_keeps_its_promises() {
    passes("reactor", &OURS);
    is_clean_under_valgrind("reactor");
}

#[test]
fn misuse_of_the_reactor_is_an_error() {
    passes("reactor_misuse", &OURS);
    is_clean_under_valgrind("reactor_misuse");
}

#[test]
fn the_reactor_is_woken_stopped_and_cancelled_from_elsewhere() {
    passes("reactor_threads", &OURS);
    is_clean_under_valgrind("reactor_threads");
}

#[test]
fn the_reactor_spins_before_it_sleeps() {
    passes("reactor_spin", &OURS);
    is_clean_under_valgrind("reactor_spin");
}

#[test]
fn pwait2_works_on_a_libc_without_it() {
    // std's runtime in a static library looks up other symbols too, which this test counts.
    passes("pwait2_no_libc", &[Shared, Static, SharedWithStd]);
    is_clean_under_valgrind("pwait2_no_libc");
}

#[test]
fn no_call_allocates() {
    // Not under valgrind, which puts its own malloc before the one that counts.
    passes("no_allocation", &OURS);
}

#[test]
fn each_allocation_that_is_refused_is_enomem_and_leaves_nothing_behind() {
    // Not under valgrind, as above.
    passes("reactor_no_memory", &OURS);
}

#[test]
fn a_thread_that_first_uses_a_library_opened_at_run_time_needs_no_memory() {
    let program = built("reactor_dlopened", Libc);
    for library in [c_library::shared(), library_folder().join("libepshim.so")] {
        run(Command::new(&program).arg(library));
    }
}

#[test]
fn the_header_compiles_in_every_dialect_of_every_compiler() {
    let c = ["-std=c99", "-std=c11", "-std=c17", "-std=gnu17", "-std=c11 -D_GNU_SOURCE"];
    let cpp = ["-std=c++11", "-std=c++14", "-std=c++17", "-std=c++20"];
    let compilers =
        [("gcc", "c", &c[..]), ("clang", "c", &c), ("g++", "c++", &cpp), ("clang++", "c++", &cpp)];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = library_folder();
    for (compiler, language, dialects) in compilers {
        if !tools::is_installed(compiler) {
            continue;
        }
        for dialect in dialects {
            let program = format!("header-{compiler}{dialect}").replace(' ', "");
            let warnings: Vec<_> = match language {
                "c" => WARNINGS.to_vec(),
                _ => warnings_in_cpp().collect(),
            };
            let mut command = Command::new(compiler);
            command.args(dialect.split(' ')).args(warnings).arg("-I").arg(root.join("include"));
            command.args(["-x", language]).arg(root.join("c_tests/header.c")).args(["-x", "none"]);
            run(&mut Command::new(build(link_with_epshim(&mut command, &folder), program)));
        }
    }
}

#[test]
#[cfg(target_arch = "x86_64")]
fn a_wrong_structure_of_the_users_own_does_not_compile() {
    const COMPLAINTS: [Option<&str>; 6] = [
        None,
        Some("size differs from struct epoll_event"),
        Some("events: offset differs from epoll_event.events"),
        Some("alignment differs from struct epoll_event"),
        Some("data: is not 64 bits wide"),
        Some("events: is not 32 bits wide"),
    ];
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let compilers = [("gcc", "c"), ("clang", "c"), ("g++", "c++"), ("clang++", "c++")];
    for (compiler, language) in compilers.into_iter().filter(|&(c, _)| tools::is_installed(c)) {
        for (case, complaint) in COMPLAINTS.iter().enumerate() {
            let mut command = Command::new(compiler);
            let dialect = if language == "c" { "-std=c11" } else { "-std=c++11" };
            command.args([
                dialect,
                "-fsyntax-only",
                "-x",
                language,
                &format!("-DCASE={case}"),
                "-I",
            ]);
            command.arg(root.join("include")).arg(root.join("c_tests/own_layout.c"));
            let output = command.output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            assert_eq!(output.status.success(), complaint.is_none(), "{command:?}: {errors}");
            assert!(errors.contains(complaint.unwrap_or("")), "{command:?}: {errors}");
        }
    }
}
