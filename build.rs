//! Finds the target's row of the golden table for `src/proof.rs`. With the feature `verify`, bindgen
//! reads `<sys/epoll.h>` of the target, which must agree with that row, and the C compiler builds the
//! layout probe and the C echo server for the tests, which no published crate has. Nothing else.
//!
//! Where bindgen cannot read the header, for want of libclang or of the C headers, a warning says so, and the layout
//! is proved against that row and the `libc` crate. `EPSHIM_VERIFY=strict` makes it an error.

#[path = "build/golden.rs"]
#[cfg_attr(
    not(feature = "verify"),
    allow(dead_code, reason = "holds the header against the table")
)]
mod golden;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rustc-check-cfg=cfg(epoll_pwait2_declared, header_not_read, in_golden_table)");
    let row = golden::row_of_this_build();
    #[cfg(feature = "verify")]
    {
        // For the test of what this program prints where libclang is missing.
        let this = std::env::current_exe().expect("a program knows its path");
        println!("cargo::rustc-env=EPSHIM_BUILD_SCRIPT={}", this.display());
        bindings::generate(row.as_ref());
        if c_side::is_there() {
            c_side::build();
        }
    }
    if let Some(row) = row {
        row.write_for_the_proof();
    }
}

#[cfg(feature = "verify")]
mod bindings {
    use crate::golden::Row;
    use std::path::PathBuf;
    use std::process::exit;
    use std::{env, fs, panic};

    const LIBC: &str = "#define _GNU_SOURCE\n#include <sys/epoll.h>\n";
    /// `sigset_t` gets a name of its own, for its real name differs between C libraries.
    const OURS: &str = "\
#include <signal.h>
#include <time.h>
#include <unistd.h>
#include \"epshim.h\"
typedef sigset_t epshim_sigset;
typedef struct timespec epshim_timespec;
";

    /// Writes `OUT_DIR/epoll.rs`: what `<sys/epoll.h>` says on the target being built, and what our
    /// own header says of our functions. Refuses a header that is not the target's.
    pub fn generate(row: Option<&Row>) {
        for name in ["LIBCLANG_PATH", "LLVM_CONFIG_PATH", "CLANG_PATH"] {
            println!("cargo::rerun-if-env-changed={name}");
        }
        println!("cargo::rerun-if-changed=include/epshim.h");
        let is_strict = is_strict();
        let bindings = match read(&format!("{LIBC}{OURS}")) {
            Ok(bindings) => bindings,
            Err(reason) => {
                // Our own header does not compile with the structure of another target. What is wrong
                // then says the C library's header alone.
                if let Ok(bindings) = read(LIBC) {
                    refuse_another_targets(row, &bindings);
                    fail(&reason);
                }
                if is_strict {
                    fail(&reason);
                }
                return do_without(row, &reason);
            }
        };
        refuse_another_targets(row, &bindings);
        if bindings.contains("fn epoll_pwait2") {
            println!("cargo::rustc-cfg=epoll_pwait2_declared");
        }
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        fs::write(out.join("epoll.rs"), bindings).expect("OUT_DIR is writable");
    }

    fn is_strict() -> bool {
        println!("cargo::rerun-if-env-changed=EPSHIM_VERIFY");
        match env::var("EPSHIM_VERIFY").unwrap_or_default().as_str() {
            "" => false,
            "strict" => true,
            other => {
                println!("cargo::error=epshim: EPSHIM_VERIFY={other}: it is strict, or not set");
                exit(1);
            }
        }
    }

    /// Who adds the crate need not have libclang.
    fn do_without(row: Option<&Row>, reason: &str) {
        let others = match row {
            Some(row) => format!("{} in docs/layouts.toml and the libc crate", row.name()),
            None => "the libc crate alone".to_owned(),
        };
        println!(
            "cargo::warning=epshim: {reason}. The layout of struct epoll_event is proved against {others}, \
             not against this system's header. {WAYS_OUT}; EPSHIM_VERIFY=strict makes this an error."
        );
        println!("cargo::rustc-cfg=header_not_read");
    }

    fn refuse_another_targets(row: Option<&Row>, bindings: &str) {
        let extra = env::var("BINDGEN_EXTRA_CLANG_ARGS").unwrap_or_default();
        if let Some(sentence) = row.and_then(|row| row.refusal(bindings, &extra)) {
            println!("cargo::error=epshim: {sentence}");
            exit(1);
        }
    }

    /// What bindgen makes of this C text.
    fn read(text: &str) -> Result<String, String> {
        let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("cargo sets it"));
        let builder = bindgen::builder()
            .header_contents("epoll.h", text)
            .clang_arg(format!("-I{}", root.join("include").display()))
            .allowlist_function("epoll_.*|epshim_.*|close")
            .allowlist_type("epoll_.*|EPOLL_EVENTS|epshim_.*|timespec")
            .allowlist_var("EPOLL.*")
            .prepend_enum_name(false)
            .layout_tests(true)
            .use_core()
            .generate_comments(false)
            .formatter(bindgen::Formatter::None)
            .parse_callbacks(Box::new(bindgen::CargoCallbacks::new()));
        // bindgen panics, instead of returning an error, where it finds no libclang.
        panic::set_hook(Box::new(|_| {}));
        let generated = panic::catch_unwind(panic::AssertUnwindSafe(|| builder.generate()));
        let _ = panic::take_hook();
        match generated {
            Ok(Ok(bindings)) => Ok(bindings.to_string()),
            Ok(Err(error)) => Err(format!("bindgen cannot read <sys/epoll.h>: {error}")),
            Err(panic) => Err(format!("bindgen cannot run: {}", message(&*panic))),
        }
    }

    fn message(panic: &(dyn std::any::Any + Send)) -> String {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("no reason given").to_owned()
    }

    const WAYS_OUT: &str = "Two ways out: install libclang and the C headers of the target (Debian: apt-get install \
        libclang1-14 libclang-common-14-dev libc6-dev), or build with --no-default-features --features std";

    fn fail(reason: &str) -> ! {
        println!("cargo::error=epshim: {reason}");
        println!(
            "cargo::error=epshim: the feature `verify` proves the layout of struct epoll_event with \
             bindgen, which needs libclang and the C headers of the target. {WAYS_OUT}, which proves the layout \
             against docs/layouts.toml and the libc crate."
        );
        exit(1);
    }
}

#[cfg(feature = "verify")]
mod c_side {
    use std::path::{Path, PathBuf};
    use std::process::{Command, exit};
    use std::{env, fs};

    /// Not in a published crate.
    pub fn is_there() -> bool {
        Path::new("c_tests/layout_probe.c").exists()
    }

    /// Builds the probe, which is linked into the integration tests, and the echo servers: the one on
    /// the epoll API whole against libc, and both as objects against `include/epshim.h`, to be linked
    /// with `libepshim`.
    pub fn build() {
        for path in [
            "c_tests/layout_probe.c",
            "c_tests/oracle.h",
            "c_tests/echo",
            "c_tests/echo_program",
            "c_tests/echo_reactor.c",
        ] {
            println!("cargo::rerun-if-changed={path}");
        }
        let probe = compiler().file("c_tests/layout_probe.c").compile_intermediates();
        println!("cargo::rustc-link-arg-tests={}", probe[0].display());

        let mut sources = c_files("c_tests/echo_program");
        let mut on_reactor = sources.clone();
        sources.extend(c_files("c_tests/echo"));
        on_reactor.push("c_tests/echo_reactor.c".into());
        let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
        let on_libc = out.join("echo-libc");
        let objects = compiler()
            .define("EPSHIM_ORACLE", None)
            .files(&sources)
            .out_dir(out.join("on-libc"))
            .compile_intermediates();
        link(&objects, &on_libc);
        println!("cargo::rustc-env=EPSHIM_C_ECHO_ON_LIBC={}", on_libc.display());

        for (variable, folder, sources) in [
            ("EPSHIM_C_ECHO_OBJECTS", "on-epshim", sources),
            ("EPSHIM_C_ECHO_REACTOR_OBJECTS", "on-reactor", on_reactor),
        ] {
            let objects =
                compiler().files(&sources).out_dir(out.join(folder)).compile_intermediates();
            let objects: Vec<_> = objects.iter().map(|file| file.display().to_string()).collect();
            println!("cargo::rustc-env={variable}={}", objects.join(":"));
        }
    }

    fn compiler() -> cc::Build {
        let mut build = cc::Build::new();
        build
            .include("include")
            .include("c_tests")
            .std("c11")
            .warnings(true)
            .extra_warnings(true)
            .opt_level(2);
        build
    }

    fn c_files(folder: &str) -> Vec<PathBuf> {
        let entries = fs::read_dir(folder).unwrap_or_else(|e| panic!("{folder}: {e}"));
        let mut files: Vec<_> = entries.map(|entry| entry.expect("readable").path()).collect();
        files.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
        files.sort();
        files
    }

    fn link(objects: &[PathBuf], program: &Path) {
        let mut command: Command = compiler().get_compiler().to_command();
        let status = command.args(objects).arg("-pthread").arg("-o").arg(program).status();
        if !status.as_ref().is_ok_and(|status| status.success()) {
            println!(
                "cargo::error=epshim: cannot link {}: {command:?}: {status:?}",
                program.display()
            );
            exit(1);
        }
    }
}
