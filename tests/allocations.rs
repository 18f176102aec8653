//! Recording never allocates after the first call of a thread, and memory follows the threads alive, not those that
//! were.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::hash::DefaultHasher;
use std::path::Path;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Context, Waker};
use std::thread;

use perfkit::__private::measured::{Measured, Options};
use perfkit::__private::{Deep, Lookup, Meta, Observed, Site};

struct Counting;

/// The alignment of a block: nothing else in this program has it.
const BLOCK_ALIGNMENT: usize = 128;

static BLOCKS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    static ALLOCATIONS: Cell<usize> = const { Cell::new(0) };
    static BLOCK_BYTES: Cell<usize> = const { Cell::new(0) };
}

// SAFETY: everything is done by the system's allocator; only numbers are kept here.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        if layout.align() == BLOCK_ALIGNMENT {
            BLOCKS.fetch_add(1, Relaxed);
            let _ = BLOCK_BYTES.try_with(|most| most.set(most.get().max(layout.size())));
        }
        // SAFETY: the caller's promise, handed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise, handed on.
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

type Measuring = Site<Measured>;

const fn site(options: fn() -> Options) -> Measuring {
    let meta = Meta {
        attribute: "measured",
        name: Some("test"),
        part: None,
        place: || "",
        file: file!(),
        line: 1,
    };
    Site::new(meta, options)
}

/// How many allocations `body` makes on this thread.
fn allocations(body: impl FnOnce()) -> usize {
    let before = ALLOCATIONS.get();
    body();
    ALLOCATIONS.get() - before
}

fn await_one(future: impl Future) {
    let polled = pin!(future).poll(&mut Context::from_waker(Waker::noop()));
    assert!(polled.is_ready());
}

#[test]
fn a_million_calls_of_any_length_allocate_nothing_after_the_first() {
    static CALLED: Measuring = site(Options::new);
    let spin = |steps: u64| {
        for step in 0..steps {
            std::hint::black_box(step);
        }
    };
    let call = |steps| CALLED.get().call(|| spin(steps), |()| false);
    assert!(allocations(|| call(0)) > 0, "the count works");
    let counted = allocations(|| {
        for number in 0..1_000_000_u64 {
            // Mostly none, some up to a hundred microseconds: many magnitudes of durations.
            call(if number % 1000 == 0 {
                number
            } else {
                number % 2
            });
        }
    });
    assert_eq!(counted, 0);
    assert!((1..=6144).contains(&BLOCK_BYTES.get()));
}

#[test]
fn guards_futures_samples_and_names_allocate_nothing_after_the_first() {
    static PLAIN: Measuring = site(Options::new);
    static SAMPLED: Measuring = site(|| Options {
        slow: None,
        sample: 10,
    });
    let round = || {
        drop(PLAIN.get().enter());
        SAMPLED.get().call(|| (), |()| true);
        await_one(PLAIN.get().call_async(async {}, |()| false));
        await_one(SAMPLED.get().call_async(async {}, |()| false));
        perfkit::measure("a name", || ());
        drop(perfkit::span("another"));
        await_one(perfkit::measure_async("a third", async {}));
        let thrown = std::panic::catch_unwind(|| PLAIN.get().call(|| (), |()| false));
        assert!(thrown.is_ok());
    };
    for _ in 0..100 {
        // As many as it takes for a sampled call to be timed.
        round();
    }
    let counted = allocations(|| {
        for _ in 0..10_000 {
            round();
        }
    });
    assert_eq!(counted, 0);
}

#[test]
fn labels_that_were_seen_and_labels_beyond_the_cap_allocate_nothing() {
    static LABELLED: Measuring = site(Options::new);
    let round = || {
        for label in 0..150 {
            LABELLED.get().by(&label, |_| None).call(|| (), |()| false);
        }
    };
    round();
    assert_eq!(allocations(round), 0);
}

#[test]
fn a_hit_allocates_nothing_whatever_its_key() {
    #[perfkit::cached]
    fn text(id: u64, name: &str, path: &Path, tags: &[&str], at: f64) -> u64 {
        id + (name.len() + path.as_os_str().len() + tags.len()) as u64 + at.to_bits()
    }

    #[perfkit::cached(stale = "1m", tags = ["{name}"])]
    async fn later(id: u64, name: &str) -> Result<u64, std::io::Error> {
        Ok(id + name.len() as u64)
    }

    #[perfkit::memoized]
    fn shared(name: &str) -> std::sync::Arc<str> {
        name.into()
    }

    let round = || {
        for id in 0..10 {
            text(id, "ann", Path::new("/tmp"), &["a", "b"], 0.5);
            await_one(later(id, "ann"));
            shared("ann");
        }
    };
    assert!(allocations(round) > 0, "the count works");
    assert_eq!(allocations(round), 0);
}

#[test]
fn a_reset_does_not_make_calls_allocate() {
    static RESET: Measuring = site(Options::new);
    RESET.get().call(|| (), |()| false);
    RESET.reset();
    assert_eq!(allocations(|| RESET.get().call(|| (), |()| false)), 0);
}

#[test]
fn threads_that_come_and_go_reuse_the_memory_of_those_that_went() {
    static SHORT: Measuring = site(Options::new);
    let short = || {
        let thread = thread::spawn(|| SHORT.get().call(|| (), |()| false));
        thread.join().expect("no panic");
    };
    short();
    let before = BLOCKS.load(Relaxed);
    for _ in 0..1000 {
        short();
    }
    // The other tests of this program make a few hundred blocks, at the same time; a thousand would be one each.
    let made = BLOCKS.load(Relaxed) - before;
    assert!(made < 500, "{made} blocks for one thread at a time");
}

/// How many allocations it takes to hash a lookup and to know its key.
#[expect(clippy::needless_pass_by_value, reason = "as a call hands it over")]
fn allocations_of_a_lookup<K>(lookup: impl Lookup<K>) -> usize {
    let key = lookup.to_key();
    allocations(|| {
        lookup.hash(&mut DefaultHasher::new());
        assert!(lookup.is(&key));
    })
}

#[test]
fn a_key_is_looked_for_without_allocating() {
    let name = String::from("name");
    let numbers = [1_u64; 100];
    let scattered: Vec<&u64> = numbers.iter().take(32).collect();
    assert_eq!(allocations_of_a_lookup(()), 0);
    assert_eq!(allocations_of_a_lookup((name.as_str(), &7_u64)), 0);
    assert_eq!(allocations_of_a_lookup(numbers.as_slice()), 0);
    assert_eq!(allocations_of_a_lookup(Path::new("a/b")), 0);
    assert_eq!(allocations_of_a_lookup(Deep(&[name.as_str(), "b"])), 0);
    assert_eq!(allocations_of_a_lookup(Deep(&(0.5, Some(&name)))), 0);
    assert_eq!(allocations_of_a_lookup(Deep(&[&numbers[..]])), 0);
    assert_eq!(allocations_of_a_lookup(Deep(&scattered)), 0);
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Failed;

impl From<perfkit::Rejected> for Failed {
    fn from(_: perfkit::Rejected) -> Self {
        Self
    }
}

#[perfkit::fallback(value = Ok(0))]
#[perfkit::retry]
#[perfkit::breaker(threshold = 5)]
#[perfkit::rate_limited("1000000/s")]
#[perfkit::bulkhead(4)]
fn guarded(number: u32) -> Result<u32, Failed> {
    Ok(number)
}

#[perfkit::fallback(value = Ok(0))]
#[perfkit::timeout("10s")]
#[perfkit::retry]
#[perfkit::breaker(failure_rate = 0.5, window = 100)]
#[perfkit::rate_limited("1000000/s", max_wait = "1s")]
#[perfkit::bulkhead(4, queue = 4)]
async fn guarded_later(number: u32) -> Result<u32, Failed> {
    Ok(number)
}

#[perfkit::breaker(by = name, threshold = 5)]
fn guarded_by_key(name: &str) -> Result<usize, Failed> {
    Ok(name.len())
}

#[test]
fn policies_allocate_nothing_whether_they_let_a_call_through_or_reject_it() {
    let call = |number| {
        let _ = guarded(number);
        await_one(guarded_later(number));
        let _ = guarded_by_key("europe");
    };
    call(0);
    assert_eq!(allocations(|| (0..10_000).for_each(call)), 0, "closed");
    assert_eq!(guarded(7), Ok(7));
    guarded_breaker().force_open();
    guarded_later_breaker().force_open();
    guarded_by_key_breaker().force_open();
    call(0);
    assert_eq!(allocations(|| (0..10_000).for_each(call)), 0, "open");
    assert_eq!(guarded(7), Ok(0), "the fallback answers");

    // One that something counts against, and those that do not fail.
    guarded_by_key_breaker().reset();
    assert!(
        guarded_by_key_breaker()
            .of("asia")
            .trip(std::time::Duration::MAX)
    );
    let call = |_| {
        assert_eq!(guarded_by_key("asia"), Err(Failed));
        assert_eq!(guarded_by_key("europe"), Ok(6));
    };
    call(0);
    assert_eq!(allocations(|| (0..10_000).for_each(call)), 0, "keys");
}
