//! The allocator has nothing left, at each large allocation in turn: an error of the stream, not the end of the process.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::io::Read;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};

use demijohn_codecs::{Compressor, Error, ErrorKind, Options};

/// The buffers that every stream has, of whatever it consists, are no larger than this.
const LARGE: usize = 256 << 10;

/// How many more large allocations succeed before one fails; how many there were; bytes that are allocated.
static LEFT: AtomicUsize = AtomicUsize::new(usize::MAX);
static LARGE_ONES: AtomicUsize = AtomicUsize::new(0);
static NOW: AtomicUsize = AtomicUsize::new(0);

struct Failing;

impl Failing {
    /// Is it this allocation's turn to fail?
    fn fails(size: usize) -> bool {
        if size <= LARGE {
            return false;
        }
        LARGE_ONES.fetch_add(1, SeqCst);
        LEFT.fetch_sub(1, SeqCst) == 0
    }
}

// SAFETY: blocks are the system's, with its layouts; a null pointer stands for one that there is no memory for.
unsafe impl GlobalAlloc for Failing {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        if Self::fails(layout.size()) {
            return std::ptr::null_mut();
        }
        NOW.fetch_add(layout.size(), SeqCst);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), SeqCst);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        if Self::fails(size) {
            return std::ptr::null_mut();
        }
        NOW.fetch_sub(layout.size(), SeqCst);
        NOW.fetch_add(size, SeqCst);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Failing = Failing;

/// Reads in small slices, so that blocks have to be kept; whether it ends well.
fn read(format: &Compressor, threads: usize, coded: &[u8], plain: &[u8]) -> Result<(), Error> {
    let mut reader = Options::new().format(format).threads(threads).reader(coded)?;
    let (mut slice, mut at) = ([0; 5000], 0);
    loop {
        let n = reader.read(&mut slice)?;
        assert!(plain[at..].starts_with(&slice[..n]), "{}", format.name());
        at += n;
        if n == 0 {
            assert_eq!(at, plain.len(), "{}", format.name());
            return Ok(());
        }
    }
}

/// Reads with the first, the second and so on large allocation failing, until none does: how many there were.
fn at_every_allocation(format: &Compressor, threads: usize, coded: &[u8], plain: &[u8]) -> usize {
    let name = format.name();
    // What is made once and for all is made now.
    read(format, threads, coded, plain).unwrap();
    let mut failed = 0;
    for n in 0.. {
        let before = NOW.load(SeqCst);
        LARGE_ONES.store(0, SeqCst);
        LEFT.store(n, SeqCst);
        let result = read(format, threads, coded, plain);
        LEFT.store(usize::MAX, SeqCst);
        let met = LARGE_ONES.load(SeqCst) > n;
        match result {
            Err(error) => {
                assert!(met, "{name}: {error}");
                assert_eq!(error.kind(), ErrorKind::Limit, "{name}: {error}");
                assert!(error.to_string().contains("memory"), "{name}: {error}");
                failed += 1;
            }
            // With threads there is another way, which takes less.
            Ok(()) => assert!(!met || threads > 1, "{name}: nobody missed allocation {n}"),
        }
        if threads == 1 {
            assert_eq!(
                NOW.load(SeqCst),
                before,
                "{name}: allocation {n} leaves something behind"
            );
        }
        if !met {
            break;
        }
    }
    failed
}

/// One test, as the allocator is the process's.
#[test]
fn a_large_allocation_that_fails_is_an_error() {
    let plain: Vec<u8> = (0..1_500_000_u32)
        .flat_map(|n| (n / 7).wrapping_mul(n).to_le_bytes())
        .collect();
    for name in ["lz4", "blosc", "lzo"] {
        let Some(format) = common::format(name) else {
            continue;
        };
        let coded = if name == "blosc" {
            one_block(&plain)
        } else {
            format.compress(&plain).unwrap()
        };
        assert!(at_every_allocation(&format, 1, &coded, &plain) > 0, "{name}");
        at_every_allocation(&format, 2, &coded, &plain);
    }
}

/// A chunk of blosc that is one block, stored as it is. c-blosc writes smaller ones.
fn one_block(plain: &[u8]) -> Vec<u8> {
    let len = u32::try_from(plain.len()).unwrap();
    let mut chunk = vec![2, 1, 0x10, 1];
    // Bytes in all, in a block, and coded; where the block begins, and its coded length.
    for word in [len, len, len + 24, 20, len] {
        chunk.extend(word.to_le_bytes());
    }
    chunk.extend(plain);
    chunk
}
