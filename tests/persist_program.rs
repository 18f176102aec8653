//! What a cache knows after its program has ended, in every way that programs end. Each promise is a program that starts
//! more than once, so this test runs itself as a child; it has its own `main` because the end of the main thread is one of
//! the ways.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use perfkit::cached;

/// Tells a child which program it is, and where its cache is kept.
const PROGRAM: &str = "PERFKIT_TEST_PROGRAM";
const FILE: &str = "PERFKIT_TEST_FILE";

static RUNS: AtomicU64 = AtomicU64::new(0);

fn file() -> PathBuf {
    std::env::var_os(FILE)
        .expect("the parent says where")
        .into()
}

#[cached(name = "square", ttl = "never", max_size = 100_000, persist = file())]
fn square(n: u64) -> u64 {
    RUNS.fetch_add(1, Relaxed);
    n * n
}

#[cached(name = "half", persist = file())]
async fn half(n: u64) -> Option<u64> {
    RUNS.fetch_add(1, Relaxed);
    n.is_multiple_of(2).then_some(n / 2)
}

/// Calls all of them and says how many were not known.
fn ask(numbers: std::ops::Range<u64>) {
    let before = RUNS.load(Relaxed);
    for n in numbers {
        assert_eq!(square(n), n * n);
    }
    println!("made {}", RUNS.load(Relaxed) - before);
}

fn program(name: &str) {
    match name {
        "guard" => {
            let _report = perfkit::report_on_exit();
            ask(0..100);
        }
        "panic" => {
            let _report = perfkit::report_on_exit();
            ask(0..100);
            panic!("on purpose");
        }
        "plain" => ask(0..100),
        "two threads" => {
            let _report = perfkit::report_on_exit();
            std::thread::scope(|threads| {
                for _ in 0..2 {
                    threads.spawn(|| (0..100).for_each(|n| assert_eq!(square(n), n * n)));
                }
            });
            println!("made {}", RUNS.load(Relaxed));
        }
        "async" => {
            let _report = perfkit::report_on_exit();
            let runtime = tokio::runtime::Builder::new_current_thread().build();
            runtime.unwrap().block_on(async {
                assert_eq!(half(4).await, Some(2));
                assert_eq!(half(5).await, None);
            });
            println!("made {}", RUNS.load(Relaxed));
        }
        "save, then wait for the end" => {
            ask(0..100);
            square_cache().save().unwrap();
            ask(100..200);
            println!("saved");
            loop {
                std::thread::park();
            }
        }
        "save for ever" => {
            ask(0..1000);
            for n in 1000.. {
                square(n % 20_000);
                square_cache().save().unwrap();
                println!("saved");
            }
        }
        other => panic!("no such program: {other}"),
    }
}

fn child(program: &str, file: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .env(PROGRAM, program)
        .env(FILE, file)
        .env_remove("PERFKIT_REPORT") // it would have the end of `main` watched
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Runs a program to its end; gives how many answers it had to make.
fn made(program: &str, file: &Path) -> u64 {
    let output = child(program, file).wait_with_output().unwrap();
    let out = String::from_utf8(output.stdout).unwrap();
    let made = out.lines().find_map(|line| line.strip_prefix("made "));
    made.unwrap_or_else(|| panic!("`{program}` says how many it made: {out}"))
        .parse()
        .unwrap()
}

/// Kills a program that has said for the `times`th time that it has saved.
fn killed_when_saved(program: &str, file: &Path, times: usize) {
    let mut child = child(program, file);
    let said = BufReader::new(child.stdout.take().unwrap()).lines();
    let saves = said.filter(|line| line.as_ref().is_ok_and(|line| line == "saved"));
    assert_eq!(saves.take(times).count(), times);
    child.kill().unwrap();
    child.wait().unwrap();
}

fn main() {
    if let Ok(name) = std::env::var(PROGRAM) {
        return program(&name);
    }
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);

    for way in ["guard", "panic", "two threads"] {
        let runs = made(way, &at(way));
        assert!(runs >= 100, "{way}: the first start knows nothing");
        assert_eq!(made(way, &at(way)), 0, "{way}: the second start knows all");
    }
    // Where the main thread runs the destructors of its locals.
    if cfg!(all(target_os = "linux", target_env = "gnu")) {
        assert_eq!(made("plain", &at("plain")), 100);
        assert_eq!(
            made("plain", &at("plain")),
            0,
            "the end of `main` is enough"
        );
    }
    assert_eq!(made("async", &at("async")), 2);
    assert_eq!(
        made("async", &at("async")),
        1,
        "what is no success is not kept"
    );

    killed_when_saved("save, then wait for the end", &at("killed"), 1);
    assert_eq!(
        made("guard", &at("killed")),
        0,
        "what was saved before the end is known"
    );

    // Killed at some moment of a save or between two: what is there is the one before or the one after.
    for times in 1..=8 {
        killed_when_saved("save for ever", &at("torn"), times);
        assert_eq!(made("guard", &at("torn")), 0, "after {times} saves");
        let bad = at("torn").with_file_name("torn.bad");
        assert!(!bad.exists(), "after {times} saves");
    }
    println!("what had been saved was known to the next start");
}
