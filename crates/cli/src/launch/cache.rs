//! A file that is the same at every start, in a folder of the user's own: written where it is not there yet.
//!
//! The file is there whole or not at all (written under a name of its own, then renamed). It is used only if its
//! SHA-256 is the one that this command knows, and no other user can have written or can replace it: folder and
//! file are the user's own, neither is a link, and the folder around them is the user's or root's, and, where
//! others can write to it, sticky.
//!
//! Surprising: the folder is open to pass through (0711), though not to list. A program may become another user
//! and execute one of its own, whose ld.so opens the library again, and complains on its standard error if it
//! cannot.

use super::environment;
use super::failure::Failure;
use crate::output::shown;
use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat, StatVfsMountFlags};
use rustix::fs::{fchmod, fstat, fstatvfs, mkdirat, openat, renameat, unlinkat};
use rustix::process::geteuid;
use sha2::{Digest as _, Sha256};
use std::env;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

/// What the file has.
pub struct Content<'a> {
    /// In hexadecimal digits.
    pub sha256: &'a str,
    /// Asked only where the file is to be written.
    pub unpack: &'a dyn Fn() -> Vec<u8>,
}

/// Where it may be written: in the cache of the user, else in temporary folders.
pub fn folders() -> Vec<PathBuf> {
    // The XDG base directory specification: what is empty or not absolute is to be ignored.
    let named = |name| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")));
    let temporary =
        [named("XDG_RUNTIME_DIR"), named("TMPDIR"), Some("/tmp".into()), Some("/dev/shm".into())];
    let own = format!("epshim-{}", geteuid().as_raw());
    let temporary = temporary.into_iter().flatten().map(|folder| folder.join(&own));
    cache.map(|cache| cache.join("epshim")).into_iter().chain(temporary).collect()
}

/// The path in the first of the folders that has it or takes it.
pub fn written(name: &str, content: &Content, folders: &[PathBuf]) -> Result<PathBuf, Failure> {
    let mut reasons = String::new();
    for folder in folders {
        match place(folder, name, content) {
            Ok(()) => return Ok(folder.join(name)),
            Err(error) => reasons += &format!("\n  {}: {error}", shown(folder)),
        }
    }
    Err(Failure::own(format!(
        "the library inside this command must be a file before ld.so can load it, and no folder takes it:{reasons}\n\
         Set XDG_CACHE_HOME to a folder that you can write, on a file system that is not mounted noexec (docker: \
         --tmpfs /tmp:exec), or EPSHIM_PRELOAD to the path of a libepshim_preload.so."
    )))
}

/// Has the file be in the folder.
fn place(folder: &Path, name: &str, content: &Content) -> io::Result<()> {
    if !environment::can_hold(folder) {
        return Err(io::Error::other("LD_PRELOAD cannot hold a path with a space or a colon"));
    }
    let folder = open_folder(folder)?;
    if is_there(&folder, name, content.sha256)? {
        return Ok(());
    }
    // Not the process id: in two containers with one cache it may be the same.
    let random = RandomState::new().build_hasher().finish();
    let temporary = format!("{name}.{random:016x}");
    let written = write(&folder, &temporary, &(content.unpack)())
        .and_then(|()| Ok(renameat(&folder, &temporary, &folder, name)?));
    if written.is_err() {
        let _ = unlinkat(&folder, &temporary, AtFlags::empty());
    }
    written
}

/// The folder, made if it is missing (and the cache around it), of this user's own.
fn open_folder(path: &Path) -> io::Result<OwnedFd> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let parent = path.parent().ok_or(io::ErrorKind::InvalidInput)?;
    let name = path.file_name().ok_or(io::ErrorKind::InvalidInput)?;
    fs::create_dir_all(parent)?;
    let parent = File::open(parent)?;
    if !is_safe_around(&fstat(&parent)?) {
        return Err(io::Error::other("another user can replace it"));
    }
    match mkdirat(&parent, name, Mode::from_raw_mode(0o711)) {
        Ok(()) | Err(rustix::io::Errno::EXIST) => {}
        Err(error) => return Err(error.into()),
    }
    let folder = openat(&parent, name, flags, Mode::empty())?;
    let stat = fstat(&folder)?;
    if stat.st_uid != geteuid().as_raw() || stat.st_mode & 0o022 != 0 {
        return Err(io::Error::other("another user can write to it"));
    }
    if fstatvfs(&folder)?.f_flag.contains(StatVfsMountFlags::NOEXEC) {
        return Err(io::Error::other("its file system is mounted noexec"));
    }
    Ok(folder)
}

/// Whether no other user but root can rename what this user has in this folder: inode(7), the sticky bit.
fn is_safe_around(folder: &Stat) -> bool {
    let is_trusted = folder.st_uid == 0 || folder.st_uid == geteuid().as_raw();
    is_trusted && (folder.st_mode & 0o022 == 0 || folder.st_mode & 0o1000 != 0)
}

/// Whether the file is there, of this user's own, with this content.
fn is_there(folder: &OwnedFd, name: &str, sha256: &str) -> io::Result<bool> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let Ok(file) = openat(folder, name, flags, Mode::empty()) else { return Ok(false) };
    let stat = fstat(&file)?;
    let is_ours = stat.st_uid == geteuid().as_raw()
        && stat.st_mode & 0o7777 == 0o555
        && FileType::from_raw_mode(stat.st_mode).is_file();
    if !is_ours {
        return Ok(false);
    }
    Ok(self::sha256(File::from(file))? == sha256)
}

/// In hexadecimal digits.
pub fn sha256(mut bytes: impl io::Read) -> io::Result<String> {
    let mut hash = Sha256::new();
    io::copy(&mut bytes, &mut hash)?;
    Ok(hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect())
}

fn write(folder: &OwnedFd, name: &str, bytes: &[u8]) -> io::Result<()> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut file = File::from(openat(folder, name, flags, Mode::from_raw_mode(0o600))?);
    file.write_all(bytes)?;
    // After the umask, which the mode of open(2) passes through.
    Ok(fchmod(&file, Mode::from_raw_mode(0o555))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::{PermissionsExt as _, symlink};

    /// Of "bytes".
    const SHA256: &str = "277089d91c0bdf4f2e6862ba7e4a07605119431f5d13f726dd352b06f1b206a9";

    fn content() -> Content<'static> {
        Content { sha256: SHA256, unpack: &|| b"bytes".to_vec() }
    }

    /// A new folder, removed at the end.
    struct Scene(PathBuf);

    impl Scene {
        fn new(name: &str) -> Self {
            let path = env::temp_dir().join(format!("epshim-cache-{name}-{}", std::process::id()));
            fs::create_dir(&path).unwrap();
            Self(path)
        }

        fn mode(&self, name: &str) -> u32 {
            fs::symlink_metadata(self.0.join(name)).unwrap().permissions().mode() & 0o7777
        }
    }

    impl Drop for Scene {
        fn drop(&mut self) {
            fs::remove_dir_all(&self.0).unwrap();
        }
    }

    #[test]
    fn it_is_written_once_into_a_folder_that_is_made() {
        let scene = Scene::new("once");
        let folder = scene.0.join("cache/epshim");
        let path = written("it.so", &content(), std::slice::from_ref(&folder)).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"bytes");
        assert_eq!((scene.mode("cache/epshim"), scene.mode("cache/epshim/it.so")), (0o711, 0o555));
        let unpack = || panic!("it is there");
        let there = Content { sha256: SHA256, unpack: &unpack };
        written("it.so", &there, std::slice::from_ref(&folder)).unwrap();
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1, "nothing else is left");
    }

    #[test]
    fn what_is_there_and_is_not_it_is_replaced() {
        let scene = Scene::new("replaced");
        let folder = scene.0.join("epshim");
        let path = folder.join("it.so");
        let elsewhere = scene.0.join("elsewhere");
        fs::write(&elsewhere, b"bytes").unwrap();
        for spoil in [&(|| fs::write(&path, b"other").unwrap()) as &dyn Fn(), &|| {
            symlink(&elsewhere, &path).unwrap()
        }] {
            written("it.so", &content(), std::slice::from_ref(&folder)).unwrap();
            fs::remove_file(&path).unwrap();
            spoil();
            written("it.so", &content(), std::slice::from_ref(&folder)).unwrap();
            assert!(fs::symlink_metadata(&path).unwrap().is_file());
            assert_eq!(fs::read(&path).unwrap(), b"bytes");
        }
    }

    #[test]
    fn a_folder_around_it_that_others_can_write_must_be_sticky() {
        let scene = Scene::new("sticky");
        let around = scene.0.join("around");
        fs::create_dir(&around).unwrap();
        fs::set_permissions(&around, fs::Permissions::from_mode(0o777)).unwrap();
        let failure = written("it.so", &content(), &[around.join("epshim")]).unwrap_err();
        assert!(failure.reason.contains("another user can replace it"), "{}", failure.reason);
        assert!(failure.reason.contains("XDG_CACHE_HOME"), "{}", failure.reason);
        fs::set_permissions(&around, fs::Permissions::from_mode(0o1777)).unwrap();
        written("it.so", &content(), &[around.join("epshim")]).unwrap();
    }

    #[test]
    fn a_folder_that_others_can_write_or_that_is_a_link_is_passed_over_and_named() {
        let scene = Scene::new("others");
        let (open, link, good) = (scene.0.join("open"), scene.0.join("link"), scene.0.join("good"));
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o777)).unwrap();
        symlink(&scene.0, &link).unwrap();
        let spaced = scene.0.join("a folder");
        let bad = [open.clone(), link.clone(), spaced];
        let failure = written("it.so", &content(), &bad).unwrap_err();
        assert_eq!(failure.code, Failure::OWN);
        assert_eq!(failure.reason.lines().count(), bad.len() + 2, "{}", failure.reason);
        let path = written("it.so", &content(), &[open, link, good.clone()]).unwrap();
        assert_eq!(path, good.join("it.so"));
    }
}
