//! Loads the BPF program, attaches it to the raw tracepoint sys_exit, and reads its maps.
//!
//! The link is a descriptor of this process: when that is gone, the program is detached, whatever has happened.

use crate::missing::{self, Missing};
use crate::record::Record;
use aya::maps::{Array, HashMap, MapData, RingBuf};
use aya::programs::RawTracePoint;
use aya::{Btf, Ebpf, EbpfLoader, include_bytes_aligned};
use epshim_observe::{Fd, Pid};
use rustix::process::{Resource, Rlimit, setrlimit};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// What `bpf/build.sh` compiles.
static OBJECT: &[u8] = include_bytes_aligned!("../bpf/calls.x86_64.o");

/// How often the ring buffer is looked at: in a flood it is full in 20 ms.
const PAUSE: Duration = Duration::from_millis(1);

/// The ring buffer, and what was taken out of it.
struct Inbox {
    ring: RingBuf<MapData>,
    records: Vec<Record>,
}

impl Inbox {
    fn take_in(&mut self) {
        while let Some(item) = self.ring.next() {
            self.records.extend(Record::read(&item));
        }
    }
}

/// The attached program.
pub struct Source {
    inbox: Arc<Mutex<Inbox>>,
    /// Empties the ring buffer while this thread asks the kernel or writes a report. It ends with this.
    reader: Option<JoinHandle<()>>,
    is_over: Arc<AtomicBool>,
    lost: Array<MapData, u64>,
    registered: HashMap<MapData, [u32; 2], u32>,
    processes: HashMap<MapData, u32, u32>,
    /// Owns the link.
    _object: Ebpf,
}

/// The place of what found no room in the ring buffer, and of descriptors that found none in the map.
const LOST: [u32; 2] = [0, 1];
/// The place of children that found no room among the processes.
const NOT_FOLLOWED: u32 = 2;

impl Source {
    /// Attaches it, for these processes, and for those that they make from now on.
    pub fn attach(pids: &[Pid], follows: bool) -> Result<Self, Missing> {
        if let Some(missing) = missing::found() {
            return Err(missing);
        }
        // Before 5.11 the kernel counts maps as locked memory. Where the limit cannot be raised, it may do as it is.
        let all = Rlimit { current: None, maximum: None };
        let _ = setrlimit(Resource::Memlock, all);
        let only = match pids {
            [pid] if !follows => pid.unsigned_abs(),
            _ => 0,
        };
        // Where the kernel keeps what is to be followed; else nothing depends on it, and it is much to read.
        let kernel = follows.then(Btf::from_sys_fs).transpose().map_err(|_| Missing::Types)?;
        let mut loader = EbpfLoader::new();
        let loaded = loader.btf(kernel.as_ref()).set_global("only", &only, true).load(OBJECT);
        let object = loaded.map_err(|error| missing::of_error(&error))?;
        attach(object, pids, follows).map_err(|error| missing::of_error(&*error))
    }

    /// Has the calls of another process recorded. False: there is no room for more.
    pub fn watch(&mut self, pid: Pid) -> bool {
        self.processes.insert(pid.unsigned_abs(), 1, 0).is_ok()
    }

    /// A process has ended: its id may be another's by and by.
    pub fn forget(&mut self, pid: Pid) {
        let _ = self.processes.remove(&pid.unsigned_abs());
    }

    /// How many children there was no room for.
    pub fn not_followed(&self) -> u64 {
        self.lost.get(&NOT_FOLLOWED, 0).unwrap_or(0)
    }

    /// Has the calls on a descriptor recorded. Where it has no room, that is counted as lost.
    pub fn register(&mut self, pid: Pid, fd: Fd) {
        let _ = self.registered.insert([pid.unsigned_abs(), fd as u32], 1, 0);
    }

    /// Takes all records that are there.
    pub fn drain(&mut self) -> Vec<Record> {
        let mut inbox = self.inbox.lock().unwrap_or_else(PoisonError::into_inner);
        inbox.take_in();
        std::mem::take(&mut inbox.records)
    }

    /// How much was lost so far.
    pub fn lost(&self) -> u64 {
        LOST.iter().map(|place| self.lost.get(place, 0).unwrap_or(0)).sum()
    }
}

impl Drop for Source {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        // It has nothing to say, whatever became of it.
        let _ = self.reader.take().map(JoinHandle::join);
    }
}

/// Empties the ring buffer until it is told to end. More than this is left in it, and lost there.
fn read(inbox: &Mutex<Inbox>, is_over: &AtomicBool) {
    const MOST: usize = 1 << 18;
    while !is_over.load(Ordering::Relaxed) {
        {
            let mut inbox = inbox.lock().unwrap_or_else(PoisonError::into_inner);
            if inbox.records.len() < MOST {
                inbox.take_in();
            }
        }
        thread::sleep(PAUSE);
    }
}

type Failure = Box<dyn std::error::Error>;

fn attach(mut object: Ebpf, pids: &[Pid], follows: bool) -> Result<Source, Failure> {
    let mut map = |name: &str| object.take_map(name).ok_or(format!("no map {name}"));
    let mut processes: HashMap<_, u32, u32> = map("processes")?.try_into()?;
    for pid in pids {
        processes.insert(pid.unsigned_abs(), 1, 0)?;
    }
    let (ring, lost, registered) = (map("ring")?, map("lost")?, map("registered")?);
    let (ring, lost, registered) = (ring.try_into()?, lost.try_into()?, registered.try_into()?);
    // Children first: one that is made meanwhile is known.
    let forks = follows.then_some(("forks", "sched_process_fork"));
    let exits = (follows || pids.len() > 1).then_some(("exits", "sched_process_exit"));
    for (name, place) in forks.into_iter().chain(exits).chain([("calls", "sys_exit")]) {
        let program = object.program_mut(name).ok_or("no program")?;
        let program: &mut RawTracePoint = program.try_into()?;
        program.load()?;
        program.attach(place)?;
    }
    let inbox = Arc::new(Mutex::new(Inbox { ring, records: Vec::new() }));
    let is_over = Arc::new(AtomicBool::new(false));
    let (its, end) = (Arc::clone(&inbox), Arc::clone(&is_over));
    let reader =
        thread::Builder::new().name("epshim-ring".to_owned()).spawn(move || read(&its, &end))?;
    Ok(Source {
        inbox,
        reader: Some(reader),
        is_over,
        lost,
        registered,
        processes,
        _object: object,
    })
}
