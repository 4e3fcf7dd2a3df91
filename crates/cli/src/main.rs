//! `epshim`: what there is to know about epoll's ABI, and what is wrong with a program's use of it, from
//! the command line.
//!
//! `args.rs` says what can be asked, one module for each subcommand answers, and this file turns
//! the answer into output and an exit code:
//!
//! - 0: answered, and where two things were compared they are equal;
//! - 1: they differ;
//! - 2: no answer (a wrong option, an unknown target, a tool that is missing), with the reason.
//!
//! `check` and `run` become the program that they are given, and end with its exit code. Where that fails,
//! they have the codes of env(1), so that they can stand before any command: 125 to 127.

#![deny(unsafe_code)]

mod args;
mod completions;
mod emit;
mod launch;
mod layout;
mod output;
mod rules;
mod symbolize;

use args::{Arguments, Command};
use clap::Parser;
use launch::{Failure, Printed};
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments = Arguments::try_parse().unwrap_or_else(|error| {
        let launches =
            std::env::args_os().nth(1).is_some_and(|name| name == "check" || name == "run");
        if launches && error.use_stderr() {
            // Nothing can be done about a closed stderr.
            let _ = error.print();
            std::process::exit(Failure::OWN.into());
        }
        error.exit()
    });
    let answer = match arguments.command {
        Command::Check(options) => return launched(launch::check(&options)),
        Command::Run(options) => return launched(launch::run(&options)),
        Command::Rules(options) => Ok(rules::list(&options)),
        Command::Explain(options) => rules::explain(&options),
        Command::Layout(options) => layout::answer(&options),
        Command::Symbolize => {
            // An error is a library that is gone, and wants no more answers.
            let _ = symbolize::answer(std::io::stdin().lock(), std::io::stdout().lock());
            return ExitCode::SUCCESS;
        }
        Command::Completions { shell } => completions::answer(shell),
    };
    match answer.and_then(Output::print) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(1),
        Err(reason) => complain(2, &reason),
    }
}

/// Ends `check` and `run` where they have not become the program: the environment is printed, or there is a
/// failure.
fn launched(done: Result<Printed, Failure>) -> ExitCode {
    let printed = done.and_then(|Printed(text)| {
        let printed = Output::text(text, true).print();
        printed.map_err(|reason| Failure { code: Failure::OWN, reason })
    });
    match printed {
        Ok(_) => ExitCode::SUCCESS,
        Err(Failure { code, reason }) => complain(code, &reason),
    }
}

fn complain(code: u8, reason: &str) -> ExitCode {
    anstream::eprintln!("{}epshim:{} {reason}", output::BAD, output::PLAIN);
    ExitCode::from(code)
}
