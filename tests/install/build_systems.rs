//! Programs that find the installed library as they find any other.

use crate::prefix::Prefix;
use epshim_harness::c_compiler::{compiler, warnings_in_cpp};
use epshim_harness::process::run;
use epshim_harness::tools;
use std::path::{Path, PathBuf};
use std::process::Command;

fn source(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(name)
}

/// The options that pkg-config gives for epshim.
fn options(prefix: &Prefix, arguments: &[&str]) -> Vec<String> {
    let text = prefix.output(prefix.command("pkg-config").args(arguments).arg("epshim"));
    text.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn a_c_program_by_pkg_config() {
    if !tools::is_installed("pkg-config") {
        return;
    }
    let prefix = Prefix::new("pkg-config");
    assert_eq!(options(&prefix, &["--modversion"]), [env!("CARGO_PKG_VERSION")]);
    let hello = source("examples/hello.c");
    let shared = prefix.work().join("hello-shared");
    run(compiler()
        .arg(&hello)
        .arg("-o")
        .arg(&shared)
        .args(options(&prefix, &["--cflags", "--libs"])));
    prefix.says_hello(&shared);

    // A program without any shared library, and one that has only epshim in it.
    let with_static = options(&prefix, &["--static", "--cflags", "--libs"]);
    let whole = prefix.work().join("hello-static");
    run(compiler().arg("-static").arg(&hello).arg("-o").arg(&whole).args(&with_static));
    prefix.says_hello(&whole);
    let ours = prefix.work().join("hello-with-epshim-static");
    let named = with_static.iter().map(|o| if o == "-lepshim" { "-l:libepshim.a" } else { o });
    run(compiler().arg(&hello).arg("-o").arg(&ours).args(named));
    prefix.says_hello(&ours);
    let needed = Command::new("readelf").arg("-d").arg(&ours).output().expect("binutils");
    let needed = String::from_utf8(needed.stdout).unwrap();
    assert!(needed.contains("libc.so") && !needed.contains("libepshim"), "{needed}");
}

#[test]
fn a_c_and_a_cpp_program_by_cmake() {
    if !tools::is_installed("cmake") {
        return;
    }
    let prefix = Prefix::new("cmake");
    let build = prefix.work().join("build");
    let mut cmake = prefix.command("cmake");
    run(cmake.arg("-S").arg(source("tests/install")).arg("-B").arg(&build));
    run(prefix.command("cmake").arg("--build").arg(&build));
    for program in ["hello-shared", "hello-static", "hello-cpp"] {
        prefix.says_hello(&build.join(program));
    }
}

#[test]
fn a_c_and_a_cpp_program_by_meson() {
    if !["meson", "ninja", "pkg-config"].into_iter().all(tools::is_installed) {
        return;
    }
    let prefix = Prefix::new("meson");
    let build = prefix.work().join("build");
    // Meson wants its file in the folder of the sources.
    let project = prefix.work().join("project");
    std::fs::create_dir(&project).unwrap();
    for file in ["tests/install/meson.build", "tests/install/hello.cpp", "examples/hello.c"] {
        let name = Path::new(file).file_name().expect("a file");
        std::fs::copy(source(file), project.join(name)).unwrap();
    }
    run(prefix.command("meson").arg("setup").arg(&build).arg(&project));
    run(prefix.command("ninja").arg("-C").arg(&build));
    for program in ["hello-shared", "hello-static", "hello-cpp"] {
        prefix.says_hello(&build.join(program));
    }
}

#[test]
fn a_cpp_program_by_hand() {
    if !tools::is_installed("g++") {
        return;
    }
    let prefix = Prefix::new("cpp");
    let program = prefix.work().join("hello");
    let mut compiler = Command::new("g++");
    compiler.arg("-std=c++11").args(warnings_in_cpp()).arg("-o");
    compiler.arg(&program).arg(source("tests/install/hello.cpp"));
    compiler.arg("-I").arg(prefix.path.join("include")).arg("-L").arg(prefix.lib());
    run(compiler.arg("-lepshim"));
    prefix.says_hello(&program);
}
