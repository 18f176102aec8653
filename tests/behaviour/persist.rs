//! The promises of `#[cached(persist = …)]` that one process can show; `tests/persist_program.rs` has those of a restart.

use std::path::{Path, PathBuf};
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, SystemTime};

use perfkit::__private::persist::{Schema, System, Verdict, load as read, save as write};
use perfkit::{Cache, CacheFault, Clock, PersistError, cached};

#[cfg(feature = "tracing")]
mod events;

/// A path that no file is at, of a test of this name.
fn fresh(test: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("persist-{test}"));
    let _ = std::fs::remove_dir_all(&folder); // there is none at first
    std::fs::create_dir_all(&folder).unwrap();
    folder.join("kept")
}

/// The path that [`fresh`] gave.
fn kept(test: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("persist-{test}/kept"))
}

/// What an earlier start of the program has left in 1970, with so much `left` of each entry.
fn leave(path: &Path, cache: &str, left: Option<Duration>) {
    let entries = (1..=3).map(|id| (id, format!("kept {id}"), left));
    let schema = Schema::of::<u64, String>(cache);
    write::<u64, String, _>(&System, path, &schema, LONG_AGO, entries).unwrap();
}

const LONG_AGO: SystemTime = SystemTime::UNIX_EPOCH;

fn row<R>(op: &str, ask: impl Fn(&perfkit::report::Row) -> Option<R>) -> R {
    let report = perfkit::report();
    let row = report.find("caches", op);
    let row = row.unwrap_or_else(|| panic!("`{op}` is in the report"));
    ask(row).unwrap_or_else(|| panic!("`{op}` knows it"))
}

fn count(op: &str, name: &str) -> u64 {
    row(op, |row| row.count(name))
}

fn dropped(op: &str, reason: &str) -> u64 {
    row(op, |row| row.part("persist_dropped", reason))
}

fn state(op: &str) -> String {
    row(op, |row| row.state("persist_state").map(ToOwned::to_owned))
}

#[test]
fn what_was_kept_is_found_by_the_first_call() {
    #[cached(name = "found", persist = kept("found"))]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    leave(&fresh("found"), "found", None);
    assert_eq!(load(2), "kept 2");
    assert_eq!(load(4), "made 4");
    assert_eq!(count("found", "persist_loaded"), 3);
    assert_eq!(state("found"), "ok");
}

#[test]
fn the_handle_finds_it_too() {
    #[cached(name = "handle first", persist = kept("handle"))]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    leave(&fresh("handle"), "handle first", None);
    assert_eq!(load_cache().len(), 3);
    assert_eq!(load(1), "kept 1");
}

#[test]
fn a_save_on_demand_is_what_the_next_start_knows() {
    #[cached(name = "on demand", ttl = "never", persist = kept("demand"))]
    async fn load(id: u64) -> Result<String, std::io::Error> {
        Ok(format!("made {id}"))
    }

    let path = fresh("demand");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    for id in 1..=3 {
        runtime.block_on(load(id)).unwrap();
    }
    assert!(load_cache().invalidate(2));
    assert_eq!(load_cache().save().unwrap().entries, 2);

    let schema = Schema::of::<u64, String>("on demand");
    let mut found = read::<u64, String, _>(&System, &path, &schema, LONG_AGO).entries;
    found.sort_by_key(|entry| entry.key);
    let found: Vec<_> = found
        .into_iter()
        .map(|entry| (entry.key, entry.value))
        .collect();
    assert_eq!(found, [(1, "made 1".to_owned()), (3, "made 3".to_owned())]);
    assert_eq!(row("on demand", |row| row.part("persist_saves", "ok")), 1);
}

#[test]
fn what_ended_while_the_program_was_away_is_made_anew() {
    #[cached(name = "ended", persist = kept("ended"))]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    let minute = Duration::from_secs(60);
    leave(&fresh("ended"), "ended", Some(minute));
    assert_eq!(load(1), "made 1");
    assert_eq!(dropped("ended", "expired"), 3);
}

#[test]
fn a_lifetime_is_no_longer_than_what_was_left_nor_than_that_of_a_new_answer() {
    static CLOCK: Clock = Clock::manual();
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

    #[cached(name = "left", ttl = 2 * CENTURY, clock = &CLOCK, persist = kept("left"))]
    fn left(id: u64) -> String {
        format!("made {id}")
    }
    #[cached(name = "never", ttl = "never", clock = &CLOCK, persist = kept("never"))]
    fn never(id: u64) -> String {
        format!("made {id}")
    }
    #[cached(name = "shorter", ttl = "1m", clock = &CLOCK, persist = kept("shorter"))]
    fn shorter(id: u64) -> String {
        format!("made {id}")
    }

    for test in ["left", "never", "shorter"] {
        leave(&fresh(test), test, Some(CENTURY));
    }
    for load in [left, never, shorter] {
        assert_eq!(load(1), "kept 1");
    }
    CLOCK.advance(Duration::from_secs(60));
    assert_eq!(shorter(1), "made 1");
    for load in [left, never] {
        assert_eq!(load(1), "kept 1");
    }
    CLOCK.advance(CENTURY);
    for load in [left, never] {
        assert_eq!(load(1), "made 1");
    }
}

#[test]
fn a_file_of_no_use_is_moved_away_and_counted() {
    #[cached(name = "other function", persist = kept("other"))]
    fn other(id: u64) -> String {
        format!("made {id}")
    }
    #[cached(name = "other types", persist = kept("types"))]
    fn types(id: u64) -> u64 {
        id
    }
    #[cached(name = "no snapshot", persist = kept("garbage"))]
    fn garbage(id: u64) -> String {
        format!("made {id}")
    }

    leave(&fresh("other"), "somebody else's", None);
    leave(&fresh("types"), "other types", None);
    std::fs::write(fresh("garbage"), "a letter to a friend").unwrap();
    assert_eq!(other(1), "made 1");
    assert_eq!(types(1), 1);
    assert_eq!(garbage(1), "made 1");
    for (op, test) in [
        ("other function", "other"),
        ("other types", "types"),
        ("no snapshot", "garbage"),
    ] {
        assert_eq!(count(op, "persist_quarantined"), 1, "{op}");
        assert!(kept(test).with_file_name("kept.bad").exists(), "{op}");
    }
    assert_eq!(garbage_cache().save().unwrap().entries, 1);
}

#[test]
fn damage_costs_what_is_damaged() {
    #[cached(name = "damaged", persist = kept("damaged"))]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    let path = fresh("damaged");
    leave(&path, "damaged", None);
    let mut bytes = std::fs::read(&path).unwrap();
    let at = bytes.windows(6).position(|six| six == b"kept 2").unwrap();
    bytes[at + 5] = b'9';
    std::fs::write(&path, bytes).unwrap();
    assert_eq!(load(1), "kept 1");
    assert_eq!(load(2), "made 2");
    assert_eq!(load(3), "kept 3");
    assert_eq!(count("damaged", "persist_loaded"), 2);
    assert!(dropped("damaged", "damaged") > 0);
}

#[test]
fn calls_that_come_at_once_read_the_file_once() {
    static RUNS: AtomicU64 = AtomicU64::new(0);

    #[cached(name = "at once", persist = kept("once"))]
    fn load(id: u64) -> String {
        RUNS.fetch_add(1, Relaxed);
        format!("made {id}")
    }

    leave(&fresh("once"), "at once", None);
    let start = Barrier::new(4);
    std::thread::scope(|threads| {
        for id in [1, 2, 3, 1] {
            let start = &start;
            threads.spawn(move || {
                start.wait();
                assert_eq!(load(id), format!("kept {id}"));
            });
        }
    });
    assert_eq!(RUNS.load(Relaxed), 0);
    assert_eq!(count("at once", "persist_loaded"), 3);
    assert_eq!(count("at once", "entries"), 3);
}

#[test]
fn two_caches_never_share_a_file() {
    #[cached(name = "has the file", persist = kept("shared"))]
    fn first(id: u64) -> String {
        format!("first {id}")
    }
    #[cached(name = "wants the file", persist = kept("shared").join("../kept"))]
    fn second(id: u64) -> String {
        format!("second {id}")
    }

    let path = fresh("shared");
    std::fs::create_dir(&path).unwrap(); // for `..` to lead out of
    assert_eq!(first(1), "first 1");
    assert_eq!(second(1), "second 1");
    assert_eq!(second(1), "second 1");
    assert_eq!(state("wants the file"), "path taken");
    let error = second_cache().save().unwrap_err();
    assert!(
        matches!(&error, PersistError::Taken { by, .. } if by == "has the file"),
        "{error}"
    );
    assert!(error.to_string().ends_with(
        "is the file of the cache `has the file` already; give this one a path of its own"
    ));
    std::fs::remove_dir(&path).unwrap();
    assert_eq!(first_cache().save().unwrap().entries, 1);
}

#[test]
fn the_bounds_hold_for_what_comes_back() {
    #[cached(name = "small", max_size = 2, persist = kept("small"))]
    fn small(id: u64) -> String {
        format!("made {id}")
    }
    #[cached(
        name = "light",
        max_bytes = "13B",
        weigh = |answer| answer.len() as u64,
        persist = kept("light")
    )]
    fn light(id: u64) -> String {
        format!("made {id}")
    }

    leave(&fresh("small"), "small", None);
    leave(&fresh("light"), "light", None);
    small(1);
    light(1);
    for op in ["small", "light"] {
        assert_eq!(count(op, "persist_loaded"), 2, "{op}");
        assert_eq!(dropped(op, "no_room"), 1, "{op}");
        assert_eq!(count(op, "entries"), 2, "{op}");
    }
}

#[test]
fn what_cannot_be_weighed_stays_in_the_file_alone() {
    #[cached(
        name = "weighed",
        max_bytes = "1KiB",
        weigh = |answer| {
            assert!(answer != "kept 2", "on purpose");
            answer.len() as u64
        },
        persist = kept("weighed")
    )]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    leave(&fresh("weighed"), "weighed", None);
    assert_eq!([1, 2, 3].map(load), ["kept 1", "made 2", "kept 3"]);
    assert_eq!(count("weighed", "persist_loaded"), 2);
    assert_eq!(dropped("weighed", "changed"), 1);
}

#[test]
fn what_had_an_end_leaves_a_cache_in_which_nothing_else_has_one() {
    static CLOCK: Clock = Clock::manual();
    const MINUTE: Duration = Duration::from_secs(60);

    #[cached(name = "swept", ttl = "never", clock = &CLOCK, persist = kept("swept"))]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    leave(&fresh("swept"), "swept", Some(100 * 365 * 24 * 60 * MINUTE));
    assert_eq!(load(7), "made 7");
    assert_eq!(count("swept", "entries"), 4);
    CLOCK.advance(100 * 365 * 24 * 60 * MINUTE);
    assert_eq!(
        count("swept", "entries"),
        1,
        "nobody has asked for the others"
    );
}

#[test]
fn what_is_stale_is_not_saved() {
    static CLOCK: Clock = Clock::manual();
    const SECOND: Duration = Duration::from_secs(1);

    #[cached(
        name = "stale and kept",
        ttl = "10s",
        stale = "5s",
        clock = &CLOCK,
        persist = kept("stale")
    )]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    fresh("stale");
    load(1);
    CLOCK.advance(8 * SECOND);
    load(2);
    assert_eq!(load_cache().save().unwrap().entries, 2);
    CLOCK.advance(4 * SECOND);
    assert!(load_cache().contains(1) && load_cache().contains(2));
    assert_eq!(load_cache().save().unwrap().entries, 1);
}

#[test]
fn an_error_that_was_kept_stays_no_longer_than_a_new_one() {
    static CLOCK: Clock = Clock::manual();
    const HOUR: Duration = Duration::from_secs(3600);

    type Answers = Cache<u64, Result<String, String>>;

    let path = fresh("errors");
    let open = |errors| -> Answers {
        let cache = Cache::builder("errors that were kept").ttl(HOUR);
        let cache = cache.errors(errors).clock(&CLOCK).persist(&path);
        cache.build().unwrap()
    };
    let cache = open(HOUR);
    cache.insert(1, Err("down".to_owned()));
    cache.insert(2, Ok("up".to_owned()));
    assert_eq!(cache.save().unwrap().entries, 2);
    drop(cache);

    let cache = open(Duration::from_secs(2));
    assert!(cache.contains(1) && cache.contains(2));
    CLOCK.advance(Duration::from_secs(2));
    assert!(!cache.contains(1) && cache.contains(2));
}

#[test]
fn a_save_that_fails_disturbs_no_call() {
    #[cached(name = "no folder", persist = kept("missing").join("further/kept"))]
    fn load(id: u64) -> String {
        format!("made {id}")
    }

    let path = fresh("missing");
    assert_eq!(load(1), "made 1");
    let error = load_cache().save().unwrap_err();
    assert!(matches!(error, PersistError::NoFolder { .. }), "{error}");
    assert_eq!(load(1), "made 1");
    assert_eq!(load(2), "made 2");
    assert_eq!(
        row("no folder", |row| row.part("persist_saves", "failed")),
        1
    );
    assert_eq!(state("no folder"), "no folder");
    std::fs::create_dir_all(path.join("further")).unwrap();
    load_cache().save().unwrap();
    assert_eq!(state("no folder"), "ok");
}

trait Named {
    const NAME: &'static str;
}

impl Named for u8 {
    const NAME: &'static str = "u8";
}

impl Named for u16 {
    const NAME: &'static str = "u16";
}

#[test]
fn instances_of_a_generic_function_have_a_file_each() {
    #[cached(name = "instances", persist = kept("instances").with_file_name(T::NAME))]
    fn load<T: Named + 'static>(id: u64) -> String {
        format!("{} {id}", T::NAME)
    }

    let path = fresh("instances");
    assert_eq!(load::<u8>(1), "u8 1");
    assert_eq!(load::<u16>(1), "u16 1");
    for name in ["u8", "u16"] {
        assert!(!path.with_file_name(name).exists());
    }
    load_cache::<u8>().save().unwrap();
    load_cache::<u16>().save().unwrap();
    let schema = Schema::of::<u64, String>("instances");
    for name in ["u8", "u16"] {
        let path = path.with_file_name(name);
        let loaded = read::<u64, String, _>(&System, &path, &schema, LONG_AGO);
        // The instance is in the name, so that one that gets the path of another does not read its file.
        let Verdict::OtherCache(of) = loaded.verdict else {
            panic!("{name} is the file of an instance: {:?}", loaded.verdict);
        };
        assert!(
            of.starts_with("instances as ") && of.contains(&format!("load<{name}>")),
            "{of}"
        );
    }
}

struct Rates<T>(T);

impl<T: Named + Send + Sync + 'static> Rates<T> {
    #[cached(name = "of a type", persist = kept("of-a-type"), ignore(self))]
    fn load(&self, id: u64) -> String {
        let Self(_) = self;
        format!("{} {id}", T::NAME)
    }
}

#[test]
fn a_second_instance_of_an_impl_says_that_the_path_is_taken() {
    fresh("of-a-type");
    assert_eq!(Rates(1_u8).load(1), "u8 1");
    assert_eq!(Rates(1_u16).load(1), "u16 1");
    assert_eq!(state("of a type"), "path taken");
}

/// Asks the cache that it is read for.
#[derive(Clone, Debug, PartialEq)]
struct Asking(u64);

impl serde::Serialize for Asking {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(to)
    }
}

impl<'de> serde::Deserialize<'de> for Asking {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let id = u64::deserialize(from)?;
        assert_eq!(asking(id), Self(id));
        Ok(Self(id))
    }
}

#[cached(name = "asking", persist = kept("asking"))]
fn asking(id: u64) -> Asking {
    Asking(id)
}

#[test]
fn a_value_that_asks_for_itself_while_it_is_read_ends() {
    let path = fresh("asking");
    let schema = Schema::of::<u64, Asking>("asking");
    let entries = [(1, Asking(1), None)];
    write::<u64, Asking, _>(&System, &path, &schema, LONG_AGO, entries).unwrap();
    assert_eq!(asking(1), Asking(1));
    assert_eq!(asking(2), Asking(2));
}

#[test]
fn a_cache_by_hand_is_opened_again_by_its_name() {
    let path = fresh("by-hand");
    let open = |name: &str| {
        let cache = Cache::builder(name).no_expiry().persist(&path);
        cache.build().unwrap()
    };

    let cache: Cache<u64, String> = open("kept by hand");
    cache.insert(1, "one".to_owned());
    let other: Cache<u64, String> = open("kept by another");
    other.insert(2, "two".to_owned());
    let error = other.save().unwrap_err();
    assert!(
        matches!(&error, PersistError::Taken { by, .. } if by == "kept by hand"),
        "{error}"
    );
    assert_eq!(cache.save().unwrap().entries, 1);
    drop(cache);

    let again: Cache<u64, String> = open("kept by hand");
    assert_eq!(again.get(1).as_deref(), Some("one"));
    assert_eq!(again.get(2), None);
    drop(again);

    let other: Cache<u64, String> = open("kept by another");
    assert!(other.is_empty(), "the file is that of another cache");
    assert_eq!(count("kept by another", "persist_quarantined"), 1);
}

#[test]
fn a_cache_that_cannot_be_made_leaves_the_file_where_it_is() {
    let path = fresh("refused");
    let numbers: Cache<u64, u64> = Cache::builder("persist: refused")
        .persist(&path)
        .build()
        .unwrap();
    numbers.insert(1, 1);
    numbers.save().unwrap();
    drop(numbers);

    let elsewhere: Cache<u64, u64> = Cache::builder("persist: refused").build().unwrap();
    let texts = Cache::<u64, String>::builder("persist: refused")
        .persist(&path)
        .build();
    assert_eq!(texts.unwrap_err().fault(), CacheFault::NameTaken);
    drop(elsewhere);

    let numbers: Cache<u64, u64> = Cache::builder("persist: refused")
        .persist(&path)
        .build()
        .unwrap();
    assert_eq!(numbers.get(1), Some(1));
}

#[test]
fn what_carries_a_tag_is_not_saved() {
    let path = fresh("tagged");
    let open = || {
        Cache::builder("tagged and kept")
            .no_expiry()
            .persist(&path)
            .build()
    };

    let cache: Cache<u64, String> = open().unwrap();
    cache.insert(1, "plain".to_owned());
    cache.insert_tagged(2, "tagged".to_owned(), ["tests: a tag of a kept cache"]);
    assert_eq!(cache.save().unwrap().entries, 1);
    drop(cache);
    let cache: Cache<u64, String> = open().unwrap();
    assert_eq!((cache.contains(1), cache.contains(2)), (true, false));
}

#[test]
fn a_cache_without_a_file_says_nothing_of_files() {
    use perfkit::__private::{Instrument, cached::Cached};

    let mut metrics = Cached::metrics(None).into_iter();
    assert!(metrics.all(|metric| !metric.name.starts_with("persist")));
}
