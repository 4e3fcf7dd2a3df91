//! A program that is started with one of the descriptors 0 to 2 closed has it closed under `check` and `run`,
//! too; and what it then opens under the number of standard error is no place for reports.

mod command;

use command::watching;
use epshim_harness::c_compiler::compile_text;
use epshim_harness::products::folder;
use std::fs;
use std::process::Command;

/// Writes to a file, of the first number that is free, which descriptors were open; and makes a mistake.
const PROGRAM: &str = "#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
int main(int argc, char **argv)
{
    int open_ones = 0;
    for (int fd = 0; fd < 3; fd++)
        open_ones = open_ones * 10 + (fcntl(fd, F_GETFD) != -1);
    int file = open(argv[argc - 1], O_WRONLY | O_CREAT | O_TRUNC, 0600);
    dprintf(file, \"%03d %d\\n\", open_ones, file);
    epoll_ctl(epoll_create1(0), EPOLL_CTL_DEL, 999, 0);
    return 5;
}
";

#[test]
fn a_closed_descriptor_stays_closed_and_gets_no_report() {
    let folder = folder("closed");
    let program = compile_text(&folder, "wrong", PROGRAM, &[]);
    let file = folder.join("file");
    let epshim = watching(&[]);
    for (closed, seen) in [
        ("", None),
        ("<&-", Some("011 0\n")),
        (">&-", Some("101 1\n")),
        ("2>&-", Some("110 2\n")),
        ("<&- 2>&-", Some("010 0\n")),
        ("<&- >&- 2>&-", Some("000 0\n")),
    ] {
        for before in [
            "",
            "\"$epshim\" run --",
            "EPSHIM_OPTIONS=symbolize=0 \"$epshim\" check --",
            "EPSHIM_OPTIONS=symbolize=0:log_path=/no/log \"$epshim\" check --",
        ] {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("exec env {before} \"$program\" \"$file\" {closed}")]);
            shell.env("program", &program).env("file", &file).env("epshim", epshim.get_program());
            let output = shell.output().unwrap();
            assert_eq!(output.status.code(), Some(5), "{before} {closed}: {output:?}");
            let found = fs::read_to_string(&file).unwrap();
            if let Some(seen) = seen {
                assert_eq!(found, seen, "{before} {closed}");
            } else {
                assert!(found.starts_with("111 "), "{found}");
            }
            assert!(output.stdout.is_empty(), "{before} {closed}: {output:?}");
        }
    }
}
