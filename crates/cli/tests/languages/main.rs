//! Programs of Node, Ruby, PHP and Java under `epshim check`, with each of them that is here: the findings have the
//! program's own lines, also under load and while garbage is collected, and what is not known has none and says so.

#[path = "../command/mod.rs"]
mod command;
#[path = "../found/mod.rs"]
mod found;
mod java;
mod java_load;
mod node;
mod node_load;
mod php;
mod ruby;
