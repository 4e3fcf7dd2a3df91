//! Reading this process's own memory where it may not be there any more: the kernel copies it
//! (process_vm_readv(2)), so that a wrong address is an answer and no crash.
//!
//! It takes no lock of the program's.

use crate::runtime::sandbox::{self, Call};
use std::ffi::c_void;
use std::mem::{MaybeUninit, size_of};

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
    if !sandbox::may(Call::CopyMemory) || !sandbox::may(Call::Identity) {
        return None;
    }
    let mut value = MaybeUninit::<T>::uninit();
    let size = size_of::<T>();
    let from = libc::iovec { iov_base: address as *mut c_void, iov_len: size };
    let to = libc::iovec { iov_base: value.as_mut_ptr().cast(), iov_len: size };
    // Asked each time: a copy of the process has another id.
    let me = rustix::process::getpid().as_raw_nonzero().get();
    // SAFETY: the kernel writes `size` bytes at most, into `value`; it checks the other address. Where it
    // has written them all, they are a value, for any bytes are.
    unsafe {
        let copied = libc::process_vm_readv(me, &raw const to, 1, &raw const from, 1, 0);
        (usize::try_from(copied) == Ok(size)).then(|| value.assume_init())
    }
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
