//! Calls: each is of a thread, of a call site, and of a descriptor.

use super::call::{Called, Which};
use super::columns::Of;
use super::core::{Key, Model};
use super::descriptors::part;
use epshim_observe::{Observation, Pid, Site};

impl Model {
    pub(super) fn called(&mut self, key: Key, site: Site, call: &Called, it: &Observation<'_>) {
        let (pid, tid) = key;
        if tid == 0 {
            return self.was_before(pid, call, it);
        }
        let mut call = *call;
        if self.descriptors.counts(pid, call.fd) {
            // What an eventfd or a timer counts is no traffic.
            (call.asked, call.got) = (0, 0);
        }
        let call = &call;
        let process = self.processes.get(pid, call.at);
        let place = self.sites.place(process.family, pid, site, call.which);
        let mut thread = self.threads.known(key);
        let in_turn = thread.as_ref().is_some_and(|thread| thread.turn_since().is_some());
        let turn = thread.as_ref().filter(|_| in_turn).map_or(0, |thread| thread.turn);
        let after = match &mut thread {
            Some(thread) if in_turn => thread.current.called(call, place),
            _ => 0,
        };
        let row = thread.map(|thread| thread.row);
        self.sites.called(place, call, after);
        self.counts.called(call);
        if let Some(row) = row {
            self.count_of_thread(row, call);
        }
        let redundant = match it.ctl() {
            Some(ctl) if call.errno == 0 => {
                self.processes.get(pid, call.at).epolls.changed(&ctl, turn)
            }
            _ => 0,
        };
        self.counts.redundant_ctl += redundant;
        self.sites.redundant(place, redundant);
        self.on_descriptor(key, turn, call, place, redundant);
        if call.which == Which::Close {
            self.processes.get(pid, call.at).epolls.closed(call.fd);
            self.descriptors.closed(pid, call.fd, call.at);
        }
    }

    /// What an observer that has come later says of the time before: no thread has called now.
    fn was_before(&mut self, pid: Pid, call: &Called, it: &Observation<'_>) {
        let epolls = &mut self.processes.get(pid, call.at).epolls;
        if let Some(ctl) = it.ctl().filter(|_| call.errno == 0) {
            epolls.changed(&ctl, 0);
        } else if call.which == Which::Close {
            epolls.closed(call.fd);
            self.descriptors.closed(pid, call.fd, call.at);
        }
    }

    pub(super) fn count_of_thread(&mut self, place: usize, call: &Called) {
        let row = &mut self.threads.rows[place];
        row.io_calls += u64::from(call.which.is_io());
        match call.which {
            Which::Read => {
                row.bytes_in += call.bytes();
                self.columns.add(place, Of::BytesIn, call.at, call.bytes());
            }
            Which::Write => {
                row.bytes_out += call.bytes();
                self.columns.add(place, Of::BytesOut, call.at, call.bytes());
            }
            Which::Accept => row.accepted += u64::from(call.errno == 0),
            _ => {}
        }
    }

    pub(super) fn on_descriptor(
        &mut self,
        (pid, tid): Key,
        turn: u64,
        call: &Called,
        site: usize,
        redundant: u64,
    ) {
        let part = part(self.columns.width);
        let Some(open) = self.descriptors.get(pid, call.fd, call.at) else { return };
        self.counts.peer_blocked += open.called(call, site, part);
        open.row.redundant_ctl += redundant;
        let (own, others) = open.serve(tid);
        let is_none = own.is_none() && others.is_empty();
        if is_none && call.which.is_io() && turn != 0 && open.turn != turn {
            let epolls = &self.processes.get(pid, call.at).epolls;
            self.counts.resumed += u64::from(epolls.is_registered(call.fd));
        }
        for pending in own.into_iter().chain(others) {
            self.wakes.served(pending.wake);
            let delay = call.at.saturating_sub(pending.at);
            open.row.delay_max = open.row.delay_max.max(delay);
            self.delays.add(delay);
            self.lates.add(pending.lag.saturating_add(delay));
            self.counts.served_elsewhere += u64::from(pending.turn != turn || pending.tid != tid);
            if call.is_again() {
                open.row.herd += 1;
                self.counts.herd += 1;
                if let Some(thread) = self.threads.known((pid, pending.tid)) {
                    let row = thread.row;
                    self.threads.rows[row].herd += 1;
                }
            }
        }
    }
}
