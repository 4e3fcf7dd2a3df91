//! Findings as the documents that pipelines read: SARIF 2.1.0, JUnit's XML, GitHub's annotations, and the
//! lines that would silence a run.
//!
//! What goes in are the JSON lines of docs/json.md, read back; what goes out is a text. Nothing here opens a
//! file or asks what the machine looks like: the command says where the repository is.
//!
//! Surprising: a document is a whole, and a run may be cut off. So each says whether the run has ended; a
//! document that was made before the end has all that was found until then.

#![forbid(unsafe_code)]

pub mod github;
pub mod junit;
mod paths;
mod run;
pub mod sarif;
pub mod silence;

pub use run::Run;
