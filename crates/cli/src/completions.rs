//! `epshim completions SHELL`: what a shell needs to complete this command, made from the same
//! definition that parses it. Hidden: the build asks for it, and packagers may.

use crate::args::Arguments;
use crate::output::Output;
use clap::CommandFactory;
use clap_complete::Shell;

/// The completions, as the text of the file that the shell reads.
pub fn answer(shell: Shell) -> Result<Output, String> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "epshim", &mut text);
    let text = String::from_utf8(text).expect("written from strings");
    Ok(Output::text(text, true))
}
