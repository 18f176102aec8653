//! Probes: what a tool does in a fix, each tried in a process of its own that is ended when it takes too long.
//!
//! A probe is a function that is handed a tool and says how it went. A hang is an outcome here, not a mishap; so a
//! probe that does not come back is killed, and one that brings its process down is an outcome, too.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::child::{self, Child, Silence};
use crate::harness::Options;

/// Something to try on a tool.
pub struct Probe<T> {
    /// What stands above its column.
    pub name: &'static str,
    /// Tries it; `None` where the tool has nothing it could be tried with.
    pub run: fn(&T) -> Option<Outcome>,
}

/// What is tried: a tool, used in one of the ways it can be.
pub trait Subject {
    /// Unlike that of any other.
    fn name(&self) -> &'static str;
}

/// How it went.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    /// In a word.
    pub text: String,
    /// What a target is about.
    pub figure: f64,
}

impl Outcome {
    /// An outcome that is a number.
    #[must_use]
    pub fn count(figure: usize) -> Self {
        Self::new(figure.to_string(), figure)
    }

    /// An outcome with words of its own.
    #[must_use]
    pub fn new(text: impl Into<String>, figure: usize) -> Self {
        Self {
            text: text.into(),
            figure: f64::from(u32::try_from(figure).unwrap_or(u32::MAX)),
        }
    }
}

/// How a process ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Ended {
    /// It said how it went, after so many seconds.
    Said(Outcome, f64),
    /// The probe has no meaning for the tool.
    DoesNotApply,
    /// It was still at it when its time was over.
    Hung,
    /// It ended without a word.
    Died,
}

/// All outcomes, by tool and probe.
pub type Outcomes = BTreeMap<(&'static str, &'static str), Ended>;

/// More than there are processors: most of them wait.
const AT_ONCE: usize = 8;

/// Tries every probe on every tool that is asked for.
///
/// # Panics
///
/// When the system cannot start this program again.
#[must_use]
pub fn try_all<T: Subject>(
    tools: &[T],
    probes: &[Probe<T>],
    limit: Duration,
    options: &Options,
) -> Outcomes {
    let jobs: Vec<(&'static str, &'static str)> = tools
        .iter()
        .filter(|tool| options.wants(tool.name()))
        .flat_map(|tool| probes.iter().map(|probe| (tool.name(), probe.name)))
        .collect();
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new(Outcomes::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                while let Some((tool, probe)) = jobs.get(next.fetch_add(1, Relaxed)) {
                    let ended = match Child::once(&task_of(tool, probe), limit) {
                        Ok(Some((outcome, seconds))) => Ended::Said(outcome, seconds),
                        Ok(None) => Ended::DoesNotApply,
                        Err(Silence::Hung) => Ended::Hung,
                        Err(Silence::Died) => Ended::Died,
                    };
                    let mut outcomes = outcomes.lock().expect("no thread here panics");
                    outcomes.insert((tool, probe), ended);
                }
            });
        }
    });
    outcomes.into_inner().expect("no thread here panics")
}

/// Tries one probe when this process was started for it, and does not return then.
///
/// # Panics
///
/// When it was started for something that does not exist.
pub fn serve<T: Subject>(tools: &[T], probes: &[Probe<T>]) {
    let Some(task) = child::task() else { return };
    let (tool, probe) = tools
        .iter()
        .flat_map(|tool| probes.iter().map(move |probe| (tool, probe)))
        .find(|(tool, probe)| task_of(tool.name(), probe.name) == task)
        .expect("the parent names a tool and a probe");
    child::serve(|| {
        let start = Instant::now();
        let outcome = (probe.run)(tool);
        outcome.map(|outcome| (outcome, start.elapsed().as_secs_f64()))
    })
}

fn task_of(tool: &str, probe: &str) -> String {
    format!("{tool}: {probe}")
}

/// How it ended, for a table.
#[must_use]
pub fn word(ended: Option<&Ended>) -> &str {
    match ended {
        Some(Ended::Said(outcome, _)) => &outcome.text,
        Some(Ended::Hung) => "HANG",
        Some(Ended::Died) => "dies",
        Some(Ended::DoesNotApply) | None => "-",
    }
}

/// Writes the outcomes when a path was given.
pub fn save(outcomes: &Outcomes, options: &Options) {
    let named: BTreeMap<String, &Ended> = outcomes
        .iter()
        .map(|((tool, probe), ended)| (task_of(tool, probe), ended))
        .collect();
    options.save(&named);
}
