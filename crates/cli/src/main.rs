//! `epshim`: what there is to know about epoll's ABI, and what is wrong with a program's use of it, from
//! the command line.
//!
//! `args.rs` says what can be asked, one module for each subcommand answers, and this file turns
//! the answer into output and an exit code:
//!
//! - 0: answered, and where two things were compared they are equal;
//! - 1: they differ, or the answer could not be written;
//! - 2: no answer (a wrong option, an unknown target, a tool that is missing), with the reason; or nothing was
//!   asked, and `next.rs` says what could be.
//!
//! `check` and `run` become the program that they are given, and end with its exit code; `check --pid` looks on. Where that fails,
//! they have the codes of env(1), so that they can stand before any command: 125 to 127.

#![deny(unsafe_code)]

mod args;
mod attached;
mod chaos;
mod completions;
mod emit;
#[allow(unsafe_code)] // before the runtime
mod inherited;
mod input;
mod inspect;
mod interrupts;
mod launch;
mod layout;
mod live;
mod next;
mod observer;
mod output;
mod outside;
mod panicked;
mod profile;
mod profiles;
mod replay;
mod report_path;
mod rules;
#[allow(unsafe_code)] // mkdtemp, and signals
mod scratch;
mod symbolize;
mod terminal;

use args::{Arguments, Command, Engine};
use clap::Parser;
use launch::{Failure, Printed};
use output::Output;
use std::process::ExitCode;

fn main() -> ExitCode {
    panicked::install();
    if std::env::args_os().len() <= 1 {
        next::print();
        return ExitCode::from(2);
    }
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return ExitCode::from(unparsed(&harmless(error))),
    };
    let answer = match arguments.command {
        Command::Check(options) if !options.pid.is_empty() => {
            return attached::check(&options)
                .map_or_else(|Failure { code, reason }| complain(code, &reason), ExitCode::from);
        }
        Command::Check(options) if options.engine == Engine::Bpf => {
            return launched(attached::check_command(&options));
        }
        Command::Check(options) => return launched(launch::check(&options)),
        Command::Run(options) => return launched(launch::run(&options)),
        Command::Chaos(options) => return ExitCode::from(chaos::answer(&options)),
        Command::Inspect(options) => inspect::answer(&options),
        Command::Profile(options) if profile::is_answered(&options) => {
            return ExitCode::from(profile::answer(&options));
        }
        Command::Profile(options) if options.live => {
            return live::profile(&options)
                .map_or_else(|Failure { code, reason }| complain(code, &reason), ExitCode::from);
        }
        Command::Profile(options) => return launched(launch::profile(&options)),
        Command::Top(options) => live::top(&options),
        Command::Replay(options) => return ExitCode::from(replay::answer(&options)),
        Command::Rules(options) => Ok(rules::list(&options)),
        Command::Explain(options) => rules::explain(&options),
        Command::Layout(options) => layout::answer(&options),
        Command::Symbolize => {
            let answered = symbolize::answer(std::io::stdin().lock(), std::io::stdout().lock());
            return ExitCode::from(answered.map_or_else(unwritten, |()| 0));
        }
        Command::Completions { shell } => completions::answer(shell),
        Command::Processes => Ok(completions::processes()),
    };
    match answer {
        Ok(answer) => ExitCode::from(printed(answer)),
        Err(reason) => complain(2, &reason),
    }
}

/// Says what is wrong with the arguments, or what --help and --version ask for: the exit code.
fn unparsed(error: &clap::Error) -> u8 {
    if !error.use_stderr() {
        return printed(Output::text(error.render().ansi().to_string(), true));
    }
    // Nothing can be done about a closed stderr.
    let _ = error.print();
    let launches = std::env::args_os()
        .nth(1)
        .is_some_and(|name| ["check", "profile", "run"].iter().any(|one| name == *one));
    if launches { Failure::OWN } else { 2 }
}

/// Prints an answer: the exit code.
fn printed(answer: Output) -> u8 {
    answer.print().unwrap_or_else(unwritten)
}

/// The exit code where an answer could not be written.
fn unwritten(reason: String) -> u8 {
    output::complain(&reason);
    1
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
    output::complain(reason);
    ExitCode::from(code)
}

/// The same error about arguments that may be shown: its text has them, beside colours of its own.
fn harmless(error: clap::Error) -> clap::Error {
    match Arguments::try_parse_from(std::env::args_os().map(output::shown)) {
        Err(error) => error,
        // An argument that is no UTF-8, of which the text has nothing.
        Ok(_) => error,
    }
}
