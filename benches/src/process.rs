//! What the system says about this process and this machine.

use std::sync::OnceLock;
use std::time::Duration;
use std::{fs, thread};

use core_affinity::CoreId;

/// Time that all threads of this process have spent on a processor, those of a tool's background work included.
///
/// # Panics
///
/// When the system has no such clock; the benches need it.
#[must_use]
pub fn processor_time() -> Duration {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: `time` is a valid timespec for the call to fill.
    let answer = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &raw mut time) };
    assert_eq!(answer, 0, "the system has no processor time of a process");
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or(0),
        u32::try_from(time.tv_nsec).unwrap_or(0),
    )
}

/// Waits until the background work of this process is done: until a tick passes in which it uses next to nothing, at
/// most two seconds.
pub fn settle() {
    const TICK: Duration = Duration::from_millis(60); // longer than the sweep interval of any tool compared here
    let mut before = processor_time();
    for _ in 0..33 {
        thread::sleep(TICK);
        let now = processor_time();
        if now - before < Duration::from_micros(500) {
            return;
        }
        before = now;
    }
}

/// Resident memory in bytes; 0 where the system does not say.
#[must_use]
pub fn resident_bytes() -> u64 {
    let pages = fs::read_to_string("/proc/self/statm")
        .ok()
        .and_then(|line| line.split(' ').nth(1)?.parse::<u64>().ok())
        .unwrap_or(0);
    // SAFETY: no arguments to get wrong; the answer is a constant of the system.
    let page = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
    pages * u64::try_from(page).unwrap_or(4096)
}

/// Binds the calling thread to one processor, so that a round's rows run where its baseline ran. Says whether it could.
pub fn pin(index: usize) -> bool {
    // Asked before anything is bound: a bound thread, and every thread that it starts, is told of its own processor
    // only, and a second thread would stay there.
    static CORES: OnceLock<Vec<CoreId>> = OnceLock::new();
    let cores = CORES.get_or_init(|| core_affinity::get_core_ids().unwrap_or_default());
    let core = cores.get(index).copied();
    core.is_some_and(core_affinity::set_for_current)
}

/// The processor's name, how many of them, and what the system reads the time from.
#[must_use]
pub fn machine() -> String {
    let processor = fs::read_to_string("/proc/cpuinfo")
        .ok()
        .and_then(|text| {
            let line = text.lines().find(|line| line.starts_with("model name"))?;
            Some(line.split(':').nth(1)?.trim().to_owned())
        })
        .unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let count = thread::available_parallelism().map_or(0, usize::from);
    let clock =
        fs::read_to_string("/sys/devices/system/clocksource/clocksource0/current_clocksource")
            .unwrap_or_else(|_| "unknown".to_owned());
    format!(
        "{processor}, {count} processors, clock source {}",
        clock.trim()
    )
}

/// What the benches of measuring compare.
pub const MEASURING: [&str; 8] = [
    "autometrics",
    "hdrhistogram",
    "hotpath",
    "metrics",
    "metrics-exporter-prometheus",
    "quanta",
    "tracing",
    "tracing-subscriber",
];

/// What the benches of caching compare.
pub const CACHING: [&str; 12] = [
    "cached",
    "dashmap",
    "foldhash",
    "foyer-memory",
    "hashbrown",
    "memoize",
    "mini-moka",
    "moka",
    "once_cell",
    "papaya",
    "quick_cache",
    "tokio",
];

/// What the bench of batches and workers compares.
pub const BATCHING: [&str; 5] = [
    "async-graphql",
    "batch-aint-one",
    "batched",
    "rayon",
    "tokio",
];

/// What the benches of policies compare.
pub const POLICIES: [&str; 9] = [
    "backon",
    "circuitbreaker-rs",
    "dashmap",
    "failsafe",
    "governor",
    "recloser",
    "seatbelt",
    "tokio",
    "tower-resilience",
];

/// What the bench of pools compares.
pub const POOLING: [&str; 5] = ["bb8", "deadpool", "mobc", "r2d2", "tokio"];

/// Name and version of the packages compared, as the lock file of this package has them.
fn versions(compared: &[&str]) -> String {
    let lock = include_str!("../Cargo.lock");
    let quoted = |line: &str| line.split('"').nth(1).unwrap_or_default().to_owned();
    // A dependency of ours is listed by name, and by name and version when the tree has more than one of it.
    let ours: Vec<_> = lock
        .split("[[package]]")
        .find(|package| package.contains("name = \"perfkit-benches\""))
        .into_iter()
        .flat_map(str::lines)
        .map(quoted)
        .collect();
    let mut found = Vec::new();
    for package in lock.split("[[package]]") {
        let value = |key: &str| {
            package
                .lines()
                .find(|line| line.starts_with(key))
                .map(quoted)
        };
        if let (Some(name), Some(version)) = (value("name = "), value("version = ")) {
            let both = format!("{name} {version}");
            if compared.contains(&name.as_str()) && (ours.contains(&name) || ours.contains(&both)) {
                found.push(both);
            }
        }
    }
    found.join(", ")
}

/// The machine, the compiler and the versions of what is compared, which every bench prints first.
#[must_use]
pub fn heading(compared: &[&str]) -> String {
    format!(
        "{}\n{}\n{}\n",
        machine(),
        env!("RUSTC_VERSION"),
        versions(compared)
    )
}
