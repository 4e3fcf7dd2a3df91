//! What this machine or this user lacks for the event stream, each as a sentence with the way to get it.

use rustix::io::Errno;
use rustix::system::uname;
use rustix::thread::{CapabilitySet, capabilities};
use std::fmt;
use std::fs;
use std::os::unix::fs::MetadataExt as _;

/// Why there is no event stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Missing {
    /// The program reads the registers of x86-64.
    Architecture,
    /// The kernel is too old.
    Kernel(String),
    /// Ids are another pid namespace's here, and the program sees those of the machine.
    Namespace,
    /// These capabilities.
    Capabilities(Vec<&'static str>),
    /// The kernel is locked down.
    Lockdown,
    /// The kernel does not say where it keeps what children are followed by.
    Types,
    /// The kernel refuses, and it is not seen why.
    Refused(String),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Architecture => write!(
                f,
                "the event stream is built for x86-64 only: its program reads that architecture's registers"
            ),
            Self::Kernel(release) => write!(
                f,
                "the event stream needs Linux 5.8 or newer, for its ring buffer; this is {release}"
            ),
            Self::Namespace => write!(
                f,
                "process ids are those of a container here, and the event stream sees those of the machine: run \
                 this on the host, or in a container with the host's (--pid host)"
            ),
            Self::Capabilities(missing) => write!(
                f,
                "the event stream needs {}: run this as root, or give the command the right (setcap \
                 cap_bpf,cap_perfmon,cap_sys_ptrace+ep epshim); in a container: --cap-add BPF --cap-add PERFMON \
                 --cap-add SYS_PTRACE --pid host",
                missing.join(" and ")
            ),
            Self::Lockdown => write!(
                f,
                "the kernel is locked down (confidentiality), and lets no program see what others do; a kernel \
                 started with lockdown=integrity does"
            ),
            Self::Types => write!(
                f,
                "to follow children (--children) the kernel must say where it keeps a process's id, in \
                 /sys/kernel/btf/vmlinux (CONFIG_DEBUG_INFO_BTF); name the children's ids with --pid instead"
            ),
            Self::Refused(why) => write!(
                f,
                "the kernel does not take the event stream's program ({why}); in a container the sandbox \
                 (seccomp) may forbid bpf(2): run this on the host"
            ),
        }
    }
}

/// The inode of the machine's own pid namespace (linux/proc_ns.h, PROC_PID_INIT_INO).
const OWN_PIDS: u64 = 0xEFFF_FFFC;

/// What is missing, as far as that is known before it is tried.
#[must_use]
pub fn found() -> Option<Missing> {
    if !cfg!(target_arch = "x86_64") {
        return Some(Missing::Architecture);
    }
    let release = uname().release().to_string_lossy().into_owned();
    if version(&release).is_some_and(|version| version < (5, 8)) {
        return Some(Missing::Kernel(release));
    }
    let namespace = fs::metadata("/proc/self/ns/pid").map(|it| it.ino());
    if namespace.is_ok_and(|inode| inode != OWN_PIDS) {
        return Some(Missing::Namespace);
    }
    let lockdown = fs::read_to_string("/sys/kernel/security/lockdown").unwrap_or_default();
    if lockdown.contains("[confidentiality]") {
        return Some(Missing::Lockdown);
    }
    let missing = missing_capabilities();
    (!missing.is_empty()).then_some(Missing::Capabilities(missing))
}

/// The first two numbers of a release.
fn version(release: &str) -> Option<(u32, u32)> {
    let mut numbers = release.split(|it: char| !it.is_ascii_digit()).map(str::parse);
    Some((numbers.next()?.ok()?, numbers.next()?.ok()?))
}

fn missing_capabilities() -> Vec<&'static str> {
    let Ok(sets) = capabilities(None) else { return Vec::new() };
    let has = |one| sets.effective.contains(one);
    if has(CapabilitySet::SYS_ADMIN) {
        return Vec::new();
    }
    let needed = [(CapabilitySet::BPF, "CAP_BPF"), (CapabilitySet::PERFMON, "CAP_PERFMON")];
    needed.into_iter().filter(|&(one, _)| !has(one)).map(|(_, name)| name).collect()
}

/// Why the kernel has refused.
#[must_use]
pub fn of_error(error: &dyn std::error::Error) -> Missing {
    let mut source = Some(error);
    let mut last = error.to_string();
    while let Some(error) = source {
        last = error.to_string();
        source = error.source();
    }
    if last.is_empty() {
        last = Errno::PERM.to_string();
    }
    Missing::Refused(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_of_kernels_are_compared_as_numbers() {
        assert_eq!(version("5.10.0-28-amd64"), Some((5, 10)));
        assert_eq!(version("6.18.44"), Some((6, 18)));
        assert!(version("4.19.0") < version("5.8.0") && version("5.8.1") >= Some((5, 8)));
        assert_eq!(version("x"), None);
    }
}
