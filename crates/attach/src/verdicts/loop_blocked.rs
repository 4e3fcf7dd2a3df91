//! `loop-blocked`: a loop that does something else than waiting, for longer than it should.

use crate::calls::{self, Shape};
use crate::look::{Call, Epoll, Thread};
use crate::scene::{Ready, Scene, Spin};
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::{Certainty, Explanation};
use epshim_observe::bits;

/// Its record.
pub const RECORD: Record = Record {
    name: "loop-blocked",
    certainties: &[Certainty::Certain, Certainty::Suspected],
    page: Some(&EXPLANATION),
    fix: "Move what blocks to another thread or make it wait in the loop; the stack says where it is called.",
    judge,
};

const EXPLANATION: Explanation = Explanation {
    finds: "No thread waits on an epoll that has ready registrations: its loop is elsewhere.",
    hurts: "\
        While a loop's thread takes a lock, asks a database, resolves a name, syncs a file or \
        sleeps, none of its connections is served: requests wait, timeouts of others expire, and \
        the processor is idle.",
    evidence: "\
        Two looks at the process: registrations that are ready in both, no thread in a wait on \
        the epoll in either, in this process or another that shares it, and no thread that has \
        moved: same call, same place, no time run. Certain that it has not looped for that long. \
        Suspected, if the only thread that moved has computed all the time, nothing was read, \
        and what is ready is older than a second.",
    silent: "\
        When some other thread moves: it may be the loop's. When a thread is in poll or select \
        for the epoll, the epoll is registered with another, or the process has an io_uring. When \
        the process is stopped. When nothing is ready that is asked for.",
    fix: "\
        Give the blocking call to another thread, or use the form of it that waits in the loop: \
        a non-blocking socket, a timer for a sleep, a try-lock. A lock that is held for ever is \
        held by another thread: its stack is there too.",
    wrong: r"/* in the handler of an event */
pthread_mutex_lock(&mutex);      /* held by a thread that waits for this loop */",
    right: r"if (pthread_mutex_trylock(&mutex) != 0)
    keep(connection, buffer, length);  /* and again in a later turn */",
    manual: "epoll(7)",
    seen: &[
        "https://github.com/nodejs/diagnostics/issues/569",
        "https://github.com/fengmk2/node-curl/issues/4",
    ],
};

/// Input that is older is not just being looked at.
const OLD_MS: u32 = 1000;

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    scene.epolls().filter_map(|epoll| judge_epoll(scene, epoll)).collect()
}

fn judge_epoll(scene: &Scene<'_>, epoll: &Epoll) -> Option<Verdict> {
    if scene.waiting(epoll).is_possible {
        return None;
    }
    let ready: Vec<Ready<'_>> = input(scene, epoll).collect();
    if ready.is_empty() {
        return None;
    }
    if scene.is_still() {
        let threads = blocked(scene);
        let since = "no thread has moved";
        return (!threads.is_empty()).then(|| stands(scene, epoll, &ready, &threads, since));
    }
    let owners = scene.unmoved_owners(epoll);
    let is_owner = |thread: &&Thread| owners.contains(&thread.tid);
    let threads: Vec<&Thread> = blocked(scene).into_iter().filter(is_owner).collect();
    if !threads.is_empty() {
        let since = "the thread that has waited on it before has not moved";
        return Some(stands(scene, epoll, &ready, &threads, since));
    }
    let [spin] = scene.spins() else { return None };
    let computes = spin.in_kernel.is_some_and(|percent| percent < 3);
    // A connection that is not accepted has no age, but waited already at the first look.
    let has_waited = scene.apart_ms() >= u64::from(OLD_MS);
    let is_old = |ready: &Ready<'_>| match ready.files.1.socket() {
        Some(socket) if socket.is_listening() => has_waited,
        Some(socket) => socket.since_data_ms.is_some_and(|ms| ms >= OLD_MS),
        None => false,
    };
    let is_alone = scene.are_others_still(&[spin.tid]);
    let is_sure = computes && is_alone && !scene.has_moved(epoll) && ready.iter().any(is_old);
    is_sure.then(|| computing(scene, epoll, &ready, spin))
}

/// Registrations with input, or an end, that are asked for; ghosts are another rule's.
pub(super) fn input<'s>(scene: &'s Scene<'_>, epoll: &'s Epoll) -> impl Iterator<Item = Ready<'s>> {
    let has_input = |ready: &Ready<'_>| ready.certain & !bits::OUT != 0;
    scene.ready(epoll).filter(has_input).filter(|ready| !scene.is_ghost(epoll, ready.registration))
}

/// Threads that are blocked in something other than waiting for signals or children, or in a wait on another epoll.
pub(super) fn blocked<'a>(scene: &Scene<'a>) -> Vec<&'a Thread> {
    let is_blocked = |thread: &&Thread| match thread.call {
        Call::In { number, .. } => !matches!(
            calls::known(number).map(|known| known.shape),
            Some(Shape::Wait | Shape::Signal | Shape::Child)
        ),
        Call::Blocked { .. } | Call::Sleeping(_) => true,
        Call::Running | Call::Unknown => false,
    };
    let mut threads: Vec<&Thread> = scene.now.threads.iter().filter(is_blocked).collect();
    // The first thread is the most likely one.
    threads.sort_by_key(|thread| (thread.tid != scene.now.process.pid, thread.tid));
    threads
}

fn stands(
    scene: &Scene<'_>,
    epoll: &Epoll,
    ready: &[Ready<'_>],
    threads: &[&Thread],
    since: &str,
) -> Verdict {
    let ms = scene.apart_ms();
    let what = format!(
        "the loop of epfd {} is not looping: no thread waits on it, and {}; {since} for at least {}",
        epoll.fd,
        how_many(epoll, ready.len()),
        words::time(ms)
    );
    let mut evidence: Vec<String> =
        words::some(threads.iter().map(|thread| {
            format!("{} is in {}, 0% cpu", words::thread(thread), words::call(thread))
        }));
    evidence.extend(waiting_for(ready));
    Verdict::new(RECORD.name, Certainty::Certain, what)
        .of(epoll.fd)
        .in_threads(threads.iter().take(3).map(|thread| thread.tid).collect())
        .because(evidence)
}

fn computing(scene: &Scene<'_>, epoll: &Epoll, ready: &[Ready<'_>], spin: &Spin) -> Verdict {
    let what = format!(
        "the loop of epfd {} computes: no thread waits on it, {}, and the only thread that moved has computed \
         for {} without a pause",
        epoll.fd,
        how_many(epoll, ready.len()),
        words::time(scene.apart_ms())
    );
    let mut evidence = vec![format!(
        "thread {}: {}% cpu, nearly all of it outside the kernel",
        spin.tid, spin.percent
    )];
    evidence.extend(waiting_for(ready));
    Verdict::new(RECORD.name, Certainty::Suspected, what)
        .of(epoll.fd)
        .in_threads(vec![spin.tid])
        .because(evidence)
        .fixed_by("Give the computation to another thread or process, or do it in pieces.")
}

/// `3 of its 12 registrations are ready`, `its only registration is ready`.
pub(super) fn how_many(epoll: &Epoll, ready: usize) -> String {
    match (ready, epoll.registered().len()) {
        (1, 1) => "its only registration is ready".to_owned(),
        (1, all) => format!("1 of its {all} registrations is ready"),
        (ready, all) if ready == all => format!("all of its {all} registrations are ready"),
        (ready, all) => format!("{ready} of its {all} registrations are ready"),
    }
}

/// What is ready and waits.
pub(super) fn waiting_for(ready: &[Ready<'_>]) -> Vec<String> {
    words::some(ready.iter().map(|one| {
        let (fd, file) = (one.registration.fd, one.files.1);
        let fill = words::fill(file);
        let fill = if fill.is_empty() { fill } else { format!(": {fill}") };
        format!("waiting: {}{fill}", words::descriptor(fd, file))
    }))
}
