//! The registrations of a reactor, behind keys that carry a generation.
//!
//! epoll hands back the 64 bits that were registered, also when what they stood for has ended in
//! the same batch, or long ago for a descriptor that lives on in another process. So the bits are
//! never an address: they name a slot, the tenant of that slot, and the reactor. What does not
//! match the slot's present tenant is stale and finds nothing.
//!
//! Slots are made in blocks, which never move: nothing is copied when there are more.
//!
//! The surprising thing: a slot that has had 2^24 tenants is never used again. Its counter would
//! start anew, and a stale key could match.

use super::tag::Tag;
use crate::memory::{self, no_memory};
use crate::sys::{Errno, Result};
use alloc::vec::Vec;
use core::ffi::c_int;
use core::fmt;

const INDEX_BITS: u32 = 24;
const GENERATION_BITS: u32 = 24;
const GENERATION_ONE: u64 = 1 << INDEX_BITS;
const INDEX_MASK: u64 = GENERATION_ONE - 1;
const GENERATION_MASK: u64 = ((1 << GENERATION_BITS) - 1) << INDEX_BITS;
const TAG_SHIFT: u32 = INDEX_BITS + GENERATION_BITS;

/// No slot, where an index stands. Larger than every index.
pub(super) const NONE: u32 = u32::MAX;

/// Names a registration of one [`Reactor`](super::Reactor), for as long as it lasts.
///
/// It is three numbers in 64 bits: a place, how many registrations that place had before, and
/// which reactor it belongs to. A key of a registration that was removed never names another one,
/// nor does a key of one reactor name anything in another that lives at the same time.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key(pub(crate) u64);

impl Key {
    pub(super) fn index(self) -> u32 {
        (self.0 & INDEX_MASK) as u32
    }

    fn tag(self) -> u16 {
        (self.0 >> TAG_SHIFT) as u16
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let generation = (self.0 & GENERATION_MASK) >> INDEX_BITS;
        write!(f, "Key({}, generation {generation}, reactor {})", self.index(), self.tag())
    }
}

/// A place for a registration. What is here is read for every delivery, and fits a cache line.
pub(super) struct Slot<V> {
    /// The key of the tenant, or of the next one while the slot is free.
    key: u64,
    /// What the reactor's owner keeps here; none while the slot is free.
    value: Option<V>,
    /// The descriptor's number as it was registered, -1 for none.
    pub fd: c_int,
    /// The interest asked for last; while the slot is free, the next free one.
    pub wanted: u32,
    /// The interest that the kernel has.
    pub applied: u32,
    /// What to deliver in the rounds of either parity besides what the kernel reports.
    pub again: [u32; 2],
    /// A bit for each list, by its parity, that the slot is on. This and `changed` are the slot's, not
    /// its tenant's: they outlast it, so that no list ever holds a slot twice.
    listed: u8,
    /// Whether the slot is on the list of changed interests.
    pub changed: bool,
    /// Whether the interest was asked for since the kernel was last told.
    pub asked: bool,
    /// Whether there was a delivery since then.
    pub fired: bool,
}

/// The slots.
pub(super) struct Registry<V> {
    /// Each with room for [`BLOCK`](Self::BLOCK) slots, and all but the last one full.
    blocks: Vec<Vec<Slot<V>>>,
    /// How many slots there are.
    slots: usize,
    tag: Tag,
    free: u32,
    len: usize,
}

impl<V> Registry<V> {
    /// Slots of a block: a power of two, and no more than fit two pages where values are large.
    const BLOCK: usize = {
        let mut slots = 64;
        while slots > 4 && slots * size_of::<Slot<V>>() > 8192 {
            slots /= 2;
        }
        slots
    };

    pub fn new() -> Result<Self> {
        Ok(Self { blocks: Vec::new(), slots: 0, tag: Tag::take()?, free: NONE, len: 0 })
    }

    /// How many registrations there are.
    pub fn len(&self) -> usize {
        self.len
    }

    /// How many slots there are, free ones included.
    pub fn slots(&self) -> usize {
        self.slots
    }

    /// The key that the next [`insert`](Self::insert) will use; makes a slot if none is free.
    pub fn reserve(&mut self) -> Result<Key> {
        if self.free == NONE {
            let index = self.slots;
            if index as u64 > INDEX_MASK {
                return Err(Errno(libc::ENOSPC));
            }
            let key = u64::from(self.tag.number()) << TAG_SHIFT | index as u64;
            memory::push(self.block_with_room()?, Slot::free(key));
            self.slots += 1;
            self.free = index as u32;
        }
        Ok(Key(self.slot_mut(self.free).key))
    }

    /// The last block; a new one if that is full.
    fn block_with_room(&mut self) -> Result<&mut Vec<Slot<V>>> {
        if self.slots % Self::BLOCK == 0 {
            self.blocks.try_reserve(1).map_err(|_| no_memory())?;
            let mut block = Vec::new();
            block.try_reserve_exact(Self::BLOCK).map_err(|_| no_memory())?;
            memory::push(&mut self.blocks, block);
        }
        self.blocks.last_mut().ok_or_else(no_memory)
    }

    /// Registers `value` under the key that [`reserve`](Self::reserve) returned.
    pub fn insert(&mut self, value: V, fd: c_int, interest: u32) {
        let slot = self.slot_mut(self.free);
        let next_free = slot.wanted;
        slot.value = Some(value);
        slot.fd = fd;
        slot.wanted = interest;
        slot.applied = interest;
        slot.again = [0; 2];
        slot.asked = false;
        slot.fired = false;
        self.free = next_free;
        self.len += 1;
    }

    #[inline]
    fn get(&self, index: u32) -> Option<&Slot<V>> {
        self.blocks.get(index as usize / Self::BLOCK)?.get(index as usize % Self::BLOCK)
    }

    /// The registration of a key, if it still lasts.
    #[inline]
    pub fn get_mut(&mut self, key: Key) -> Option<&mut Slot<V>> {
        let index = key.index() as usize;
        let slot = self.blocks.get_mut(index / Self::BLOCK)?.get_mut(index % Self::BLOCK)?;
        (slot.key == key.0 && slot.value.is_some()).then_some(slot)
    }

    /// As [`get_mut`](Self::get_mut); the error says what is wrong with the key.
    pub fn find(&mut self, key: Key) -> Result<&mut Slot<V>> {
        let code = if key.tag() == self.tag.number() { libc::ENOENT } else { libc::EINVAL };
        self.get_mut(key).ok_or(Errno(code))
    }

    /// A slot, free or not.
    pub fn slot_mut(&mut self, index: u32) -> &mut Slot<V> {
        &mut self.blocks[index as usize / Self::BLOCK][index as usize % Self::BLOCK]
    }

    #[inline]
    pub fn value(&self, key: Key) -> Option<&V> {
        let slot = self.get(key.index())?;
        if slot.key == key.0 { slot.value.as_ref() } else { None }
    }

    #[inline]
    pub fn value_mut(&mut self, key: Key) -> Option<&mut V> {
        self.get_mut(key)?.value.as_mut()
    }

    /// Ends a registration. Its key is never valid again.
    pub fn remove(&mut self, key: Key) -> Result<V> {
        let free = self.free;
        let slot = self.find(key)?;
        let value = slot.value.take().ok_or(Errno(libc::ENOENT))?;
        slot.again = [0; 2];
        slot.asked = false;
        if key.0 & GENERATION_MASK == GENERATION_MASK {
            slot.key = 0;
        } else {
            slot.key += GENERATION_ONE;
            slot.wanted = free;
            self.free = key.index();
        }
        self.len -= 1;
        Ok(value)
    }

    /// The first registration behind the place of a key, or of all.
    pub fn next_key(&self, after: Option<Key>) -> Option<Key> {
        let first = after.map_or(0, |key| key.index() + 1);
        let slots = (first..self.slots as u32).filter_map(|index| self.get(index));
        slots.filter(|slot| slot.value.is_some()).map(Slot::key).next()
    }

    /// The keys of all registrations.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        self.blocks.iter().flatten().filter(|slot| slot.value.is_some()).map(|slot| Key(slot.key))
    }
}

impl<V> Slot<V> {
    fn free(key: u64) -> Self {
        Self {
            key,
            value: None,
            fd: -1,
            wanted: NONE,
            applied: 0,
            again: [0; 2],
            listed: 0,
            changed: false,
            asked: false,
            fired: false,
        }
    }

    /// Puts the slot on the list of a parity. False: it was on it.
    pub fn list(&mut self, parity: usize) -> bool {
        let was_listed = self.listed & 1 << parity != 0;
        self.listed |= 1 << parity;
        !was_listed
    }

    /// Takes the slot from the list of a parity.
    pub fn unlist(&mut self, parity: usize) {
        self.listed &= !(1 << parity);
    }

    pub fn key(&self) -> Key {
        Key(self.key)
    }
}

#[cfg(test)]
mod tests {
    use super::{Errno, GENERATION_MASK, Key, Registry};

    fn insert(registry: &mut Registry<&'static str>, value: &'static str) -> Key {
        let key = registry.reserve().unwrap();
        registry.insert(value, -1, 0);
        key
    }

    #[test]
    fn a_key_of_a_removed_registration_finds_nothing_though_its_slot_is_taken_again() {
        let mut registry = Registry::new().unwrap();
        let old = insert(&mut registry, "old");
        assert_eq!(registry.remove(old), Ok("old"));
        assert_eq!(registry.remove(old), Err(Errno(libc::ENOENT)));
        let new = insert(&mut registry, "new");
        assert_eq!(new.index(), old.index());
        assert_ne!(new, old);
        assert_eq!(registry.value(old), None);
        assert_eq!(registry.find(old).err(), Some(Errno(libc::ENOENT)));
        assert_eq!(registry.value(new), Some(&"new"));
    }

    #[test]
    fn a_key_that_was_never_given_out_finds_nothing() {
        let mut registry: Registry<()> = Registry::new().unwrap();
        let next = registry.reserve().unwrap();
        assert_eq!(registry.find(next).err(), Some(Errno(libc::ENOENT)));
        for bits in [0, 1, u64::MAX, next.0 ^ 1 << 63] {
            assert_eq!(registry.find(Key(bits)).err(), Some(Errno(libc::EINVAL)));
        }
    }

    #[test]
    fn a_key_of_another_registry_is_refused() {
        let mut one = Registry::new().unwrap();
        let mut other = Registry::new().unwrap();
        let key = insert(&mut one, "one");
        insert(&mut other, "other");
        assert_eq!(other.find(key).err(), Some(Errno(libc::EINVAL)));
        assert_eq!(other.remove(key), Err(Errno(libc::EINVAL)));
        assert_eq!(other.len(), 1);
    }

    #[test]
    fn a_slot_whose_generations_are_used_up_is_not_used_again() {
        let mut registry = Registry::new().unwrap();
        let first = insert(&mut registry, "first");
        let last = Key(first.0 | GENERATION_MASK);
        registry.slot_mut(0).key = last.0;
        assert_eq!(registry.remove(last), Ok("first"));
        let next = insert(&mut registry, "next");
        assert_eq!(next.index(), 1);
        assert_eq!(registry.value(first), None);
        assert_eq!(registry.keys().collect::<Vec<_>>(), [next]);
    }

    /// What C keeps for a registration: a callback and its data.
    #[test]
    fn a_registration_takes_32_bytes_besides_its_value() {
        let value = 2 * size_of::<usize>();
        assert_eq!(size_of::<super::Slot<(fn(), *mut ())>>(), 32 + value);
    }

    #[test]
    fn slots_do_not_move_however_many_more_are_made() {
        let mut registry = Registry::new().unwrap();
        let keys: Vec<_> = (0..1000).map(|_| insert(&mut registry, "")).collect();
        let place = |registry: &Registry<_>, key| std::ptr::from_ref(registry.value(key).unwrap());
        let places: Vec<_> = keys.iter().map(|&key| place(&registry, key)).collect();
        for _ in 0..10_000 {
            insert(&mut registry, "");
        }
        assert!(keys.iter().zip(places).all(|(&key, before)| place(&registry, key) == before));
        assert_eq!(registry.keys().count(), 11_000);
    }

    #[test]
    fn large_values_are_made_few_at_a_time() {
        let mut registry = Registry::new().unwrap();
        for number in 0..20 {
            let key = registry.reserve().unwrap();
            registry.insert([number; 5000], -1, 0);
            assert_eq!(registry.value(key).unwrap()[4999], number);
        }
        assert_eq!(registry.blocks[0].capacity(), 4);
    }

    #[test]
    fn slots_are_reused_before_new_ones_are_made() {
        let mut registry = Registry::new().unwrap();
        let keys: Vec<_> = (0..5).map(|_| insert(&mut registry, "")).collect();
        for key in &keys[1..4] {
            registry.remove(*key).unwrap();
        }
        assert_eq!(registry.len(), 2);
        for _ in 0..3 {
            insert(&mut registry, "");
        }
        assert_eq!((registry.len(), registry.slots()), (5, 5));
    }
}
