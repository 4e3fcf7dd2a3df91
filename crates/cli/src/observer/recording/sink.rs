//! Where observations go: into a file, or into the model of a profile.

use super::written::Written;
use epshim_observe::{Nanos, Observation};
use epshim_profile::Model;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The model of a profile, which other threads of the observer use too. `None`: the profile was made.
#[derive(Debug, Clone)]
pub struct Shared(Arc<Mutex<Option<Model>>>);

impl Shared {
    pub fn new(model: Model) -> Self {
        Self(Arc::new(Mutex::new(Some(model))))
    }

    pub fn lock(&self) -> MutexGuard<'_, Option<Model>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where they go.
pub enum Sink {
    File(Box<Written>),
    Profile(Shared),
}

/// The same, while some are taken.
pub enum Taking<'a> {
    File(&'a mut Written),
    Profile(MutexGuard<'a, Option<Model>>),
}

impl Sink {
    pub fn taking(&mut self) -> Taking<'_> {
        match self {
            Self::File(file) => Taking::File(file),
            Self::Profile(model) => Taking::Profile(model.lock()),
        }
    }

    /// Writes what is due. The error is the reason why it cannot.
    pub fn flush(&mut self, now: Nanos) -> Result<(), String> {
        match self {
            Self::File(file) => file.flush(now),
            Self::Profile(_) => Ok(()),
        }
    }
}

impl Taking<'_> {
    pub fn take(&mut self, it: &Observation<'_>) {
        match self {
            Self::File(file) => file.take(it),
            Self::Profile(model) => {
                if let Some(model) = model.as_mut() {
                    model.observe(it);
                }
            }
        }
    }
}
