//! Loops of PyPI's that register a descriptor later than the user's code asks for it.

use crate::found::{self, Found, QUICK};
use crate::{PYTHON, known};
use epshim_harness::process::stdout_of;
use epshim_harness::products::folder;
use epshim_harness::pypi;
use std::env;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Runs a program with the Python whose pip installs these packages. `None`: they cannot be had.
fn check(name: &str, packages: &[&str], text: &'static str) -> Option<Found> {
    let asked = "import sys; print(sys.base_prefix)";
    let prefix = stdout_of(Command::new("python3").args(["-c", asked]));
    let python = known().find(|python| python.path.starts_with(prefix.trim()))?;
    let folders: Option<Vec<_>> = packages.iter().map(|one| pypi::package(one)).collect();
    let folders: Vec<_> = folders?.iter().map(|folder| site_packages(folder)).collect();
    let path = env::join_paths(folders).expect("no `:` in them");
    let set = |command: &mut Command| _ = command.env("PYTHONPATH", &path);
    Some(found::check(PYTHON, (&python.path, &[]), (name, text), QUICK, set))
}

/// The folder under the name that says to Python's users whose it is.
fn site_packages(package: &Path) -> PathBuf {
    let name = package.file_name().expect("a name").to_string_lossy().into_owned();
    let link = folder(&format!("python-{name}")).join("site-packages");
    if !link.exists() {
        symlink(package, &link).expect("a link");
    }
    link
}

fn belongs_to_the_line_that_asked(found: &Found) {
    assert_eq!(found.blamed("level-spin"), [found.line("# asks")], "{}", found.report);
    let sites = found.findings[0]["sites"].as_array().expect("sites");
    assert_eq!(sites.last().expect("a site")["role"], "belongs to", "{}", found.report);
}

/// A reader that reads nothing.
const UVLOOP: &str = r#"
import asyncio, socket, uvloop

async def main():
    ready, ends = socket.create_server(("127.0.0.1", 0)), []
    ends.append(socket.create_connection(ready.getsockname()))  # asks
    ends.append(ready.accept()[0])
    ends[1].send(b"x")
    ends[0].setblocking(False)
    asyncio.get_running_loop().add_reader(ends[0], lambda: None)
    await asyncio.sleep(3)

uvloop.install()
asyncio.run(main())
"#;

/// The last version whose libuv does not have io_uring register what is watched, of which the checker sees nothing.
#[test]
fn a_connection_that_uvloop_registers_belongs_to_the_line_that_asked_for_it() {
    if let Some(found) = check("uvloop", &["uvloop==0.17.0"], UVLOOP) {
        belongs_to_the_line_that_asked(&found);
    }
}

const GEVENT: &str = r#"
import gevent, socket
from gevent.hub import get_hub

def watch(fd):
    watcher = get_hub().loop.io(fd, 1)
    watcher.start(lambda: None)
    gevent.sleep(3)

def main():
    ready, ends = socket.create_server(("127.0.0.1", 0)), []
    ends.append(socket.create_connection(ready.getsockname()))  # asks
    ends.append(ready.accept()[0])
    ends[1].send(b"x")
    watch(ends[0].fileno())

gevent.spawn(main).join()
"#;

#[test]
fn a_connection_that_gevent_registers_belongs_to_the_line_that_asked_for_it() {
    let packages = ["gevent==24.11.1", "greenlet==3.1.1", "zope.event==5.0", "zope.interface==7.2"];
    if let Some(found) = check("gevent", &packages, GEVENT) {
        belongs_to_the_line_that_asked(&found);
    }
}
