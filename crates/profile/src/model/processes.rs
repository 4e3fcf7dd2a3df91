//! The processes: their epolls, where their code lies, and how they end.

use super::epolls::Epolls;
use super::recent::Recent;
use crate::document::{Ending, ProcessRow};
use epshim_observe::{Frame, Nanos, Pid, Site, Sites};

/// At most as many are in the document.
const MOST: usize = 1000;

/// A process.
#[derive(Debug, Clone, Default)]
pub struct Process {
    pub epolls: Epolls,
    pub sites: Sites,
    /// The process that its code is of: the one that it was forked from.
    pub family: Pid,
    row: Option<usize>,
}

/// All of them.
#[derive(Debug, Clone, Default)]
pub struct Processes {
    all: Recent<Pid, Process>,
    rows: Vec<ProcessRow>,
}

impl Processes {
    /// A process that was seen at this time.
    pub fn get(&mut self, pid: Pid, at: Nanos) -> &mut Process {
        let rows = &mut self.rows;
        let new = || Process { family: pid, ..Process::default() };
        let process = self.all.get_or_insert(pid, new);
        let row = *process.row.get_or_insert_with(|| {
            if let Some(row) = rows.iter().rposition(|row| row.pid == pid) {
                return row;
            }
            if rows.len() < MOST {
                let (parent, signal) = (None, None);
                rows.push(ProcessRow {
                    pid,
                    parent,
                    from: at,
                    to: at,
                    ending: Ending::Open,
                    signal,
                });
            }
            rows.len() - 1
        });
        if rows[row].pid == pid {
            rows[row].to = rows[row].to.max(at);
        }
        process
    }

    /// It is a copy of its parent.
    pub fn forked(&mut self, pid: Pid, parent: Pid, at: Nanos) {
        let copy = self.all.get(parent).cloned().unwrap_or_default();
        self.all.insert(pid, Process { row: None, ..copy });
        let row = self.get(pid, at).row;
        if let Some(row) = row.and_then(|row| self.rows.get_mut(row)).filter(|row| row.pid == pid) {
            row.parent = Some(parent);
        }
    }

    /// A program begins in it: what the one before had is gone. Its row goes on.
    pub fn started(&mut self, pid: Pid, at: Nanos) {
        let process = self.get(pid, at);
        *process = Process { row: process.row, family: pid, ..Process::default() };
        self.ended(pid, at, Ending::Open, None);
    }

    pub fn ended(&mut self, pid: Pid, at: Nanos, ending: Ending, signal: Option<i32>) {
        let row = self.get(pid, at).row;
        if let Some(row) = row.and_then(|row| self.rows.get_mut(row)).filter(|row| row.pid == pid) {
            (row.ending, row.signal) = (ending, signal);
        }
    }

    /// What was known of it is not needed any more.
    pub fn forget(&mut self, pid: Pid) {
        self.all.remove(pid);
    }

    pub fn frames(&self, pid: Pid, site: Site) -> Vec<Frame> {
        self.all.get(pid).map(|process| process.sites.frames(site)).unwrap_or_default()
    }

    pub fn document(self) -> Vec<ProcessRow> {
        self.rows
    }
}
