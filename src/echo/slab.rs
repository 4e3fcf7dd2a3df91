//! A slab: values behind tokens that carry a generation.
//!
//! epoll hands back the 64 bits that were registered, also when what they stood for has ended in
//! the same batch. A token of a value that was removed finds nothing, even if its place has a new
//! tenant: the generation differs. So a stale delivery can never reach another connection.

use crate::memory::{self, no_memory};
use epshim::{Event, EventData};
use std::io;

/// Where a value is: its place in the low half, the generation of that place in the high half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Token(pub u64);

impl Token {
    /// As user data of a registration.
    pub fn data(self) -> EventData {
        EventData::from_u64(self.0)
    }

    /// The token that a registration was given.
    pub fn of(event: &Event) -> Self {
        Self(event.data().u64())
    }

    // Of what is in no slab. A value's token is never so large: there are fewer than 2^31 descriptors.
    pub const LISTENER: Self = Self(u64::MAX);
    pub const STOP: Self = Self(u64::MAX - 1);
    pub const STATISTICS: Self = Self(u64::MAX - 2);

    fn new(place: usize, generation: u32) -> Self {
        Self(u64::from(generation) << 32 | place as u64)
    }

    fn place(self) -> usize {
        self.0 as u32 as usize
    }

    fn generation(self) -> u32 {
        (self.0 >> 32) as u32
    }
}

/// On a cache line of its own, or more.
#[repr(align(64))]
struct Place<T> {
    generation: u32,
    value: Option<T>,
}

/// This many places are made at a time. They never move: nothing is copied when there are more.
const BLOCK: usize = 64;

/// Values of one kind. Places are used again; memory is kept for the largest number there was.
pub struct Slab<T> {
    blocks: Vec<Box<[Place<T>; BLOCK]>>,
    /// How many places were used so far.
    made: usize,
    free: Vec<usize>,
}

impl<T> Slab<T> {
    pub fn new() -> Self {
        Self { blocks: Vec::new(), made: 0, free: Vec::new() }
    }

    pub fn len(&self) -> usize {
        self.made - self.free.len()
    }

    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Every place that there is, for [`Slab::token_at`].
    pub fn places(&self) -> std::ops::Range<usize> {
        0..self.made
    }

    /// The token of the value at a place, if one is there.
    pub fn token_at(&self, place: usize) -> Option<Token> {
        let taken = &self.blocks[place / BLOCK][place % BLOCK];
        taken.value.is_some().then(|| Token::new(place, taken.generation))
    }

    /// How many places there are, those that were never used included.
    pub fn capacity(&self) -> usize {
        self.blocks.len() * BLOCK
    }

    /// Makes sure that [`insert`](Self::insert) finds a place, and that every place can be given back.
    pub fn reserve(&mut self) -> io::Result<()> {
        if !self.free.is_empty() || self.made < self.capacity() {
            return Ok(());
        }
        self.free.try_reserve(self.made + BLOCK).map_err(|_| no_memory())?;
        self.blocks.try_reserve(1).map_err(|_| no_memory())?;
        let block = [const { Place { generation: 0, value: None } }; BLOCK];
        self.blocks.push(memory::boxed(block)?);
        Ok(())
    }

    /// Takes a place, which [`reserve`](Self::reserve) has made sure of.
    pub fn insert(&mut self, value: T) -> Token {
        let place = self.free.pop().unwrap_or_else(|| {
            self.made += 1;
            self.made - 1
        });
        let taken = &mut self.blocks[place / BLOCK][place % BLOCK];
        taken.value = Some(value);
        Token::new(place, taken.generation)
    }

    #[inline(always)]
    pub fn get_mut(&mut self, token: Token) -> Option<&mut T> {
        let place = &mut self.blocks.get_mut(token.place() / BLOCK)?[token.place() % BLOCK];
        if place.generation == token.generation() { place.value.as_mut() } else { None }
    }

    pub fn remove(&mut self, token: Token) -> Option<T> {
        self.get_mut(token)?;
        let place = &mut self.blocks[token.place() / BLOCK][token.place() % BLOCK];
        place.generation = place.generation.wrapping_add(1);
        self.free.push(token.place());
        place.value.take()
    }
}

#[cfg(test)]
mod tests {
    use super::Slab;

    #[test]
    #[cfg(target_pointer_width = "64")]
    fn a_connection_fits_a_cache_line() {
        assert_eq!(size_of::<super::Place<crate::connection::Connection>>(), 64);
    }

    #[test]
    fn a_token_of_a_removed_value_finds_nothing_though_its_place_is_taken_again() {
        let mut slab = Slab::new();
        slab.reserve().unwrap();
        let old = slab.insert("old");
        assert_eq!(slab.remove(old), Some("old"));
        let new = slab.insert("new");
        assert_eq!(new.place(), old.place());
        assert_eq!(slab.get_mut(old), None);
        assert_eq!(slab.remove(old), None);
        assert_eq!(slab.get_mut(new), Some(&mut "new"));
    }

    #[test]
    fn it_counts_and_lists_what_is_there() {
        let mut slab = Slab::new();
        assert!(slab.is_empty());
        slab.reserve().unwrap();
        let tokens: Vec<_> = (0..3).map(|value| slab.insert(value)).collect();
        slab.remove(tokens[1]);
        let listed: Vec<_> = slab.places().filter_map(|place| slab.token_at(place)).collect();
        assert_eq!(listed, [tokens[0], tokens[2]]);
        assert_eq!(slab.len(), 2);
    }
}
