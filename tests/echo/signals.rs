//! Signals that interrupt the server, and must change nothing.

use super::client::{Talker, converse, exchange, finish};
use super::server::on_every_server;
use epshim_harness::{OnDrop, wait_for};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::SeqCst};
use std::thread;

/// SIGUSR1 the server handles, the others it ignores.
const SIGNALS: [i32; 5] =
    [libc::SIGUSR1, libc::SIGWINCH, libc::SIGURG, libc::SIGCHLD, libc::SIGCONT];

/// How often all of them are sent at least, and how often the clients converse at least.
const GUSTS: usize = 1000;
const CONVERSATIONS: usize = 10;

#[test]
fn a_storm_of_signals_loses_no_byte() {
    on_every_server(|program| {
        let server = program.start();
        let over = AtomicBool::new(false);
        let gusts = AtomicUsize::new(0);
        thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(SeqCst) {
                    SIGNALS.iter().for_each(|&signal| server.signal(signal));
                    // To be stopped and continued interrupts epoll_wait(2) also without a handler
                    // (signal(7)).
                    server.freeze();
                    server.thaw();
                    gusts.fetch_add(1, SeqCst);
                }
            });
            let _end = OnDrop(|| over.store(true, SeqCst));
            let mut talkers: Vec<_> = (0..8).map(|n| Talker::new(server.connect(), n)).collect();
            let mut conversations = 0;
            while conversations < CONVERSATIONS || gusts.load(SeqCst) < GUSTS {
                converse(&mut talkers, 200_000);
                conversations += 1;
            }
            talkers.iter().for_each(|talker| finish(&talker.stream));
        });
        server.stop();
    });
}

#[test]
fn sigusr1_prints_one_line_of_statistics_on_stderr() {
    on_every_server(|program| {
        let server = program.start();
        let talker = Talker::new(server.connect(), 1);
        exchange(&talker.stream, talker.pattern, 0, 1000);
        for lines in 1..=3 {
            server.signal(libc::SIGUSR1);
            wait_for("a line of statistics", || {
                (server.stderr().matches('\n').count() >= lines).then_some(())
            });
            // The server has been round its loop, and has printed all that it prints.
            exchange(&talker.stream, talker.pattern, 1000 * lines, 1000 * (lines + 1));
            let stderr = server.stderr();
            assert_eq!(stderr.matches('\n').count(), lines, "{stderr}");
            assert!(stderr.lines().all(|line| !line.trim().is_empty()), "{stderr}");
        }
        assert_eq!(server.stdout().lines().count(), 1, "{}", server.stdout());
        finish(&talker.stream);
        server.stop();
    });
}
