//! Reading this process's own memory where it may not be there any more: the kernel copies it
//! (process_vm_readv(2)), so that a wrong address is an answer and no crash.
//!
//! It takes no lock of the program's. All reads go through one function (`copy`).

use crate::runtime::process;
use crate::runtime::sandbox::{self, Call};
use std::ffi::{c_ulong, c_void};
use std::mem::{MaybeUninit, size_of};
use std::ptr;

/// The smallest page that Linux has. A copy that does not cross its end is whole or fails.
const PAGE: usize = 4096;

/// A type of which any bytes are a value.
///
/// # Safety
/// That must be so.
pub unsafe trait Plain: Copy {}

// SAFETY: numbers.
unsafe impl Plain for u8 {}
// SAFETY: a number.
unsafe impl Plain for u32 {}
// SAFETY: a number.
unsafe impl Plain for usize {}
// SAFETY: an array of such values.
unsafe impl<T: Plain, const LENGTH: usize> Plain for [T; LENGTH] {}
// SAFETY: structures of numbers.
unsafe impl Plain for libc::Elf32_Ehdr {}
// SAFETY: as above.
unsafe impl Plain for libc::Elf64_Ehdr {}
// SAFETY: as above.
unsafe impl Plain for libc::Elf32_Phdr {}
// SAFETY: as above.
unsafe impl Plain for libc::Elf64_Phdr {}

/// The value at an address. `None`: there is no memory, or the kernel does not copy it.
pub fn read<T: Plain>(address: usize) -> Option<T> {
    let mut value = MaybeUninit::<T>::uninit();
    // SAFETY: where all bytes of the value were written, they are one, for any bytes are.
    unsafe { read_into(&mut value, address).then(|| value.assume_init()) }
}

/// The values that lie one behind the other from an address on, until memory ends.
pub fn read_list<T: Plain>(address: usize, count: usize) -> Vec<T> {
    let mut values = Vec::with_capacity(count);
    let size = size_of::<T>();
    // SAFETY: there is room for `count` values. As many of them were written as are counted then.
    unsafe {
        let room = (values.as_mut_ptr() as *mut u8, count.saturating_mul(size));
        values.set_len(copy(&[(address, room.1)], room.0) / size);
    }
    values
}

/// Copies the bytes at an address, and returns how many there are from there on.
pub fn read_bytes(address: usize, to: &mut [u8]) -> usize {
    // SAFETY: the room is as long as what is asked for.
    unsafe { copy(&[(address, to.len())], to.as_mut_ptr()) }
}

/// Four words, and where they are expected.
pub type Expected = (usize, [usize; 4]);

/// Whether all of them are there.
#[inline(never)]
pub fn are_there(expected: &[Expected]) -> bool {
    expected.chunks(PLACES).all(|expected| {
        let mut found = [[0; 4]; PLACES];
        let mut places = [(0, size_of_val(&found[0])); PLACES];
        for (place, &(address, _)) in places.iter_mut().zip(expected) {
            place.0 = address;
        }
        let found = &mut found[..expected.len()];
        // SAFETY: there is room for four words of each place.
        let copied = unsafe { copy(&places[..expected.len()], found.as_mut_ptr().cast()) };
        copied == size_of_val(found) && found.iter().eq(expected.iter().map(|(_, words)| words))
    })
}

fn read_into<T: Plain>(value: &mut MaybeUninit<T>, address: usize) -> bool {
    let size = size_of::<T>();
    // SAFETY: the room is the value's.
    unsafe { copy(&[(address, size)], value.as_mut_ptr().cast()) == size }
}

/// The most places that are asked for in one call.
const PLACES: usize = 8;

/// All reads are made here: copies the bytes at these addresses one behind the other, until one is not
/// there. Returns how many bytes were copied: the kernel goes from page to page (mm/process_vm_access.c).
///
/// # Safety
/// There is room for all of them.
unsafe fn copy(places: &[(usize, usize)], room: *mut u8) -> usize {
    if !sandbox::may(Call::CopyMemory) || !sandbox::may(Call::Identity) {
        return 0;
    }
    let mut from = [libc::iovec { iov_base: ptr::null_mut(), iov_len: 0 }; PLACES];
    let mut size = 0;
    for (from, &(address, length)) in from.iter_mut().zip(places) {
        *from = libc::iovec { iov_base: address as *mut c_void, iov_len: length };
        size += length;
    }
    let to = libc::iovec { iov_base: room.cast(), iov_len: size };
    let count = places.len().min(PLACES) as c_ulong;
    let me = process::thread_id();
    // SAFETY: the kernel writes `size` bytes at most, for which there is room; it checks the other addresses.
    let copied = unsafe { libc::process_vm_readv(me, &raw const to, 1, from.as_ptr(), count, 0) };
    usize::try_from(copied).unwrap_or(0)
}

/// The string at an address, without its end.
pub fn read_string(address: usize) -> Option<Vec<u8>> {
    const PIECE: usize = 64;
    let mut bytes = Vec::new();
    let mut at = address;
    while bytes.len() < libc::PATH_MAX as usize {
        // A piece ends before the next page begins, which may not be there.
        let whole = at.is_multiple_of(PIECE).then(|| read::<[u8; PIECE]>(at));
        let piece = match whole {
            Some(piece) => piece?.to_vec(),
            None => vec![read::<u8>(at)?],
        };
        if let Some(end) = piece.iter().position(|&byte| byte == 0) {
            bytes.extend_from_slice(&piece[..end]);
            break;
        }
        at += piece.len();
        bytes.extend_from_slice(&piece);
    }
    const { assert!(PAGE.is_multiple_of(PIECE)) };
    Some(bytes)
}
