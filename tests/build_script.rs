//! What `build.rs` prints: where libclang is missing, and what it wants to be run again for.
#![cfg(feature = "verify")]

use std::process::{Command, Output};

/// Runs the build script as cargo does, with its output in a folder of its own.
fn build_script(name: &str, variables: &[(&str, &str)]) -> Output {
    let out = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&out).unwrap();
    let target = format!("{}-unknown-linux-{}", std::env::consts::ARCH, target_env());
    let mut command = Command::new(env!("EPSHIM_BUILD_SCRIPT"));
    command
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env("CARGO_MANIFEST_DIR", env!("CARGO_MANIFEST_DIR"));
    command.env("OUT_DIR", out).env("TARGET", &target).env("HOST", &target).env("OPT_LEVEL", "0");
    command.env("CARGO_CFG_TARGET_OS", "linux").env("CARGO_CFG_TARGET_ENV", target_env());
    let endian = if cfg!(target_endian = "little") { "little" } else { "big" };
    command.env("CARGO_CFG_TARGET_ARCH", std::env::consts::ARCH);
    command.env("CARGO_CFG_TARGET_ENDIAN", endian);
    command.env("CARGO_CFG_TARGET_POINTER_WIDTH", usize::BITS.to_string());
    command.envs(variables.iter().copied()).output().unwrap()
}

fn target_env() -> &'static str {
    if cfg!(target_env = "musl") { "musl" } else { "gnu" }
}

const NO_LIBCLANG: (&str, &str) = ("LIBCLANG_PATH", "no-such-folder");

#[test]
fn without_libclang_the_message_names_what_is_missing_and_two_ways_out() {
    let output = build_script("no-libclang", &[NO_LIBCLANG, ("EPSHIM_VERIFY", "strict")]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    let errors: Vec<_> = printed.lines().filter(|line| line.starts_with("cargo::error=")).collect();
    assert_eq!(errors.len(), 2, "{printed}");
    assert!(errors[0].contains("Unable to find libclang"), "{printed}");
    for advice in ["libclang1-14 libclang-common-14-dev", "--no-default-features"] {
        assert!(errors[1].contains(advice), "{printed}");
    }
}

#[test]
fn without_libclang_a_build_that_is_not_strict_warns_and_has_the_other_witnesses() {
    let output = build_script("lenient", &[NO_LIBCLANG, ("EPSHIM_VERIFY", "")]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let warnings: Vec<_> =
        printed.lines().filter(|line| line.starts_with("cargo::warning=")).collect();
    let [warning] = warnings[..] else { panic!("{printed}") };
    for part in ["Unable to find libclang", "docs/layouts.toml", "EPSHIM_VERIFY=strict"] {
        assert!(warning.contains(part), "{warning}");
    }
    for cfg in ["header_not_read", "in_golden_table"] {
        assert!(printed.contains(&format!("cargo::rustc-cfg={cfg}\n")), "{printed}");
    }
}

#[test]
fn a_verify_that_is_no_word_of_ours_is_refused() {
    let output = build_script("a-word", &[("EPSHIM_VERIFY", "yes")]);
    assert_eq!(output.status.code(), Some(1));
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(printed.contains("cargo::error=epshim: EPSHIM_VERIFY=yes: "), "{printed}");
}

#[test]
fn it_is_run_again_for_its_inputs_and_nothing_else() {
    let output = build_script("inputs", &[]);
    let printed = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{printed}");
    let inputs: Vec<_> = printed
        .lines()
        .filter_map(|line| line.split_once("rerun-if-changed=").map(|(_, path)| path))
        .collect();
    for input in [
        "build.rs",
        "include/epshim.h",
        "c_tests/echo",
        "c_tests/echo_program",
        "c_tests/echo_reactor.c",
        "c_tests/layout_probe.c",
        "docs/layouts.toml",
    ] {
        assert!(inputs.contains(&input), "{input} is no input: {inputs:?}");
    }
    assert!(inputs.iter().any(|path| path.ends_with("sys/epoll.h")), "{inputs:?}");
    for path in inputs {
        let in_package = !path.starts_with('/') || path.starts_with(env!("CARGO_MANIFEST_DIR"));
        let is_source = ["build.rs", "include", "c_tests", "docs/layouts.toml"]
            .iter()
            .any(|part| path.contains(part));
        assert!(!in_package || is_source, "{path} is no input of the build script");
    }
}

/// The signature of `epoll_pwait2` is proved where the C library declares it.
#[test]
fn it_says_whether_libc_declares_epoll_pwait2() {
    let printed = String::from_utf8(build_script("declared", &[]).stdout).unwrap();
    let said = printed.lines().any(|line| line == "cargo::rustc-cfg=epoll_pwait2_declared");
    assert_eq!(said, cfg!(all(target_env = "gnu", not(target_os = "android"))), "{printed}");
}
