//! What the README says to its four readers, in one run on this machine: `epshim inspect` of a server that spins, `epshim
//! check` of a program that hangs, C programs on the library and echo servers under real traffic, and `epshim layout` of a
//! wrong structure. `make demo` builds what it shows and runs it.
//!
//! Usage: demo PROGRAM... : programs whose name begins with `hello` are run; those with `echo` in their name are
//! started as servers, filled with traffic, and stopped (`servers.rs`); `epshim` is asked about the others (`asked.rs`).

mod asked;
mod servers;

use epshim::layout::{CREATE_FLAGS, CTL_OPS, EVENT_FLAGS};
use epshim::proof::WITNESSES;
use std::error::Error;
use std::io::IsTerminal;
use std::path::Path;
use std::process::{Child, Command};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

fn main() -> Result<()> {
    let programs: Vec<String> = std::env::args().skip(1).collect();
    let named = |wanted: &str| {
        let found = programs.iter().find(|program| name(program) == wanted);
        found.ok_or_else(|| format!("name {wanted} too; `make demo` builds it and does"))
    };
    let epshim = named("epshim")?;
    title("1. My server hangs or spins now: epshim inspect half_closed");
    asked::inspect(epshim, named("half_closed")?)?;
    title("2. Find it in my tests: epshim check stranded");
    asked::check(epshim, named("stranded")?)?;
    title("3. I write C or Rust on epoll: the layout of struct epoll_event here, by each witness");
    layout();
    title("   A C program on libepshim, linked with the shared and the static library");
    for program in programs.iter().filter(|program| name(program).starts_with("hello")) {
        hello(program)?;
    }
    title("   Echo servers, every byte that comes back compared");
    for program in programs.iter().filter(|program| name(program).contains("echo")) {
        servers::echo(program).map_err(|error| format!("{program}: {error}"))?;
    }
    title("4. I write bindings: epshim layout --binary binding");
    asked::layout(epshim, named("binding")?)?;
    println!("\n{}", green("All of it works on this machine."));
    Ok(())
}

fn layout() {
    println!("  {:<28} size  align  events at  data at  packed", "");
    for (witness, layout) in WITNESSES {
        println!(
            "  {witness:<28} {:>4}  {:>5}  {:>9}  {:>7}  {}",
            layout.size,
            layout.align,
            layout.events_offset,
            layout.data_offset,
            if layout.packed == 1 { "yes" } else { "no" },
        );
    }
    let constants = EVENT_FLAGS.len() + CTL_OPS.len() + CREATE_FLAGS.len();
    let equal = WITNESSES.iter().all(|(_, layout)| *layout == WITNESSES[0].1);
    assert!(equal, "this program would not have compiled");
    println!(
        "  {}",
        green(&format!("equal, and so are {constants} constants and every signature"))
    );
}

fn hello(program: &str) -> Result<()> {
    let output = Command::new(program).output()?;
    if !output.status.success() {
        return Err(format!("{program}: {}", output.status).into());
    }
    print!("  {:<28} {}", name(program), String::from_utf8(output.stdout)?);
    Ok(())
}

/// A process, killed if the demo fails before it ends it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn name(program: &str) -> &str {
    Path::new(program).file_name().and_then(|name| name.to_str()).unwrap_or(program)
}

fn is_colourful() -> bool {
    std::io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none()
}

fn title(text: &str) {
    if is_colourful() { println!("\n\x1b[1;36m{text}\x1b[0m") } else { println!("\n{text}") }
}

fn green(text: &str) -> String {
    if is_colourful() { format!("\x1b[32m{text}\x1b[0m") } else { text.to_owned() }
}
