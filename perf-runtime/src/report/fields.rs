//! From the metrics of an answer to the fields of its row: keys with units, rates and shares.
//!
//! The answers of one instrument all have the same metrics in the same order. So what only depends on their names and
//! units (keys, which of them a row keeps, beside which stands a rate) is decided for the first answer and looked up
//! for those that follow.

use super::Latency;
use super::keys::Keys;
use super::layout::float;
use super::row::{Field, Text};
use crate::snapshot::{Metric, Section, Unit, Value};

/// The keys a row writes itself.
pub(super) const TAKEN: [&str; 5] = ["op", "location", "attributes", "label", "by"];

/// What turns the metrics of one section into fields.
pub(super) struct Fields {
    rate_of: Option<&'static str>,
    share_of: Option<&'static str>,
    /// What rates refer to, in seconds.
    window: f64,
    /// What shares refer to, in seconds.
    whole: f64,
    keys: Keys,
    /// What was decided for each metric of the last answer.
    decided: Vec<Decided>,
}

/// What the name and the unit of a metric decide.
struct Decided {
    name: &'static str,
    unit: Unit,
    is_histogram: bool,
    /// None when the row has the key already.
    key: Option<&'static str>,
    /// The number that stands beside it.
    beside: Option<(&'static str, Beside)>,
}

#[derive(Clone, Copy)]
enum Beside {
    Rate,
    Share,
}

impl Fields {
    /// For a section, when its numbers were counted for `window` seconds and its times add up to `whole`.
    pub(super) fn new(section: &Section, window: f64, whole: f64) -> Self {
        Self {
            rate_of: section.rate_of,
            share_of: section.share_of,
            window,
            whole,
            keys: Keys::default(),
            decided: Vec::new(),
        }
    }

    /// The fields of one answer.
    pub(super) fn of(&mut self, metrics: Vec<Metric>) -> Vec<(Text, Field)> {
        let same = metrics.len() == self.decided.len()
            && metrics.iter().zip(&self.decided).all(|(m, d)| d.is_of(m));
        if !same {
            self.decide(&metrics);
        }
        let mut fields: Vec<(Text, Field)> = Vec::with_capacity(metrics.len() + 2);
        for (metric, decided) in metrics.into_iter().zip(&self.decided) {
            let beside = decided.beside.map(|(key, beside)| {
                let number = match (beside, &metric.value) {
                    (Beside::Rate, Value::Counter(n)) => Field::number(float(*n) / self.window),
                    (Beside::Share, Value::Time(seconds)) => Field::number(seconds / self.whole),
                    _ => Field::Unknown,
                };
                (key.into(), number)
            });
            if let Some(key) = decided.key {
                fields.push((key.into(), field(metric.value)));
            }
            fields.extend(beside);
        }
        fields
    }

    fn decide(&mut self, metrics: &[Metric]) {
        let mut known: Vec<&str> = TAKEN.to_vec();
        let mut new = |key: &'static str| {
            let is_new = !known.contains(&key);
            known.push(key);
            is_new.then_some(key)
        };
        self.decided.clear();
        for Metric { name, unit, value } in metrics {
            let is_histogram = matches!(value, Value::Histogram(_));
            let is_rated = self.rate_of == Some(name);
            // The name of a histogram has no unit, nor has that of what is counted.
            let key = if is_histogram || is_rated {
                name
            } else {
                self.keys.joined(name, unit.suffix())
            };
            let key = new(key);
            let beside = if is_rated {
                let rate = new(self.keys.joined(name, "_per_second"));
                rate.map(|key| (key, Beside::Rate))
            } else if self.share_of == Some(name) {
                new("share_ratio").map(|key| (key, Beside::Share))
            } else {
                None
            };
            self.decided.push(Decided {
                name,
                unit: *unit,
                is_histogram,
                key,
                beside,
            });
        }
    }
}

impl Decided {
    fn is_of(&self, metric: &Metric) -> bool {
        // The answers of one instrument have their names from one place.
        (std::ptr::eq(self.name, metric.name) || self.name == metric.name)
            && self.unit == metric.unit
            && self.is_histogram == matches!(metric.value, Value::Histogram(_))
    }
}

fn field(value: Value) -> Field {
    match value {
        Value::Counter(n) | Value::Level(Some(n)) => Field::Integer(n),
        Value::Counters { parts, .. } => Field::Family(
            parts
                .into_iter()
                .map(|(part, n)| (part.into(), n))
                .collect(),
        ),
        Value::Gauge(Some(n)) | Value::Time(n) => Field::number(n),
        Value::Level(None) | Value::Gauge(None) | Value::Text(None) => Field::Unknown,
        Value::State(word) => Field::Text(word.into()),
        Value::Text(Some(text)) => Field::Text(text.into()),
        Value::Histogram(histogram) => Field::Histogram(Box::new(Latency::from(histogram))),
    }
}
