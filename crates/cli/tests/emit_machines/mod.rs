//! One machine for each layout, byte order, word size and C library that the golden table tells apart,
//! with what its languages would say of it; and one with another operating system.
//!
//! What is written here is what each language's own documentation says, or what it says on such a
//! machine: the guards are held against it, so none of it is taken from `src/emit/`.

#![allow(dead_code, reason = "each test program uses a part")]

use crate::command::emitted;
use epshim_layouts::{Row, Table};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// `-`: the language has no port to the machine.
const MACHINES: &str = "
x86_64-linux-gnu     x86_64   x64   amd64   X64   x86_64  x64 x86_64-linux-gnu    amd64 X86_64        amd64   linux
x86_64-linux-gnux32  x86_64   x32   x32     X64   x86_64  x64 x86_64-linux-gnux32 -     X86_64,D_X32  -       linux
i686-linux-gnu       x86_64   ia32  i386    X86   i386    x86 x86-linux-gnu       386   X86           i386    linux
i686-linux-musl      i686     ia32  i386    X86   i386    x86 x86-linux-musl      386   X86           i386    linux
aarch64-linux-gnu    aarch64  arm64 aarch64 Arm64 aarch64 arm64 aarch64-linux-gnu arm64 AArch64       arm64   linux
arm-linux-gnueabi    aarch64  arm   arm     Arm   arm     arm arm-linux-gnueabi   arm   ARM           arm     linux
powerpc-linux-gnu    ppc      ppc   ppc     -     powerpc ppc powerpc-linux-gnueabi -   PPC           powerpc linux
s390x-linux-gnu      s390x    s390x s390x   S390x s390x   -   s390x-linux-gnu     s390x SystemZ       -       linux
m68k-linux-gnu       m68k     -     m68k    -     m68k    -   m68k-linux-gnu      -     -             m68k    linux
sh4-linux-gnu        sh4      -     sh      -     sh4     -   -                   -     SH            -       linux
x86_64-linux-gnu     amd64    x64   amd64   X64   x86_64  x64 x86_64-freebsd      amd64 X86_64        amd64   freebsd
";

/// A machine as its languages describe it.
pub struct Machine {
    pub row: Row,
    pub uname: &'static str,
    pub node: &'static str,
    pub java: &'static str,
    pub dotnet: &'static str,
    pub ruby: &'static str,
    pub luajit: &'static str,
    pub zig: &'static str,
    pub go: &'static str,
    pub d: &'static str,
    pub nim: &'static str,
    pub os: &'static str,
}

impl Machine {
    pub fn name(&self) -> &str {
        &self.row.target.name
    }

    pub fn is_big(&self) -> bool {
        self.row.target.endian == "big"
    }

    pub fn width(&self) -> u32 {
        self.row.target.pointer_width / 8
    }

    pub fn is_glibc(&self) -> bool {
        self.row.target.libc == "glibc"
    }

    pub fn is_linux(&self) -> bool {
        self.os == "linux"
    }

    /// The files that a language with a port to this machine must take.
    pub fn own_file(&self) -> BTreeSet<String> {
        let own = self.is_linux().then(|| self.name().to_owned());
        own.into_iter().collect()
    }
}

/// What a row's layout, order, word size and C library are.
fn kind(row: &Row) -> (u32, u32, u32, String, u32, bool) {
    let (t, m) = (&row.target, &row.measured);
    // The C library counts on i386.
    let counts = t.arch == "x86" && t.libc == "glibc";
    (m.layout.size, m.layout.align, m.layout.data_offset, t.endian.clone(), t.pointer_width, counts)
}

pub fn machines() -> Vec<Machine> {
    let table = Table::golden();
    let machines = MACHINES.trim().lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let [name, uname, node, java, dotnet, ruby, luajit, zig, go, d, nim, os] = words[..] else {
            panic!("{line}")
        };
        let row = table.row(name).unwrap_or_else(|| panic!("no row {name}")).clone();
        Machine { row, uname, node, java, dotnet, ruby, luajit, zig, go, d, nim, os }
    });
    machines.collect()
}

/// The text for each of the machines that run Linux, by name.
pub fn texts(language: &str) -> Vec<(String, String)> {
    let own = machines().into_iter().filter(Machine::is_linux);
    own.map(|machine| (machine.name().to_owned(), emitted(language, machine.name()))).collect()
}

/// Writes each text as `NAME.ENDING`, with `_` for what no identifier can have.
pub fn files(folder: &Path, language: &str, ending: &str) -> Vec<String> {
    let written = texts(language).into_iter().map(|(name, text)| {
        fs::write(folder.join(format!("{}.{ending}", identifier(&name))), text).unwrap();
        name
    });
    written.collect()
}

/// A target's name as an identifier.
pub fn identifier(name: &str) -> String {
    name.replace('-', "_")
}

/// The text between two others.
pub fn between<'a>(text: &'a str, from: &str, to: &str) -> &'a str {
    let (_, rest) = text.split_once(from).unwrap_or_else(|| panic!("no `{from}` in {text}"));
    rest.split_once(to).unwrap_or_else(|| panic!("no `{to}` after `{from}` in {text}")).0
}

/// Every kind of row has a machine here.
pub fn assert_complete() {
    let known: BTreeSet<_> = machines().iter().map(|machine| kind(&machine.row)).collect();
    for row in Table::golden().rows {
        // The same layout and words as sh4's in the other byte order: no language has a port to one.
        if (row.measured.layout.size, row.target.endian.as_str()) == (12, "big")
            && row.measured.layout.align == 4
        {
            continue;
        }
        assert!(known.contains(&kind(&row)), "{} has no machine in emit_machines", row.target.name);
    }
}
