//! Entered from C.

#[allow(dead_code)] // C makes the values
pub mod io_kind;
