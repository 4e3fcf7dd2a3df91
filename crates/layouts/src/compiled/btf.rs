//! BTF: the types of a kernel, or of a program without DWARF.
//!
//! All of C's types in one list, without units, lines and alignments. Only what epoll's structure is made of is
//! followed. The types of a kernel's module go on where those of the kernel end, and cannot be read alone.

use super::found::{Certainty, Definition, Found, Part, Source, add};
use super::names::FUNCTIONS;
use super::section::number;
use super::shape::{Leaf, parts};

const MAGIC: u64 = 0xeb9f;
const DEEPEST: usize = 16;
/// Members of a structure that is still looked at.
const MOST: usize = 16;

const INT: u32 = 1;
const POINTER: u32 = 2;
const ARRAY: u32 = 3;
const STRUCT: u32 = 4;
const UNION: u32 = 5;
const ENUM: u32 = 6;
const TYPEDEF: u32 = 8;
const FUNC: u32 = 12;
const PROTOTYPE: u32 = 13;
const ENUM64: u32 = 19;

/// Whether bytes are BTF, and with their large end first.
pub fn byte_order(bytes: &[u8]) -> Option<bool> {
    let magic = bytes.get(..2)?;
    [false, true].into_iter().find(|&big| number(magic, big) == MAGIC)
}

/// Bytes with a byte order.
#[derive(Debug, Clone, Copy)]
struct Words<'a> {
    bytes: &'a [u8],
    big: bool,
}

impl<'a> Words<'a> {
    fn at(&self, offset: usize) -> Option<u32> {
        let bytes = self.bytes.get(offset..offset.checked_add(4)?)?;
        u32::try_from(number(bytes, self.big)).ok()
    }

    fn part(&self, from: usize, length: u32) -> Option<Self> {
        let end = from.checked_add(length as usize)?;
        Some(Self { bytes: self.bytes.get(from..end)?, ..*self })
    }
}

/// The types: where each of them begins.
struct Types<'a> {
    words: Words<'a>,
    strings: &'a [u8],
    begins: Vec<usize>,
    pointer: u64,
}

/// One type.
#[derive(Debug, Clone, Copy)]
struct Type<'a> {
    name: &'a [u8],
    kind: u32,
    count: usize,
    has_bits: bool,
    /// Its size, or the type that it refers to.
    rest: u32,
    /// Where its members begin.
    at: usize,
}

/// The structures in it.
///
/// # Errors
///
/// Why it cannot be read, as the rest of a sentence.
pub fn read(bytes: &[u8], pointer: u64, wanted: &[String]) -> Result<Vec<Definition>, String> {
    let types = Types::new(bytes, pointer).ok_or("has damaged BTF, or a kernel module's")?;
    let mut definitions = Vec::new();
    for id in 1..=types.begins.len() {
        let Some(one) = types.get(id as u32) else { continue };
        let is_wanted = wanted.iter().any(|wanted| wanted.as_bytes() == one.name);
        match one.kind {
            STRUCT if one.name == b"epoll_event" || is_wanted => {
                let why = if is_wanted { "--type names it" } else { "its name" };
                let certainty = if is_wanted { Certainty::Certain } else { Certainty::Named };
                add(&mut definitions, types.definition(&one, certainty, why));
            }
            FUNC => {
                if let Some((why, pointee)) = types.pointee(&one) {
                    add(&mut definitions, types.definition(&pointee, Certainty::Certain, &why));
                }
            }
            _ => {}
        }
    }
    Ok(definitions)
}

impl<'a> Types<'a> {
    fn new(bytes: &'a [u8], pointer: u64) -> Option<Self> {
        let words = Words { bytes, big: byte_order(bytes)? };
        let header = words.at(4)? as usize;
        let place =
            |at: usize| Some((header.checked_add(words.at(at)? as usize)?, words.at(at + 4)?));
        let (from, length) = place(8)?;
        let types = words.part(from, length)?;
        let (from, length) = place(16)?;
        let strings = words.part(from, length)?.bytes;
        // A module's strings begin with its own first name, those of all others with an empty one.
        strings.first().filter(|byte| **byte == 0)?;
        let mut all = Self { words: types, strings, begins: Vec::new(), pointer };
        let mut at = 0;
        while at < types.bytes.len() {
            all.begins.push(at);
            let one = all.get(u32::try_from(all.begins.len()).ok()?)?;
            let more = match one.kind {
                INT | 14 | 17 => 4,
                ARRAY => 12,
                STRUCT | UNION | 15 | ENUM64 => 12 * one.count,
                ENUM | PROTOTYPE => 8 * one.count,
                POINTER | 7..=FUNC | 16 | 18 => 0,
                _ => return None,
            };
            at = one.at.checked_add(more)?;
        }
        Some(all)
    }

    fn get(&self, id: u32) -> Option<Type<'a>> {
        let begin = *self.begins.get((id as usize).checked_sub(1)?)?;
        let info = self.words.at(begin + 4)?;
        Some(Type {
            name: self.name(self.words.at(begin)?)?,
            kind: info >> 24 & 0x1f,
            count: (info & 0xffff) as usize,
            has_bits: info >> 31 == 1,
            rest: self.words.at(begin + 8)?,
            at: begin + 12,
        })
    }

    fn name(&self, offset: u32) -> Option<&'a [u8]> {
        self.strings.get(offset as usize..)?.split(|&byte| byte == 0).next()
    }

    /// Behind names and qualifiers.
    fn strip(&self, mut id: u32) -> Option<Type<'a>> {
        for _ in 0..DEEPEST {
            let one = self.get(id)?;
            if !matches!(one.kind, TYPEDEF..=11 | 18) {
                return Some(one);
            }
            id = one.rest;
        }
        None
    }

    fn width(&self, id: u32, depth: usize) -> Option<u64> {
        let one = self.strip(id).filter(|_| depth < DEEPEST)?;
        match one.kind {
            POINTER => Some(self.pointer),
            ARRAY => {
                let element = self.width(self.words.at(one.at)?, depth + 1)?;
                element.checked_mul(self.words.at(one.at + 8)?.into())
            }
            INT | STRUCT | UNION | ENUM | ENUM64 | 16 => Some(one.rest.into()),
            _ => None,
        }
    }

    /// What one of epoll's functions has a pointer to.
    fn pointee(&self, function: &Type<'a>) -> Option<(String, Type<'a>)> {
        let known = FUNCTIONS.iter().find(|(name, ..)| name.as_bytes() == function.name);
        let &(name, count, which) = known.filter(|_| function.count == 1)?;
        let prototype = self.get(function.rest)?;
        if prototype.kind != PROTOTYPE || prototype.count != count {
            return None;
        }
        let pointer = self.strip(self.words.at(prototype.at + 8 * which + 4)?)?;
        let pointee = (pointer.kind == POINTER).then(|| self.strip(pointer.rest)).flatten()?;
        let why = format!("parameter {} of {name}", which + 1);
        (pointee.kind == STRUCT).then_some((why, pointee))
    }

    fn definition(&self, one: &Type<'a>, certainty: Certainty, why: &str) -> Definition {
        let mut leaves = Vec::new();
        let parts = match self.flatten(one, 0, 0, &mut leaves) {
            Some(()) => parts(&mut leaves),
            None => Err("it has members of another kind".to_owned()),
        };
        Definition {
            name: String::from_utf8_lossy(one.name).into_owned(),
            certainty,
            because: why.to_owned(),
            found: Found { size: one.rest.into(), align: None, parts },
            source: Source { unit: "BTF".to_owned(), ..Source::default() },
            units: 1,
        }
    }

    fn flatten(
        &self,
        one: &Type<'a>,
        base: u64,
        depth: usize,
        leaves: &mut Vec<Leaf>,
    ) -> Option<()> {
        for member in 0..one.count {
            let at = one.at + 12 * member;
            let bits = self.words.at(at + 8)?;
            if leaves.len() >= MOST || depth > DEEPEST {
                return None;
            }
            // With fields of bits the upper byte is how many.
            let (bits, is_field) =
                if one.has_bits { (bits & 0xff_ffff, bits >> 24 != 0) } else { (bits, false) };
            if is_field || bits % 8 != 0 {
                return None;
            }
            let offset = base.checked_add(u64::from(bits / 8))?;
            let id = self.words.at(at + 4)?;
            let inner = self.strip(id)?;
            let width = self.width(id, 0)?;
            if inner.kind == STRUCT && !matches!(width, 4 | 8) {
                self.flatten(&inner, offset, depth + 1, leaves)?;
            } else if width > 0 {
                let name = String::from_utf8_lossy(self.name(self.words.at(at)?)?).into_owned();
                leaves.push(Leaf { name, part: Part { offset, width } });
            }
        }
        Some(())
    }
}
