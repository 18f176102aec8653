//! The report of a running program: sites as the attributes make them, with an instrument of the test's own.

use std::fmt;
use std::panic::catch_unwind;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError};

use perfkit::__private::{Instrument, Meta, Observed, SITES, Site, linkme};
use perfkit::Report;
use perfkit::snapshot::{Balance, Bucket, Cell, Column, Histogram, Metric, Section, Unit, Value};

/// Counts calls, all of them successes that took about 100 ns.
struct Clicks {
    calls: AtomicU64,
    loud: bool,
}

/// A label whose text cannot be had.
struct Loud;

impl fmt::Display for Loud {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("this label has no text")
    }
}

static LOUD: AtomicBool = AtomicBool::new(false);

impl Clicks {
    fn click(&self) {
        self.calls.fetch_add(1, Relaxed);
    }

    fn numbers(calls: u64) -> Vec<Metric> {
        let parts = vec![("ok", calls), ("error", 0)];
        let label = "outcome";
        let bucket = Bucket {
            low_ns: 96,
            high_ns: 104,
            count: calls,
        };
        let latency = Histogram {
            count: calls,
            sum_ns: 0.0,
            min_ns: (calls > 0).then_some(97),
            max_ns: (calls > 0).then_some(103),
            buckets: vec![bucket],
        };
        vec![
            Metric::new("calls", Unit::Count, Value::Counter(calls)),
            Metric::new("outcomes", Unit::Count, Value::Counters { label, parts }),
            Metric::new("latency", Unit::Nanoseconds, Value::Histogram(latency)),
        ]
    }
}

impl Instrument for Clicks {
    type Options = bool;
    const SECTION: &'static Section = &Section {
        key: "clicks",
        title: "Clicks",
        rate_of: Some("calls"),
        share_of: None,
        columns: &[Column::new("calls", Cell::Of("calls"), 0)],
        balance: &[Balance::equal(&["calls"], &["outcomes"])],
    };

    fn new(_: &'static Meta, loud: bool) -> Self {
        Self {
            calls: AtomicU64::new(0),
            loud,
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        Self::numbers(this.map_or(0, |this| this.calls.load(Relaxed)))
    }

    fn by(&self) -> Vec<(String, Vec<Metric>)> {
        if self.loud && LOUD.load(Relaxed) {
            return vec![(Loud.to_string(), Vec::new())];
        }
        let all = self.calls.load(Relaxed);
        vec![("all".to_owned(), Self::numbers(all))]
    }

    fn reset(&self) {
        self.calls.store(0, Relaxed);
    }
}

/// What an attribute writes.
macro_rules! site {
    ($name:ident, $op:literal, $loud:literal) => {
        static $name: Site<Clicks> = Site::new(
            Meta {
                attribute: "clicks",
                name: Some($op),
                part: None,
                place: || "",
                file: file!(),
                line: line!(),
            },
            || $loud,
        );
        const _: () = {
            #[linkme::distributed_slice(SITES)]
            #[linkme(crate = linkme)]
            static LISTED: &dyn Observed = &$name;
        };
    };
}

site!(LOAD, "shop::load", false);
site!(STORE, "shop::store", true);
site!(NEVER, "shop::never", false);

/// Resetting is for the whole process, so tests that count take turns.
fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    let turn = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    perfkit::reset();
    turn
}

fn calls(report: &Report, op: &str) -> Option<u64> {
    report.find("clicks", op)?.count("calls")
}

#[test]
fn what_is_annotated_is_listed_called_or_not() {
    let _turn = alone();
    LOAD.get().click();
    let report = perfkit::report();
    assert_eq!(calls(&report, "load"), Some(1));
    assert_eq!(calls(&report, "never"), Some(0));
    assert_eq!(report.perfkit.sites, 3);
    assert_eq!(report.service.pid, Some(std::process::id()));
    let place = report
        .find("clicks", "never")
        .and_then(|row| row.location());
    assert!(place.is_some_and(|place| place.file.ends_with("report.rs") && place.line > 100));
    assert!(!format!("{report:#}").contains('\u{1b}'));
}

#[test]
fn no_call_is_lost_while_reports_are_taken() {
    let _turn = alone();
    std::thread::scope(|threads| {
        let callers = [(); 4].map(|()| {
            threads.spawn(|| {
                for _ in 0..10_000 {
                    LOAD.get().click();
                }
            })
        });
        let mut seen = 0;
        while callers.iter().any(|caller| !caller.is_finished()) {
            let report = perfkit::report();
            let now = calls(&report, "load").unwrap_or_default();
            assert!(now >= seen, "{now} after {seen}");
            assert_eq!(report.verify(), Ok(())); // one number feeds both sides of its rule
            seen = now;
        }
    });
    assert_eq!(calls(&perfkit::report(), "load"), Some(40_000));
}

#[test]
fn reset_starts_numbers_and_window_anew() {
    let _turn = alone();
    LOAD.get().click();
    let before = perfkit::report();
    perfkit::reset();
    let after = perfkit::report();
    assert_eq!(
        (calls(&before, "load"), calls(&after, "load")),
        (Some(1), Some(0))
    );
    assert!(after.window_seconds < after.service.uptime_seconds);
    assert!(after.service.uptime_seconds >= before.service.uptime_seconds);
}

#[test]
fn a_label_that_panics_costs_its_own_answer_only() {
    let _turn = alone();
    LOAD.get().click();
    STORE.get().click();
    LOUD.store(true, Relaxed);
    let report = catch_unwind(perfkit::report);
    LOUD.store(false, Relaxed);
    let report = report.expect("the panic stays inside");
    assert_eq!(report.perfkit.failed, 1);
    assert_eq!(calls(&report, "load"), Some(1));
    let store = report.find("clicks", "store").expect("it is still listed");
    assert!(
        store
            .fields()
            .all(|(_, field)| *field == perfkit::report::Field::Unknown)
    );
    assert_eq!(store.location().map(|place| place.line > 0), Some(true));
    assert_eq!(report.verify(), Ok(()));
    assert_eq!(perfkit::report().perfkit.failed, 0);
}

#[cfg(feature = "json")]
#[test]
fn a_file_is_whole_or_not_there() {
    let folder = std::env::temp_dir().join(format!("perfkit-report-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let path = folder.join("report.json");
    let report = perfkit::report();
    std::fs::write(&path, "what was there before").expect("a file");
    report.write_json(&path).expect("it is replaced");
    let written = std::fs::read_to_string(&path).expect("it is there");
    assert_eq!(Report::from_json(&written).expect("it is a report"), report);

    let nowhere = report.write_json(folder.join("no").join("such.json"));
    assert_eq!(
        nowhere.map_err(|e| e.kind()),
        Err(std::io::ErrorKind::NotFound)
    );
    let onto_a_folder = folder.join("taken");
    std::fs::create_dir_all(&onto_a_folder).expect("a folder");
    assert!(report.write_json(&onto_a_folder).is_err());
    assert!(report.write_json("..").is_err());
    let mut left: Vec<_> = std::fs::read_dir(&folder)
        .expect("the folder")
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .collect();
    left.sort();
    assert_eq!(left, ["report.json", "taken"]);
    std::fs::remove_dir_all(&folder).expect("clean up");
}

#[cfg(all(feature = "json", unix))]
#[test]
fn what_is_no_file_stays_what_it_is() {
    use std::os::unix::fs::{FileTypeExt as _, symlink};

    let folder = std::env::temp_dir().join(format!("perfkit-links-{}", std::process::id()));
    let elsewhere = folder.join("elsewhere");
    std::fs::create_dir_all(&elsewhere).expect("a folder");
    let report = perfkit::report();
    let read = |path: &std::path::Path| {
        let written = std::fs::read_to_string(path).expect("it is there");
        Report::from_json(&written).expect("it is a report")
    };

    let (file, link) = (elsewhere.join("real.json"), folder.join("link.json"));
    std::fs::write(&file, "what was there before").expect("a file");
    symlink(&file, &link).expect("a link");
    report
        .write_json(&link)
        .expect("what it leads to is replaced");
    assert!(link.is_symlink() && !file.is_symlink());
    assert_eq!(read(&file), report);

    std::fs::remove_file(&file).expect("it is there");
    report.write_json(&link).expect("what it leads to is made");
    assert!(link.is_symlink());
    assert_eq!(read(&file), report);

    let socket = folder.join("s");
    let _listening = std::os::unix::net::UnixListener::bind(&socket).expect("a socket");
    assert!(report.write_json(&socket).is_err());
    let kind = std::fs::symlink_metadata(&socket).map(|there| there.file_type());
    assert!(kind.is_ok_and(|kind| kind.is_socket()));
    assert_eq!(std::fs::read_dir(&elsewhere).expect("it").count(), 1);
    assert_eq!(std::fs::read_dir(&folder).expect("it").count(), 3);
    std::fs::remove_dir_all(&folder).expect("clean up");
}

#[cfg(feature = "json")]
#[test]
fn reports_of_every_released_version_are_read() {
    let samples = [include_str!("samples/report-0.1.0.json")];
    for sample in samples {
        let report = Report::from_json(sample).expect("it was a report once");
        assert_eq!(report.schema, perfkit::report::SCHEMA);
        assert_eq!(report.summary.total_operations, Some(9_332_256));
        assert_eq!(report.summary.open_breakers, Some(1));
        let load = report.operation("orders::load").expect("it is listed");
        assert_eq!(load.part("outcomes", "error"), Some(1_624));
        assert_eq!(
            load.by("eu").and_then(|eu| eu.seconds("self")),
            Some(4_000.0)
        );
        let latency = load.histogram("latency").expect("it is measured");
        assert_eq!(
            (latency.p50_ns, latency.max_ns),
            (Some(410), Some(412_000_000))
        );
        assert_eq!(
            report
                .find("timeouts", "charge")
                .and_then(|t| t.seconds("limit")),
            Some(2.0)
        );
        assert_eq!(report.verify(), Ok(()));
        assert_eq!(report.to_json_pretty(), sample.trim_end());
    }
}

#[cfg(feature = "hdrhistogram")]
#[test]
fn a_live_site_gives_an_hdr_histogram() {
    let _turn = alone();
    for _ in 0..4 {
        LOAD.get().click();
    }
    let report = perfkit::report();
    let load = report.find("clicks", "load").expect("it is listed");
    let hdr = load
        .histogram("latency")
        .and_then(perfkit::report::Latency::to_hdr);
    let hdr = hdr.expect("the buckets are in the process");
    assert_eq!((hdr.len(), hdr.min(), hdr.max()), (4, 97, 103));
}
