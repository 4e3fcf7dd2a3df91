//! Descriptors: too few of them, and none left behind.

use super::client::{Pattern, exchange, expect, expect_end, finish, send};
use super::server::{on_all_servers_at_once, on_every_server};
use epshim_harness::sys;
use std::collections::VecDeque;
use std::net::{Shutdown, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

const MESSAGE: usize = 1000;

/// How many descriptors the server may have, and how many clients come.
const LIMIT: usize = 32;
const CLIENTS: usize = 100;

/// For how long the server is watched while clients wait that it cannot accept, and how much
/// processor time it may use. One that spins uses all that it can get, and one that looks every
/// 100 ms next to nothing: a tenth of the time is far from both, also on a machine with much to do.
const WATCHED: Duration = Duration::from_secs(1);
const MAY_USE: Duration = Duration::from_millis(100);

#[test]
fn without_descriptors_the_server_rests_and_then_serves_everyone() {
    on_all_servers_at_once(|program| {
        let server = program.start_with_descriptors(LIMIT as _);
        let before = server.descriptors();
        let room = LIMIT - server.descriptors_below(LIMIT);
        let mut clients: VecDeque<_> =
            (0..CLIENTS).map(|number| (server.connect(), Pattern::of_stream(number))).collect();
        for (stream, pattern) in &clients {
            send(stream, *pattern, 0, MESSAGE);
        }
        // They are accepted in the order in which they came.
        for (stream, pattern) in clients.iter().take(room) {
            expect(stream, *pattern, 0, MESSAGE);
        }
        server.wait_for_descriptors(before + room);

        let cpu_time = server.cpu_time().unwrap();
        thread::sleep(WATCHED); // Not to let something happen: to see that nothing does.
        let used = server.cpu_time().unwrap() - cpu_time;
        assert!(used <= MAY_USE, "{used:?} of processor time in {WATCHED:?} with nothing to do");
        let (next, _) = &clients[room];
        assert!(!has_something(next), "a client was served with a descriptor that is not there");

        // Those who are connected are served all the same; one at a time leaves and makes room.
        for (stream, pattern) in clients.iter().take(room) {
            exchange(stream, *pattern, MESSAGE, 2 * MESSAGE);
        }
        while let Some((stream, _)) = clients.pop_front() {
            finish(&stream);
            drop(stream);
            if let Some((stream, pattern)) = clients.get(room - 1) {
                expect(stream, *pattern, 0, MESSAGE);
            }
        }
        exchange(&server.connect(), Pattern::of_stream(0), 0, MESSAGE);
        server.stop();
    });
}

/// One client more comes, waits, and gets the place of the one that leaves: the last descriptor is
/// taken and freed each time. Of that the server tells in two lines a second at most.
#[test]
fn a_server_at_its_limit_does_not_fill_the_log() {
    on_all_servers_at_once(|program| {
        let start = Instant::now();
        let server = program.start_with_descriptors(LIMIT as _);
        let pattern = Pattern::of_stream(0);
        let room = LIMIT - server.descriptors_below(LIMIT);
        let mut clients: VecDeque<_> = (0..room).map(|_| server.connect()).collect();
        for stream in &clients {
            exchange(stream, pattern, 0, MESSAGE);
        }
        for _ in 0..300 {
            let next = server.connect();
            send(&next, pattern, 0, MESSAGE);
            // The echo shows that the server has been round its loop, and has met the newcomer.
            exchange(&clients[0], pattern, 0, MESSAGE);
            exchange(&clients[0], pattern, 0, MESSAGE);
            drop(clients.pop_front());
            expect(&next, pattern, 0, MESSAGE);
            clients.push_back(next);
        }
        let stderr = server.stderr();
        let lines = stderr.matches('\n').count() as u64;
        let most = 2 * (start.elapsed().as_secs() + 1);
        assert!((1..=most).contains(&lines), "{lines} lines, {most} are allowed:\n{stderr}");
        drop(clients);
        server.stop();
    });
}

fn has_something(stream: &TcpStream) -> bool {
    stream.set_nonblocking(true).expect("a socket");
    let found = stream.peek(&mut [0]).is_ok();
    stream.set_nonblocking(false).expect("a socket");
    found
}

/// How a client can leave after its message.
const WAYS_TO_LEAVE: [fn(TcpStream); 4] = [
    // With a FIN.
    drop,
    // With a reset.
    sys::reset,
    // With a half-close.
    |stream| finish(&stream),
    // With a FIN or a reset while an echo is under way.
    |stream| send(&stream, Pattern::of_stream(0), 0, 10),
];

#[test]
fn no_descriptor_is_left_after_ten_thousand_connections() {
    on_every_server(|program| {
        let server = program.start();
        let before = server.descriptors();
        for _ in 0..100 {
            let clients: Vec<_> = (0..100).map(|_| server.connect()).collect();
            for (number, stream) in clients.iter().enumerate() {
                send(stream, Pattern::of_stream(number), 0, MESSAGE);
            }
            for (number, stream) in clients.into_iter().enumerate() {
                expect(&stream, Pattern::of_stream(number), 0, MESSAGE);
                WAYS_TO_LEAVE[number % WAYS_TO_LEAVE.len()](stream);
            }
        }
        server.wait_for_descriptors(before);
        let stream = server.connect();
        stream.shutdown(Shutdown::Write).expect("it is connected");
        expect_end(&stream);
        server.wait_for_descriptors(before);
        server.stop();
    });
}
