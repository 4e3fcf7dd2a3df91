//! Where reports are written.

use crate::output::destination::Destination;
use crate::{alone, descriptors, folder, without_descriptors};
use epshim_check::options::Color;
use epshim_report::Medium;
use std::fs;
use std::io::Read;
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

const TEXT: &[u8] = b"==7== a report\n";

/// Does the work with another file as standard error.
fn with_stderr<R>(file: impl Into<OwnedFd>, work: impl FnOnce() -> R) -> R {
    let file = file.into();
    // SAFETY: standard error is put back.
    unsafe {
        let old = libc::dup(2);
        assert_eq!(libc::dup2(file.as_raw_fd(), 2), 2);
        drop(file);
        let result = work();
        assert_eq!(libc::dup2(old, 2), 2);
        libc::close(old);
        result
    }
}

#[test]
fn a_file_is_appended_to_by_each_process_its_own() {
    let _alone = alone();
    let folder = folder("reports");
    let pattern = folder.join("log.%p");
    let log = Destination::new(pattern.to_str());
    let before = descriptors();
    assert!(log.write(7, TEXT));
    assert!(without_descriptors(|| log.write(7, TEXT)));
    assert!(log.write(8, b"other\n"));
    assert_eq!(fs::read(folder.join("log.7")).unwrap(), TEXT.repeat(2));
    assert_eq!(fs::read(folder.join("log.8")).unwrap(), b"other\n");
    assert_eq!(descriptors(), before);
}

#[test]
fn a_relative_path_is_from_where_the_program_started() {
    let _alone = alone();
    let folder = folder("50%p");
    let old = std::env::current_dir().unwrap();
    std::env::set_current_dir(&folder).unwrap();
    let log = Destination::new(Some("log"));
    std::env::set_current_dir(old).unwrap();
    assert!(log.write(7, TEXT));
    assert_eq!(fs::read(folder.join("log")).unwrap(), TEXT);
}

#[test]
fn what_cannot_be_written_is_reported_and_ends_no_program() {
    let _alone = alone();
    let folder = folder("unwritable");
    assert!(!Destination::new(folder.to_str()).write(7, TEXT));
    assert!(!Destination::new(folder.join("no/log").to_str()).write(7, TEXT));
    assert!(!Destination::new(Some("/a\0b")).write(7, TEXT));

    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    // SAFETY: the old disposition is put back. Rust's programs ignore it, others die of it.
    let old = unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let written = with_stderr(writer, || Destination::new(None).write(7, TEXT));
    // SAFETY: as above.
    unsafe { libc::signal(libc::SIGPIPE, old) };
    assert!(!written);
}

#[test]
fn a_connection_that_took_the_number_of_stderr_gets_nothing() {
    let _alone = alone();
    let (mut reader, writer) = UnixStream::pair().unwrap();
    let (_, pipe) = std::io::pipe().unwrap();
    let stderr = with_stderr(pipe, || Destination::new(None));
    assert!(!with_stderr(writer.try_clone().unwrap(), || stderr.write(7, TEXT)));
    // Under systemd it is a socket from the start.
    assert!(with_stderr(writer, || Destination::new(None).write(7, TEXT)));
    let mut got = Vec::new();
    reader.read_to_end(&mut got).unwrap();
    assert_eq!(got, TEXT);
}

#[test]
fn a_reader_who_does_not_read_is_not_waited_for_for_ever() {
    let _alone = alone();
    let (_reader, writer) = UnixStream::pair().unwrap();
    writer.set_nonblocking(true).unwrap();
    let text = vec![b'x'; 8 << 20];
    assert!(!with_stderr(writer, || Destination::new(None).write(7, &text)));
}

#[test]
fn colour_and_width_are_for_terminals_and_colour_where_it_is_asked_for() {
    let _alone = alone();
    let (_reader, pipe) = std::io::pipe().unwrap();
    let (stderr, file) = (Destination::new(None), Destination::new(Some("/log")));
    with_stderr(pipe, || assert_eq!(stderr.medium(Color::Auto, false), Medium::default()));
    // SAFETY: a string; the descriptor is its own.
    let terminal = unsafe {
        use std::os::fd::FromRawFd;
        OwnedFd::from_raw_fd(libc::open(c"/dev/ptmx".as_ptr(), libc::O_RDWR | libc::O_NOCTTY))
    };
    with_stderr(terminal, || {
        // A new terminal has no size.
        assert_eq!(stderr.medium(Color::Auto, false), Medium { colour: true, columns: None });
        let size = libc::winsize { ws_row: 24, ws_col: 57, ws_xpixel: 0, ws_ypixel: 0 };
        // SAFETY: the call reads the structure.
        assert_eq!(unsafe { libc::ioctl(2, libc::TIOCSWINSZ, &raw const size) }, 0);
        assert_eq!(stderr.medium(Color::Never, false), Medium { colour: false, columns: Some(57) });
        assert_eq!(file.medium(Color::Auto, false), Medium::default());
        assert!(!stderr.medium(Color::Auto, true).colour);
        assert!(!stderr.medium(Color::Never, false).colour);
        assert!(!file.medium(Color::Auto, false).colour);
    });
    assert!(file.medium(Color::Always, true).colour);
}
