//! `epshim layout --emit` for every target of the golden table: size, offsets and constants.
//!
//! C, Rust, Python and Node lay the structure out by the alignments that are written in the text, so
//! that this machine's own tools can say what another target's text means. C is compiled with each
//! cross compiler that is installed as well, against the real header. The texts of Go, Zig, Java
//! and C# are read, by the rules of their languages.

mod command;

use command::{emitted, json};
use epshim_harness::c_compiler::{WARNINGS, c11};
use epshim_harness::process::{run, stdout_of};
use epshim_harness::products::folder;
use epshim_harness::{koffi, tools};
use epshim_layouts::{Row, Table};
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

const EVERY: [&str; 13] = [
    "c", "rust", "zig", "python", "go", "java", "csharp", "node", "cdef", "d", "nim", "ruby",
    "bpftrace",
];

fn rows() -> Vec<Row> {
    Table::golden().rows
}

/// The text between two others.
fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no `{from}` in {text}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no `{to}` after `{from}` in {text}")).0
}

fn number(text: &str) -> u32 {
    text.trim().parse().unwrap_or_else(|error| panic!("`{text}`: {error}"))
}

/// The value that a text defines for a constant: the first number after its name.
fn constant(text: &str, name: &str) -> Option<u32> {
    let is_comment = |line: &&str| {
        let line = line.trim_start();
        ["//", "# ", "*", "/*"].iter().any(|sign| line.starts_with(sign))
    };
    text.lines().filter(|line| !is_comment(line)).find_map(|line| {
        let mut words = line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        words.find(|word| *word == name || word.strip_prefix("TARGET_") == Some(name))?;
        words.find_map(|word| {
            let digits = word.trim_end_matches('u');
            match digits.strip_prefix("0x") {
                Some(digits) => u32::from_str_radix(digits, 16).ok(),
                None => digits.parse().ok(),
            }
        })
    })
}

#[test]
fn every_constant_stands_in_every_language() {
    for row in rows() {
        for language in EVERY {
            let text = emitted(language, &row.target.name);
            assert!(text.contains(&format!("struct epoll_event for {}: ", row.target.name)));
            assert!(!text.contains("{{"), "{text}");
            for (name, &value) in &row.measured.constants {
                assert_eq!(constant(&text, name), Some(value), "{name} in {text}");
            }
        }
    }
}

#[test]
fn c_means_the_same_to_this_machines_compiler() {
    let folder = folder("emit-every-c");
    for row in rows() {
        let (name, m) = (&row.target.name, &row.measured);
        let mut text = emitted("c", name);
        for (expression, value) in [
            ("sizeof(struct target_epoll_event)", m.layout.size),
            ("_Alignof(struct target_epoll_event)", m.layout.align),
            ("offsetof(struct target_epoll_event, events)", m.layout.events_offset),
            ("offsetof(struct target_epoll_event, data)", m.layout.data_offset),
            ("sizeof(struct target_epoll_event[3])", 3 * m.layout.size),
        ] {
            writeln!(text, "_Static_assert({expression} == {value}, \"\");").unwrap();
        }
        let file = folder.join(format!("{name}.c"));
        fs::write(&file, text).unwrap();
        run(c11().args(["-fsyntax-only", "-DTARGET_EPOLL_FOREIGN"]).arg(file));
    }
}

#[test]
fn c_agrees_with_the_real_header_under_each_cross_compiler() {
    let folder = folder("emit-cross-c");
    let (mut agreed, mut skipped) = (vec![], vec![]);
    let rows = rows();
    // Those with headers of their own.
    let has_headers = |row: &&Row| {
        let t = &row.target;
        t.libc == "glibc" && t.headers.is_empty() && !t.compiler.is_empty()
    };
    for row in rows.iter().filter(has_headers) {
        let name = &row.target.name;
        let mut compiler = row.target.compiler.split_whitespace();
        let mut command = Command::new(compiler.next().expect("every row has one"));
        command.args(compiler).arg("-std=c11").args(WARNINGS).arg("-fsyntax-only");
        let header = folder.join(format!("{name}.h"));
        fs::write(&header, emitted("c", name)).unwrap();
        command.args(["-DTARGET_EPOLL_CHECK", "-x", "c"]).arg(header);
        let Ok(output) = command.output() else {
            skipped.push(name);
            continue;
        };
        let errors = String::from_utf8_lossy(&output.stderr);
        if errors.contains("No such file or directory") {
            skipped.push(name);
        } else {
            assert!(output.status.success(), "{name}: {errors}");
            agreed.push(name);
        }
    }
    eprintln!("{} cross compilers agree; not installed: {skipped:?}", agreed.len());
    assert!(!agreed.is_empty(), "this machine's own compiler is missing");
}

#[test]
fn rust_means_the_same_to_this_machines_compiler() {
    let folder = folder("emit-every-rust");
    let mut program = "#![allow(dead_code, clashing_extern_declarations)]\n".to_owned();
    for (index, row) in rows().iter().enumerate() {
        let (name, m) = (&row.target.name, &row.measured);
        let text = emitted("rust", name);
        let guard = between(&text, "#[cfg(not(all(", ");\n");
        assert!(guard.contains(&format!("target_arch = \"{}\"", row.target.arch)), "{guard}");
        assert!(guard.contains("compile_error!"), "{guard}");
        let text = text.replace(&format!("#[cfg(not(all({guard});\n"), "");
        write!(
            program,
            "mod target{index} {{\n{text}\nconst _: () = {{\n\
             assert!(size_of::<EpollEvent>() == {});\nassert!(align_of::<EpollEvent>() == {});\n\
             assert!(core::mem::offset_of!(EpollEvent, events) == {});\n\
             assert!(core::mem::offset_of!(EpollEvent, data) == {});\n}};\n}}\n",
            m.layout.size, m.layout.align, m.layout.events_offset, m.layout.data_offset
        )
        .unwrap();
    }
    let file = folder.join("lib.rs");
    fs::write(&file, program).unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "-Dwarnings"]);
    run(rustc.arg("--out-dir").arg(&folder).arg(file));
}

#[test]
fn rust_refuses_another_target() {
    let folder = folder("emit-wrong-rust");
    let other = if cfg!(target_arch = "s390x") { "riscv64-linux-gnu" } else { "s390x-linux-gnu" };
    let file = folder.join("lib.rs");
    fs::write(&file, emitted("rust", other)).unwrap();
    let mut rustc = Command::new("rustc");
    rustc.args(["--edition=2024", "--crate-type=lib", "--emit=metadata", "--out-dir"]);
    let output = rustc.arg(&folder).arg(file).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success());
    let message = format!("this layout of struct epoll_event is for {other}");
    assert!(errors.contains(&message), "{errors}");
}

/// What Python and Node print of each target's text.
fn holds(row: &Row, found: &serde_json::Value) {
    let (name, m) = (&row.target.name, &row.measured);
    assert_eq!(
        *found,
        serde_json::json!([m.layout.size, m.layout.events_offset, m.layout.data_offset]),
        "{name}"
    );
}

#[test]
fn python_means_the_same_to_this_machines_ctypes() {
    if !tools::is_installed("python3") {
        return;
    }
    // emit_refuses_loaded.rs tests the guard.
    const PROGRAM: &str = "\
import ctypes, json, re, sys
for path in sys.argv[1:]:
    text = open(path).read()
    text, cut = re.subn(r'if \\(\\n.*?\\n\\):\\n', 'if False:\\n', text, count=1, flags=re.S)
    assert cut == 1, text
    module = {}
    exec(text, module)
    event = module['epoll_event']
    print(json.dumps([ctypes.sizeof(event), event.events.offset, event.data.offset]))
";
    let folder = folder("emit-every-python");
    let rows = rows();
    let files = rows.iter().map(|row| {
        let file = folder.join(format!("{}.py", row.target.name));
        fs::write(&file, emitted("python", &row.target.name)).unwrap();
        file
    });
    let out = stdout_of(Command::new("python3").args(["-c", PROGRAM]).args(files));
    assert_eq!(out.lines().count(), rows.len());
    rows.iter().zip(out.lines()).for_each(|(row, line)| holds(row, &json(line)));
}

#[test]
fn node_means_the_same_to_this_machines_koffi() {
    let Some(folder) = koffi::folder() else { return };
    let rows = rows();
    let mut program = "import koffi from 'koffi';\n".to_owned();
    for row in &rows {
        let name = &row.target.name;
        let text = emitted("node", name);
        let guard = between(&text, "if (", ") {\n    throw new Error('this epoll_event is for");
        assert!(guard.contains("os.endianness() !== "), "{guard}");
        fs::write(folder.join(format!("{name}.mjs")), text.replacen(guard, "false", 1)).unwrap();
        // koffi's names of types are global.
        write!(
            program,
            "{{\n    const {{ EpollEvent: event }} = await import('./{name}.mjs');\n    const at = (field) => \
             koffi.offsetof(event, field);\n    console.log(JSON.stringify([koffi.sizeof(event), \
             at('events'), at('data')]));\n    koffi.reset();\n}}\n"
        )
        .unwrap();
    }
    let file = folder.join("every_target.mjs");
    fs::write(&file, program).unwrap();
    let out = stdout_of(Command::new("node").arg(file));
    assert_eq!(out.lines().count(), rows.len());
    rows.iter().zip(out.lines()).for_each(|(row, line)| holds(row, &json(line)));
}

/// Places fields of these sizes and alignments one after the other, as C does: the offset of each,
/// the size and the alignment of the whole.
fn placed(fields: &[(u32, u32)]) -> (Vec<u32>, u32, u32) {
    let mut end = 0_u32;
    let offsets = fields.iter().map(|&(size, align)| {
        let offset = end.next_multiple_of(align);
        end = offset + size;
        offset
    });
    let offsets = offsets.collect();
    let align = fields.iter().map(|&(_, align)| align).max().expect("there are fields");
    (offsets, end.next_multiple_of(align), align)
}

#[test]
fn zig_reads_as_the_table_says() {
    for row in rows() {
        let m = &row.measured;
        let text = emitted("zig", &row.target.name);
        let fields = between(&text, "extern struct {", "};");
        let events = number(between(fields, "events: u32 align(", ")"));
        let data = number(between(fields, "data: u64 align(", ")"));
        let found = placed(&[(4, events), (8, data)]);
        assert_eq!(
            found,
            (vec![m.layout.events_offset, m.layout.data_offset], m.layout.size, m.layout.align),
            "{text}"
        );
        assert!(text.contains(&format!("@sizeOf(EpollEvent) != {})", m.layout.size)), "{text}");
        assert!(text.contains("if (builtin.cpu.arch != ."), "{text}");
    }
}

#[test]
fn go_reads_as_the_table_says() {
    for row in rows() {
        let (target, m) = (&row.target, &row.measured);
        let text = emitted("go", &target.name);
        let body = between(&text, "type EpollEvent struct {\n", "\n}\n");
        let lines = body.lines().map(str::trim);
        let lines: Vec<_> =
            lines.filter(|line| !line.is_empty() && !line.starts_with("//")).collect();
        let fields: Vec<_> = lines
            .iter()
            .map(|line| match line.split_whitespace().collect::<Vec<_>>()[..] {
                ["Events", "uint32"] => (4, 4),
                ["Data", "[8]byte"] => (8, 1),
                ["_", "[0]uint64"] => (0, target.pointer_width / 8),
                ["_", padding] => (number(between(padding, "[", "]byte")), 1),
                _ => panic!("{line}"),
            })
            .collect();
        let (offsets, size, align) = placed(&fields);
        let at =
            |name: &str| offsets[lines.iter().position(|line| line.starts_with(name)).unwrap()];
        assert_eq!(
            (size, at("Events"), at("Data")),
            (m.layout.size, m.layout.events_offset, m.layout.data_offset),
            "{text}"
        );
        // Go aligns to 4 where C packs, and its arrays keep the distance all the same.
        assert_eq!(
            align,
            if m.layout.align == 8 && target.pointer_width == 64 { 8 } else { 4 },
            "{text}"
        );
        let order = if target.endian == "big" { "BigEndian" } else { "LittleEndian" };
        assert_eq!(
            text.matches("binary.").count(),
            text.matches(&format!("binary.{order}.")).count()
        );
        assert!(text.contains("\n//go:build linux"), "{text}");
        let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(words.contains("EPOLLET uint32 = 0x80000000"), "{text}");
    }
}

#[test]
fn java_reads_as_the_table_says() {
    for row in rows() {
        let m = &row.measured;
        let text = emitted("java", &row.target.name);
        let events = number(between(&text, "JAVA_INT.withByteAlignment(", ")"));
        let data = number(between(&text, "JAVA_LONG.withByteAlignment(", ")"));
        let members = between(&text, "MemoryLayout.structLayout(", ".withName(\"epoll_event\")");
        let mut offset = 0;
        for member in members.split(",\n").map(str::trim) {
            // A member that its place does not align is refused by Java itself.
            let (size, align) = match member {
                "EVENTS_BITS.withName(\"events\")" => {
                    assert_eq!(offset, m.layout.events_offset, "{text}");
                    (4, events)
                }
                "DATA_BITS.withName(\"data\"))" => {
                    assert_eq!(offset, m.layout.data_offset, "{text}");
                    (8, data)
                }
                _ => (number(between(member, "MemoryLayout.paddingLayout(", ")")), 1),
            };
            assert_eq!(offset % align, 0, "{text}");
            offset += size;
        }
        assert_eq!((offset, events.max(data)), (m.layout.size, m.layout.align), "{text}");
        assert!(text.contains(&format!("SIZE = {};", m.layout.size)), "{text}");
        assert!(text.contains(&format!("DATA_OFFSET = {};", m.layout.data_offset)), "{text}");
    }
}

#[test]
fn csharp_reads_as_the_table_says() {
    for row in rows() {
        let m = &row.measured;
        let text = emitted("csharp", &row.target.name);
        let structure = between(&text, "[StructLayout(LayoutKind.Explicit, ", "\n}\n");
        assert_eq!(number(between(structure, "Size = ", ",")), m.layout.size, "{text}");
        assert_eq!(number(between(structure, "Pack = ", ")")), m.layout.align, "{text}");
        let events = format!("[FieldOffset({})] public uint Events;", m.layout.events_offset);
        let data = format!("[FieldOffset({})] public ulong Data;", m.layout.data_offset);
        assert!(structure.contains(&events), "{text}");
        assert!(structure.contains(&data), "{text}");
    }
}
