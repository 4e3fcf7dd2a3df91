//! How long a thread has run, and waited for a processor, as the kernel counts it; and its name.

use crate::observer::recording::Shared;
use epshim_attach::gather::{Folder, now};
use epshim_observe::{Pid, Tid, proc};

/// Asks, and tells the model. False: there is no such thread any more.
pub fn times(model: &Shared, pid: Pid, tid: Tid) -> bool {
    let Ok(process) = Folder::of(pid) else { return false };
    let mut buffer = Vec::new();
    let Ok(text) = process.read(&format!("task/{tid}/schedstat"), &mut buffer) else {
        return false;
    };
    let (at, times) = (now(), proc::run_times(text));
    let name = process.read(&format!("task/{tid}/comm"), &mut buffer);
    let name = name.ok().map(|name| String::from_utf8_lossy(name).trim_end().to_owned());
    if let Some(model) = model.lock().as_mut() {
        if let Some((on_cpu, runnable)) = times {
            model.ran(at, pid, tid, on_cpu, runnable);
        }
        if let Some(name) = name {
            model.named(pid, tid, &name);
        }
    }
    true
}
