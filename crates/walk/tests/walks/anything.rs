//! Any stack, any registers, any tables: a walk ends, and soon. `PROPTEST_CASES` asks for more tries.

use crate::image::{CODE, ENTRIES, Function, INDEX, Image, STACK, function};
use epshim_walk::{Architecture, End, MOST_FRAMES, REGISTERS, Registers, Walker};
use proptest::collection::vec;
use proptest::prelude::*;
use std::ops::ControlFlow;

/// The most reads that a frame can take: each of its words, and the search for its entries.
const READS: usize = 2 * REGISTERS + 64;

/// An address that may mean something.
fn address() -> impl Strategy<Value = u64> {
    prop_oneof![
        any::<u64>(),
        CODE.start..CODE.start + 0x200,
        STACK - 64..STACK + 4096 + 64,
        INDEX..INDEX + 0x200,
        ENTRIES..ENTRIES + 0x400,
        Just(0),
        Just(u64::MAX),
    ]
}

fn architecture() -> impl Strategy<Value = Architecture> {
    prop_oneof![Just(Architecture::X86_64), Just(Architecture::AArch64)]
}

/// Instructions of a table: any bytes, or those that exist with small operands.
fn instructions() -> impl Strategy<Value = Vec<u8>> {
    let known = prop_oneof![
        (0x40u8..=0xff, 0u8..40).prop_map(|(opcode, operand)| vec![opcode, operand]),
        (0x00u8..=0x16, vec(0u8..40, 0..4))
            .prop_map(|(opcode, rest)| [vec![opcode], rest].concat()),
        // An expression.
        (
            prop_oneof![Just(vec![0x0f]), Just(vec![0x10, 6]), Just(vec![0x16, 16])],
            vec(any::<u8>(), 0..12)
        )
            .prop_map(|(head, body)| [head, vec![body.len() as u8], body].concat()),
    ];
    prop_oneof![vec(any::<u8>(), 0..40), vec(known, 0..12).prop_map(|parts| parts.concat())]
}

fn functions() -> impl Strategy<Value = Vec<Function>> {
    vec((instructions(), any::<bool>()), 1..6).prop_map(|all| {
        let with_place = |(place, (instructions, is_signal)): (usize, (Vec<u8>, bool))| {
            let start = CODE.start + 64 * place as u64;
            Function { is_signal, ..function(start..start + 64, &instructions) }
        };
        all.into_iter().enumerate().map(with_place).collect()
    })
}

/// Changes to the tables: where, in thousandths, and to what.
fn changes() -> impl Strategy<Value = Vec<(bool, usize, u8)>> {
    vec((any::<bool>(), 0..1000usize, any::<u8>()), 0..8)
}

fn start() -> impl Strategy<Value = Registers> {
    (address(), vec(address(), REGISTERS)).prop_map(|(instruction, values)| Registers {
        instruction,
        values: values.try_into().expect("as many"),
    })
}

fn visit(walker: &mut Walker, image: &mut Image, start: &Registers) -> (usize, End) {
    let mut count = 0;
    let end = walker.walk(image, start, &mut |_| {
        count += 1;
        ControlFlow::Continue(())
    });
    (count, end)
}

proptest! {
    #[test]
    fn a_walk_through_anything_ends_soon(
        architecture in architecture(),
        functions in functions(),
        changes in changes(),
        cut in prop_oneof![3 => Just(1000usize), 1 => 0..1000usize],
        words in vec(address(), 0..96),
        code in vec(any::<u8>(), 0..0x200),
        start in start(),
    ) {
        let mut image = Image::new(architecture, &functions);
        for (is_index, at, value) in changes {
            let bytes = if is_index { &mut image.index } else { &mut image.entries };
            let at = at * bytes.len() / 1000;
            bytes[at] = value;
        }
        image.entries.truncate(cut * image.entries.len() / 1000);
        image.stack = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        image.code = code;
        let mut walker = Walker::new(architecture).expect("memory");
        let (count, end) = visit(&mut walker, &mut image, &start);
        prop_assert!(count <= MOST_FRAMES);
        prop_assert!(image.reads <= READS * (count + 1), "{} reads, {count} frames", image.reads);
        // What was learnt changes nothing.
        prop_assert_eq!(visit(&mut walker, &mut image, &start), (count, end));
    }

    /// The same with tables that are nothing but bytes.
    #[test]
    fn a_table_of_any_bytes_says_nothing_or_something(
        index in vec(any::<u8>(), 0..200),
        entries in vec(any::<u8>(), 0..400),
        is_known in any::<bool>(),
        start in start(),
        words in vec(address(), 0..64),
    ) {
        let mut image = Image::new(Architecture::X86_64, &[]);
        let head = [1, 0x1b, 3, 0x3b, 0, 0, 0, 0, 9, 0, 0, 0];
        image.index = if is_known { [&head[..], &index].concat() } else { index };
        image.entries = entries;
        image.push(0, &words);
        let mut walker = Walker::new(Architecture::X86_64).expect("memory");
        let (count, _) = visit(&mut walker, &mut image, &start);
        prop_assert!(image.reads <= READS * (count + 1));
    }
}
