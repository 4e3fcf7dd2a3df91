//! The addresses of names that a module exports which was opened after the start: out of the module's own tables, without
//! the loader's lock (`modules.rs` has why).
//!
//! Every word is copied by the kernel (`memory.rs`). Only modules with the table that GNU's linker writes have names,
//! on machines of 64 bits whose lowest byte comes first; elsewhere there is none.

use crate::questions::memory::{read, read_bytes, read_list};
use crate::questions::modules::Module;
use std::ffi::CStr;

/// Entries of a dynamic section (elf(5)).
const STRINGS: usize = 5;
const SYMBOLS: usize = 6;
const HASHES: usize = 0x6fff_fef5;
const MOST_ENTRIES: usize = 256;

/// `Elf64_Sym`: the name and the section, the address, the size.
type Symbol = [usize; 3];
/// A longer name is not looked for.
const LONGEST: usize = 64;
/// No bucket has more names.
const MOST_OF_A_BUCKET: u32 = 1024;

/// Where a module's names are.
#[derive(Debug, Clone, Copy)]
pub struct Exports {
    base: usize,
    strings: usize,
    symbols: usize,
    hashes: usize,
}

impl Exports {
    /// `None`: it has no such table.
    pub fn of(module: &Module) -> Option<Self> {
        if cfg!(not(all(target_pointer_width = "64", target_endian = "little"))) {
            return None;
        }
        let (_, [base, _, dynamic, _]) = module.entry();
        let entries: Vec<[usize; 2]> = read_list(dynamic, MOST_ENTRIES);
        let place = |wanted| {
            let mut entries = entries.iter().take_while(|[tag, _]| *tag != 0);
            let &[_, place] = entries.find(|[tag, _]| *tag == wanted)?;
            // glibc writes addresses there, and musl leaves them as the file has them.
            Some(if place < base { base.wrapping_add(place) } else { place })
        };
        let (strings, symbols) = (place(STRINGS)?, place(SYMBOLS)?);
        Some(Self { base, strings, symbols, hashes: place(HASHES)? })
    }

    /// The address of a name.
    pub fn address_of(&self, name: &CStr) -> Option<usize> {
        let hash = hash(name);
        let [buckets, first, words, _] = read::<[u32; 4]>(self.hashes)?;
        let head = size_of::<[u32; 4]>() + words as usize * size_of::<u64>();
        let start = self.hashes.wrapping_add(head);
        let at = |index: u32| read::<u32>(start.wrapping_add(index as usize * size_of::<u32>()));
        let mut number = at(hash.checked_rem(buckets)?)?;
        for _ in 0..MOST_OF_A_BUCKET {
            let of_it = at(buckets.checked_add(number.checked_sub(first)?)?)?;
            if of_it | 1 == hash | 1
                && let Some(found) = self.symbol(number, name)
            {
                return Some(found);
            }
            // The last one of a bucket.
            if of_it & 1 == 1 {
                break;
            }
            number = number.checked_add(1)?;
        }
        None
    }

    /// A symbol's address, if it has this name and is defined.
    fn symbol(&self, number: u32, name: &CStr) -> Option<usize> {
        let place = number as usize * size_of::<Symbol>();
        let [of_it, value, _] = read::<Symbol>(self.symbols.wrapping_add(place))?;
        let is_defined = of_it >> 48 != 0;
        let at = self.strings.wrapping_add(of_it & u32::MAX as usize);
        (is_defined && is_at(at, name)).then(|| self.base.wrapping_add(value))
    }
}

/// Whether a string is the one at an address.
pub fn is_at(address: usize, string: &CStr) -> bool {
    let mut bytes = [0; LONGEST];
    let wanted = string.to_bytes_with_nul();
    wanted.len() <= LONGEST
        && read_bytes(address, &mut bytes[..wanted.len()]) == wanted.len()
        && bytes[..wanted.len()] == *wanted
}

/// As the linker has it (`DT_GNU_HASH`).
fn hash(name: &CStr) -> u32 {
    name.to_bytes()
        .iter()
        .fold(5381, |hash: u32, &byte| hash.wrapping_mul(33).wrapping_add(u32::from(byte)))
}

#[cfg(test)]
mod tests {
    use super::Exports;
    use crate::questions::modules;
    use crate::questions::names::address_of;

    #[test]
    fn a_name_has_the_address_that_the_loader_says() {
        let name = c"sigfillset";
        let expected = address_of(name).expect("libc's");
        let libc = modules::loaded().into_iter().find(|module| module.has(expected));
        let exports = Exports::of(&libc.expect("libc")).expect("a table");
        assert_eq!(exports.address_of(name), Some(expected));
        assert_eq!(exports.address_of(c"epshim_no_such_name"), None);
        // It is undefined in libc: the loader has it.
        assert_eq!(exports.address_of(c"__tls_get_addr"), None);
    }
}
