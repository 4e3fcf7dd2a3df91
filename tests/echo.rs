//! The one suite of all echo servers: C on libc's epoll, C on epshim's, C on the reactor, and Rust on it.
//!
//! Every test runs its scenario against each of them, and a failure names the server. The scenarios
//! watch the servers from outside only: through their sockets, their exit status and `/proc`.
//!
//! - `echo/programs.rs`: the servers, built; `echo/server.rs`: started and stopped;
//! - `echo/client.rs`: the client's side: a byte pattern that betrays any loss, streams, crowds;
//! - the other modules: the scenarios, by subject.

mod echo {
    mod client;
    mod programs;
    mod server;

    mod crowd;
    mod descriptors;
    mod fairness;
    mod idle;
    mod memory;
    mod messages;
    #[cfg(feature = "verify")]
    mod preloaded;
    mod resets;
    mod signals;
    mod slow_reader;
    mod spinning;
    mod stop;
    mod threads;
}
