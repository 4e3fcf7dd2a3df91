//! A server under measurement: pinned to a processor, watched from outside, never left running.

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use std::error::Error;
use std::fs;
use std::io::{self, Read};
use std::mem::{MaybeUninit, size_of};
use std::net::SocketAddrV4;
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

/// For what is sure to happen.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running server.
pub struct Server {
    child: Child,
    pub address: SocketAddrV4,
}

impl Server {
    /// Starts it on a processor, and waits for the line that says where it listens.
    pub fn start(command: &mut Command, processor: Option<usize>) -> Result<Self, Box<dyn Error>> {
        command.stdin(Stdio::null()).stdout(Stdio::piped());
        let mut child = start_child(command, processor)?;
        let line = read_line(&mut child);
        let address = line.as_ref().ok().and_then(|line| line.strip_prefix("listening on "));
        match address.and_then(|address| address.parse().ok()) {
            Some(address) => Ok(Self { child, address }),
            None => {
                let _ = child.kill();
                let status = child.wait()?;
                Err(format!("{command:?} said {line:?} and ended: {status}").into())
            }
        }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The processor time of all its threads, to the nanosecond: the clock of another process
    /// brings its sum up to date (clock_getcpuclockid(3)), unlike /proc.
    pub fn cpu_time(&self) -> io::Result<Duration> {
        let mut clock = 0;
        let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
        // SAFETY: both results are written to memory of ours.
        let failed = unsafe {
            libc::clock_getcpuclockid(self.id() as libc::pid_t, &raw mut clock) != 0
                || libc::clock_gettime(clock, &raw mut time) != 0
        };
        if failed {
            return Err(io::Error::other("the server has ended"));
        }
        Ok(Duration::new(time.tv_sec as u64, time.tv_nsec as u32))
    }

    /// Memory of its own, in bytes: VmRSS of /proc/PID/status. The kernel's is not in it.
    pub fn resident(&self) -> io::Result<u64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib = line.and_then(|line| line.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok());
        kib.map(|kib| kib * 1024).ok_or_else(|| io::Error::other("no VmRSS"))
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> io::Result<usize> {
        Ok(fs::read_dir(format!("/proc/{}/fd", self.id()))?.count())
    }

    /// Stops it, and asserts that it ended well.
    pub fn stop(mut self) -> Result<(), Box<dyn Error>> {
        signal(&self.child, libc::SIGTERM);
        let end = Instant::now() + PATIENCE;
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait()? {
                return if status.success() { Ok(()) } else { Err(status.to_string().into()) };
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        Err("a server did not stop at SIGTERM".into())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Starts a child that ends when this thread does, on a processor.
pub fn start_child(command: &mut Command, processor: Option<usize>) -> io::Result<Child> {
    // SAFETY: between fork and exec only system calls are made.
    unsafe {
        command.pre_exec(move || {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            processor.map_or(Ok(()), pin)
        });
    }
    command.spawn().map_err(|error| io::Error::other(format!("{command:?}: {error}")))
}

/// The first line of its stdout, within bounded time.
pub fn read_line(child: &mut Child) -> io::Result<String> {
    let stdout = child.stdout.as_mut().expect("piped");
    let end = Instant::now() + PATIENCE;
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let left = Timespec::try_from(end.saturating_duration_since(Instant::now()))
            .map_err(io::Error::other)?;
        if poll(&mut [PollFd::from_borrowed_fd(stdout.as_fd(), PollFlags::IN)], Some(&left))? == 0 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        let mut byte = [0];
        if stdout.read(&mut byte)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        line.push(byte[0]);
    }
    Ok(String::from_utf8_lossy(&line).trim_end().to_owned())
}

/// Sends a child of ours, which has not been waited for, a signal.
pub fn signal(child: &Child, signal: libc::c_int) {
    // SAFETY: no pointer is passed; the process id is still its own.
    unsafe { libc::kill(child.id() as libc::pid_t, signal) };
}

/// Nanoseconds that the main thread of a process stood ready without a processor: the second number
/// of /proc/PID/schedstat (Documentation/scheduler/sched-stats.rst). 0 where the kernel keeps none.
pub fn run_delay(process: u32) -> u64 {
    let text = fs::read_to_string(format!("/proc/{process}/schedstat")).unwrap_or_default();
    text.split(' ').nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

/// The processors of the servers and of the load: two different ones, or nothing to pin to. Those
/// that this process was started with: once the load is pinned it has only one.
pub fn processors() -> Option<(usize, usize)> {
    static FOUND: OnceLock<Option<(usize, usize)>> = OnceLock::new();
    *FOUND.get_or_init(find_processors)
}

fn find_processors() -> Option<(usize, usize)> {
    let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed();
    // SAFETY: the set is writable and of the size that is named; all-zero is a valid one.
    let set = unsafe {
        if libc::sched_getaffinity(0, size_of::<libc::cpu_set_t>(), set.as_mut_ptr()) != 0 {
            return None;
        }
        set.assume_init()
    };
    // SAFETY: the numbers are below CPU_SETSIZE.
    let mut allowed =
        (0..libc::CPU_SETSIZE as usize).filter(|&i| unsafe { libc::CPU_ISSET(i, &set) });
    Some((allowed.next()?, allowed.next_back()?))
}

/// Pins this thread, and what it starts, to a processor.
pub fn pin(processor: usize) -> io::Result<()> {
    // SAFETY: all-zero is an empty set; the number came from a set of this size.
    let result = unsafe {
        let mut set = MaybeUninit::<libc::cpu_set_t>::zeroed().assume_init();
        libc::CPU_SET(processor, &mut set);
        libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Allows this process and its children as many descriptors as it may. Returns how many.
pub fn raise_descriptor_limit() -> io::Result<u64> {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the structure is writable, and readable.
    let failed = unsafe {
        libc::getrlimit(libc::RLIMIT_NOFILE, &raw mut limit) != 0 || {
            limit.rlim_cur = limit.rlim_max;
            libc::setrlimit(libc::RLIMIT_NOFILE, &raw const limit) != 0
        }
    };
    if failed { Err(io::Error::last_os_error()) } else { Ok(limit.rlim_cur) }
}
