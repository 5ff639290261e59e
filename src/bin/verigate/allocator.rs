//! The allocator, and the size of pages.
//!
//! Owns which allocator there is; how much it may keep of what was given back is in `.cargo/config.toml`. What one thread
//! allocates and another frees, as every inquiry and answer is, costs the system's allocator a third of the callers' time and
//! a sixth of the ledger's.

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// Pages of 2 MiB count whole from the first octet in them: half of what a gateway with little to do would hold is empty.
/// Where the system does not know of them, there is nothing to refuse.
pub(crate) fn keep_small_pages() {
    rustix::thread::disable_transparent_huge_pages(true).unwrap_or_default();
}
