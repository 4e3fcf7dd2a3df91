//! The heap, which is this test program's too.

use crate::alone;
use crate::runtime::heap;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::thread;

/// Blocks of many sizes, each filled with its own byte, in an order that leaves holes.
fn work(seed: u64, rounds: u32) {
    let mut random = seed;
    let mut blocks: Vec<Vec<u8>> = Vec::new();
    for _ in 0..rounds {
        random =
            random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let value = (random >> 33) as usize;
        let byte = value as u8;
        match value % 4 {
            0 | 1 => blocks.push(vec![byte; value / 4 % 5000]),
            2 if value % 400 == 2 => blocks.push(vec![byte; 300_000]),
            _ if blocks.is_empty() => {}
            2 => {
                let index = value / 4 % blocks.len();
                let block = &mut blocks[index];
                let byte = block.first().copied().unwrap_or(byte);
                block.resize(block.len() + value / 4 % 9000, byte);
            }
            _ => {
                let block = blocks.swap_remove(value / 4 % blocks.len());
                assert!(block.iter().all(|&byte| byte == block[0]), "another block is in it");
            }
        }
    }
    for block in blocks {
        assert!(block.iter().all(|&byte| byte == block[0]), "another block is in it");
    }
}

#[test]
fn threads_share_the_heap_and_no_block() {
    let _alone = alone();
    thread::scope(|scope| {
        for seed in 1..=4 {
            scope.spawn(move || work(seed, 20_000));
        }
    });
    assert_eq!(vec![0_u64; 100_000].iter().sum::<u64>(), 0);
}

#[test]
fn a_block_has_the_alignment_that_was_asked_for() {
    #[repr(align(4096))]
    struct Page([u8; 4096]);
    let pages: Vec<Box<Page>> = (0..10).map(|byte| Box::new(Page([byte; 4096]))).collect();
    for (byte, page) in (0..).zip(&pages) {
        assert_eq!((&raw const **page).addr() % 4096, 0);
        assert!(page.0.iter().all(|&other| other == byte));
    }
}

#[test]
fn a_forked_child_has_a_whole_heap() {
    let _alone = alone();
    let is_over = AtomicBool::new(false);
    thread::scope(|scope| {
        for seed in 1..=2 {
            let is_over = &is_over;
            scope.spawn(move || {
                while !is_over.load(Relaxed) {
                    work(seed, 100);
                }
            });
        }
        let statuses: Vec<i32> = (0..100).map(|_| fork_and_work()).collect();
        is_over.store(true, Relaxed);
        assert_eq!(statuses, [0; 100]);
    });
}

/// How the child ended: an alarm ends one that hangs.
fn fork_and_work() -> i32 {
    heap::before_fork();
    // SAFETY: the child only allocates, from the heap that is held for it, and exits.
    let child = unsafe { libc::fork() };
    heap::after_fork();
    // SAFETY: as above; the parent waits for the child that it has made.
    unsafe {
        if child == 0 {
            libc::alarm(30);
            let is_whole = heap::is_whole();
            work(7, 100);
            libc::_exit(i32::from(!is_whole));
        }
        let mut status = -1;
        assert_eq!(libc::waitpid(child, &mut status, 0), child);
        status
    }
}
