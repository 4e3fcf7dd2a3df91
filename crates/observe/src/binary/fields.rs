//! What observations are made of, as bytes. Each type is written and read in one place.

use crate::answer::{Frame, Interpreted, Language, Symbol};
use crate::calls::{Call, Delivery, EmptyWait, Ended};
use crate::ctl::AtFailure;
use crate::descriptors::Kind;
use crate::kernel::Listed;
use std::borrow::Cow;

/// The bytes that are left.
pub(super) struct Input<'a>(pub &'a [u8]);

/// A type with a form in bytes. `take` is `None` where the bytes are not that form.
pub(super) trait Field: Sized {
    fn put(&self, out: &mut Vec<u8>);
    fn take(input: &mut Input<'_>) -> Option<Self>;
}

impl Field for u64 {
    fn put(&self, out: &mut Vec<u8>) {
        let mut left = *self;
        while left > 0x7f {
            out.push(left as u8 | 0x80);
            left >>= 7;
        }
        out.push(left as u8);
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        let mut value = 0_u64;
        for (place, &byte) in input.0.iter().take(10).enumerate() {
            let bits = u64::from(byte & 0x7f);
            let shifted = bits << (7 * place);
            if shifted >> (7 * place) != bits {
                return None;
            }
            value |= shifted;
            if byte < 0x80 {
                input.0 = &input.0[place + 1..];
                return Some(value);
            }
        }
        None
    }
}

impl Field for i64 {
    fn put(&self, out: &mut Vec<u8>) {
        ((self << 1 ^ self >> 63) as u64).put(out);
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        let zigzag = u64::take(input)?;
        Some((zigzag >> 1) as Self ^ -((zigzag & 1) as Self))
    }
}

/// Types that are numbers.
macro_rules! numbers {
    ($($number:ty as $as:ty),*) => {$(
        impl Field for $number {
            fn put(&self, out: &mut Vec<u8>) {
                <$as>::from(*self).put(out);
            }

            fn take(input: &mut Input<'_>) -> Option<Self> {
                <$as>::take(input)?.try_into().ok()
            }
        }
    )*};
}

numbers!(u32 as u64, i32 as i64);

impl Field for bool {
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        let (&byte, rest) = input.0.split_first()?;
        input.0 = rest;
        (byte < 2).then_some(byte == 1)
    }
}

impl<T: Field> Field for Option<T> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        if bool::take(input)? { T::take(input).map(Some) } else { Some(None) }
    }
}

impl<T: Field, E: Field> Field for Result<T, E> {
    fn put(&self, out: &mut Vec<u8>) {
        self.is_ok().put(out);
        match self {
            Ok(value) => value.put(out),
            Err(error) => error.put(out),
        }
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        if bool::take(input)? { T::take(input).map(Ok) } else { E::take(input).map(Err) }
    }
}

impl<T: Field> Field for Vec<T> {
    fn put(&self, out: &mut Vec<u8>) {
        put_all(self, out);
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        let count = u64::take(input)?;
        // Each takes a byte at least: no more is reserved than there is.
        if count > input.0.len() as u64 {
            return None;
        }
        (0..count).map(|_| T::take(input)).collect()
    }
}

impl<T: Field + Clone> Field for Cow<'_, [T]> {
    fn put(&self, out: &mut Vec<u8>) {
        put_all(self, out);
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        Vec::take(input).map(Cow::Owned)
    }
}

fn put_all<T: Field>(all: &[T], out: &mut Vec<u8>) {
    (all.len() as u64).put(out);
    all.iter().for_each(|one| one.put(out));
}

impl Field for String {
    fn put(&self, out: &mut Vec<u8>) {
        (self.len() as u64).put(out);
        out.extend(self.as_bytes());
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        let length = usize::try_from(u64::take(input)?).ok()?;
        let (text, rest) = input.0.split_at_checked(length)?;
        input.0 = rest;
        std::str::from_utf8(text).ok().map(str::to_owned)
    }
}

impl Field for (u64, u64) {
    fn put(&self, out: &mut Vec<u8>) {
        self.0.put(out);
        self.1.put(out);
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        Some((u64::take(input)?, u64::take(input)?))
    }
}

/// Structures: their fields, one after the other.
macro_rules! structures {
    ($($name:ident { $($field:ident),* })*) => {$(
        impl Field for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let Self { $($field),* } = self;
                $($field.put(out);)*
            }

            fn take(input: &mut Input<'_>) -> Option<Self> {
                Some(Self { $($field: Field::take(input)?),* })
            }
        }
    )*};
}

structures! {
    Delivery { events, data }
    EmptyWait { after, took }
    AtFailure { errno, epfd, fd_is_open, unread }
    Listed { fd, events, data, file }
    Frame { module, offset, symbols, interpreted }
    Interpreted { language, is_users }
    Symbol { function, file, line }
}

/// Types of which there are few values: the place in this list. New ones go to its end.
macro_rules! listed {
    ($($name:ty: $values:expr;)*) => {$(
        impl Field for $name {
            fn put(&self, out: &mut Vec<u8>) {
                let place = $values.into_iter().position(|one| one == *self);
                out.push(place.unwrap_or(0) as u8);
            }

            fn take(input: &mut Input<'_>) -> Option<Self> {
                let (&place, rest) = input.0.split_first()?;
                input.0 = rest;
                $values.get(usize::from(place)).copied()
            }
        }
    )*};
}

listed! {
    Kind: Kind::ALL;
    Call: Call::ALL;
    Language: Language::ALL;
}

impl Field for Ended {
    fn put(&self, out: &mut Vec<u8>) {
        let ended = match *self {
            Self::Moved { bytes, asked } => Ok((bytes, asked)),
            Self::Failed(errno) => Err(errno),
        };
        ended.put(out);
    }

    fn take(input: &mut Input<'_>) -> Option<Self> {
        Some(match Result::take(input)? {
            Ok((bytes, asked)) => Self::Moved { bytes, asked },
            Err(errno) => Self::Failed(errno),
        })
    }
}
