//! A Go program, as built and stripped: the calls of a thread that is blocked in a read.

use crate::remote::Remote;
use epshim_harness::process::{Process as Child, run};
use epshim_harness::{deadline, products, wait_for};
use epshim_interpreters::files::File;
use epshim_interpreters::go::{Inlined, Table, calls};
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

const LOOKS: u32 = 2000;

/// Goroutines compute and collect garbage; one thread is in read(2) on a pipe.
const PROGRAM: &str = r#"package main

import (
	"fmt"
	"runtime"
	"syscall"
)

type server struct{ fd int }

//go:noinline
func (s *server) receive(buffer []byte) int {
	n, _ := syscall.Read(s.fd, buffer) // here
	return n
}

//go:noinline
func serve(fd int, size int) int {
	s := &server{fd}
	return s.receive(make([]byte, size)) // outer
}

func busy() {
	x := 0
	for {
		for i := 0; i < 1000; i++ {
			x = x*31 + i
		}
		_ = make([]int, 1000)
		runtime.Gosched()
	}
}

func main() {
	go busy()
	go busy()
	fmt.Println("ready")
	serve(0, 16)
}
"#;

/// Go: another one where `EPSHIM_GO` names it.
fn compiler() -> Command {
    Command::new(std::env::var_os("EPSHIM_GO").unwrap_or_else(|| "go".into()))
}

fn go_is_there() -> bool {
    let works = compiler().arg("version").stdout(Stdio::null()).status();
    let is_there = works.is_ok_and(|status| status.success());
    if !is_there {
        epshim_harness::tools::skip("go is not installed");
    }
    is_there
}

fn build(folder: &Path, name: &str, arguments: &[&str]) -> std::path::PathBuf {
    let source = folder.join("blocked.go");
    fs::write(&source, PROGRAM).expect("a file");
    let program = folder.join(name);
    let mut command = compiler();
    command.arg("build").args(arguments).arg("-o").args([&program, &source]).current_dir(folder);
    command.env("CGO_ENABLED", "0").env("GOFLAGS", "-mod=mod").env("GO111MODULE", "off");
    run(&mut command);
    program
}

#[test]
fn a_thread_blocked_in_read_is_at_its_line_also_in_a_stripped_program() {
    if !go_is_there() || !cfg!(target_arch = "x86_64") {
        return;
    }
    let folder = products::folder("interpreters-go");
    let stripped = &["-ldflags=-s -w"];
    look_at(&build(&folder, "as-built", &[]), "as built");
    look_at(&build(&folder, "stripped", stripped), "stripped");
    look_at(&build(&folder, "position", &["-buildmode=pie", stripped[0]]), "stripped, any address");
}

fn look_at(program: &Path, what: &str) {
    let mut child = Child::start_with_input("go", &mut Command::new(program), Stdio::piped());
    assert_eq!(child.next_line(deadline()).expect("it runs").as_deref(), Some("ready"));
    let mut remote = Remote { pid: child.id() };
    let loaded = remote.file(|file| file.go().is_some()).expect("a Go program");
    let file = File::parse(&loaded.bytes).expect("a file");
    let moved_by = loaded.moved_by(file.first_address().expect("a segment"));
    let go = file.go().expect("a table");
    let table = Table::parse(go.table, go.text).expect("a known format");
    let at = |address: u64| address.wrapping_add(moved_by);
    let data: Vec<_> = go.data.iter().map(|data| at(data.start)..at(data.end)).collect();
    let inlined = Inlined::find(&mut remote, &table, at(go.address), &data);
    let inlined = inlined.unwrap_or_else(|| panic!("{what}: no record of the module"));
    let table = table.with_text(inlined.text.wrapping_sub(moved_by));
    const READ: u64 = 0;
    let thread = wait_for("a thread in read", || {
        let threads = remote.threads();
        threads.into_iter().find(|&one| matches!(remote.blocked(one), Some((READ, ..))))
    });
    let (_, stack, instruction) = remote.blocked(thread).expect("blocked");
    let start = Instant::now();
    for look in 0..LOOKS {
        let calls = calls(&mut remote, &table, Some(inlined), moved_by, instruction, stack);
        let places: Vec<_> = calls.iter().map(|call| call.place).collect();
        let of = |function: &str| {
            let place = places.iter().find(|place| place.function == function);
            let place = place.unwrap_or_else(|| panic!("{what}, look {look}: {places:#?}"));
            assert!(place.file.is_some_and(|file| file.ends_with("/blocked.go")), "{place:?}");
            place.line
        };
        assert_eq!(of("main.(*server).receive"), Some(line_of("// here")), "{what}, look {look}");
        assert_eq!(of("main.serve"), Some(line_of("// outer")), "{what}, look {look}");
        assert_eq!(of("main.main"), Some(line_of("serve(0, 16)")), "{what}, look {look}");
        let outermost = places.last().expect("calls").function;
        assert!(outermost.starts_with("runtime.goexit"), "{what}, look {look}: {places:#?}");
    }
    eprintln!("Go, {what}: 0 of {LOOKS} wrong, {:?} a look", start.elapsed() / LOOKS);
}

fn line_of(mark: &str) -> u32 {
    let line = PROGRAM.lines().position(|line| line.ends_with(mark)).expect("it is there");
    u32::try_from(line + 1).expect("a small number")
}

/// Prints what Go's own reader of its tables says of each function's first instruction, and of more.
#[test]
fn every_function_of_a_program_has_the_line_that_go_says() {
    if !go_is_there() {
        return;
    }
    let folder = products::folder("interpreters-go-lines");
    let program = build(&folder, "program", &[]);
    let bytes = fs::read(&program).expect("a file");
    let file = File::parse(&bytes).expect("a file");
    let go = file.go().expect("a table");
    let table = Table::parse(go.table, go.text).expect("a known format");
    // `go tool nm` has the functions, `go tool addr2line` reads the same table by its own code.
    let names = run(compiler().args(["tool", "nm", "-type"]).arg(&program)).stdout;
    let names = String::from_utf8(names).expect("text");
    let entries: Vec<u64> = names
        .lines()
        .filter(|line| line.contains(" T "))
        .filter_map(|line| u64::from_str_radix(line.split_ascii_whitespace().next()?, 16).ok())
        .collect();
    assert!(entries.len() > 1000, "{}", entries.len());
    let addresses: Vec<u64> =
        entries.iter().flat_map(|&entry| [entry, entry + 7, entry + 31]).collect();
    let questions: String = addresses.iter().map(|address| format!("{address:#x}\n")).collect();
    let input = folder.join("addresses");
    fs::write(&input, questions).expect("a file");
    let mut command = compiler();
    command
        .args(["tool", "addr2line"])
        .arg(&program)
        .stdin(fs::File::open(&input).expect("a file"));
    let answers = String::from_utf8(run(&mut command).stdout).expect("text");
    let mut lines = answers.lines();
    for address in addresses {
        let (function, place) = (lines.next().expect("a function"), lines.next().expect("a line"));
        let found = table.at(address).expect("it is a function's");
        let line = found.line.map_or(-1, i64::from);
        let mine = format!("{}:{line}", found.file.unwrap_or(""));
        assert_eq!((found.function, mine.as_str()), (function, place), "{address:#x}");
    }
}
