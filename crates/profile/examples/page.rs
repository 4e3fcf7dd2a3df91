//! A profile's JSON as a page: `cargo run -p epshim-profile --example page -- IN.json OUT.html`.

use epshim_profile::{Profile, page};
use std::env;
use std::error::Error;
use std::fs;

fn main() -> Result<(), Box<dyn Error>> {
    let mut paths = env::args_os().skip(1);
    let (Some(from), Some(to), None) = (paths.next(), paths.next(), paths.next()) else {
        return Err("usage: page IN.json OUT.html".into());
    };
    let profile: Profile = serde_json::from_slice(&fs::read(from)?)?;
    fs::write(to, page(&profile))?;
    Ok(())
}
