//! A Go program, which has no libc to be preloaded into, and makes its calls on several threads.

use crate::engine::{attach, can_attach, file, outcome};
use epshim_harness::deadline;
use epshim_harness::process::{Process, run};
use epshim_harness::products::folder;
use epshim_harness::tools::are_there;
use std::fs;
use std::io::Write as _;
use std::process::{Command, Stdio};

/// It begins at a word; adds a descriptor twice, and never reads an eventfd that it watches.
const PROGRAM: &str = r#"
package main

import (
	"bufio"
	"fmt"
	"os"
	"syscall"
	"time"
)

//go:noinline
func addTwice(epfd, fd int) error {
	event := syscall.EpollEvent{Events: syscall.EPOLLIN, Fd: int32(fd)}
	if err := syscall.EpollCtl(epfd, syscall.EPOLL_CTL_ADD, fd, &event); err != nil {
		return err
	}
	return syscall.EpollCtl(epfd, syscall.EPOLL_CTL_ADD, fd, &event)
}

func main() {
	fmt.Println("ready")
	bufio.NewReader(os.Stdin).ReadString('\n')
	epfd, _ := syscall.EpollCreate1(0)
	fd, _, _ := syscall.Syscall(syscall.SYS_EVENTFD2, 1, 0, 0)
	fmt.Println(addTwice(epfd, int(fd)))
	events := make([]syscall.EpollEvent, 4)
	for end := time.Now().Add(3 * time.Second); time.Now().Before(end); {
		syscall.EpollWait(epfd, events, 100)
		time.Sleep(200 * time.Microsecond)
	}
}
"#;

#[test]
fn a_go_program_is_watched_with_its_own_functions_named() {
    if !are_there(&["go"]) || !can_attach() {
        return;
    }
    let folder = folder("attached-go");
    fs::write(folder.join("main.go"), PROGRAM).unwrap();
    let program = folder.join("program");
    let mut go = Command::new("go");
    go.env("GO111MODULE", "off")
        .args(["build", "-o"])
        .arg(&program)
        .arg("main.go")
        .current_dir(&folder);
    run(&mut go);
    let mut program = Process::start_with_input("go", &mut Command::new(&program), Stdio::piped());
    assert_eq!(program.next_line(deadline()).unwrap().as_deref(), Some("ready"));
    let to = file();
    let engine = attach(program.id(), &[], &to);
    program.take_stdin().write_all(b"begin\n").unwrap();
    let (_, out, _) = program.finish(deadline()).unwrap();
    let outcome = outcome(engine, &to, out);
    let found: Vec<_> = outcome.findings().map(|line| line["rule"].as_str().unwrap()).collect();
    assert!(found.contains(&"ctl-error") && found.contains(&"level-spin"), "{}", outcome.err);
    let of_it = outcome.findings().find(|line| line["rule"] == "ctl-error").unwrap();
    for site in of_it["sites"].as_array().unwrap() {
        assert_eq!(site["frames"][0]["function"], "main.addTwice", "{}", outcome.err);
    }
}
