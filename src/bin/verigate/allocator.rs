//! The allocator, and how much it may keep of what was given back.
//!
//! Owns what is asked of it and of the system. By itself it keeps pages for a second before the system has them again, and
//! the system makes pages of 2 MiB of them. At a gateway's full rate, where every inquiry is allocated by one thread and
//! freed by another, that was 120 MB of nothing on top of 60 MB in use.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// What one thread allocates and another frees, as every inquiry and answer is, costs the system's allocator a third of
/// the callers' time and a sixth of the ledger's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// For how many milliseconds it keeps what was freed; an option in the environment.
const DELAY: &str = "MIMALLOC_PURGE_DELAY";

/// Pages of 2 MiB count whole from the first octet in them: half of what a gateway with little to do would hold is empty.
/// Where the system does not know of them, there is nothing to refuse.
pub(crate) fn keep_small_pages() {
    rustix::thread::disable_transparent_huge_pages(true).unwrap_or_default();
}

/// Makes it give memory back at once. It reads its option from the environment before `main`, so the program begins itself
/// again, in the same process; whoever has set it is left to it. Where that fails all goes on as it was.
pub(crate) fn keep_little() {
    if std::env::var_os(DELAY).is_some() {
        return;
    }
    let mut arguments = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) else { return };
    // Returns only where it fails.
    let error = Command::new(program).arg0(name).args(arguments).env(DELAY, "0").exec();
    drop(error);
}
