//! The socket of a program that runs under `epshim profile`: who connects is given the profile so far, as JSON, and
//! nothing else. It asks for nothing, and nothing is read from it.
//!
//! It lies in a folder that is the user's alone, has the mode 0600, and both sides look who the other one is
//! (SO_PEERCRED, unix(7)): only processes of the same user are answered, and believed.

use epshim_profile::Profile;
use rustix::net::sockopt::socket_peercred;
use rustix::process::geteuid;
use std::fs::{self, DirBuilder, Permissions};
use std::io::{self, ErrorKind, Read as _};
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// A profile without its turns and its timeline is far below that.
const MOST: u64 = 64 << 20;
/// How long the other side may take.
pub const PATIENCE: Duration = Duration::from_secs(5);

/// Makes the socket of a process. Returns its path too.
pub fn listen(pid: u32) -> io::Result<(UnixListener, PathBuf)> {
    let mut failure = None;
    for folder in folders() {
        match listen_in(&folder, pid) {
            Ok(done) => return Ok(done),
            Err(error) => failure = Some(error),
        }
    }
    Err(failure.unwrap_or_else(|| ErrorKind::NotFound.into()))
}

fn listen_in(folder: &Path, pid: u32) -> io::Result<(UnixListener, PathBuf)> {
    match DirBuilder::new().mode(0o700).create(folder) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => return Err(error),
        _ => {}
    }
    check(folder)?;
    let path = path(folder, pid);
    // Of a process that had this id before, and whose observer was killed.
    let _ = fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    fs::set_permissions(&path, Permissions::from_mode(0o600))?;
    Ok((listener, path))
}

/// The profile so far of a process. `None`: nothing listens, or its profile is written already.
pub fn ask(pid: u32) -> io::Result<Option<Profile>> {
    let Some(mut stream) = folders().find_map(|folder| connect(&folder, pid)) else {
        return Ok(None);
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut text = Vec::new();
    (&mut stream).take(MOST).read_to_end(&mut text)?;
    if text.is_empty() {
        return Ok(None);
    }
    Ok(Some(serde_json::from_slice(&text)?))
}

fn connect(folder: &Path, pid: u32) -> Option<UnixStream> {
    check(folder).ok()?;
    let path = path(folder, pid);
    match UnixStream::connect(&path) {
        Ok(stream) => is_own(&stream).then_some(stream),
        Err(error) => {
            if error.kind() == ErrorKind::ConnectionRefused {
                let _ = fs::remove_file(&path);
            }
            None
        }
    }
}

/// Whether the other side is of this user.
pub fn is_own(stream: &impl AsFd) -> bool {
    socket_peercred(stream).is_ok_and(|peer| peer.uid == geteuid())
}

fn path(folder: &Path, pid: u32) -> PathBuf {
    folder.join(format!("{pid}.sock"))
}

/// Where it may be: in the user's run-time folder, or, where there is none, in one of that user's in /tmp.
fn folders() -> impl Iterator<Item = PathBuf> {
    let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
    let runtime = runtime.filter(|path| path.is_absolute()).map(|path| path.join("epshim"));
    let user = geteuid().as_raw();
    runtime.into_iter().chain([PathBuf::from(format!("/tmp/epshim-{user}"))])
}

/// A folder, no link, that is the user's alone.
fn check(folder: &Path) -> io::Result<()> {
    let found = fs::symlink_metadata(folder)?;
    let is_own = found.is_dir() && found.uid() == geteuid().as_raw() && found.mode() & 0o077 == 0;
    if is_own { Ok(()) } else { Err(ErrorKind::PermissionDenied.into()) }
}
