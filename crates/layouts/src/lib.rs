//! The layout of `struct epoll_event` on every Linux ABI: kept, measured again, compared.
//!
//! [`Table::golden`] is what the project believes, [`measure`] asks a C compiler, `opinions` a second one and
//! libclang about the same headers, [`rust_rule`] asks the text of `src/layout.rs`; [`compare`] says where two
//! of them differ.
//! [`compiled`] holds against it what compiled programs have. Nothing here runs on a target, but for
//! [`run`], which needs qemu.
//!
//! The crate carries heavy dependencies so that the shim need not: the root package's build script reads
//! the same table by itself (`build/golden.rs`), and so does the command ([`embedded`]).

#![forbid(unsafe_code)]

#[cfg(feature = "check")]
pub mod check;
#[cfg(feature = "check")]
pub mod clang;
pub mod compare;
#[cfg(feature = "compiled")]
pub mod compiled;
pub mod embedded;
mod front_end;
mod layout;
pub mod markdown;
pub mod measure;
#[cfg(feature = "check")]
mod opinions;
mod patience;
mod questions;
#[cfg(feature = "check")]
pub mod run;
#[cfg(feature = "check")]
pub mod rust_rule;
pub mod table;
#[cfg(feature = "check")]
mod toolchain;
mod writer;

pub use compare::Difference;
pub use layout::Layout;
#[cfg(feature = "check")]
pub use table::targets;
pub use table::{Measured, Row, Table, Target};
