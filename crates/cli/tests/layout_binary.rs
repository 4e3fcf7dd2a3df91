//! `epshim layout --binary` on programs in C and C++: every form that their debugging information has, what is refused,
//! and what only looks like epoll's structure.

mod command;
mod judged;

use command::{ask, epshim, json};
use epshim_harness::process::run;
use epshim_harness::tools;
use judged::{binding, c, facts, folder, is, is_refused, judge, sizes, spoiled, tool};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

#[test]
fn every_form_of_dwarf_is_read() {
    let folder = folder("forms");
    let (size, other) = sizes();
    let forms: [&[&str]; 10] = [
        &["-gdwarf-2", "-gstrict-dwarf"],
        &["-gdwarf-3"],
        &["-gdwarf-4"],
        &["-gdwarf-5"],
        &["-g", "-gz"],
        &["-g", "-O2", "-flto"],
        &["-g", "-c"],
        &["-gdwarf-4", "-gsplit-dwarf"],
        &["-gdwarf-5", "-gsplit-dwarf"],
        &["-gdwarf64", "-gdwarf-5"],
    ];
    for (at, form) in forms.iter().enumerate() {
        is(&c("cc", "right.c", form, &folder, &format!("right-{at}")), true, size);
        let wrong = [spoiled(), form].concat();
        is(&c("cc", "wrong.c", &wrong, &folder, &format!("wrong-{at}")), false, other);
        if tool("clang").is_some() && !form.contains(&"-flto") {
            is(&c("clang", "right.c", form, &folder, &format!("clang-{at}")), true, size);
            is(&c("clang", "wrong.c", &wrong, &folder, &format!("clang-wrong-{at}")), false, other);
        }
    }
}

#[test]
fn zstd_is_unpacked() {
    let folder = folder("zstd");
    let program = c("cc", "right.c", &["-g"], &folder, "program");
    let packed = folder.join("packed");
    let mut objcopy = Command::new("objcopy");
    objcopy.arg("--compress-debug-sections=zstd").args([&program, &packed]);
    if !objcopy.stderr(Stdio::null()).status().is_ok_and(|status| status.success()) {
        return tools::skip("objcopy knows no zstd (binutils 2.40)");
    }
    is(&packed, true, sizes().0);
}

#[test]
fn type_units_are_followed() {
    let folder = folder("type-units");
    let (size, _) = sizes();
    let forms: [&[&str]; 3] = [&["-gdwarf-4"], &["-gdwarf-5"], &["-gdwarf-5", "-gsplit-dwarf"]];
    for (at, form) in forms.iter().enumerate() {
        let flags = [&["-fdebug-types-section", "-x", "c++"], *form].concat();
        let compilers = ["g++", "clang++"].into_iter().filter(|name| tool(name).is_some());
        for compiler in compilers {
            let program = c(compiler, "right.c", &flags, &folder, &format!("{compiler}-{at}"));
            let (facts, code) = facts(&program, &[]);
            // clang puts the structure into a type unit whose members are in others.
            assert_eq!(
                (code, &facts["structures"][0]["found"]["size"]),
                (0, &size.into()),
                "{facts:#}"
            );
            is(&program, true, size);
        }
    }
}

#[test]
fn what_is_found_is_told_with_its_place_and_producer() {
    let program = c("cc", "wrong.c", spoiled(), &folder("place"), "program");
    let answer = judge(&program, &[]);
    let (_, other) = sizes();
    for words in [
        format!(
            "epoll_event, certain by parameter 2 of epoll_wait: wrong: size is {other}, C has "
        ),
        "wrong.c:10, unit ".to_owned(),
        "; producer GNU C".to_owned(),
        "align not recorded\n".to_owned(),
        "\ndifferent: 1 file with another layout than C's".to_owned(),
    ] {
        assert!(answer.out.contains(&words), "{words}: {answer:?}");
    }
}

#[test]
fn debugging_information_in_another_file_is_found() {
    let folder = folder("separate");
    let (size, _) = sizes();
    let program = c("cc", "right.c", &["-g", "-Wl,--build-id"], &folder, "program");
    let debug = folder.join("program.debug");
    run(Command::new("objcopy").arg("--only-keep-debug").args([&program, &debug]));
    let mut link = std::ffi::OsString::from("--add-gnu-debuglink=");
    link.push(&debug);
    run(Command::new("objcopy").arg("--strip-debug").arg(link).arg(&program));
    is(&program, true, size);
    // It is no program, and its C library unknown.
    is(&debug, true, size);
    fs::create_dir(folder.join(".debug")).unwrap();
    fs::rename(&debug, folder.join(".debug/program.debug")).unwrap();
    is(&program, true, size);

    let elsewhere = folder.join("elsewhere");
    fs::rename(folder.join(".debug/program.debug"), &elsewhere).unwrap();
    is_refused(&judge(&program, &[]), "has no debugging information");
    let named = judge(&program, &["--debug-file", elsewhere.to_str().unwrap()]);
    assert_eq!(named.code, 0, "{named:?}");

    // Of another build: found by its name, and named.
    let other = c("cc", "wrong.c", &["-g", "-Wl,--build-id"], &folder, "program.debug");
    is_refused(&judge(&program, &[]), "has no debugging information");
    let named = judge(&program, &["--debug-file", other.to_str().unwrap()]);
    is_refused(&named, "is of another build");
}

#[test]
fn what_dwz_shares_is_read_and_missed() {
    if tool("dwz").is_none() {
        return;
    }
    let forms: [(&str, &[&str]); 2] = [("-gdwarf-4", &[]), ("-gdwarf-5", &["--dwarf-5"])];
    for (version, option) in forms {
        let folder = folder(&format!("dwz{version}"));
        let flags = [version, "-Wl,--build-id"];
        let wrong = [&flags[..], spoiled()].concat();
        let wrong: Vec<_> = wrong.into_iter().filter(|flag| *flag != "-g").collect();
        let programs = ["a", "b"].map(|name| c("cc", "wrong.c", &wrong, &folder, name));
        let rest = c("cc", "right.c", &flags, &folder, "c");
        let mut dwz = Command::new("dwz");
        dwz.current_dir(&folder).args(option).args(["-m", "shared", "-M", "shared"]);
        run(dwz.args(&programs).arg(&rest));
        let (size, other) = sizes();
        assert!(folder.join("shared").exists());
        is(&programs[0], false, other);
        // What the others share is not its own.
        is(&rest, true, size);
        fs::remove_file(folder.join("shared")).unwrap();
        let answer = judge(&programs[0], &[]);
        is_refused(&answer, "which is not there, or is of another build");
    }
}

#[test]
fn split_parts_are_packed_and_missed() {
    let folder = folder("split");
    let (size, _) = sizes();
    // dwp knows no DWARF 5; what rustc packs is in layout_languages.rs.
    for (version, packer) in [("-gdwarf-4", Some("dwp")), ("-gdwarf-5", None)] {
        let name = format!("split{version}");
        let program = c("cc", "right.c", &["-gsplit-dwarf", version], &folder, &name);
        let parts = fs::read_dir(&folder).unwrap().flatten().map(|entry| entry.path());
        let parts: Vec<_> =
            parts.filter(|path| path.extension().is_some_and(|e| e == "dwo")).collect();
        assert_eq!(parts.len(), 1, "{parts:?}");
        let package = folder.join(format!("{name}.dwp"));
        let packs = packer.filter(|packer| tools::are_there(&[packer]));
        if let Some(packer) = packs {
            run(Command::new(packer).current_dir(&folder).args(&parts).arg("-o").arg(&package));
        }
        fs::remove_file(&parts[0]).unwrap();
        if packs.is_some() {
            is(&program, true, size);
            fs::remove_file(&package).unwrap();
        }
        is_refused(&judge(&program, &[]), "1 unit whose types are in files that are not there");
        // Another program's part.
        fs::copy(&program, &parts[0]).unwrap();
        is_refused(&judge(&program, &[]), "1 unit whose types are in files that are not there");
        fs::remove_file(&parts[0]).unwrap();
    }
}

#[test]
fn what_cannot_be_judged_is_never_equal() {
    let folder = folder("refused");
    let text = folder.join("text");
    fs::write(&text, "#!/bin/sh\n").unwrap();
    is_refused(&judge(&text, &[]), "text is no ELF file");
    fs::write(&text, "MZ and what follows, as in an assembly of .NET").unwrap();
    is_refused(&judge(&text, &[]), "has no DWARF: docs/bindings.md");
    let empty = folder.join("empty");
    fs::write(&empty, "").unwrap();
    is_refused(&judge(&empty, &[]), "empty is empty");
    is_refused(&judge(&folder, &[]), "is a folder: --recursive searches it");
    is_refused(&judge(&folder.join("nothing"), &[]), "cannot be read: No such file");
    let fifo = folder.join("fifo");
    run(Command::new("mkfifo").arg(&fifo));
    is_refused(&judge(&fifo, &[]), "is no regular file");

    let g1 = c("cc", "right.c", &["-g1"], &folder, "g1");
    is_refused(&judge(&g1, &[]), "debugging information without types");
    let stripped = c("cc", "right.c", &["-s"], &folder, "stripped");
    is_refused(&judge(&stripped, &[]), "has no debugging information: compile it with -g");
    let object = c("cc", "right.c", &["-g", "-c"], &folder, "object.o");
    let archive = folder.join("archive.a");
    run(Command::new("ar").arg("rc").arg(&archive).arg(&object));
    is_refused(&judge(&archive, &[]), "is an archive");
    let other = folder.join("other.c");
    fs::write(&other, "struct other { int a; } other;").unwrap();
    let other = judged::build(Command::new("cc").args(["-g", "-c"]).arg(&other), &folder, "other");
    is_refused(&judge(&other, &[]), "no structure of epoll's in it, and does not refer to epoll");

    let program = c("cc", "right.c", &["-g"], &folder, "program");
    is_refused(
        &judge(&program, &["--type", "nothing_like_it"]),
        "has no structure nothing_like_it",
    );
    is_refused(&judge(&program, &["--target", "pdp11"]), "no target `pdp11`");
    let bytes = fs::read(&program).unwrap();
    // Another machine, which has no row.
    let mut bpf = bytes.clone();
    let number: u16 = 247;
    let big = bpf[5] == 2;
    bpf[18..20].copy_from_slice(&if big { number.to_be_bytes() } else { number.to_le_bytes() });
    fs::write(folder.join("bpf"), &bpf).unwrap();
    is_refused(&judge(&folder.join("bpf"), &[]), "is of a machine without a row");
    // Cut off anywhere.
    for length in (0..bytes.len()).step_by(bytes.len() / 40) {
        fs::write(folder.join("cut"), &bytes[..length]).unwrap();
        let answer = judge(&folder.join("cut"), &[]);
        is_refused(&answer, "cut ");
    }
}

#[test]
fn what_only_looks_like_it_is_suspected_or_nothing() {
    if tool("g++").is_none() {
        return;
    }
    let folder = folder("alike");
    let program = c("g++", "alike.cpp", &["-g"], &folder, "program");
    let (facts, code) = facts(&program, &[]);
    assert_eq!(code, 0, "{facts:#}");
    let names = |certain| {
        let all = facts["structures"].as_array().unwrap().iter();
        let chosen = all.filter(|one| one["certain"] == certain);
        chosen.map(|one| one["name"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(names(true), ["epoll_event"]);
    assert_eq!(names(false), ["loop::epoll_event"]);
    // On a machine where it is right, it is so to the strict.
    let wrong = sizes().0 == 12;
    assert_eq!(judge(&program, &["--strict"]).code, i32::from(wrong));
    for name in ["Pair", "loop::Pair"] {
        assert_eq!(judge(&program, &["--type", name]).code, i32::from(wrong), "{name}");
    }
    // Too small and too large for anything, if the user says that it is epoll's.
    assert_eq!(judge(&program, &["--type", "loop::Event"]).code, i32::from(wrong));
    is_refused(&judge(&program, &["--type", "op::Event"]), "has no structure op::Event");
}

#[test]
fn prototypes_that_hide_the_structure_prove_nothing() {
    let folder = folder("hidden");
    let source = folder.join("hidden.c");
    let text = "int epoll_wait(int, void *, int, int);\n\
                struct list { int a; long b[9]; };\n\
                static int epoll_ctl(int a, int b, int c, struct list *d) { return a + b + c + d->a; }\n\
                int main(void) { struct list list = {0}; return epoll_ctl(1, 2, 3, &list) + epoll_wait(0, &list, 1, 0); }\n";
    fs::write(&source, text).unwrap();
    let program =
        judged::build(Command::new("cc").args(["-g", "-w"]).arg(&source), &folder, "program");
    is_refused(&judge(&program, &[]), "no structure of epoll's in it");
    // One without a name, and one whose parts cannot be known.
    let text = "typedef struct { unsigned events; long long data __attribute__((aligned(4), packed)); } epoll_event;\n\
                struct bytes { unsigned char all[12]; };\n\
                epoll_event one; struct bytes two; int epoll_create1(int);\n\
                int main(void) { return epoll_create1(0); }\n";
    fs::write(&source, text).unwrap();
    let program =
        judged::build(Command::new("cc").args(["-g", "-w"]).arg(&source), &folder, "alias");
    is(&program, sizes().0 == 12, 12);
    if sizes().0 == 12 {
        is_refused(&judge(&program, &["--type", "bytes"]), "bytes that is not understood");
    }
}

#[test]
fn other_targets_are_held_against_their_own_rows() {
    let folder = folder("cross");
    for (triple, row) in [
        ("aarch64-linux-gnu", "aarch64-linux-gnu"),
        ("s390x-linux-gnu", "s390x-linux-gnu"),
        ("mips64el-linux-gnuabi64", "mips64el-linux-gnuabi64"),
    ] {
        let compiler = format!("{triple}-gcc");
        if tool(&compiler).is_none() {
            continue;
        }
        let right = c(&compiler, "right.c", &["-g"], &folder, &format!("{row}-right"));
        is(&right, true, 16);
        assert!(facts(&right, &[]).0["targets"].as_array().unwrap().contains(&row.into()));
        is(&c(&compiler, "right.c", &["-g", "-c"], &folder, &format!("{row}.o")), true, 16);
        let packed = ["-g", "-DPACKED"];
        is(&c(&compiler, "wrong.c", &packed, &folder, &format!("{row}-wrong")), false, 12);
        // What is right for its own target is wrong for another.
        assert_eq!(judge(&right, &["--target", "amd64"]).code, 1);
    }
}

/// Each has its own way to write a reference into an object file. Those that are not installed are left out: which
/// there are, `crates/layouts` says.
#[test]
fn object_files_of_every_target_are_read() {
    let folder = folder("objects");
    let mut judged = 0;
    for row in epshim_layouts::Table::golden().rows {
        let words: Vec<_> = row.target.compiler.split_whitespace().collect();
        if words.is_empty() || !row.target.headers.is_empty() {
            continue;
        }
        let there = Command::new(words[0]).arg("--version").stdout(Stdio::null()).status();
        if row.target.libc != "glibc" || !there.is_ok_and(|status| status.success()) {
            continue;
        }
        let mut command = Command::new(words[0]);
        command.args(&words[1..]).args(["-g", "-c"]).arg(binding("right.c"));
        let Ok(()) = epshim_harness::c_compiler::try_build(&mut command, &folder.join("object"))
        else {
            continue;
        };
        let (facts, code) = facts(&folder.join("object"), &[]);
        assert_eq!(code, 0, "{}: {facts:#}", row.target.name);
        assert_eq!(facts["structures"][0]["found"]["size"], row.measured.layout.size, "{facts:#}");
        let rows = facts["targets"].as_array().unwrap();
        assert!(rows.contains(&row.target.name.into()), "{facts:#}");
        judged += 1;
    }
    eprintln!("{judged} targets");
    assert!(judged > 0);
}

#[test]
fn btf_is_read_where_there_is_no_dwarf() {
    let folder = folder("btf");
    let (size, other) = sizes();
    let kernel = Path::new("/sys/kernel/btf/vmlinux");
    if kernel.exists() {
        let (facts, code) = facts(kernel, &[]);
        assert_eq!((code, &facts["equal"]), (0, &true.into()), "{facts:#}");
        let bytes = fs::read(kernel).unwrap();
        fs::write(folder.join("cut"), &bytes[..bytes.len() / 2]).unwrap();
        is_refused(&judge(&folder.join("cut"), &[]), "has damaged BTF");
    }
    // gcc writes it since version 12.
    let flags = ["-gbtf", "-c"];
    let mut probe = Command::new("cc");
    probe.args(flags).args(["-x", "c", "/dev/null", "-o", "/dev/null"]).stderr(Stdio::null());
    if !probe.status().unwrap().success() {
        return tools::skip("the C compiler writes no BTF");
    }
    is(&c("cc", "right.c", &flags, &folder, "right.o"), true, size);
    let wrong: Vec<_> = spoiled().iter().copied().filter(|flag| *flag != "-g").collect();
    is(&c("cc", "wrong.c", &[&wrong, &flags[..]].concat(), &folder, "wrong.o"), false, other);
}

#[test]
fn the_systems_c_library_is_found_by_its_build_id() {
    let library = Path::new("/lib/x86_64-linux-gnu/libc.so.6");
    let debug = Path::new("/usr/lib/debug/.build-id");
    if !library.exists() || !debug.exists() {
        return tools::skip("the C library's debugging information is not installed (libc6-dbg)");
    }
    let answer = judge(library, &[]);
    assert_eq!(answer.code, 0, "{answer:?}");
}

/// In processor time, so that a busy machine does not matter.
#[test]
fn it_takes_no_longer_than_readelf() {
    let python = Path::new("/usr/bin/python3.11d");
    if !python.exists() || tool("readelf").is_none() {
        // Debian's python3.11-dbg, of 37 MB: nothing else here is large enough to say anything.
        eprintln!("skipped: {} is not installed", python.display());
        return;
    }
    let seconds = |command: &str| {
        let script = format!("{command} > /dev/null 2>&1; times");
        let output = Command::new("bash").args(["-c", &script]).output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        let words: Vec<_> = text.lines().nth(1).unwrap().split([' ', 'm', 's']).collect();
        let numbers = words.iter().filter_map(|word| word.parse::<f64>().ok()).collect::<Vec<_>>();
        numbers[0] * 60.0 + numbers[1] + numbers[2] * 60.0 + numbers[3]
    };
    let python = python.display();
    let ours = seconds(&format!("{} layout --binary {python}", env!("CARGO_BIN_EXE_epshim")));
    let readelf = seconds(&format!("readelf --debug-dump=info {python}"));
    eprintln!("{ours} s, readelf {readelf} s");
    assert!(ours <= readelf, "{ours} s, readelf {readelf} s");
}

#[test]
fn several_files_and_folders() {
    let folder = folder("several");
    let right = c("cc", "right.c", &["-g"], &folder, "right");
    let wrong = c("cc", "wrong.c", spoiled(), &folder, "wrong");
    fs::copy(binding("right.c"), folder.join("source.c")).unwrap();
    let stripped = c("cc", "right.c", &["-s"], &folder, "stripped");
    let ask = |arguments: &[&Path], more: &[&str]| {
        ask(epshim(&["layout", "--binary"]).args(arguments).args(more))
    };
    assert_eq!(ask(&[&right, &right], &[]).code, 0);
    assert_eq!(ask(&[&right, &wrong], &[]).code, 1);
    // What is wrong is the answer; what is not judged is told.
    let answer = ask(&[&stripped, &wrong], &[]);
    assert!(answer.code == 1 && answer.err.contains("stripped has no "), "{answer:?}");
    assert_eq!(ask(&[&stripped, &right], &[]).code, 2);
    let answer = ask(&[&folder], &["--recursive", "--json"]);
    let value = json(&answer.out);
    assert_eq!((answer.code, &value["equal"], answer.err.as_str()), (1, &false.into(), ""));
    assert_eq!(value["files"].as_array().unwrap().len(), 3, "{value:#}");
    fs::remove_file(&wrong).unwrap();
    let answer = ask(&[&folder], &["--recursive"]);
    assert_eq!((answer.code, answer.err.as_str()), (0, ""), "{answer:?}");
    assert!(answer.out.contains("1 more ELF file could not be judged"), "{answer:?}");
    fs::remove_file(&right).unwrap();
    is_refused(&ask(&[&folder], &["--recursive"]), "none of them could be judged");
    is_refused(
        &ask(&[&stripped, &stripped], &["--debug-file", "x"]),
        "--debug-file is for one file",
    );
}
