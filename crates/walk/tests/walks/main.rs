//! Walks through stacks that were made by hand, and through what is no stack at all.

mod anything;
mod image;

use epshim_walk::{Architecture, End, Registers, Walker};
use image::{CODE, Function, Image, STACK, function, registers};
use std::ops::ControlFlow;

use Architecture::{AArch64, X86_64};

/// What a walk visits, and its end.
fn walk(architecture: Architecture, image: &mut Image, start: &Registers) -> (Vec<u64>, End) {
    let mut walker = Walker::new(architecture).expect("memory");
    let once = visit(&mut walker, image, start);
    // By what it has learnt, it is the same.
    assert_eq!(visit(&mut walker, image, start), once);
    once
}

fn visit(walker: &mut Walker, image: &mut Image, start: &Registers) -> (Vec<u64>, End) {
    let mut visited = Vec::new();
    let end = walker.walk(image, start, &mut |address| {
        visited.push(address);
        ControlFlow::Continue(())
    });
    (visited, end)
}

/// Three functions: one with no frame, one with 16 bytes from its fourth byte on, one without a caller.
fn three() -> [Function; 3] {
    [
        function(CODE.start..CODE.start + 16, &[]),
        // advance 4, CFA at 24.
        function(CODE.start + 16..CODE.start + 64, &[0x44, 0x0e, 24]),
        // The return address is nowhere.
        function(CODE.start + 64..CODE.start + 96, &[0x07, 16]),
    ]
}

const FIRST: u64 = CODE.start + 8;
const SECOND: u64 = CODE.start + 32;
const THIRD: u64 = CODE.start + 80;

#[test]
fn callers_are_found_by_their_tables() {
    let mut image = Image::new(X86_64, &three());
    image.push(0, &[SECOND, 1, 2, THIRD]);
    let walked = walk(X86_64, &mut image, &registers(X86_64, FIRST, STACK));
    assert_eq!(walked, (vec![FIRST, SECOND, THIRD], End::NoCaller));
}

#[test]
fn a_call_at_the_end_of_a_function_is_that_function_s() {
    let mut image = Image::new(X86_64, &three());
    // The call returns to where the next function begins.
    image.push(0, &[CODE.start + 64, 1, 2, THIRD]);
    let walked = walk(X86_64, &mut image, &registers(X86_64, FIRST, STACK));
    assert_eq!(walked.0, [FIRST, CODE.start + 64, THIRD]);
}

#[test]
fn nothing_is_visited_that_is_in_no_code() {
    for dummy in [0xdead_dead_dead_dead, 0, 1, CODE.start, CODE.end + 1, u64::MAX] {
        let mut image = Image::new(X86_64, &three());
        image.push(0, &[SECOND, 1, 2, dummy]);
        let walked = walk(X86_64, &mut image, &registers(X86_64, FIRST, STACK));
        assert_eq!(walked, (vec![FIRST, SECOND], End::Outside), "{dummy:#x}");
    }
}

#[test]
fn a_call_that_no_table_describes_is_the_last() {
    let mut image = Image::new(X86_64, &three());
    image.push(0, &[CODE.start + 0x800, THIRD]);
    let walked = walk(X86_64, &mut image, &registers(X86_64, FIRST, STACK));
    assert_eq!(walked, (vec![FIRST, CODE.start + 0x800], End::Undescribed));
}

#[test]
fn a_stack_that_ends_ends_the_walk() {
    let mut image = Image::new(X86_64, &three());
    image.push(4088, &[SECOND]);
    let walked = walk(X86_64, &mut image, &registers(X86_64, FIRST, STACK + 4088));
    assert_eq!(walked, (vec![FIRST, SECOND], End::NoCaller));
}

#[test]
fn a_frame_that_is_not_above_ends_the_walk() {
    // The CFA is in rbp, which the function has not saved.
    let back = function(CODE.start..CODE.start + 64, &[0x0c, 6, 16]);
    let mut image = Image::new(X86_64, &[back]);
    image.push(256 + 8, &[FIRST]);
    let mut start = registers(X86_64, FIRST, STACK);
    start.values[6] = STACK + 256;
    assert_eq!(walk(X86_64, &mut image, &start), (vec![FIRST, FIRST], End::NotAbove));
}

#[test]
fn a_walk_is_not_endless() {
    let mut image = Image::new(X86_64, &three());
    image.stack = FIRST.to_le_bytes().repeat(1000);
    let walked = walk(X86_64, &mut image, &registers(X86_64, FIRST, STACK));
    assert_eq!((walked.0.len(), walked.1), (epshim_walk::MOST_FRAMES, End::TooMany));
}

#[test]
fn an_interrupted_function_is_found_by_its_own_first_byte() {
    // The frame's registers are words above rsp: rip at 0, rsp at 8 (DW_CFA_expression breg7 N).
    let signal = Function {
        code: CODE.start + 64..CODE.start + 96,
        instructions: vec![0x0f, 3, 0x77, 8, 0x06, 0x10, 16, 2, 0x77, 0, 0x10, 7, 2, 0x77, 8],
        is_signal: true,
    };
    let [first, second, _] = three();
    let mut image = Image::new(X86_64, &[first, second, signal]);
    // The handler returns into the frame, which interrupted the second at its beginning, lower on another
    // stack.
    image.push(1024, &[CODE.start + 72, CODE.start + 16, STACK + 8]);
    image.push(8, &[THIRD]);
    let walked = walk(X86_64, &mut image, &registers(X86_64, FIRST, STACK + 1024));
    let third_is_signal = [FIRST, CODE.start + 72, CODE.start + 16, THIRD];
    assert_eq!(walked.0[..4], third_is_signal);
}

#[test]
fn a_signal_s_frame_without_a_table_is_known_by_its_code() {
    let mut image = Image::new(X86_64, &three());
    let trampoline = CODE.start + 0x800;
    image.code[0x800..0x809].copy_from_slice(&[0x48, 0xc7, 0xc0, 0x0f, 0, 0, 0, 0x0f, 0x05]);
    image.push(0, &[trampoline]);
    // uc_mcontext: rsp and rip are the last.
    image.push(8 + 40 + 15 * 8, &[STACK + 2048, CODE.start + 16]);
    image.push(2048, &[THIRD]);
    let walked = walk(X86_64, &mut image, &registers(X86_64, FIRST, STACK));
    assert_eq!(walked, (vec![FIRST, trampoline, CODE.start + 16, THIRD], End::NoCaller));
}

#[test]
fn a_frame_whose_end_was_kept_is_found() {
    // DW_CFA_def_cfa_expression: the word 8 below rbp.
    let aligned = function(CODE.start..CODE.start + 16, &[0x0f, 3, 0x76, 0x78, 0x06]);
    let [_, second, third] = three();
    let mut image = Image::new(X86_64, &[aligned, second, third]);
    image.push(64 - 8, &[STACK + 512]);
    image.push(512 - 8, &[THIRD]);
    let mut start = registers(X86_64, FIRST, STACK);
    start.values[6] = STACK + 64;
    assert_eq!(walk(X86_64, &mut image, &start), (vec![FIRST, THIRD], End::NoCaller));
}

#[test]
fn a_link_register_and_signed_addresses_are_understood() {
    // The first function has kept nothing. The second has x29 and x30 at the CFA less 16 and 8, 32 above.
    let first = function(CODE.start..CODE.start + 16, &[]);
    let second = function(CODE.start + 16..CODE.start + 64, &[0x2d, 0x0e, 32, 0x9d, 2, 0x9e, 1]);
    let third = function(CODE.start + 64..CODE.start + 96, &[0x07, 30]);
    let mut image = Image::new(AArch64, &[first, second, third]);
    image.push(16, &[7, THIRD | 0x2a00_0000_0000_0000 | 0x0055_0000_0000_0000]);
    let mut start = registers(AArch64, FIRST, STACK);
    start.values[30] = SECOND;
    assert_eq!(walk(AArch64, &mut image, &start), (vec![FIRST, SECOND, THIRD], End::NoCaller));
}

#[test]
fn what_was_learnt_can_be_forgotten() {
    let mut image = Image::new(X86_64, &three());
    image.push(0, &[SECOND, 1, 2, THIRD]);
    let start = registers(X86_64, FIRST, STACK);
    let mut walker = Walker::new(X86_64).expect("memory");
    assert_eq!(visit(&mut walker, &mut image, &start).0.len(), 3);
    let learning = image.reads;
    assert_eq!(visit(&mut walker, &mut image, &start).0.len(), 3);
    assert_eq!(image.reads, learning + 1, "only the stack is read again");
    // Another module is at the same place: the second function has no frame there.
    let [first, _, third] = three();
    let second = function(CODE.start + 16..CODE.start + 64, &[]);
    image = Image::new(X86_64, &[first, second, third]);
    image.push(0, &[SECOND, THIRD]);
    walker.forget();
    assert_eq!(visit(&mut walker, &mut image, &start).0, [FIRST, SECOND, THIRD]);
}
