//! The addresses of names that the program and its libraries export.
//!
//! Asked in the constructor only: the loader's lock is not taken later.

use std::ffi::CStr;
use std::mem::transmute_copy;

/// The address of a name. `None`: no module exports it.
pub fn address_of(name: &CStr) -> Option<usize> {
    // SAFETY: a string. What was not found is none of the program's errors: it is forgotten.
    let found = unsafe {
        let found = libc::dlsym(libc::RTLD_DEFAULT, name.as_ptr());
        libc::dlerror();
        found
    };
    (!found.is_null()).then(|| found.addr())
}

/// The function with a name. `None`: no module exports it.
///
/// # Safety
/// `F` is the type of a pointer to that function.
pub unsafe fn function<F: Copy>(name: &CStr) -> Option<F> {
    const { assert!(size_of::<F>() == size_of::<usize>()) };
    let address = address_of(name)?;
    // SAFETY: as the caller has it: the address is a pointer of this type, and has its size.
    Some(unsafe { transmute_copy(&address) })
}
