//! The page of a profile: as text, and in a real browser.

mod appearance;
mod blocks;
mod browser;
mod escaping;
mod made;
mod numbers;
mod odd;
mod size;
mod tables;
mod zoom;
