//! `epshim layout --emit` for every target of the golden table, in D, Ruby and C declarations.
//!
//! D and Ruby are told each place and alignment, so that this machine's own tools can say what
//! another target's text means, once the guard is cut out: the files then check themselves. Plain C
//! declarations follow the machine's alignments, and are given to a compiler that has them.

mod command;
mod emit_machines;

use command::emitted;
use emit_machines::{between, identifier};
use epshim_harness::process::{run, stdout_of};
use epshim_harness::products::folder;
use epshim_harness::tools;
use epshim_layouts::Table;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

#[test]
fn d() {
    if !tools::is_installed("gdc") {
        return;
    }
    let folder = folder("emit-every-d");
    let mut gdc = Command::new("gdc");
    gdc.args(["-Wall", "-Werror", "-fsyntax-only"]);
    for row in Table::golden().rows {
        let (name, m) = (identifier(&row.target.name), &row.measured);
        let text = emitted("d", &row.target.name);
        let guard = between(&text, "module epoll_abi;\n", "/// C's `struct").to_owned();
        let mut text =
            text.replace(&guard, "").replace("module epoll_abi", &format!("module {name}"));
        writeln!(text, "static assert((EpollEvent[3]).sizeof == {});", 3 * m.layout.size).unwrap();
        for (field, value) in
            [("events.offsetof", m.layout.events_offset), ("data.offsetof", m.layout.data_offset)]
        {
            writeln!(text, "static assert(EpollEvent.{field} == {value});").unwrap();
        }
        let file = folder.join(format!("{name}.d"));
        fs::write(&file, text).unwrap();
        gdc.arg(file);
    }
    run(&mut gdc);
}

#[test]
fn ruby() {
    if !tools::is_installed("ruby") {
        return;
    }
    let folder = folder("emit-every-ruby");
    let (mut program, mut expected) = (String::new(), String::new());
    for row in Table::golden().rows {
        let (name, m) = (identifier(&row.target.name), &row.measured);
        let text = emitted("ruby", &row.target.name);
        let guard = between(&text, "require \"ffi\"\n", "module Epoll\n").to_owned();
        fs::write(folder.join(format!("{name}.rb")), text.replace(&guard, "")).unwrap();
        writeln!(
            program,
            "require './{name}'\ne = Epoll::Event\np [e.size, e.alignment, e.offset_of(:events), \
             e.offset_of(:data)]\nObject.send(:remove_const, :Epoll)"
        )
        .unwrap();
        let (size, align) = (m.layout.size, m.layout.align);
        writeln!(
            expected,
            "[{size}, {align}, {}, {}]",
            m.layout.events_offset, m.layout.data_offset
        )
        .unwrap();
    }
    let out = stdout_of(Command::new("ruby").args(["-e", &program]).current_dir(&folder));
    assert_eq!(out, expected);
}

#[test]
fn cdef() {
    let folder = folder("emit-every-cdef");
    let mut skipped = vec![];
    for row in Table::golden().rows {
        let (name, m) = (&row.target.name, &row.measured);
        let size =
            format!("_Static_assert(sizeof(struct epoll_event) == {}, \"\");\n", m.layout.size);
        let place = format!(
            "_Static_assert(__builtin_offsetof(struct epoll_event, data) == {}, \"\");\n",
            m.layout.data_offset
        );
        let text = emitted("cdef", name);
        assert!(!text.lines().any(|line| line.starts_with('#')), "a preprocessor's line: {text}");
        assert!(!text.contains("__attribute__"), "cffi has no attributes: {text}");
        // No library's header: the compiler's own will do.
        let types = "typedef __UINT32_TYPE__ uint32_t;\ntypedef __UINT64_TYPE__ uint64_t;\n";
        let file = folder.join(format!("{name}.c"));
        fs::write(&file, format!("{types}{text}{size}{place}")).unwrap();
        // This machine aligns 64 bits to 8, and has pointers of as many; where the target does not, and
        // that counts, its own compiler is asked.
        let is_alike = m.layout.data_align == 8
            && (m.layout.data_offset == 8 || row.target.pointer_width == 64);
        let compiler = if is_alike { "cc" } else { row.target.compiler.as_str() };
        let mut words = compiler.split_whitespace();
        let Some(program) = words.next() else {
            // Debian has no gcc for it.
            skipped.push(name.clone());
            continue;
        };
        let mut command = Command::new(program);
        let command = command.args(words).arg("-fsyntax-only").arg(&file);
        match command.output() {
            Ok(output) => {
                let errors = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{name}: {errors}");
            }
            Err(_) => skipped.push(name.clone()),
        }
    }
    eprintln!("not installed: the compilers of {skipped:?}");
}
