//! Any bytes give an answer: no panic, and neither time nor memory without a bound.
//!
//! Random bytes alone end at the header. So real programs are spoiled, in one place and in many, cut off and joined.
//! `EPSHIM_SOAK=N` makes N times as many.

mod targets;

use epshim_harness::c_compiler::try_build;
use epshim_harness::products::folder;
use epshim_layouts::Table;
use epshim_layouts::compiled::{Question, Verdict, judge_stream};
use proptest::prelude::*;
use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::process::Command;
use std::sync::OnceLock;
use targets::ask;

const SOURCE: &str = "struct epoll_event { unsigned events; unsigned long long data; } __attribute__((packed));\n\
    int epoll_ctl(int, int, int, struct epoll_event *);\n\
    int main(void) { struct epoll_event event = {0}; return epoll_ctl(0, 1, 0, &event); }\n";

/// Small programs, each with another form of debugging information.
fn programs() -> &'static [Vec<u8>] {
    static PROGRAMS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    PROGRAMS.get_or_init(|| {
        let folder = folder("any-bytes");
        let source = folder.join("source.c");
        fs::write(&source, SOURCE).unwrap();
        let forms: [&[&str]; 6] = [
            &["-gdwarf-2"],
            &["-gdwarf-4", "-fdebug-types-section"],
            &["-gdwarf-5"],
            &["-g", "-gz"],
            &["-gdwarf-5", "-gsplit-dwarf"],
            &["-gbtf"],
        ];
        let build = |(at, form): (usize, &&[&str])| {
            let object = folder.join(format!("{at}.o"));
            let mut command = Command::new("cc");
            command.current_dir(&folder).args(["-c", "-w"]).args(*form).arg(&source);
            // BTF is gcc's since version 12.
            try_build(&mut command, &object).ok().map(|()| fs::read(&object).unwrap())
        };
        forms.iter().enumerate().filter_map(build).collect()
    })
}

fn cases() -> u32 {
    let soak = std::env::var("EPSHIM_SOAK").ok().and_then(|times| times.parse().ok());
    1000 * soak.unwrap_or(1)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn spoiled_programs(
        which in any::<prop::sample::Index>(),
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..24),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
    ) {
        let mut bytes = which.get(programs()).clone();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        ask(bytes);
    }

    #[test]
    fn any_bytes(bytes in prop::collection::vec(any::<u8>(), 0..2048), begin in 0..4usize) {
        let magic: [&[u8]; 4] = [b"", b"\x7fELF\x02\x01\x01\0", b"\x7fELF\x01\x02\x01\0", b"\x9f\xeb\x01\0"];
        ask([magic[begin], &bytes].concat());
    }
}

#[test]
fn unspoiled_programs_are_right_on_x86_64() {
    for program in programs() {
        let table = Table::golden();
        let row = table.row("x86_64-linux-gnu");
        let question = Question { row, host: row, ..Question::default() };
        let path = Path::new("/nonexistent/file");
        let report = judge_stream(&table, path, Cursor::new(program.clone()), &question).unwrap();
        // What was split off is in another file.
        assert!(!report.missing.is_empty() || report.judged[0].1 == Verdict::Right, "{report:?}");
    }
}

/// A compressed section that says it is of 1 TiB.
#[test]
fn what_would_fill_the_memory_is_refused() {
    let mut refused = 0;
    for program in programs() {
        for at in 0..program.len() - 24 {
            // The header of a compressed section: zlib, its size, its alignment.
            if program[at..at + 8] == [1, 0, 0, 0, 0, 0, 0, 0] && program[at + 24] == 0x78 {
                let mut bytes = program.clone();
                bytes[at + 8..at + 16].copy_from_slice(&(1_u64 << 40).to_le_bytes());
                refused += usize::from(ask(bytes).contains("too large"));
            }
        }
    }
    // Elsewhere than here these headers have 12 bytes.
    assert!(refused > 0 || cfg!(target_pointer_width = "32"));
}

/// Many sections that are the same bytes.
#[test]
fn what_names_the_same_bytes_again_and_again_is_refused() {
    const COUNT: u16 = 1000;
    let names = b"\0.debug_info\0.shstrtab\0";
    let mut data = names.to_vec();
    data.resize(1 << 20, 0);
    let section = |name: u32, kind: u32, offset: u64, size: u64| {
        let words = [name, kind, 0, 0, 0, 0].map(u32::to_le_bytes).concat();
        let rest = [offset, size, 0, 1, 0].map(u64::to_le_bytes).concat();
        [words, rest].concat()
    };
    let mut bytes = b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0".to_vec();
    bytes.extend([2_u16, 62].map(u16::to_le_bytes).concat());
    bytes.extend([1, 0, 0, 0, 0].map(u32::to_le_bytes).concat());
    bytes.extend((64 + data.len() as u64).to_le_bytes());
    bytes.extend([0, 0].map(u16::to_le_bytes).concat());
    bytes.extend([64, 0, 0, 64, COUNT + 2, COUNT + 1].map(u16::to_le_bytes).concat());
    assert_eq!(bytes.len(), 64);
    bytes.extend(&data);
    bytes.extend(section(0, 0, 0, 0));
    for _ in 0..COUNT {
        bytes.extend(section(1, 1, 64, data.len() as u64));
    }
    bytes.extend(section(13, 3, 64, names.len() as u64));
    let reason = ask(bytes);
    assert!(reason.contains("its sections are larger than the file"), "{reason}");
}
