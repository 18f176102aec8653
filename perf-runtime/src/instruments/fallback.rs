//! `#[fallback]` at run time: another answer in the place of one that failed.
//!
//! The expansion asks what a call gave: whether that is the answer ([`or_value`], [`or_error`]), or the call [fell back](Fallen),
//! and gives the answer of the fallback to that. A call that does not fail meets nothing of this, not even its site.
//!
//! # What is counted
//! `calls` are those that fell back, once they have ended: by why (`causes`: the function's error, a rejection of a policy
//! further in, a panic), and by what became of the fallback (`ends`: it served, it failed as well, panicked, or was dropped).

use crate::classify::Class;
use crate::ended::Ended;
use crate::outcome::Failing;
use crate::parts::counter::Counters;
use crate::rejected::Rejected;
use crate::site::{Instrument, Site};
use crate::snapshot::{Balance, Cell, Column, Meta, Metric, Section, Unit, Value};

mod caught;
mod eventually;

pub use self::caught::{Caught, Panicked, caught, caught_async};
pub use self::eventually::{Eventually, Later, Now, eventually};

/// The options of `#[fallback]`: there are none at run time.
#[derive(Debug)]
pub struct Options;

/// The instrument.
pub struct Fallback {
    /// By cause, and for each of them by end.
    counters: Counters<{ CAUSES.len() * ENDS.len() }>,
}

/// Why a call fell back.
#[derive(Debug, Clone, Copy)]
enum Cause {
    Error,
    Rejected,
    Panic,
}

/// What became of the fallback.
#[derive(Debug, Clone, Copy)]
enum End {
    Served,
    Failed,
    Panicked,
    Cancelled,
}

const CAUSES: [(&str, Cause); 3] = [
    ("error", Cause::Error),
    ("rejected", Cause::Rejected),
    ("panic", Cause::Panic),
];

const ENDS: [(&str, End); 4] = [
    ("served", End::Served),
    ("failed", End::Failed),
    ("panicked", End::Panicked),
    ("cancelled", End::Cancelled),
];

const fn index(cause: Cause, end: End) -> usize {
    cause as usize * ENDS.len() + end as usize
}

/// A call that fell back, until its fallback has answered.
#[must_use]
pub struct Fallen {
    fallback: &'static Fallback,
    cause: Cause,
    has_answered: bool,
}

impl Fallen {
    fn new(site: &'static Site<Fallback>, cause: Cause) -> Self {
        Self {
            fallback: site.get(),
            cause,
            has_answered: false,
        }
    }

    /// The answer of the fallback is that of the call.
    pub fn answer<A: Failing>(mut self, answer: A) -> Ended<A> {
        self.has_answered = true;
        self.count(if answer.has_failed() {
            End::Failed
        } else {
            End::Served
        });
        Ended::Answered(answer)
    }

    fn count(&self, end: End) {
        self.fallback.counters.add_one(index(self.cause, end));
    }
}

impl Drop for Fallen {
    fn drop(&mut self) {
        if !self.has_answered {
            self.count(if std::thread::panicking() {
                End::Panicked
            } else {
                End::Cancelled
            });
        }
    }
}

/// What a call gave, if that is its answer. `class` is not asked of rejections: they always fall back.
///
/// # Errors
/// When the call falls back.
#[inline]
pub fn or_value<A: Failing>(
    site: &'static Site<Fallback>,
    ended: Ended<A>,
    class: impl FnOnce(&A) -> Option<Class>,
) -> Result<Ended<A>, Fallen> {
    match ended {
        Ended::Answered(answer) if !answer.has_failed() => Ok(Ended::Answered(answer)),
        ended => failed(site, ended, class),
    }
}

#[cold]
#[inline(never)]
fn failed<A>(
    site: &'static Site<Fallback>,
    ended: Ended<A>,
    class: impl FnOnce(&A) -> Option<Class>,
) -> Result<Ended<A>, Fallen> {
    match &ended {
        Ended::Answered(answer) if class(answer).is_none() => Ok(ended),
        Ended::Answered(_) => Err(Fallen::new(site, Cause::Error)),
        Ended::Rejected(_) | Ended::Refused(..) => Err(Fallen::new(site, Cause::Rejected)),
    }
}

/// The same for a call whose panic was [caught](caught()).
///
/// # Errors
/// When the call falls back.
#[inline]
pub fn or_value_caught<A: Failing>(
    site: &'static Site<Fallback>,
    caught: Result<Ended<A>, Panicked>,
    class: impl FnOnce(&A) -> Option<Class>,
) -> Result<Ended<A>, Fallen> {
    match caught {
        Ok(ended) => or_value(site, ended, class),
        Err(panicked) => {
            let fallen = Fallen::new(site, Cause::Panic);
            panicked.forget();
            Err(fallen)
        }
    }
}

/// What a call gave, if that is its answer; else its error, which `make` makes of a rejection.
///
/// `class` is asked of what `make` gives as well.
///
/// # Errors
/// When the call falls back.
#[inline]
pub fn or_error<A: Failing + HasError>(
    site: &'static Site<Fallback>,
    ended: Ended<A>,
    class: impl FnOnce(&A) -> Option<Class>,
    make: impl FnOnce(Rejected) -> A,
) -> Result<Ended<A>, (Fallen, A::Error)> {
    match ended {
        Ended::Answered(answer) if !answer.has_failed() => Ok(Ended::Answered(answer)),
        ended => failed_with(site, ended, class, make),
    }
}

#[cold]
#[inline(never)]
fn failed_with<A: HasError>(
    site: &'static Site<Fallback>,
    ended: Ended<A>,
    class: impl FnOnce(&A) -> Option<Class>,
    make: impl FnOnce(Rejected) -> A,
) -> Result<Ended<A>, (Fallen, A::Error)> {
    let rejected = ended.rejection().copied();
    let answer = ended.settle(make);
    let answer = if class(&answer).is_some() {
        match answer.into_error() {
            Ok(error) => {
                let cause = rejected.map_or(Cause::Error, |_| Cause::Rejected);
                return Err((Fallen::new(site, cause), error));
            }
            Err(answer) => answer,
        }
    } else {
        answer
    };
    Ok(match rejected {
        Some(rejected) => Ended::Refused(answer, rejected),
        None => Ended::Answered(answer),
    })
}

/// What a rejection becomes where no policy further in makes one.
///
/// # Panics
/// When there is one all the same.
#[must_use]
pub fn unmade<A>(_: Rejected) -> A {
    unreachable!("written where nothing rejects")
}

/// Gives a closure its error, whose type it learns here.
#[inline]
pub fn with<E, A>(error: E, fallback: impl FnOnce(E) -> A) -> A {
    fallback(error)
}

/// An answer whose error a fallback is called with.
#[diagnostic::on_unimplemented(
    message = "`{Self}` has no error that a fallback could be called with",
    label = "neither a `Result` nor an `Option`",
    note = "write `#[fallback(value = …)]`"
)]
pub trait HasError: Sized {
    /// What a fallback is called with; `()` for an `Option`.
    type Error;
    /// The error.
    ///
    /// # Errors
    /// The answer, where it is none.
    fn into_error(self) -> Result<Self::Error, Self>;
}

impl<T, E> HasError for Result<T, E> {
    type Error = E;

    fn into_error(self) -> Result<E, Self> {
        match self {
            Err(error) => Ok(error),
            ok => Err(ok),
        }
    }
}

impl<T> HasError for Option<T> {
    type Error = ();

    fn into_error(self) -> Result<(), Self> {
        match self {
            None => Ok(()),
            some => Err(some),
        }
    }
}

impl Instrument for Fallback {
    type Options = Options;
    const SECTION: &'static Section = &Section {
        key: "fallbacks",
        title: "Fallbacks",
        rate_of: Some("calls"),
        share_of: None,
        columns: &[
            Column::new("fell back", Cell::Of("calls"), 0),
            Column::new("/s", Cell::Rate, 3),
            Column::new("error", Cell::Part("causes", "error"), 0),
            Column::new("rejected", Cell::Part("causes", "rejected"), 0),
            Column::new("panic", Cell::Part("causes", "panic"), 1).quiet(),
            Column::new("failed too", Cell::Part("ends", "failed"), 0),
            Column::new("panicked too", Cell::Part("ends", "panicked"), 2).quiet(),
            Column::new("cancelled", Cell::Part("ends", "cancelled"), 2).quiet(),
        ],
        balance: &[
            Balance::equal(&["calls"], &["causes"]),
            Balance::equal(&["calls"], &["ends"]),
        ],
    };

    fn new(_: &'static Meta, _: Options) -> Self {
        Self {
            counters: Counters::new(),
        }
    }

    fn metrics(this: Option<&Self>) -> Vec<Metric> {
        let counts = CAUSES.map(|(_, cause)| {
            ENDS.map(|(_, end)| this.map_or(0, |this| this.counters.since_reset(index(cause, end))))
        });
        let causes = CAUSES
            .iter()
            .zip(counts)
            .map(|((name, _), ends)| (*name, ends.iter().sum()));
        let ends = ENDS.iter().enumerate().map(|(place, (name, _))| {
            let of_end = counts.iter().filter_map(|ends| ends.get(place));
            (*name, of_end.sum())
        });
        let family =
            |name, label, parts| Metric::new(name, Unit::Count, Value::Counters { label, parts });
        vec![
            Metric::new(
                "calls",
                Unit::Count,
                Value::Counter(counts.iter().flatten().sum()),
            ),
            family("causes", "cause", causes.collect()),
            family("ends", "end", ends.collect()),
        ]
    }

    fn reset(&self) {
        self.counters.reset();
    }
}
