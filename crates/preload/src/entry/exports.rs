//! What the library exports: libc's names, each a jump to its hook in C.
//!
//! Why not C alone: rustc's version script hides the symbols of C objects in a cdylib. Why a jump:
//! the return address in the hook is then the program's, and no Rust frame lies under a call that
//! may block or be cancelled.

/// Defines each name as a jump to its hook. Of the signatures nothing is said: the jump leaves
/// arguments, stack and return address alone.
macro_rules! export {
    ($($name:ident => $hook:ident)*) => {$(
        unsafe extern "C" {
            fn $hook();
        }

        // SAFETY: a caller of libc's function of this name gets to a function of the same type
        // (hooks/hooks.h) with everything as the caller set it.
        #[unsafe(naked)]
        #[unsafe(no_mangle)]
        unsafe extern "C" fn $name() {
            crate::entry::jump::naked_jump!($hook)
        }
    )*};
}

// One call of the macro, or two: made by build.rs of `hooks/functions.toml`.
include!(concat!(env!("OUT_DIR"), "/exports.rs"));
