//! Echo server (to come).
fn main() {}
