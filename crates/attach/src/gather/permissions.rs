//! What could not be asked: what it would have told, and how to get it.

use super::sockets::Sockets;
use crate::look::{Call, Look, Missing};

fn missing(what: &str, would_tell: &str, remedy: &str) -> Missing {
    let [what, would_tell, remedy] = [what, would_tell, remedy].map(str::to_owned);
    Missing { what, would_tell, remedy }
}

const ROOT: &str = "run it as root, or with CAP_SYS_PTRACE (in a container: --cap-add SYS_PTRACE); where Yama \
                    restricts it, kernel.yama.ptrace_scope=0 for one's own processes";

/// All that a look lacks.
pub(crate) fn of(
    look: &Look,
    sockets: &Sockets,
    is_whole: bool,
    can_compare: bool,
) -> Vec<Missing> {
    let mut all = Vec::new();
    if !look.process.is_native {
        all.push(missing(
            "the system calls of a program of another architecture",
            "which epoll each thread waits on, and where a thread is blocked",
            "use an epshim that is built for that architecture",
        ));
    } else if look.threads.iter().any(|thread| {
        matches!(thread.call, Call::Unknown | Call::Sleeping(_))
            && !matches!(thread.state, 'Z' | 'X')
    }) {
        all.push(missing(
            "/proc/PID/task/TID/syscall",
            "which epoll each thread waits on, and where a thread is blocked",
            ROOT,
        ));
    }
    if look.epolls.iter().any(|epoll| epoll.registrations.is_none()) {
        all.push(missing("/proc/PID/fdinfo", "what is registered with its epolls", ROOT));
    }
    if !can_compare {
        all.push(missing(
            "kcmp(2)",
            "whether two descriptors are one open file: epolls that processes share, ghosts of eventfds and timers",
            ROOT,
        ));
    }
    match sockets {
        Sockets::Texts => all.push(missing(
            "the sockets of another net namespace by sock_diag(7)",
            "how long data has been unread, and the queues of unix sockets",
            "run it as root (it enters the namespace), or inside the container",
        )),
        Sockets::Nowhere => all.push(missing(
            "sock_diag(7) and /proc/PID/net",
            "the state of its sockets",
            "run it in the net namespace of the process",
        )),
        Sockets::Diag { .. } if !is_whole => all.push(missing(
            "some families of sock_diag(7)",
            "the state of its sockets of these families",
            "modprobe tcp_diag udp_diag unix_diag",
        )),
        Sockets::Diag { .. } => {}
    }
    all
}
