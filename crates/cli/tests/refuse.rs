//! What `epshim check` cannot watch, and says so: each with a real file of that kind.

mod command;

use command::{Answer, ask, watching};
use epshim_harness::c_compiler::compile_text;
use epshim_harness::preload;
use epshim_harness::process::run;
use epshim_harness::products::{chmod, folder, script};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

const PROGRAM: &str = "int main(void) { return 0; }\n";

/// Refused with exit code 125, without having run, with a sentence that has all of these words.
fn refused(command: &mut Command, words: &[&str]) {
    let Answer { code, out, err } = ask(command);
    assert_eq!((code, &*out), (125, ""), "{command:?}: {err}");
    for word in words {
        assert!(err.starts_with("epshim: ") && err.contains(word), "no {word:?} in {err}");
    }
}

fn watch(program: &Path) -> Command {
    watching(&["check", program.to_str().unwrap()])
}

/// An ordinary program, which is not refused.
fn ordinary(folder: &Path) -> PathBuf {
    let program = compile_text(folder, "ordinary", PROGRAM, &[]);
    assert_eq!(ask(&mut watch(&program)).code, 0);
    program
}

#[test]
fn a_static_program_loads_no_library() {
    let folder = folder("refuse_static");
    for (name, option) in [("static", "-static"), ("static_pie", "-static-pie")] {
        let program = compile_text(&folder, name, PROGRAM, &[option]);
        refused(&mut watch(&program), &["cannot watch", name, "linked statically", "-static"]);
    }
    refused(
        &mut watching(&["run", folder.join("static").to_str().unwrap()]),
        &["linked statically"],
    );
}

#[test]
fn a_script_is_as_its_interpreter() {
    let folder = folder("refuse_script");
    let interpreter = compile_text(&folder, "interpreter", PROGRAM, &["-static"]);
    let (direct, second, through) = (folder.join("a"), folder.join("b"), folder.join("c"));
    script(&direct, &format!("#!{} -x\n", interpreter.display()));
    script(&second, &format!("#! {}\n", direct.display()));
    script(&through, &format!("#!/usr/bin/env -S X=1 {}\n", interpreter.display()));
    for script in [direct, second, through] {
        refused(&mut watch(&script), &[interpreter.to_str().unwrap(), "linked statically"]);
    }
    let fine = folder.join("fine");
    script(&fine, "#!/usr/bin/env sh\nexit 5\n");
    assert_eq!(ask(&mut watch(&fine)).code, 5);
}

#[test]
fn a_setuid_program_ignores_preloaded_libraries() {
    let folder = folder("refuse_setuid");
    let program = ordinary(&folder);
    for (mode, word) in [(0o4755, "is setuid"), (0o2755, "is setgid")] {
        chmod(&program, mode);
        refused(&mut watch(&program), &[word, "ld.so(8)", "sudo epshim check"]);
    }
    chmod(&program, 0o2745);
    assert_eq!(ask(&mut watch(&program)).code, 0, "without the group's x it is no setgid");
}

#[test]
fn a_program_with_capabilities_ignores_preloaded_libraries() {
    let folder = folder("refuse_capabilities");
    let program = ordinary(&folder);
    let set = Command::new("setcap").arg("cap_net_bind_service+ep").arg(&program).output();
    if !set.is_ok_and(|output| output.status.success()) {
        eprintln!("skipped: setcap is not installed, or may not set capabilities here");
        return;
    }
    refused(&mut watch(&program), &["has file capabilities"]);
}

#[test]
fn another_architecture_needs_another_library() {
    let folder = folder("refuse_architecture");
    let program = ordinary(&folder);
    let mut bytes = fs::read(&program).unwrap();
    // e_machine, in the order of this machine: Alpha's.
    bytes[18..20].copy_from_slice(&0x9026_u16.to_ne_bytes());
    fs::write(&program, &bytes).unwrap();
    refused(&mut watch(&program), &["it is for ELF machine 36902", "EPSHIM_PRELOAD"]);
    let other_size = folder.join("other_size");
    fs::write(&other_size, small_elf()).unwrap();
    chmod(&other_size, 0o755);
    let expected = if cfg!(target_pointer_width = "64") { "32-bit" } else { "64-bit" };
    refused(&mut watch(&other_size), &["it is for x86", expected, "EPSHIM_PRELOAD"]);
}

/// The header of a dynamic program for x86 or x86-64: the one of the other pointer size than this test.
fn small_elf() -> Vec<u8> {
    let wide = cfg!(target_pointer_width = "32");
    let path = b"/lib/ld-linux.so.2\0";
    let word = |value: u32| {
        if wide { u64::from(value).to_le_bytes().to_vec() } else { value.to_le_bytes().to_vec() }
    };
    let (class, machine, header, entry) =
        if wide { (2, 62_u16, 64_u16, 56_u16) } else { (1, 3, 52, 32) };
    let mut bytes = vec![0x7f, b'E', b'L', b'F', class, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    bytes.extend([2_u16, machine].map(u16::to_le_bytes).concat());
    bytes.extend(1_u32.to_le_bytes());
    bytes.extend([word(0), word(header.into()), word(0), 0_u32.to_le_bytes().to_vec()].concat());
    bytes.extend([header, entry, 1, 0, 0, 0].map(u16::to_le_bytes).concat());
    let (at, size) = (u32::from(header + entry), path.len() as u32);
    let interp = 3_u32;
    let flags = 4_u32.to_le_bytes().to_vec();
    let (offset, length) = (word(at), word(size));
    let fields = if wide {
        vec![flags, offset.clone(), offset.clone(), offset, length.clone(), length, word(1)]
    } else {
        vec![offset.clone(), offset.clone(), offset, length.clone(), length, flags, word(1)]
    };
    bytes.extend(interp.to_le_bytes());
    bytes.extend(fields.concat());
    bytes.extend(path);
    bytes
}

#[test]
fn another_c_library_needs_another_library() {
    let folder = folder("refuse_libc");
    let (linker, other, own) = if cfg!(target_env = "musl") {
        ("/lib64/ld-linux-x86-64.so.2", "glibc", "musl")
    } else {
        ("/lib/ld-musl-x86_64.so.1", "musl", "glibc")
    };
    let program =
        compile_text(&folder, "other", PROGRAM, &[&format!("-Wl,--dynamic-linker={linker}")]);
    let (other, own) = (format!("it uses {other}"), format!("uses {own}"));
    refused(&mut watch(&program), &[&other, &own]);
}

#[test]
fn a_go_program_makes_its_calls_itself() {
    let folder = folder("refuse_go");
    let program = ordinary(&folder);
    for (section, link) in [(".go.buildinfo", "dynamic"), (".note.go.buildid", "static")] {
        let program = match link {
            "static" => compile_text(&folder, "static", PROGRAM, &["-static"]),
            _ => program.clone(),
        };
        let content = folder.join("content");
        fs::write(&content, "\u{ff} Go buildinf:").unwrap();
        let argument = format!("{section}={}", content.display());
        run(Command::new("objcopy").args(["--add-section", &argument]).arg(&program));
        refused(&mut watch(&program), &["Go program", "epshim inspect PID"]);
    }
}

#[test]
fn a_path_that_ld_preload_cannot_hold_is_refused() {
    for name in ["with space", "with:colon"] {
        let folder = folder("refuse_path").join(name);
        fs::create_dir(&folder).unwrap();
        let library = folder.join("libepshim_preload.so");
        fs::copy(preload::library(), &library).unwrap();
        let mut command = watching(&["check", "true"]);
        refused(
            command.env("EPSHIM_PRELOAD", &library),
            &["space or a colon", "EPSHIM_PRELOAD", name],
        );
    }
}

#[test]
fn what_is_no_library_is_refused() {
    let folder = folder("refuse_library");
    let text = folder.join("text");
    fs::write(&text, "text").unwrap();
    for (path, word) in
        [(text.as_path(), "not an ELF file"), (Path::new("/no/such/file"), "No such file")]
    {
        refused(
            watching(&["check", "true"]).env("EPSHIM_PRELOAD", path),
            &["cannot preload", word],
        );
    }
}

#[test]
fn the_library_is_found_in_a_prefix_and_missed_with_a_list() {
    let prefix = folder("refuse_prefix").canonicalize().unwrap();
    fs::create_dir(prefix.join("bin")).unwrap();
    let command = prefix.join("bin/epshim");
    fs::copy(env!("CARGO_BIN_EXE_epshim"), &command).unwrap();
    let start = || {
        let mut moved = Command::new(&command);
        moved.args(["run", "--print-env", "true"]);
        for name in ["LD_PRELOAD", "EPSHIM_PRELOAD", "EPSHIM_OPTIONS"] {
            moved.env_remove(name);
        }
        moved
    };
    let answer = ask(&mut start());
    let lines: Vec<_> = answer.err.lines().map(str::trim).collect();
    assert_eq!(answer.code, 125);
    assert_eq!(lines[0], "epshim: libepshim_preload.so is in none of these places:");
    let places: Vec<_> = lines.iter().filter(|line| line.starts_with('/')).collect();
    assert_eq!(places.len(), 5, "{lines:?}");
    // From the last to the first: each wins over those that are there already.
    for place in places.into_iter().rev() {
        let place = Path::new(place);
        fs::create_dir_all(place.parent().unwrap()).unwrap();
        fs::copy(preload::library(), place).unwrap();
        let out = ask(&mut start()).out;
        assert!(out.starts_with(&format!("LD_PRELOAD={}\n", place.display())), "{out}");
    }
}
