//! `epshim profile`: servers with a mistake, and clients that measure: the verdict names the mistake, and figures are
//! what the clients have measured.

mod clients;
#[path = "../command/mod.rs"]
mod command;
mod endings;
mod forms;
mod live;
mod mistakes;
mod runs;
#[path = "../corpus/schema.rs"]
mod schema;
#[path = "../inspect/terminal.rs"]
mod terminal;
