//! Two bugs of a program are two findings, and what silences one leaves the other.

use crate::{QUICK, check, known};

/// Two descriptors that one loop spins on, and two calls that fail, all from one function of the interpreter's.
pub const TWO_OF_EACH: &str = r#"
import select, socket, time

ep = select.epoll()
ends = []

def watch(s):
    ep.register(s, select.EPOLLIN)

def first():
    a, b = socket.socketpair()
    b.send(b"x")
    ends.extend([a, b])
    ep.register(a, select.EPOLLIN)  # first

def second():
    a, b = socket.socketpair()
    b.send(b"x")
    ends.extend([a, b])
    ep.register(a, select.EPOLLIN)  # second

def fails(fd):
    try:
        if fd == 900:
            ep.modify(fd, 0)  # fails
        else:
            ep.modify(fd, 0)  # too
    except OSError:
        pass

first()
second()
fails(900)
fails(901)
end = time.monotonic() + 6
while time.monotonic() < end:
    ep.poll()  # loop
    time.sleep(0.002)
"#;

#[test]
fn two_bugs_are_two_findings_each_with_its_line() {
    for python in known() {
        let found = check(&python, "two", TWO_OF_EACH, QUICK);
        let (first, second) = (found.line("# first"), found.line("# second"));
        assert_eq!(found.blamed("level-spin"), [first, second], "{}", found.report);
        let (fails, too) = (found.line("# fails"), found.line("# too"));
        assert_eq!(found.blamed("ctl-error"), [fails, too], "{}", found.report);
        for finding in found.findings.iter().filter(|finding| finding["rule"] == "level-spin") {
            let wait = &finding["sites"][0];
            assert_eq!(wait["role"], "now");
            assert_eq!(found.line_of(&wait["frames"][0]), found.line("# loop"), "{finding}");
            let suppression = format!("level-spin:app.py:{}", finding["blame"]["line"]);
            assert_eq!(finding["suppression"], suppression);
        }
    }
}

#[test]
fn a_suppression_of_one_leaves_the_other() {
    let Some(python) = known().last() else { return };
    let lines: Vec<_> = TWO_OF_EACH.lines().collect();
    let of = |mark: &str| lines.iter().position(|line| line.ends_with(mark)).expect(mark) + 1;
    let folder = epshim_harness::products::folder("python-suppressions");
    let file = folder.join("suppressions");
    let text = format!("level-spin:app.py:{}\nctl-error:app.py:{}\n", of("# first"), of("# too"));
    std::fs::write(&file, text).expect("a file");
    let settings = format!("{QUICK}:suppressions=\"{}\"", file.display());
    let found = check(&python, "suppressed", TWO_OF_EACH, &settings);
    assert_eq!(found.blamed("level-spin"), [found.line("# second")], "{}", found.report);
    assert_eq!(found.blamed("ctl-error"), [found.line("# fails")], "{}", found.report);
    assert_eq!(found.summary["suppressed"].as_array().map(Vec::len), Some(2));
}

/// Streams of asyncio: the loop registers a connection after the user's code has asked for it.
pub const STREAMS: &str = r#"
import asyncio

async def handle(reader, writer):
    writer.write(b"hello")
    await asyncio.sleep(60)

async def client(port):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)  # asks
    connection = writer.get_extra_info("socket")
    # Another part of the program takes the connection over, and does nothing with it.
    asyncio.get_running_loop()._add_reader(connection.fileno(), lambda: None)
    await asyncio.sleep(3)

async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 0)
    await client(server.sockets[0].getsockname()[1])

def quiet(loop, context):
    pass

loop = asyncio.new_event_loop()
loop.set_exception_handler(quiet)
loop.run_until_complete(main())
"#;

#[test]
fn a_connection_that_the_loop_registers_belongs_to_the_line_that_asked_for_it() {
    for python in known() {
        let found = check(&python, "streams", STREAMS, QUICK);
        let asks = found.line("# asks");
        assert_eq!(found.blamed("level-spin"), [asks], "{}", found.report);
        let sites = found.findings[0]["sites"].as_array().expect("sites");
        let last = sites.last().expect("a site");
        assert_eq!(last["role"], "belongs to", "{}", found.report);
        assert!(found.report.contains("==   belongs to:\n"), "{}", found.report);
    }
}
