//! What a panic of this command does, which is a bug of it: it is said, what would outlive this process is undone, and
//! the exit code is 101.
//!
//! It is all done before the stack would be unwound, because the shipped command cannot do that (the profile
//! `ship-command`): there no value is dropped. Whatever must not be left behind is therefore an [`Undone`], which is
//! undone when it is dropped too. The observer has an end of its own (`observer/start.rs`).

use std::panic;
use std::process;
use std::sync::{Mutex, MutexGuard, PoisonError};

type Work = Box<dyn FnOnce() + Send>;

/// The newest last.
static LEFT: Mutex<Vec<(usize, Work)>> = Mutex::new(Vec::new());

/// Has panics of any thread end the process.
pub fn install() {
    let say = panic::take_hook();
    panic::set_hook(Box::new(move |panic| {
        say(panic);
        // Not under the lock: what is undone may drop another.
        while let Some((_, undo)) = newest() {
            undo();
        }
        process::exit(101);
    }));
}

/// What is undone at the end of this value, or by a panic.
pub struct Undone(usize);

impl Undone {
    /// Of what was just begun.
    pub fn by(undo: impl FnOnce() + Send + 'static) -> Self {
        let mut left = left();
        let number = left.last().map_or(0, |(number, _)| number + 1);
        left.push((number, Box::new(undo)));
        Self(number)
    }
}

impl Drop for Undone {
    fn drop(&mut self) {
        let undo = {
            let mut left = left();
            let place = left.iter().position(|(number, _)| *number == self.0);
            place.map(|place| left.remove(place))
        };
        if let Some((_, undo)) = undo {
            undo();
        }
    }
}

fn newest() -> Option<(usize, Work)> {
    left().pop()
}

fn left() -> MutexGuard<'static, Vec<(usize, Work)>> {
    LEFT.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::env;
    use std::fs::{self, File};
    use std::path::PathBuf;
    use std::process::Command;

    /// Has a folder with this name, in which both of these are undone in their order: each removes what is there then.
    fn begin(folder: PathBuf) -> (Undone, Undone) {
        fs::create_dir(&folder).unwrap();
        let file = folder.join("file");
        File::create(&file).unwrap();
        let outer = Undone::by(move || fs::remove_dir(&folder).unwrap());
        (outer, Undone::by(move || fs::remove_file(&file).unwrap()))
    }

    /// The process that panics is this program again, with this test alone, in a thread, while another has more to do.
    #[test]
    fn a_panic_undoes_what_was_begun_and_ends_with_101() {
        const NAME: &str = "EPSHIM_TEST_PANICS";
        if let Some(folder) = env::var_os(NAME) {
            install();
            let _begun = begin(folder.into());
            let _ = std::thread::spawn(|| panic!("a bug")).join();
            process::exit(0);
        }
        let folder = env::temp_dir().join(format!("epshim-panicked-{}", process::id()));
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--nocapture", "a_panic_undoes_what_was_begun"]).env(NAME, &folder);
        let output = command.output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(101), "{said}");
        assert!(said.contains("a bug"), "{said}");
        assert!(!folder.exists(), "{said}");
    }

    #[test]
    fn what_is_dropped_is_undone_once_and_nothing_else() {
        let folder = env::temp_dir().join(format!("epshim-undone-{}", process::id()));
        let (outer, inner) = begin(folder.clone());
        drop(inner);
        assert!(folder.exists() && !folder.join("file").exists());
        drop(outer);
        assert!(!folder.exists());
    }
}
