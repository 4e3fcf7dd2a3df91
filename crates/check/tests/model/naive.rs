//! A kernel: files with references, descriptors, and one epoll with its interest list. After
//! fs/eventpoll.c, without anything that makes it fast.

use epshim_observe::bits::{ERR, ET, HUP, IN, ONESHOT, PRIVATE};
use std::collections::HashMap;

pub const ENOENT: i32 = 2;
pub const EBADF: i32 = 9;
pub const EEXIST: i32 = 17;

pub type File = u64;

/// An entry of the interest list: its key is the file and the number (`struct epoll_filefd`).
#[derive(Debug, Clone)]
pub struct Entry {
    pub file: File,
    pub fd: i32,
    pub asked: u32,
    pub events: u32,
    pub data: u64,
    /// It is in the ready list.
    pub is_queued: bool,
    /// The site of its ADD.
    pub added: u64,
    /// What the number's generation was.
    pub generation: u32,
}

#[derive(Debug, Default)]
pub struct Kernel {
    pub fds: HashMap<i32, File>,
    pub references: HashMap<File, u32>,
    pub ready: HashMap<File, bool>,
    pub held: HashMap<i32, File>,
    pub entries: Vec<Entry>,
    latest: File,
}

impl Kernel {
    pub fn open(&mut self, fd: i32) {
        self.latest += 1;
        self.fds.insert(fd, self.latest);
        self.references.insert(self.latest, 1);
    }

    pub fn is_ready(&self, file: File) -> bool {
        self.ready.get(&file).copied().unwrap_or(false)
    }

    pub fn close(&mut self, fd: i32) {
        if let Some(file) = self.fds.remove(&fd) {
            self.put(file);
        }
    }

    /// The last reference takes the registrations along (`eventpoll_release_file`).
    fn put(&mut self, file: File) {
        let references = self.references.get_mut(&file).expect("it is open");
        *references -= 1;
        if *references == 0 {
            self.entries.retain(|entry| entry.file != file);
        }
    }

    pub fn dup(&mut self, from: i32, to: i32) {
        let file = self.fds[&from];
        *self.references.get_mut(&file).expect("it is open") += 1;
        self.close(to);
        self.fds.insert(to, file);
    }

    pub fn hold(&mut self, fd: i32) {
        if let (Some(&file), false) = (self.fds.get(&fd), self.held.contains_key(&fd)) {
            *self.references.get_mut(&file).expect("it is open") += 1;
            self.held.insert(fd, file);
        }
    }

    pub fn let_go(&mut self, fd: i32) {
        if let Some(file) = self.held.remove(&fd) {
            self.put(file);
        }
    }

    fn find(&mut self, fd: i32) -> Result<(File, Option<usize>), i32> {
        let file = *self.fds.get(&fd).ok_or(EBADF)?;
        let is_it = |entry: &Entry| (entry.file, entry.fd) == (file, fd);
        Ok((file, self.entries.iter().position(is_it)))
    }

    pub fn add(
        &mut self,
        fd: i32,
        asked: u32,
        data: u64,
        added: u64,
        generation: u32,
    ) -> Result<(), i32> {
        let (file, None) = self.find(fd)? else { return Err(EEXIST) };
        let events = asked | ERR | HUP;
        let is_queued = self.is_ready(file);
        self.entries.push(Entry { file, fd, asked, events, data, is_queued, added, generation });
        Ok(())
    }

    pub fn modify(&mut self, fd: i32, asked: u32, data: u64, generation: u32) -> Result<(), i32> {
        let (file, Some(place)) = self.find(fd)? else { return Err(ENOENT) };
        let is_ready = self.is_ready(file);
        let entry = &mut self.entries[place];
        (entry.asked, entry.events, entry.data) = (asked, asked | ERR | HUP, data);
        entry.generation = generation;
        entry.is_queued |= is_ready;
        Ok(())
    }

    pub fn del(&mut self, fd: i32) -> Result<(), i32> {
        let (_, Some(place)) = self.find(fd)? else { return Err(ENOENT) };
        self.entries.remove(place);
        Ok(())
    }

    /// Input comes: a wake-up queues every entry of the file that asks for it.
    pub fn arrive(&mut self, file: File) {
        self.ready.insert(file, true);
        for entry in self.entries.iter_mut().filter(|entry| entry.file == file) {
            entry.is_queued |= entry.events & IN != 0;
        }
    }

    pub fn drain(&mut self, file: File) {
        self.ready.insert(file, false);
    }

    /// What a wait delivers now (`ep_send_events`): level-triggered entries stay queued, one-shots
    /// are left with their private bits.
    pub fn wait(&mut self) -> Vec<Entry> {
        let ready = std::mem::take(&mut self.ready);
        let mut delivered = Vec::new();
        for entry in self.entries.iter_mut().filter(|entry| entry.is_queued) {
            let is_ready = ready.get(&entry.file).copied().unwrap_or(false);
            entry.is_queued = false;
            if !is_ready || entry.events & IN == 0 {
                continue;
            }
            delivered.push(entry.clone());
            if entry.events & ONESHOT != 0 {
                entry.events &= PRIVATE;
            } else {
                entry.is_queued = entry.events & ET == 0;
            }
        }
        self.ready = ready;
        delivered
    }

    /// Whether poll(2) says that the epoll is readable.
    pub fn is_pending(&self) -> bool {
        let is_ready = |entry: &&Entry| entry.events & IN != 0 && self.is_ready(entry.file);
        self.entries.iter().filter(is_ready).any(|entry| entry.is_queued)
    }
}
