//! Observations as text and as bytes: each comes back as it was, and any other text or bytes are refused
//! without harm.

mod any;
mod binary;
mod text;
