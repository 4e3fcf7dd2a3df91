//! `descriptor-limit`: no descriptor is left.

use crate::look::State;
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use epshim_check::{Certainty, Explanation};

/// Its record.
pub const RECORD: Record = Record {
    name: "descriptor-limit",
    certainties: &[Certainty::Fact],
    page: Some(&EXPLANATION),
    fix: "Raise the soft limit (prlimit --pid PID --nofile=N; LimitNOFILE= of systemd), and see what is left open.",
    judge,
};

const EXPLANATION: Explanation = Explanation {
    finds: "A process has as many descriptors open as it may have.",
    hurts: "\
        accept, open, socket, pipe and epoll_create fail with EMFILE. A server takes no new \
        connection, and cannot open its log, a database or a name server either.",
    evidence: "\
        In both looks every number below the soft limit (RLIMIT_NOFILE) is open. A fact: which \
        calls fail for it is not seen.",
    silent: "\
        One below the limit: it may be what a program keeps in reserve. The limit of the whole \
        machine (ENFILE) is not looked at.",
    fix: "\
        Raise the limit where the load needs it. Where descriptors leak, the table of the look \
        says of which kind they are: connections in CLOSE_WAIT are such that were never closed.",
    wrong: r"fd = accept(listener, NULL, NULL);  /* and nothing closes it when the peer has gone */",
    right: r"if (read(fd, buffer, sizeof buffer) == 0)
    close(fd);",
    manual: "getrlimit(2), RLIMIT_NOFILE",
    seen: &[
        "https://github.com/ozontech/pg_doorman/pull/262",
        "https://github.com/meteor/meteor/issues/1097",
    ],
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let (true, true, Some(limit)) = (scene.before.is_full, scene.now.is_full, scene.now.limit)
    else {
        return Vec::new();
    };
    let what = format!("all {limit} descriptors are used: accept and open fail with EMFILE");
    let sockets = scene.now.files.values().filter_map(|file| file.socket());
    let ended = sockets.filter(|socket| socket.state == State::CloseWait).count();
    let mut evidence = Vec::new();
    if ended > 0 {
        evidence.push(format!(
            "{ended} of the registered ones are in CLOSE_WAIT: their peers have closed"
        ));
    }
    vec![Verdict::new(RECORD.name, Certainty::Fact, what).because(evidence)]
}
