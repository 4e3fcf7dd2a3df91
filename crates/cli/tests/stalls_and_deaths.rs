//! What programs of the corpus cannot show: `sigpipe` where the write really ends the program, and the option of
//! `loop-stall`.

mod command;

use command::watching;
use epshim_harness::c_compiler::compile_text;
use epshim_harness::misuse::programs;
use epshim_harness::products::folder;
use std::os::unix::process::ExitStatusExt as _;

const SERVER: &str = "#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
static long answer(int fd)
{
    return write(fd, \"answer\", 6);
}
int main(void)
{
    int ends[2], epfd = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    socketpair(AF_UNIX, SOCK_STREAM, 0, ends);
    epoll_ctl(epfd, EPOLL_CTL_ADD, ends[0], &event);
    close(ends[1]);
    epoll_wait(epfd, &event, 1, -1);
    return (int)answer(ends[0]);
}
";

#[test]
fn a_write_that_ends_the_program_is_reported_with_its_call_site_before() {
    let program = compile_text(&folder("sigpipe-death"), "server", SERVER, &["-g"]);
    let output = watching(&["check"]).arg("--").arg(program).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.signal(), Some(13), "{text}");
    assert!(text.contains("sigpipe") && text.contains("certain"), "{text}");
    assert!(text.contains("answer"), "{text}");
    assert!(text.contains("SIGPIPE"), "{text}");
}

#[test]
fn a_loop_that_stands_still_is_not_looked_for_where_that_is_off_or_long() {
    let all = programs();
    let sleeps = all.iter().find(|one| one.name == "loop-stall/sleeps").expect("it is there");
    let program = sleeps.build("", &[]);
    for stall in ["stall=off", "stall=5s"] {
        let mut command = watching(&["check", "--error-exitcode", "9"]);
        let output = command.env("EPSHIM_OPTIONS", stall).arg("--").arg(&program).output();
        let output = output.expect("it runs");
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{stall}: {text}");
    }
}
