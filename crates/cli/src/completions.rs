//! `epshim completions SHELL`: what a shell needs to complete this command, made from the same
//! definition that parses it. Hidden: the build asks for it, and packagers may.
//!
//! Rules, targets and languages are part of that definition (`suggested.rs`). Which processes there are is known only when
//! the shell asks: each script has a function (`completions/`) that runs the hidden `epshim processes`.
//!
//! Surprising: bash expands the words that it is given to choose from, commands in them too, and a process may have any
//! name. Names with other characters than these are left out.

mod suggested;

use crate::args::Arguments;
use crate::output::Output;
use crate::rules;
use clap::CommandFactory;
use clap_complete::Shell;
use epshim_attach::gather;

pub use suggested::Suggested;

const BASH: &str = include_str!("completions/processes.bash");
const FISH: &str = include_str!("completions/processes.fish");
const FISH_RULES: &str =
    "complete -c epshim -n \"__fish_epshim_using_subcommand explain\" -f -a \"RULES\"\n";
const ZSH: &str = include_str!("completions/processes.zsh");

/// The completions, as the text of the file that the shell reads.
pub fn answer(shell: Shell) -> Result<Output, String> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Arguments::command(), "epshim", &mut text);
    let text = String::from_utf8(text).expect("written from strings");
    Ok(Output::text(with_processes(shell, text), true))
}

/// The same, with the processes that `epshim inspect` can look at.
fn with_processes(shell: Shell, text: String) -> String {
    match shell {
        Shell::Bash => text + BASH,
        // clap_complete leaves arguments that are no options out.
        Shell::Fish => {
            let rules = rules::all().collect::<Vec<_>>().join(" ");
            text + FISH + &FISH_RULES.replace("RULES", &rules)
        }
        Shell::Zsh => {
            // The only argument of `inspect`, which clap_complete leaves to the shell.
            let start = text.find("'*::targets -- ").expect("the processes to look at");
            let end = start + text[start..].find(":_default'").expect("what completes them");
            let (before, after) = (&text[..end], &text[end + ":_default'".len()..]);
            // The last line of the script calls its functions, or registers them.
            let call = after.rfind("\nif [ ").expect("the end of the script");
            format!("{before}:_epshim_processes'{}\n{ZSH}{}", &after[..call], &after[call..])
        }
        _ => text,
    }
}

/// `epshim processes`: processes that have an epoll, an id and a name a line.
pub fn processes() -> Output {
    let (found, _) = gather::with_epolls().unwrap_or_default();
    let is_plain = |name: &str| {
        let is_one = |byte: u8| byte.is_ascii_alphanumeric() || b"._+@-".contains(&byte);
        name.bytes().all(is_one) && !name.starts_with('-')
    };
    let mut text = String::new();
    for one in found {
        let name = Some(one.name).filter(|name| is_plain(name)).unwrap_or_default();
        text += &format!("{}\t{name}\n", one.pid);
    }
    Output::text(text, true)
}
