//! Headers that lie must not cost memory: counts what is really allocated.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use demijohn_arrays::{ErrorKind, npy};

struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grew(by: usize) {
    PEAK.fetch_max(NOW.fetch_add(by, Relaxed) + by, Relaxed);
}

// SAFETY: everything is passed on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grew(layout.size());
        // SAFETY: the caller's contract is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.dealloc(block, layout) }
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        NOW.fetch_sub(layout.size(), Relaxed);
        grew(size);
        // SAFETY: the caller's contract is passed on.
        unsafe { System.realloc(block, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// One test, as the counters are the process's.
#[test]
fn memory_follows_what_arrives_not_what_is_claimed() {
    for (arrived, allowed) in [(10, 2 << 20), (5 << 20, 14 << 20)] {
        let header = "{'descr': '|u1', 'fortran_order': False, 'shape': (70368744177664,), }";
        let mut file = b"\x93NUMPY\x01\x00".to_vec();
        file.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        file.extend(header.bytes());
        file.resize(file.len() + arrived, 1);
        let before = NOW.load(Relaxed);
        PEAK.store(before, Relaxed);
        let error = npy::read(&mut file.as_slice()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Truncated);
        let used = PEAK.load(Relaxed) - before;
        assert!(used < allowed, "{used} bytes for {arrived}");
    }
}
