//! `fd-inherited`.

use crate::engine::{
    About, Answer, Case, Certainty, Engine, Explanation, Hook, Record, Role, Rule,
};
use crate::model::Moment;
use epshim_observe::{Fd, Kernel, Nanos, SECOND, Site};

pub(crate) const RECORD: Record = Record {
    name: "fd-inherited",
    emits: &[Certainty::Suspected],
    listens: &[Hook::ClosedInheritable(closed)],
    page: Explanation {
        finds: "A connection is closed, and a program that was executed meanwhile has it open still.",
        hurts: "\
            exec keeps descriptors that are not close-on-exec. The child does not know them, and \
            keeps them open as long as it runs. When the server closes a connection, its peer is \
            not told: it waits for the end of an answer that is complete, for as long as the child \
            lives. Ports stay in use, and the child may read and write what is not its own.",
        evidence: "\
            A registered stream was read or written, and closed. It had no FD_CLOEXEC. 1 s later \
            /proc says that a child, or a child of one, that runs another program has that very \
            socket open, as a descriptor above 2. Suspected: it may have been handed over.",
        silent: "\
            With FD_CLOEXEC. When the program called shutdown() before it closed: the peer was told. \
            For descriptors 0 to 2 of the child, which were given to it. For children that have not \
            executed another program: a server that forks for each connection closes its own copy. \
            Listeners, which LISTEN_FDS hands over. Where the kernel has no \
            /proc/PID/task/TID/children. Of closes that follow each other within 100 ms only one is \
            looked at.",
        fix: "\
            accept4(..., SOCK_CLOEXEC), and SOCK_CLOEXEC for socket(), so that no thread can execute \
            a program in between.",
        wrong: r"fd = accept(listener, NULL, NULL);
/* ... later, for another client: */
if (fork() == 0)
    execl(path, path, NULL);     /* has fd, too */",
        right: r"fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);",
        manual: "accept(2), SOCK_CLOEXEC; fcntl(2), FD_CLOEXEC",
        seen: &[
            "https://github.com/dotnet/corefx/issues/16180",
            "https://github.com/stephane/libmodbus/pull/434",
            "https://github.com/Haivision/srt/pull/1465",
        ],
    },
};

/// It must be open for this long after the close.
const LEFT: Nanos = SECOND;

#[derive(Debug)]
struct Inherited {
    inode: u64,
}

fn closed(engine: &mut Engine, m: &Moment<'_>, fd: Fd, inode: u64, site: Site) {
    let added = engine.model.epolls.watching(fd).map(|(_, registration)| registration.added);
    let registered = added.map(|added| (Role::RegisteredBy, added));
    let about = About::new(Rule::FdInherited, m.tid, m.now).on(fd, -1);
    let about = about.and([(Role::ClosedBy, site)]).and(registered);
    engine.raise(about, LEFT, Inherited { inode });
}

impl Case for Inherited {
    /// A child has it open.
    fn confirm(&mut self, about: &About, now: Nanos, kernel: &mut dyn Kernel) -> Answer {
        let (fd, inode) = (about.fd, self.inode);
        let Some((pid, held)) = kernel.holder(inode) else { return Answer::Refuted };
        let what = format!(
            "fd {fd} was closed {} s ago, and its connection is not: process {pid}, which this one has started, \
             has it as fd {held}, without close-on-exec; the peer is not told until that ends",
            LEFT / SECOND,
        );
        let verified = format!("/proc/{pid}/fd/{held} is socket:[{inode}]");
        about.finding(Certainty::Suspected, now, what, verified)
    }
}
