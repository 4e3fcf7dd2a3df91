//! `epshim layout --binary` on programs in other languages than C: each with the structure that its library has, and with
//! one written by hand that is wrong on x86-64.
//!
//! Elsewhere what is wrong there is right: the sizes say which is which.

mod command;
mod judged;

use epshim_harness::{cargo, process::run, ziglang};
use judged::{binding, build, facts, folder, is, is_refused, judge, sizes, tool};
use std::fs;
use std::path::Path;
use std::process::Command;

/// Asserts what is said of a structure of 16 bytes.
#[track_caller]
fn is_unpacked(program: &Path) {
    is(program, sizes().0 == 16, 16);
}

#[test]
fn rust() {
    let folder = folder("rust");
    let rustc = || {
        let rustc = std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
        let mut command = Command::new(rustc);
        command.args(["--edition=2021", "-A", "warnings"]).arg(binding("binding.rs"));
        command
    };
    let forms: [&[&str]; 3] = [&["-g"], &["-g", "-O"], &["-g", "-C", "split-debuginfo=unpacked"]];
    for (at, form) in forms.iter().enumerate() {
        is_unpacked(&build(rustc().args(*form), &folder, &format!("wrong{at}")));
        let program =
            build(rustc().args(*form).args(["--cfg", "right"]), &folder, &format!("right{at}"));
        is(&program, sizes().0 == 12, 12);
        // rustc records the alignment.
        assert_eq!(facts(&program, &[]).0["structures"][0]["found"]["align"], 1);
    }
    // The package has the program's name, which must not change.
    let packed = folder.join("packed");
    run(rustc().args(["-g", "-C", "split-debuginfo=packed", "-o"]).arg(&packed));
    is_unpacked(&packed);
    fs::remove_file(folder.join("packed.dwp")).unwrap();
    is_refused(&judge(&packed, &[]), "in files that are not there");
    let lines = build(rustc().args(["-C", "debuginfo=line-tables-only"]), &folder, "lines");
    is_refused(&judge(&lines, &[]), "epoll");
}

/// The servers of the benchmarks use libc, nix, mio and rustix.
#[test]
fn crates_of_rust() {
    let program = cargo::built("epshim-bench", "epshim-bench");
    let (facts, code) = facts(&program, &["--strict"]);
    assert_eq!(code, 0, "{facts:#}");
    let structures = facts["structures"].as_array().unwrap();
    let has =
        |name: &str| structures.iter().any(|one| one["name"].as_str().unwrap().starts_with(name));
    for name in ["libc::", "nix::sys::epoll::EpollEvent", "mio::", "rustix::"] {
        assert!(has(name), "{name}: {facts:#}");
    }
    // rustix's own function and the vectors of such structures are none.
    let names = structures.iter().map(|one| one["name"].as_str().unwrap());
    assert!({ names }.all(|name| !name.contains(['<', '(', '[', '&'])), "{facts:#}");
}

#[test]
fn go() {
    if tool("go").is_none() {
        return;
    }
    let folder = folder("go");
    let go = |source: &str, name: &str, arch: &str, flags: &[&str]| {
        let mut go = Command::new("go");
        go.env("GOARCH", arch).env("GO111MODULE", "off").env("CGO_ENABLED", "0");
        go.env("GOFLAGS", "").env("GOCACHE", folder.with_file_name("go-cache"));
        let program = folder.join(name);
        run(go.arg("build").args(flags).arg("-o").arg(&program).arg(binding(source)));
        program
    };
    for (arch, size) in [("amd64", 12), ("arm64", 16), ("s390x", 16), ("mips64le", 16), ("386", 12)]
    {
        let program = go("right.go", arch, arch, &[]);
        is(&program, true, size);
        let (facts, _) = facts(&program, &["--strict"]);
        let names = facts["structures"].as_array().unwrap().iter().map(|one| &one["name"]);
        assert!({ names }.any(|name| name == "syscall.EpollEvent"), "{facts:#}");
    }
    // The runtime's own is right; the program's is suspected, or certain if it is said.
    let wrong = go("wrong.go", "wrong", "amd64", &[]);
    assert_eq!(judge(&wrong, &[]).code, 0);
    assert_eq!(judge(&wrong, &["--strict"]).code, 1);
    assert_eq!(judge(&wrong, &["--type", "main.EpollEvent"]).code, 1);
    let bare = go("right.go", "bare", "amd64", &["-ldflags=-w"]);
    is_refused(&judge(&bare, &[]), "has no debugging information");
}

#[test]
fn zig() {
    let Some(mut first) = ziglang::zig() else { return };
    let folder = folder("zig");
    let zig = |command: &mut Command, source: &str, name: &str, flags: &[&str]| {
        let program = folder.join(name);
        let emit = format!("-femit-bin={}", program.display());
        run(command
            .current_dir(&folder)
            .arg("build-exe")
            .args(flags)
            .arg(binding(source))
            .arg(emit));
        program
    };
    let target = ["-target", "x86_64-linux-gnu"];
    let right = zig(&mut first, "right.zig", "right", &target);
    is(&right, true, 12);
    // Its alignment is another than C's: that moves nothing.
    let (facts, code) = facts(&right, &["--strict"]);
    assert_eq!((code, &facts["structures"][0]["verdict"]), (1, &"misaligned".into()), "{facts:#}");
    let Some(mut second) = ziglang::zig() else { return };
    // LLVM writes the debugging information for this target, with C's language.
    let right = zig(&mut second, "right.zig", "right-arm64", &["-target", "aarch64-linux-musl"]);
    is(&right, true, 16);
    let Some(mut third) = ziglang::zig() else { return };
    let wrong = zig(&mut third, "wrong.zig", "wrong", &["-lc", "-target", "x86_64-linux-gnu"]);
    is(&wrong, false, 16);
}

#[test]
fn d() {
    if tool("gdc").is_none() {
        return;
    }
    let folder = folder("d");
    let gdc = |source: &str| {
        build(
            Command::new("gdc").arg("-g").arg(binding(source)),
            &folder,
            &source.replace(".d", ""),
        )
    };
    is(&gdc("right.d"), true, sizes().0);
    is_unpacked(&gdc("wrong.d"));
}

#[test]
fn ada() {
    if tool("gnatmake").is_none() {
        return;
    }
    let clause = "for Epoll_Event use record Events at 0 range 0 .. 31; Data at 4 range 0 .. 63; end record; \
                  for Epoll_Event'Size use 96; for Epoll_Event'Alignment use 4;";
    let ada = |name: &str, clause: &str| {
        let folder = folder(name);
        let text = fs::read_to_string(binding("epoll.ads")).unwrap();
        fs::write(folder.join("epoll.ads"), text.replace("--  CLAUSE", clause)).unwrap();
        fs::copy(binding("main.adb"), folder.join("main.adb")).unwrap();
        build(Command::new("gnatmake").args(["-q", "-g", "main.adb"]), &folder, "main")
    };
    is(&ada("ada-packed", clause), sizes().0 == 12, 12);
    is_unpacked(&ada("ada-plain", ""));
}

#[test]
fn nim() {
    if tool("nim").is_none() {
        return;
    }
    let folder = folder("nim");
    let nim = |source: &str| {
        let name = source.replace('.', "_");
        let out = format!("--out:{}", folder.join(&name).display());
        let cache = format!("--nimcache:{}", folder.join(format!("{name}-cache")).display());
        run(Command::new("nim")
            .args(["c", "--hints:off", "--debugger:native", &out, &cache])
            .arg(binding(source)));
        folder.join(name)
    };
    is(&nim("right.nim"), true, sizes().0);
    is_unpacked(&nim("wrong.nim"));
}

#[test]
fn pascal() {
    if tool("fpc").is_none() {
        return;
    }
    let folder = folder("pascal");
    let fpc = |source: &str, form: &str| {
        let program = folder.join(format!("{}{form}", source.replace(".pas", "")));
        let (out, units) = (format!("-o{}", program.display()), format!("-FU{}", folder.display()));
        run(Command::new("fpc").args([form, "-v0", "-l-", &out, &units]).arg(binding(source)));
        program
    };
    for form in ["-gw2", "-gw3"] {
        is(&fpc("right.pas", form), true, sizes().0);
        is_unpacked(&fpc("wrong.pas", form));
    }
}
