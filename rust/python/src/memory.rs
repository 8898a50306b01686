//! Limit on the memory of one array.

use std::sync::OnceLock;

/// No array of more bytes than this can be filled: the memory of this machine where we can know it, else what a
/// pointer can reach. An allocation alone proves nothing, because the system promises more than it has.
pub fn limit() -> u128 {
    installed().unwrap_or(u128::from(u64::MAX)).min(isize::MAX as u128)
}

/// Installed memory in bytes; read once, because the file takes as long to read as a small Jacobian to compute.
fn installed() -> Option<u128> {
    static INSTALLED: OnceLock<Option<u128>> = OnceLock::new();
    *INSTALLED.get_or_init(read)
}

/// `MemTotal` of Linux; other systems have no file to ask.
fn read() -> Option<u128> {
    let text = std::fs::read_to_string("/proc/meminfo").ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    let kibibytes: u128 = line.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kibibytes * 1024)
}
