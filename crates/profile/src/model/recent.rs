//! A map that looks for nothing to find what it was asked for last: many observations in a row are of one process,
//! one thread, one descriptor.

use indexmap::IndexMap;
use rustc_hash::FxBuildHasher;
use std::hash::Hash;

#[derive(Debug, Clone)]
pub struct Recent<K, V> {
    all: IndexMap<K, V, FxBuildHasher>,
    /// Where it was that was asked for last.
    latest: usize,
}

impl<K, V> Default for Recent<K, V> {
    fn default() -> Self {
        Self { all: IndexMap::default(), latest: 0 }
    }
}

impl<K: Copy + Eq + Hash, V> Recent<K, V> {
    #[inline]
    fn place(&mut self, key: K) -> Option<usize> {
        let is_it = |(&known, _): (&K, &V)| known == key;
        if !self.all.get_index(self.latest).is_some_and(is_it) {
            self.latest = self.all.get_index_of(&key)?;
        }
        Some(self.latest)
    }

    pub fn get(&self, key: K) -> Option<&V> {
        self.all.get(&key)
    }

    #[inline]
    pub fn get_mut(&mut self, key: K) -> Option<&mut V> {
        let place = self.place(key)?;
        self.all.get_index_mut(place).map(|(_, value)| value)
    }

    #[inline]
    pub fn get_or_insert(&mut self, key: K, new: impl FnOnce() -> V) -> &mut V {
        if self.place(key).is_none() {
            self.insert(key, new());
        }
        &mut self.all[self.latest]
    }

    pub fn insert(&mut self, key: K, value: V) {
        (self.latest, _) = self.all.insert_full(key, value);
    }

    pub fn remove(&mut self, key: K) -> Option<V> {
        self.all.swap_remove(&key)
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn keys(&self) -> impl Iterator<Item = K> {
        self.all.keys().copied()
    }

    pub fn iter(&self) -> impl Iterator<Item = (K, &V)> {
        self.all.iter().map(|(&key, value)| (key, value))
    }

    pub fn values_mut(&mut self) -> impl Iterator<Item = &mut V> {
        self.all.values_mut()
    }

    pub fn into_values(self) -> impl Iterator<Item = V> {
        self.all.into_values()
    }
}

#[cfg(test)]
mod tests {
    use super::Recent;

    /// What is removed makes room for the last: the place that was found last may be another's then.
    #[test]
    fn what_moved_into_the_latest_place_is_not_taken_for_what_was_there() {
        let mut map = Recent::default();
        for key in 0..4 {
            map.insert(key, 10 * key);
        }
        assert_eq!(map.get_mut(1).copied(), Some(10));
        assert_eq!(map.remove(1), Some(10));
        assert_eq!(map.get_mut(1), None);
        assert_eq!(map.get_mut(3).copied(), Some(30));
        assert_eq!(*map.get_or_insert(1, || 11), 11);
        assert_eq!(map.remove(1), Some(11));
        assert_eq!(map.get_mut(1), None);
        assert_eq!(map.len(), 3);
        assert_eq!(map.get(0).copied(), Some(0));
    }
}
