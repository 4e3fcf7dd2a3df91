//! What units import: dwz takes what several units have in common out of them, into partial units.
//!
//! A partial unit may not say its language, on which it depends what a name proves: it has that of a unit which
//! imports it. Of a file that many programs share, only what this one imports is its own.

use super::units::{Place, Program, Unit};
use gimli::constants as dw;
use std::collections::{BTreeSet, HashMap};

/// Which partial units are imported by units of which language.
pub fn importers(program: &Program<'_>) -> HashMap<Place, u64> {
    let mut importers = HashMap::new();
    for unit in &program.units {
        let Some(language) = program.root(unit).ok().and_then(|root| root.language) else {
            continue;
        };
        for place in imports(program, unit) {
            importers.entry(place).or_insert(language);
        }
    }
    importers
}

/// The units that a unit imports at its begin, where dwz has them.
pub fn imports<'a>(program: &Program<'a>, unit: &Unit<'a>) -> Vec<Place> {
    let mut places = Vec::new();
    let Ok(abbreviations) = program.abbreviations(unit) else { return places };
    let Ok(mut entries) = program.entries(unit, &abbreviations, None) else { return places };
    while let Ok(Some(abbreviation)) = entries.read_abbreviation() {
        let is_root = places.is_empty() && entries.next_depth() == 1;
        if abbreviation.tag() == dw::DW_TAG_imported_unit {
            for &spec in abbreviation.attributes() {
                let Ok(attribute) = entries.read_attribute(spec) else { return places };
                if attribute.name() == dw::DW_AT_import {
                    let place = program.target(unit, &attribute.raw_value());
                    let target = place.and_then(|place| program.unit_of(place));
                    places.extend(target.map(|unit| Place {
                        piece: unit.piece,
                        types: unit.types,
                        offset: unit.begin,
                    }));
                }
            }
        } else if !is_root || entries.skip_attributes(abbreviation.attributes()).is_err() {
            return places;
        }
    }
    places
}

/// The units of a shared file that a program imports, and what they import.
pub fn imported(program: &Program<'_>, own: usize, shared: usize) -> BTreeSet<Place> {
    let mut next: Vec<Place> = Vec::new();
    for unit in program.units_of(own) {
        next.extend(imports(program, unit).into_iter().filter(|place| place.piece == shared));
    }
    let mut known = BTreeSet::new();
    while let Some(place) = next.pop() {
        if known.insert(place) {
            let unit = program.unit_of(place);
            next.extend(unit.map(|unit| imports(program, unit)).unwrap_or_default());
        }
    }
    known
}
