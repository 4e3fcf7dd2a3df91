//! `epshim`: what there is to know about epoll's ABI, and of its misuse, from the command line.
//!
//! `args.rs` says what can be asked, one module for each subcommand answers, and this file turns
//! the answer into output and an exit code:
//!
//! - 0: answered, and where two things were compared they are equal;
//! - 1: they differ;
//! - 2: no answer (a wrong option, an unknown target, a tool that is missing), with the reason.

#![forbid(unsafe_code)]

mod args;
mod emit;
mod layout;
mod output;
mod rules;

use args::{Arguments, Command};
use clap::Parser;
use output::Report;
use std::process::ExitCode;

fn main() -> ExitCode {
    let answer = match Arguments::parse().command {
        Command::Rules(options) => Ok(rules::list(&options)),
        Command::Explain(options) => rules::explain(&options),
        Command::Layout(options) => layout::answer(&options),
    };
    match answer.and_then(Report::print) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(reason) => {
            anstream::eprintln!("{}epshim:{} {reason}", output::BAD, output::PLAIN);
            ExitCode::from(2)
        }
    }
}
