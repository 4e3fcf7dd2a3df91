//! Memory that may be refused: boxes, slices and lists whose allocation fails with `ENOMEM`.
//!
//! Where memory is out `Box::new` and `Arc::new` end the process
//! ([`handle_alloc_error`](alloc::alloc::handle_alloc_error)), which a library must leave to its program:
//! another part of it may have memory to give back. What grows uses `Vec::try_reserve`, which can
//! fail; what is made once is made here, for the fallible constructors of `Box` are not stable.
//! `reactor/shared.rs` builds its shared value on this.
//!
//! Nothing else in the package calls the allocator by hand.

use crate::sys::{Errno, Result};
use alloc::alloc::{Layout, alloc};
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::mem::MaybeUninit;
use core::ptr::{self, NonNull};

/// A box with this value. On `ENOMEM` the value is dropped.
pub fn boxed<T>(value: T) -> Result<Box<T>> {
    let place: NonNull<T> = allocate(Layout::new::<T>())?.cast();
    // SAFETY: `allocate` has made room for a `T` by its layout, which is ours alone. It is written
    // before the box, which frees it with the same layout, can read it (std::boxed, Memory layout).
    unsafe {
        place.write(value);
        Ok(Box::from_raw(place.as_ptr()))
    }
}

/// Room for `len` values.
pub fn uninit_slice<T>(len: usize) -> Result<Box<[MaybeUninit<T>]>> {
    let layout = Layout::array::<T>(len).map_err(|_| no_memory())?;
    let first = allocate(layout)?.cast();
    // SAFETY: as in `boxed`: the layout is that of a slice of `len` values. A `MaybeUninit` need not be
    // written.
    Ok(unsafe { Box::from_raw(ptr::slice_from_raw_parts_mut(first.as_ptr(), len)) })
}

/// Makes room for `capacity` values in all. A list without values gets new memory: to let the old grow
/// would copy it, and so touch what nothing was ever written to.
pub fn make_room<T>(list: &mut Vec<T>, capacity: usize) -> Result<()> {
    if list.is_empty() && list.capacity() < capacity {
        let mut larger = Vec::new();
        larger
            .try_reserve_exact(capacity.checked_next_power_of_two().unwrap_or(capacity))
            .map_err(|_| no_memory())?;
        *list = larger;
        return Ok(());
    }
    list.try_reserve(capacity.saturating_sub(list.len())).map_err(|_| no_memory())
}

/// Adds a value where room has been made: `Vec::push` would get more memory by itself, and end the process where
/// there is none.
#[inline]
pub fn push<T>(list: &mut Vec<T>, value: T) {
    let len = list.len();
    let Some(place) = list.spare_capacity_mut().first_mut() else {
        panic!("room was made before");
    };
    place.write(value);
    // SAFETY: there was a place behind the first `len` values, and it has just been written.
    unsafe { list.set_len(len + 1) };
}

/// Makes a list `len` values long, if it is shorter, with copies of this one.
pub fn lengthen<T: Copy>(list: &mut Vec<T>, len: usize, value: T) -> Result<()> {
    list.try_reserve(len.saturating_sub(list.len())).map_err(|_| no_memory())?;
    while list.len() < len {
        push(list, value);
    }
    Ok(())
}

/// `ENOMEM`.
pub fn no_memory() -> Errno {
    Errno(libc::ENOMEM)
}

/// Memory of this layout; for one without a size an address that is aligned to it, as `Box` has it.
fn allocate(layout: Layout) -> Result<NonNull<u8>> {
    let place = match layout.size() {
        0 => ptr::without_provenance_mut(layout.align()),
        // SAFETY: a layout with a size.
        _ => unsafe { alloc(layout) },
    };
    NonNull::new(place).ok_or_else(no_memory)
}

#[cfg(test)]
mod tests {
    use super::{boxed, lengthen, make_room, no_memory, push, uninit_slice};
    use std::rc::Rc;

    #[test]
    fn a_box_has_its_value_and_drops_it_once() {
        let value = Rc::new(7);
        let boxed = boxed(Rc::clone(&value)).unwrap();
        assert_eq!((**boxed, Rc::strong_count(&value)), (7, 2));
        drop(boxed);
        assert_eq!(Rc::strong_count(&value), 1);
    }

    #[test]
    fn what_has_no_size_needs_no_memory() {
        assert_eq!(*boxed(()).unwrap(), ());
        assert_eq!(uninit_slice::<u64>(0).unwrap().len(), 0);
        assert_eq!(uninit_slice::<()>(usize::MAX).unwrap().len(), usize::MAX);
    }

    #[test]
    fn room_is_made_for_as_many_values_as_there_are_to_be() {
        let mut list = Vec::new();
        for capacity in 1..100 {
            make_room(&mut list, capacity).unwrap();
            assert!(list.capacity() >= capacity);
        }
        let before = list.capacity();
        list.push(7);
        make_room(&mut list, 1000).unwrap();
        assert!(before < 1000 && list.capacity() >= 1000 && list == [7]);
        make_room(&mut list, 0).unwrap();
        let refused = make_room(&mut Vec::<u64>::new(), usize::MAX / 8);
        assert_eq!(refused, Err(no_memory()));
    }

    #[test]
    fn a_list_is_lengthened_and_never_shortened() {
        let mut list = vec![1, 2];
        for (len, expected) in [(4, &[1, 2, 7, 7][..]), (1, &[1, 2, 7, 7]), (5, &[1, 2, 7, 7, 7])] {
            lengthen(&mut list, len, 7).unwrap();
            assert_eq!(list, expected);
        }
        assert_eq!(lengthen(&mut vec![0_u64], usize::MAX / 8, 0), Err(no_memory()));
    }

    #[test]
    #[should_panic(expected = "room was made before")]
    fn a_value_without_room_is_a_bug_and_gets_no_memory() {
        push(&mut Vec::new(), 1);
    }

    #[test]
    fn more_memory_than_there_can_be_is_refused() {
        for len in [usize::MAX, usize::MAX / 8, isize::MAX as usize / 8 + 1] {
            assert_eq!(uninit_slice::<u64>(len).unwrap_err(), no_memory());
        }
    }
}
