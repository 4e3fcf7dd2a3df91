//! Which faults are wanted: those that a seed draws, or those of a replay file.

use epshim_observe::fault::{Draw, Faults, Name, Plan, Planned};

/// What is wanted.
#[derive(Debug)]
pub enum Choice {
    /// By a seed, and the kinds that it has.
    Seed(Draw, Faults),
    /// A list, and which of it were made.
    List(Vec<(Planned, bool)>),
}

/// A fault that is wanted.
#[derive(Debug)]
pub struct Wanted {
    /// What its size is drawn from.
    pub drawn: u64,
    /// What it gives, where that is said.
    pub planned: Option<u64>,
    /// Its place in the list.
    place: usize,
}

impl Choice {
    /// What a seed draws.
    pub fn of_seed(draw: Draw) -> Self {
        Self::Seed(draw, draw.on())
    }

    /// The faults of a replay file.
    pub fn of_plan(plan: Plan) -> Self {
        Self::List(plan.faults.into_iter().map(|fault| (fault, false)).collect())
    }

    /// The faults that there may be.
    pub fn faults(&self) -> Faults {
        match self {
            Self::Seed(_, on) => *on,
            Self::List(list) => list.iter().map(|(planned, _)| planned.name.fault).collect(),
        }
    }

    /// Whether a fault of this name is wanted. One of a list is wanted from its offset on, for a program may come
    /// to it in other steps.
    pub fn wants(&self, name: &Name, site: u64) -> Option<Wanted> {
        match self {
            Self::Seed(draw, on) => {
                let drawn = draw.decide(*on, name, site)?;
                Some(Wanted { drawn, planned: None, place: 0 })
            }
            Self::List(list) => {
                let is_it = |(planned, is_made): &(Planned, bool)| {
                    let other = planned.name;
                    !is_made
                        && other.offset <= name.offset
                        && Name { offset: name.offset, ..other } == *name
                };
                let place = list.iter().position(is_it)?;
                Some(Wanted { drawn: 0, planned: Some(list[place].0.gives), place })
            }
        }
    }

    /// It was made.
    pub fn is_made(&mut self, wanted: &Wanted) {
        if let Self::List(list) = self
            && let Some((_, is_made)) = list.get_mut(wanted.place)
        {
            *is_made = true;
        }
    }
}
