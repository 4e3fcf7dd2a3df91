//! Programs that use epoll rightly, under load, with the checker on: it finds nothing, they do their
//! work, and they end as they do without it.
//!
//! Notes may be made. A finding here is a false alarm, or a mistake of a program that thousands of
//! people use: find out which.

mod command;

#[path = "silence/checked.rs"]
mod checked;
#[path = "silence/echo.rs"]
mod echo;
#[path = "silence/http.rs"]
mod http;
#[path = "silence/loops.rs"]
mod loops;
#[path = "silence/packaged.rs"]
mod packaged;
#[path = "silence/servers.rs"]
mod servers;
#[path = "silence/small.rs"]
mod small;
