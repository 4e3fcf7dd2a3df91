//! Loads the BPF program, attaches it to the raw tracepoint sys_exit, and reads its maps.
//!
//! The link is a descriptor of this process: when that is gone, the program is detached, whatever has happened.

use crate::missing::{self, Missing};
use crate::record::Record;
use aya::maps::{Array, HashMap, MapData, RingBuf};
use aya::programs::RawTracePoint;
use aya::{Ebpf, EbpfLoader, include_bytes_aligned};
use epshim_observe::{Fd, Pid};
use rustix::process::{Resource, Rlimit, setrlimit};

/// What `bpf/build.sh` compiles.
static OBJECT: &[u8] = include_bytes_aligned!("../bpf/calls.x86_64.o");

/// The attached program.
pub struct Source {
    ring: RingBuf<MapData>,
    lost: Array<MapData, u64>,
    registered: HashMap<MapData, [u32; 2], u32>,
    /// Owns the link.
    _object: Ebpf,
}

/// The place of what found no room in the ring buffer, and of descriptors that found none in the map.
const LOST: [u32; 2] = [0, 1];

impl Source {
    /// Attaches it, for these processes.
    pub fn attach(pids: &[Pid]) -> Result<Self, Missing> {
        if let Some(missing) = missing::found() {
            return Err(missing);
        }
        // Before 5.11 the kernel counts maps as locked memory. Where the limit cannot be raised, it may do as it is.
        let all = Rlimit { current: None, maximum: None };
        let _ = setrlimit(Resource::Memlock, all);
        let only = if let [pid] = pids { pid.unsigned_abs() } else { 0 };
        let loaded = EbpfLoader::new().set_global("only", &only, true).load(OBJECT);
        let object = loaded.map_err(|error| missing::of_error(&error))?;
        attach(object, pids).map_err(|error| missing::of_error(&*error))
    }

    /// Has the calls on a descriptor recorded. Where it has no room, that is counted as lost.
    pub fn register(&mut self, pid: Pid, fd: Fd) {
        let _ = self.registered.insert([pid.unsigned_abs(), fd as u32], 1, 0);
    }

    /// Takes all records that are there.
    pub fn drain(&mut self, mut each: impl FnMut(Record)) {
        while let Some(item) = self.ring.next() {
            if let Some(record) = Record::read(&item) {
                each(record);
            }
        }
    }

    /// How much was lost so far.
    pub fn lost(&self) -> u64 {
        LOST.iter().map(|place| self.lost.get(place, 0).unwrap_or(0)).sum()
    }
}

type Failure = Box<dyn std::error::Error>;

fn attach(mut object: Ebpf, pids: &[Pid]) -> Result<Source, Failure> {
    let mut map = |name: &str| object.take_map(name).ok_or(format!("no map {name}"));
    let mut processes: HashMap<_, u32, u32> = map("processes")?.try_into()?;
    for pid in pids {
        processes.insert(pid.unsigned_abs(), 1, 0)?;
    }
    let (ring, lost, registered) = (map("ring")?, map("lost")?, map("registered")?);
    let (ring, lost, registered) = (ring.try_into()?, lost.try_into()?, registered.try_into()?);
    let program = object.program_mut("calls").ok_or("no program")?;
    let program: &mut RawTracePoint = program.try_into()?;
    program.load()?;
    program.attach("sys_exit")?;
    Ok(Source { ring, lost, registered, _object: object })
}
