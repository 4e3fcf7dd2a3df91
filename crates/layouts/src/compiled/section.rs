//! The bytes of a section: read from the file, unpacked, and with the references of an object file put in.
//!
//! What a compressed section says it will be is looked at before: a file that would fill the memory is refused.

use object::{CompressedData, CompressionFormat};
use ruzstd::decoding::StreamingDecoder;
use std::io::{Read, Seek, SeekFrom};

/// How many times larger a section may be than its compressed bytes: debugging information is five times.
const RATIO: u64 = 100;
/// What a section may be in any case, and the most.
const SMALL: u64 = 16 << 20;
const LARGEST: u64 = 8 << 30;

/// Where a section's bytes are in the file.
pub struct Range {
    pub format: CompressionFormat,
    pub offset: u64,
    pub stored: u64,
    pub size: u64,
}

impl Range {
    /// Reads it.
    ///
    /// # Errors
    ///
    /// As the rest of a sentence.
    pub fn read(&self, file: &mut (impl Read + Seek)) -> Result<Vec<u8>, String> {
        let text = |error: std::io::Error| error.to_string();
        let length = file.seek(SeekFrom::End(0)).map_err(text)?;
        if self.offset.checked_add(self.stored).is_none_or(|end| end > length) {
            return Err("is truncated: it ends before this section does".to_owned());
        }
        file.seek(SeekFrom::Start(self.offset)).map_err(text)?;
        let mut stored = Vec::new();
        file.take(self.stored).read_to_end(&mut stored).map_err(text)?;
        if self.format == CompressionFormat::None {
            return Ok(stored);
        }
        let most = self.stored.saturating_mul(RATIO).clamp(SMALL, LARGEST);
        if self.size > most {
            return Err(TOO_LARGE.to_owned());
        }
        let data = match self.format {
            CompressionFormat::Zstandard => unpack(&stored, self.size)?,
            format => {
                let packed = CompressedData { format, data: &stored, uncompressed_size: self.size };
                let data = packed.decompress().map_err(|error| format!("is damaged: {error}"))?;
                data.into_owned()
            }
        };
        if data.len() as u64 != self.size {
            return Err(
                "is truncated or damaged: this compressed section ends too early".to_owned()
            );
        }
        Ok(data)
    }
}

const TOO_LARGE: &str = "has a compressed section that is too large, or damaged";

/// Unpacks zstd, of which object would unpack more than the section says.
fn unpack(mut stored: &[u8], size: u64) -> Result<Vec<u8>, String> {
    let mut data = Vec::new();
    while !stored.is_empty() {
        let damaged = |error: &dyn std::fmt::Display| format!("is damaged: {error}");
        let decoder = StreamingDecoder::new(&mut stored).map_err(|error| damaged(&error))?;
        let rest = size.saturating_sub(data.len() as u64);
        let read = decoder.take(rest + 1).read_to_end(&mut data);
        read.map_err(|error| damaged(&error))?;
        if data.len() as u64 > size {
            return Err(TOO_LARGE.to_owned());
        }
    }
    Ok(data)
}

/// A reference to be put into an object file's section.
pub struct Patch {
    pub section: String,
    pub offset: u64,
    pub width: usize,
    pub value: u64,
    pub adds: bool,
}

pub fn put(data: &mut [u8], offset: u64, width: usize, value: u64, adds: bool, big_endian: bool) {
    let Ok(from) = usize::try_from(offset) else { return };
    let Some(place) = from.checked_add(width).and_then(|end| data.get_mut(from..end)) else {
        return;
    };
    let there = if adds { number(place, big_endian) } else { 0 };
    let bytes = there.wrapping_add(value).to_le_bytes();
    for (at, byte) in bytes[..width].iter().enumerate() {
        place[if big_endian { width - 1 - at } else { at }] = *byte;
    }
}

/// A number of up to 8 bytes.
pub fn number(bytes: &[u8], big_endian: bool) -> u64 {
    let join = |value: u64, byte: &u8| value << 8 | u64::from(*byte);
    if big_endian { bytes.iter().fold(0, join) } else { bytes.iter().rev().fold(0, join) }
}

#[cfg(test)]
mod tests {
    use super::{CompressionFormat, Range, TOO_LARGE};
    use ruzstd::encoding::{CompressionLevel, compress_to_vec};
    use std::io::Cursor;

    fn read(zeros: usize, size: u64) -> Result<Vec<u8>, String> {
        let packed = compress_to_vec(&*vec![0; zeros], CompressionLevel::Fastest);
        let stored = packed.len() as u64;
        let range = Range { format: CompressionFormat::Zstandard, offset: 0, stored, size };
        range.read(&mut Cursor::new(packed))
    }

    #[test]
    fn a_section_is_what_it_says_to_be() {
        assert_eq!(read(1000, 1000).unwrap().len(), 1000);
        assert_eq!(read(1 << 20, 1000).unwrap_err(), TOO_LARGE);
        assert_eq!(read(1000, 1 << 40).unwrap_err(), TOO_LARGE);
        assert!(read(1000, 1001).unwrap_err().contains("ends too early"));
    }
}
