//! Reports as users read them, and what is kept from them.
//!
//! The texts in `tests/golden/` are written anew by `EPSHIM_BLESS=1 cargo test`; read the
//! difference before it is committed.

mod blame;
mod descriptor;
mod dialogue;
mod golden;
mod json;
mod sample;
mod suppressions;
