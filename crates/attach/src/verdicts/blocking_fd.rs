//! `blocking-fd`: the loop's thread sleeps in a read, accept or write of a registered descriptor.

use crate::calls::{self, Shape};
use crate::look::{Call, Epoll, Thread};
use crate::scene::Scene;
use crate::verdict::{Record, Verdict};
use crate::words;
use epshim_check::Certainty;

/// Its record.
pub const RECORD: Record = Record {
    name: "blocking-fd",
    certainties: &[Certainty::Certain, Certainty::Suspected],
    page: None,
    fix: "Set O_NONBLOCK on what is registered (SOCK_NONBLOCK, accept4), and stop at EAGAIN.",
    judge,
};

fn judge(scene: &Scene<'_>) -> Vec<Verdict> {
    let still = scene.threads().filter(|(then, now)| now.is_unmoved_since(then));
    still.flat_map(|(_, thread)| of(scene, thread)).collect()
}

fn of(scene: &Scene<'_>, thread: &Thread) -> Vec<Verdict> {
    let Call::In { number, arguments: [first, ..], .. } = thread.call else { return Vec::new() };
    let shape = calls::known(number).map(|known| known.shape);
    let (true, fd) = (matches!(shape, Some(Shape::Reads | Shape::Writes)), first as i32) else {
        return Vec::new();
    };
    let may_block = |look: &crate::look::Look| {
        look.files.get(&fd).and_then(|file| file.may_block()).unwrap_or(false)
    };
    if !may_block(scene.before) || !may_block(scene.now) {
        return Vec::new();
    }
    scene.epolls().filter_map(|epoll| in_epoll(scene, epoll, thread, fd)).collect()
}

fn in_epoll(scene: &Scene<'_>, epoll: &Epoll, thread: &Thread, fd: i32) -> Option<Verdict> {
    let mut registrations = scene.registrations(epoll);
    registrations.find(|(_, one)| one.fd == fd && !scene.is_ghost(epoll, one))?;
    // Others wait on it: this is one of a pool.
    if scene.waiting(epoll).is_possible {
        return None;
    }
    // Which thread is the loop's is known if it is the only one, or none has moved.
    let is_known = scene.now.threads.len() == 1 || scene.is_still();
    let certainty = if is_known { Certainty::Certain } else { Certainty::Suspected };
    let (_, file) = scene.file(fd)?;
    let what = format!(
        "{} is blocked in {} for at least {}: fd {fd} is registered with epfd {} and is not non-blocking, and no \
         thread waits on the epoll meanwhile",
        words::thread(thread),
        words::call(thread),
        words::time(scene.apart_ms()),
        epoll.fd
    );
    let evidence = vec![format!("{}, without O_NONBLOCK", words::descriptor(fd, file))];
    let verdict = Verdict::new(RECORD.name, certainty, what).of(epoll.fd).on(fd);
    Some(verdict.because(evidence).in_threads(vec![thread.tid]))
}
