//! The allocator, and how much it may keep of what was given back.
//!
//! Owns its two options and the one way to set them. By default it keeps pages for a second before the system has them
//! again, and lets the system make pages of 2 MiB of them. At a gateway's full rate, where every inquiry is allocated by
//! one thread and freed by another, that was 120 MB of nothing on top of 60 MB in use.

use std::os::unix::process::CommandExt as _;
use std::process::Command;

/// What one thread allocates and another frees, as every inquiry and answer is, costs the system's allocator a third of
/// the callers' time and a sixth of the ledger's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Pages go back at once, and none has 2 MiB.
const OPTIONS: [(&str, &str); 2] = [("MIMALLOC_PURGE_DELAY", "0"), ("MIMALLOC_ALLOW_THP", "0")];

/// Makes it give memory back early. It reads its options from the environment before `main`, so the program begins itself
/// again, in the same process; whoever has set one of them is left to it. Where that fails all goes on as it was.
pub(crate) fn keep_little() {
    if OPTIONS.iter().any(|(name, _)| std::env::var_os(name).is_some()) {
        return;
    }
    let mut arguments = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) else { return };
    // Returns only where it fails.
    let error = Command::new(program).arg0(name).args(arguments).envs(OPTIONS).exec();
    drop(error);
}
