//! What is known from the latest profile, from the one before, and from those before that.

use super::source::Source;
use crate::profiles::{self, Wanted};
use crate::symbolize::names::Names;
use epshim_observe::proc;
use epshim_profile::{DescriptorRow, Profile, ThreadRow};
use std::collections::VecDeque;
use std::fs;

/// The latest of the past.
const MOST: usize = 120;

/// All that is known at the moment.
pub struct Board {
    source: Source,
    names: Names,
    is_paused: bool,
    pub now: Option<Profile>,
    before: Option<Profile>,
    /// The busiest thread's share, and the latest bound of a delivery's lateness, at each look.
    pub past: VecDeque<Moment>,
    /// The program is stopped, by a signal or a debugger.
    pub is_stopped: bool,
}

/// What is drawn of a look that is over.
#[derive(Debug, Clone, Copy, Default)]
pub struct Moment {
    pub busy: f64,
    pub events: f64,
}

/// What a thread did between the two looks, as shares of its time, and for each second.
#[derive(Debug, Clone, Copy, Default)]
pub struct Shares {
    pub busy: f64,
    pub spinning: f64,
    pub on_cpu: Option<f64>,
    pub runnable: Option<f64>,
    pub turns: f64,
    pub events: f64,
}

impl Board {
    pub fn new(source: Source) -> Self {
        Self {
            source,
            names: Names::default(),
            is_paused: false,
            now: None,
            before: None,
            past: VecDeque::new(),
            is_stopped: false,
        }
    }

    /// Asks anew. False: there is nothing to be asked, or no more.
    pub fn look(&mut self) -> Result<bool, String> {
        let Some(mut profile) = self.source.ask()? else { return Ok(false) };
        if self.is_paused {
            return Ok(true);
        }
        profiles::complete(&mut profile, &Wanted::default(), &mut self.names);
        self.is_stopped = is_stopped(profile.program.pid);
        self.before = self.now.replace(profile);
        if self.before.is_some() {
            let rows = self.now.iter().flat_map(|now| &now.threads);
            let all: Vec<Shares> = rows.map(|row| self.shares(row)).collect();
            let busy = all.iter().map(|shares| shares.busy + shares.spinning).fold(0.0, f64::max);
            let events = all.iter().map(|shares| shares.events).sum();
            self.past.push_back(Moment { busy, events });
            if self.past.len() > MOST {
                self.past.pop_front();
            }
        }
        Ok(true)
    }

    /// Whether looks are shown: what is asked goes on.
    pub fn pause(&mut self) {
        self.is_paused = !self.is_paused;
    }

    pub const fn is_paused(&self) -> bool {
        self.is_paused
    }

    /// What is not known of a program that is watched in this way; `None`: all is.
    pub fn caveat(&self) -> Option<&'static str> {
        self.source.caveat()
    }

    /// Seconds between the two.
    pub fn seconds(&self) -> f64 {
        let Some(now) = &self.now else { return 0.0 };
        let before = self.before.as_ref().map_or(0, |before| before.duration);
        now.duration.saturating_sub(before) as f64 / 1e9
    }

    /// What a thread did since the profile before; where there is none, since it began.
    pub fn shares(&self, row: &ThreadRow) -> Shares {
        let before = self.before.iter().flat_map(|before| &before.threads);
        let before = before.clone().find(|old| (old.pid, old.tid) == (row.pid, row.tid));
        let none = ThreadRow::default();
        let before = before.unwrap_or(&none);
        let since = |now: u64, before: u64| now.saturating_sub(before) as f64;
        let all = since(row.looping(), before.looping()).max(1.0);
        let known = |now: Option<u64>, before: Option<u64>| {
            now.map(|now| (since(now, before.unwrap_or(0)) / all).min(1.0))
        };
        let a_second = |now, before| since(now, before) / (all / 1e9);
        Shares {
            busy: since(row.busy, before.busy) / all,
            spinning: since(row.spinning, before.spinning) / all,
            on_cpu: known(row.on_cpu, before.on_cpu),
            runnable: known(row.runnable, before.runnable),
            turns: a_second(row.turns, before.turns),
            events: a_second(row.deliveries, before.deliveries),
        }
    }

    /// What came of a descriptor each second since the profile before: events, bytes in, bytes out.
    pub fn rates(&self, row: &DescriptorRow) -> [f64; 3] {
        let is_it =
            |old: &&DescriptorRow| (old.pid, old.fd, old.from) == (row.pid, row.fd, row.from);
        let before = self.before.iter().flat_map(|before| &before.descriptors).find(is_it);
        let old = |of: fn(&DescriptorRow) -> u64| before.map_or(0, of);
        let seconds = self.seconds().max(1e-9);
        let each: [fn(&DescriptorRow) -> u64; 3] =
            [|row| row.deliveries, |row| row.bytes_in, |row| row.bytes_out];
        each.map(|of| of(row).saturating_sub(old(of)) as f64 / seconds)
    }
}

fn is_stopped(pid: i32) -> bool {
    let text = fs::read(format!("/proc/{pid}/stat")).unwrap_or_default();
    proc::stat(&text).is_some_and(|stat| matches!(stat.state, b'T' | b't'))
}
