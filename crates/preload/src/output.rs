//! The output: findings and the end of the report, as text and JSON, with names for the addresses in
//! them, and single lines on standard error.
//!
//! Called by the monitor thread and by the thread that ends the program, never while the program
//! waits for the kernel's answer to its call. The output uses the books, the questions and the runtime.

pub mod collected;
pub mod destination;
pub mod file;
pub mod frames;
pub mod inherited;
pub mod line;
pub mod lines;
pub mod mail;
pub mod plan;
pub mod report;
pub mod reporter;
#[allow(unsafe_code)] // another program in a child
pub mod symbolize;
pub mod writing;
