//! What happens at a panic, which is a bug of the library: one line on standard error that says where, and
//! the end of the process.
//!
//! It allocates nothing and locks nothing, for the panic may have come anywhere, also in a signal handler.
//!
//! The surprising thing: the message is not said. To have messages at all is a fifth of the library, for some
//! are made of values by `core::fmt`; and the line of the source says as much.

#![cfg_attr(test, allow(dead_code, reason = "the handler is std's in tests"))]

/// A number in decimal, at the end of the room for it.
fn decimal(mut number: u32, room: &mut [u8; 10]) -> &[u8] {
    let mut digits = 0;
    for place in room.iter_mut().rev() {
        *place = b'0' + (number % 10) as u8;
        number /= 10;
        digits += 1;
        if number == 0 {
            break;
        }
    }
    room.get(room.len() - digits..).unwrap_or_default()
}

/// The line, in parts.
fn line<'a>(file: &'a str, number: &'a [u8]) -> [&'a [u8]; 5] {
    [b"epshim: panicked at ", file.as_bytes(), b":", number, b"\n"]
}

#[cfg(not(test))]
#[panic_handler]
fn at_panic(info: &core::panic::PanicInfo) -> ! {
    if let Some(place) = info.location() {
        let mut room = [0; 10];
        let parts = line(place.file(), decimal(place.line(), &mut room)).map(|part| libc::iovec {
            iov_base: part.as_ptr().cast_mut().cast(),
            iov_len: part.len(),
        });
        // SAFETY: the kernel reads the parts, which live through the call.
        unsafe { libc::writev(libc::STDERR_FILENO, parts.as_ptr(), parts.len() as libc::c_int) };
    }
    // SAFETY: it has no arguments, and does not return.
    unsafe { libc::abort() }
}

#[cfg(test)]
mod tests {
    use super::{decimal, line};

    #[test]
    fn a_line_says_where() {
        for number in [0, 7, 10, 1203, u32::MAX] {
            let mut room = [0; 10];
            let said = line("src/buffer.rs", decimal(number, &mut room)).concat();
            let expected = format!("epshim: panicked at src/buffer.rs:{number}\n");
            assert_eq!(String::from_utf8(said).unwrap(), expected);
        }
    }
}
