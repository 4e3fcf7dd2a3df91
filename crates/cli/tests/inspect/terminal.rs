//! The command in a pseudo-terminal of 80 columns: what is on its screen, and that `q` ends it.

#![allow(dead_code, reason = "each test program uses a part")]

use crate::command::epshim;
use epshim_harness::wait_for;
use rustix::fs::OFlags;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::num::NonZero;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex};
use std::thread;

const ROWS: NonZero<u16> = NonZero::new(24).unwrap();
const COLUMNS: NonZero<u16> = NonZero::new(80).unwrap();

/// The command on a terminal, whose screen is kept.
pub struct Terminal {
    child: Child,
    keys: File,
    screen: Arc<Mutex<vt100::Parser>>,
}

impl Terminal {
    /// Starts it.
    pub fn start(arguments: &[&str]) -> Self {
        Self::of(epshim(arguments))
    }

    /// Starts this command on one.
    pub fn of(mut command: Command) -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a pseudo-terminal");
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let size =
            Winsize { ws_row: ROWS.get(), ws_col: COLUMNS.get(), ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&master, size).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap();
        let slave = || {
            let flags = OFlags::RDWR | OFlags::NOCTTY;
            rustix::fs::open(name.as_c_str(), flags, rustix::fs::Mode::empty()).unwrap()
        };
        command.env("TERM", "xterm-256color").stdin(slave()).stdout(slave()).stderr(slave());
        let child = command.spawn().expect("epshim runs");
        drop(command);
        let screen = Arc::new(Mutex::new(vt100::Parser::new(ROWS, COLUMNS, 0)));
        let (mut output, written) = (File::from(master.try_clone().unwrap()), Arc::clone(&screen));
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            // It ends with EIO when the command has closed its side.
            while let Ok(length @ 1..) = output.read(&mut bytes) {
                written.lock().unwrap().process(&bytes[..length]);
            }
        });
        Self { child, keys: File::from(master), screen }
    }

    /// The text on the screen.
    pub fn text(&self) -> String {
        self.screen.lock().unwrap().screen().contents()
    }

    /// Waits until the screen has a text.
    pub fn wait_for(&self, text: &str) -> String {
        wait_for(text, || Some(self.text()).filter(|screen| screen.contains(text)))
    }

    /// How its modes are: whether lines are edited, keys are signals, and what is typed is shown.
    pub fn modes(&self) -> (u32, u32, u32) {
        let modes = rustix::termios::tcgetattr(&self.keys).unwrap();
        let bits = (modes.input_modes.bits(), modes.output_modes.bits());
        (bits.0, bits.1, modes.local_modes.bits())
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Presses a key.
    pub fn press(&mut self, key: &str) {
        self.keys.write_all(key.as_bytes()).unwrap();
    }

    /// Whether the program's own screen is shown, and not the one of before.
    pub fn is_alternate(&self) -> bool {
        self.screen.lock().unwrap().screen().alternate_screen()
    }

    /// Waits for its end.
    pub fn end(&mut self) -> ExitStatus {
        wait_for("the end of epshim", || self.child.try_wait().unwrap())
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
