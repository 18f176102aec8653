//! Several answers under one name are one row.
//!
//! Two annotations can share a name: `name = "…"` written twice, one macro expanded in two places. What counts adds up,
//! durations come together, and what cannot be added is unknown unless it is the same on both sides.

use crate::snapshot::{Bucket, Histogram, Metric, Snapshot, Unit, Value};

/// Adds an answer to another of the same section and name.
pub(super) fn merge(into: &mut Snapshot, from: Snapshot) {
    if into.location != from.location {
        into.location = None;
    }
    merge_metrics(&mut into.metrics, from.metrics);
    for (label, metrics) in from.by {
        match into.by.iter_mut().find(|(l, _)| *l == label) {
            Some((_, into)) => merge_metrics(into, metrics),
            None => into.by.push((label, metrics)),
        }
    }
}

/// An answer of which only the names are known.
pub(super) fn forget(metrics: &mut [Metric]) {
    for metric in metrics {
        unknown(metric);
    }
}

fn unknown(metric: &mut Metric) {
    if matches!(metric.value, Value::Histogram(_)) {
        metric.unit = Unit::Count; // a histogram's name has no unit
    }
    metric.value = Value::Gauge(None);
}

fn merge_metrics(into: &mut Vec<Metric>, from: Vec<Metric>) {
    for metric in from {
        match into.iter_mut().find(|m| m.name == metric.name) {
            Some(known) => merge_metric(known, metric),
            None => into.push(metric),
        }
    }
}

fn merge_metric(into: &mut Metric, from: Metric) {
    let adds = into.unit == from.unit && matches!(into.unit, Unit::Count | Unit::Bytes);
    match (&mut into.value, from.value) {
        (Value::Counter(a), Value::Counter(b)) => *a = a.saturating_add(b),
        (Value::Time(a), Value::Time(b)) => *a += b,
        (Value::Level(a), Value::Level(b)) if adds => {
            *a = both(*a, b, |a, b| Some(a.saturating_add(b)));
        }
        (Value::Gauge(a), Value::Gauge(b)) if adds => *a = both(*a, b, |a, b| Some(a + b)),
        (Value::Level(a), Value::Level(b)) => *a = both(*a, b, |a, b| (a == b).then_some(a)),
        (Value::Gauge(a), Value::Gauge(b)) => {
            *a = both(*a, b, |a, b| (a.total_cmp(&b).is_eq()).then_some(a));
        }
        (Value::State(a), Value::State(b)) if *a == b => {}
        (Value::State(a), Value::State(_)) => *a = "mixed",
        (Value::Text(a), Value::Text(b)) => *a = a.take().or(b),
        (Value::Counters { parts: a, .. }, Value::Counters { parts: b, .. }) => {
            for (part, n) in b {
                match a.iter_mut().find(|(known, _)| *known == part) {
                    Some((_, known)) => *known = known.saturating_add(n),
                    None => a.push((part, n)),
                }
            }
        }
        (Value::Histogram(a), Value::Histogram(b)) => merge_histogram(a, b),
        // Values of two kinds cannot be one number.
        (_, other) => {
            if matches!(other, Value::Histogram(_)) {
                into.unit = Unit::Count;
            }
            unknown(into);
        }
    }
}

/// What is known of one side only is taken from it: a site nobody has called does not know its own limit.
fn both<T: Copy>(a: Option<T>, b: Option<T>, join: impl Fn(T, T) -> Option<T>) -> Option<T> {
    match (a, b) {
        (Some(a), Some(b)) => join(a, b),
        (a, b) => a.or(b),
    }
}

fn merge_histogram(into: &mut Histogram, from: Histogram) {
    into.count = into.count.saturating_add(from.count);
    into.sum_ns += from.sum_ns;
    into.min_ns = both(into.min_ns, from.min_ns, |a, b| Some(a.min(b)));
    into.max_ns = both(into.max_ns, from.max_ns, |a, b| Some(a.max(b)));
    let mut merged: Vec<Bucket> = Vec::with_capacity(into.buckets.len() + from.buckets.len());
    let (mut a, mut b) = (
        into.buckets.drain(..).peekable(),
        from.buckets.into_iter().peekable(),
    );
    let place = |bucket: &Bucket| (bucket.low_ns, bucket.high_ns);
    loop {
        let next = match (a.peek(), b.peek()) {
            (Some(x), Some(y)) if place(y) < place(x) => b.next(),
            (Some(_), _) => a.next(),
            (None, _) => b.next(),
        };
        let Some(next) = next else { break };
        match merged.last_mut() {
            Some(last) if place(last) == place(&next) => {
                last.count = last.count.saturating_add(next.count);
            }
            _ => merged.push(next),
        }
    }
    drop(a);
    into.buckets = merged;
}
