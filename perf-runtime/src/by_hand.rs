//! Measuring without an attribute: a closure, a future or a stretch of code under a name.
//!
//! What is measured under one name is one row of the report, beside the annotated functions. The first 256 bytes of a
//! name count. There is room for 1,000 names; all others share the row `other`, so that a name made of user input
//! cannot fill the memory. Without the feature `measure` all of it is the plain code.

use std::future::Future;

use crate::outcome::Outcome;

#[cfg(feature = "measure")]
mod table {
    use std::sync::OnceLock;

    use crate::instruments::measured::Measured;
    use crate::parts::names::{Names, cut};
    use crate::registry::{self, Observed};
    use crate::site::Instrument;
    use crate::snapshot::Snapshot;

    /// Names a program may use.
    const MOST: usize = 1000;
    /// What counts of a name, in bytes.
    const LONGEST: usize = 256;
    /// The row of all others. Who uses it by name means the same.
    const OTHER: &str = "other";

    static NAMES: OnceLock<Names<&'static Measured>> = OnceLock::new();
    static REST: OnceLock<&'static Measured> = OnceLock::new();

    /// The instrument behind a name.
    pub(super) fn named(name: &str) -> &'static Measured {
        let name = cut(name, LONGEST);
        if name == OTHER {
            return rest();
        }
        let names = NAMES.get_or_init(|| Names::new(MOST));
        match names.find(name.as_bytes(), || listed(name)) {
            Some(measured) => measured,
            None => rest(),
        }
    }

    fn rest() -> &'static Measured {
        REST.get_or_init(|| listed(OTHER))
    }

    /// A new instrument that the report lists. A name lives as long as the program.
    fn listed(name: &str) -> &'static Measured {
        let measured: &'static Measured = Box::leak(Box::new(Measured::named(name)));
        registry::add(measured);
        measured
    }

    impl Observed for Measured {
        fn snapshot(&self) -> Snapshot {
            Snapshot {
                op: self.op(),
                attribute: "measure",
                location: None,
                section: Self::SECTION,
                metrics: Self::metrics(Some(self)),
                by: Instrument::by(self),
            }
        }

        fn reset(&self) {
            Instrument::reset(self);
        }
    }
}

/// Runs `body` as one call of `name`.
///
/// Every answer counts as a success; [`try_measure`] tells errors apart. When `body` unwinds, the call counts as a
/// panic, and unwinding goes on. After a thread's first call of a name, nothing is allocated.
///
/// ```
/// let total: u64 = perfkit::measure("sum", || (1..=100).sum());
/// assert_eq!(total, 5050);
/// ```
#[inline]
pub fn measure<R>(name: &str, body: impl FnOnce() -> R) -> R {
    #[cfg(feature = "measure")]
    return table::named(name).call(body, |_| false);
    #[cfg(not(feature = "measure"))]
    {
        let _ = name;
        body()
    }
}

/// [`measure`] for an answer that can be an error: a `Result`, an `Option`, or a type of your own that is an
/// [`Outcome`].
///
/// ```
/// let port = perfkit::try_measure("port", || "80a".parse::<u16>());
/// assert!(port.is_err());
/// # #[cfg(feature = "measure")]
/// assert_eq!(perfkit::report().operation("port").unwrap().part("outcomes", "error"), Some(1));
/// ```
#[inline]
pub fn try_measure<R: Outcome>(name: &str, body: impl FnOnce() -> R) -> R {
    #[cfg(feature = "measure")]
    return table::named(name).call(body, R::is_error);
    #[cfg(not(feature = "measure"))]
    measure(name, body)
}

/// Awaits `future` as one call of `name`.
///
/// The call begins when the answer of this function is first polled and ends when it is ready. Dropped in between, it
/// counts as cancelled; it is as cancel safe as `future`. Every answer counts as a success; [`try_measure_async`] tells
/// errors apart.
///
/// ```
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// let answer = perfkit::measure_async("fetch", async { 42 });
/// # let answer = std::pin::pin!(answer);
/// # assert_eq!(answer.poll(&mut context), std::task::Poll::Ready(42));
/// # use std::future::Future;
/// ```
#[inline]
pub fn measure_async<F: Future>(name: &str, future: F) -> impl Future<Output = F::Output> + use<F> {
    #[cfg(feature = "measure")]
    return table::named(name).call_async(future, |_: &F::Output| false);
    #[cfg(not(feature = "measure"))]
    {
        let _ = name;
        future
    }
}

/// [`measure_async`] for an answer that can be an error, as [`try_measure`] is for [`measure`].
///
/// ```
/// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
/// let answer = perfkit::try_measure_async("fetch::one", async { Err::<u8, _>("refused") });
/// # let answer = std::pin::pin!(answer);
/// # assert!(answer.poll(&mut context).is_ready());
/// # use std::future::Future;
/// ```
#[inline]
pub fn try_measure_async<F>(name: &str, future: F) -> impl Future<Output = F::Output> + use<F>
where
    F: Future<Output: Outcome>,
{
    #[cfg(feature = "measure")]
    return table::named(name).call_async(future, F::Output::is_error);
    #[cfg(not(feature = "measure"))]
    measure_async(name, future)
}

/// Measures from here to the end of the scope, as one call of `name`.
///
/// ```
/// {
///     let _parsing = perfkit::span("parse");
///     // …
/// } // the call ends here
/// ```
#[inline]
pub fn span(name: &str) -> Span {
    #[cfg(feature = "measure")]
    return Span {
        running: table::named(name).enter(),
    };
    #[cfg(not(feature = "measure"))]
    {
        let _ = name;
        Span {
            _not_send: std::marker::PhantomData,
        }
    }
}

/// A call that ends when this is dropped; made by [`span`].
///
/// It counts as a panic when unwinding drops it, as an error after [`fail`](Self::fail), else as a success. It stays on its thread: hold it across no `await`,
/// use [`measure_async`] there.
#[derive(Debug)]
#[must_use = "the call ends when this is dropped: bind it to a name, `let _span = …`"]
pub struct Span {
    #[cfg(feature = "measure")]
    running: crate::instruments::measured::Running,
    #[cfg(not(feature = "measure"))]
    _not_send: std::marker::PhantomData<*const ()>,
}

impl Span {
    /// Ends the call here, with an error.
    ///
    /// ```
    /// let connecting = perfkit::span("connect");
    /// connecting.fail(); // nobody answered
    /// ```
    #[inline]
    pub fn fail(self) {
        #[cfg(feature = "measure")]
        self.running.fail();
    }
}

#[cfg(not(feature = "measure"))]
impl Drop for Span {
    // With or without the feature it is a type that is dropped.
    fn drop(&mut self) {}
}

#[cfg(all(test, feature = "measure"))]
mod tests {
    use std::sync::LazyLock;
    use std::thread;

    use super::*;
    use crate::registry;
    use crate::snapshot::{Metric, Snapshot, Value};

    fn rows(name: &str) -> Vec<Snapshot> {
        let all = registry::all();
        all.iter()
            .map(|observed| observed.snapshot())
            .filter(|row| row.op == name)
            .collect()
    }

    fn calls(row: &Snapshot) -> u64 {
        let calls = row.metrics.iter().find(|metric| metric.name == "calls");
        match calls {
            Some(Metric {
                value: Value::Counter(calls),
                ..
            }) => *calls,
            other => panic!("no calls: {other:?}"),
        }
    }

    /// A call by a name that has a row of its own, whichever test is first.
    static FIRST: LazyLock<()> = LazyLock::new(|| measure("by_hand::one_row", || ()));

    #[test]
    fn one_name_is_one_row_from_any_thread() {
        LazyLock::force(&FIRST);
        let other = thread::spawn(|| drop(span(&String::from("by_hand::one_row"))));
        other.join().expect("no panic");
        let rows = rows("by_hand::one_row");
        assert_eq!(rows.len(), 1);
        assert_eq!(calls(&rows[0]), 2);
        assert_eq!(rows[0].section.key, "operations");
        assert_eq!(rows[0].location, None);
    }

    #[test]
    fn names_beyond_the_thousandth_are_other() {
        // The other tests of this program take a few of the thousand, and this one leaves none.
        LazyLock::force(&FIRST);
        for number in 0..1100 {
            measure(&format!("by_hand::many::{number}"), || ());
            measure(&format!("by_hand::many::{number}"), || ());
        }
        let all = registry::all();
        let many = all.iter().map(|observed| observed.snapshot());
        let many = many.filter(|row| row.op.starts_with("by_hand::many::"));
        let many: Vec<u64> = many.map(|row| calls(&row)).collect();
        assert!(many.len() <= 1000 && many.len() > 900);
        assert!(many.iter().all(|calls| *calls == 2));
        let mut other = rows("other");
        other.retain(|row| row.section.key == "operations");
        assert_eq!(other.len(), 1);
        let rest = 2 * (1100 - many.len() as u64);
        assert!(calls(&other[0]) >= rest);
    }

    #[test]
    fn a_long_name_is_cut() {
        let long = "n".repeat(1000);
        measure(&long, || ());
        measure(&long[..256], || ());
        assert_eq!(calls(&rows(&long[..256])[0]), 2);
    }
}
