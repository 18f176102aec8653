//! From the answers of all sites to the rows of the report.
//!
//! Answers are sorted by name, those of one section and name become one row, and what only the whole section can say
//! (rates, shares) is added. No answer is trusted: one that panics is counted, and what is known of it without asking
//! is shown.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use super::keys::Keys;
use super::layout::{Layout, float};
use super::merge::{forget, merge};
use super::row::{Field, Location, Row, Text};
use super::value::{Collection, KEYS, Report, SCHEMA, Service, Summary};
use super::{Latency, time};
use crate::clock;
use crate::registry::{self, Observed};
use crate::snapshot::{Metric, Section, Snapshot, Value};

/// Everything of a report that is not an answer of a site.
pub(super) struct Frame {
    pub(super) generated_at: String,
    pub(super) service: Service,
    pub(super) window: Duration,
    pub(super) perfkit: Collection,
}

/// Asks every site.
pub(super) fn collect() -> Report {
    let began = clock::instant();
    clock::recalibrate();
    let sites = registry::all();
    let mut answers = Vec::with_capacity(sites.len());
    let mut failed = 0;
    for site in &sites {
        answers.extend(ask(*site, &mut failed));
    }
    let (age, window) = time::ages();
    let now = clock::wall();
    assemble(
        answers,
        Frame {
            generated_at: time::rfc3339(now),
            service: service(now, age),
            window,
            perfkit: Collection {
                version: env!("CARGO_PKG_VERSION").into(),
                sites: u64::try_from(sites.len()).unwrap_or(u64::MAX),
                failed,
                collect_seconds: clock::instant().duration_since(began).as_secs_f64(),
            },
        },
    )
}

/// The answer of one site, or what it can say without running user code.
fn ask(site: &'static dyn Observed, failed: &mut u64) -> Option<Snapshot> {
    if let Ok(answer) = catch_unwind(AssertUnwindSafe(|| site.snapshot())) {
        return Some(answer);
    }
    *failed += 1;
    let mut unknown = catch_unwind(AssertUnwindSafe(|| site.unknown())).ok()??;
    forget(&mut unknown.metrics);
    Some(unknown)
}

fn service(now: SystemTime, age: Duration) -> Service {
    let named = std::env::var("OTEL_SERVICE_NAME").ok();
    let executable = || {
        let path = std::env::current_exe().ok()?;
        Some(path.file_stem()?.to_string_lossy().into_owned())
    };
    Service {
        name: named.filter(|name| !name.is_empty()).or_else(executable),
        version: None,
        instance: None,
        pid: Some(std::process::id()),
        started_at: now.checked_sub(age).map(time::rfc3339),
        uptime_seconds: age.as_secs_f64(),
    }
}

/// The rows of one section before they are.
struct Gathered {
    section: &'static Section,
    rows: Vec<(Snapshot, Vec<Text>)>,
}

/// The report that the answers make.
pub(super) fn assemble(mut answers: Vec<Snapshot>, frame: Frame) -> Report {
    answers.sort_by(|a, b| a.op.cmp(&b.op));
    let mut gathered: Vec<Gathered> = Vec::new();
    let mut answers = answers.into_iter().peekable();
    while let Some(first) = answers.next() {
        let mut same = vec![first];
        while let Some(next) = answers.next_if(|a| same.first().is_some_and(|f| f.op == a.op)) {
            same.push(next);
        }
        let mut attributes: Vec<Text> = same.iter().map(|a| a.attribute.into()).collect();
        attributes.sort_unstable();
        attributes.dedup();
        let last = same.pop();
        for answer in same {
            gather(&mut gathered, answer, attributes.clone());
        }
        if let Some(last) = last {
            gather(&mut gathered, last, attributes);
        }
    }
    gathered.sort_by_key(|g| {
        let known = KEYS.iter().position(|key| *key == g.section.key);
        (known.unwrap_or(KEYS.len()), g.section.key)
    });
    let mut report = Report {
        schema: SCHEMA.into(),
        generated_at: frame.generated_at,
        service: frame.service,
        window_seconds: frame.window.as_secs_f64(),
        summary: Summary::default(),
        perfkit: frame.perfkit,
        layout: gathered.iter().map(|g| Layout::from(g.section)).collect(),
        sections: with_every_key(
            gathered
                .into_iter()
                .map(|g| (Cow::Borrowed(g.section.key), rows(g, frame.window)))
                .collect(),
        ),
    };
    report.summary = Summary::of(&report);
    report
}

fn gather(gathered: &mut Vec<Gathered>, answer: Snapshot, attributes: Vec<Text>) {
    let Some(known) = gathered
        .iter_mut()
        .find(|g| g.section.key == answer.section.key)
    else {
        gathered.push(Gathered {
            section: answer.section,
            rows: vec![(answer, attributes)],
        });
        return;
    };
    match known.rows.last_mut() {
        Some((last, _)) if last.op == answer.op => merge(last, answer),
        _ => known.rows.push((answer, attributes)),
    }
}

/// Puts the arrays in order, empty ones for what nobody uses.
pub(super) fn with_every_key(mut sections: Vec<(Text, Vec<Row>)>) -> Vec<(Text, Vec<Row>)> {
    let mut ordered = Vec::with_capacity(KEYS.len() + sections.len());
    for key in KEYS {
        let found = sections.iter().position(|(k, _)| k == key);
        let rows = found.map(|at| sections.swap_remove(at).1);
        ordered.push((Cow::Borrowed(key), rows.unwrap_or_default()));
    }
    sections.sort_by(|(a, _), (b, _)| a.cmp(b));
    ordered.extend(sections);
    ordered
}

/// What turns metrics into the fields of a row.
struct Derived<'s> {
    rate_of: Option<&'s str>,
    share_of: Option<&'s str>,
    window: f64,
    whole: f64,
    keys: Keys,
}

fn rows(gathered: Gathered, window: Duration) -> Vec<Row> {
    let Gathered { section, rows } = gathered;
    let own =
        |(row, _): &(Snapshot, _)| section.share_of.map_or(0.0, |of| time_of(&row.metrics, of));
    let mut derived = Derived {
        rate_of: section.rate_of,
        share_of: section.share_of,
        window: window.as_secs_f64(),
        whole: rows.iter().map(own).sum(),
        keys: Keys::default(),
    };
    rows.into_iter()
        .map(|(answer, attributes)| row(answer, attributes, &mut derived))
        .collect()
}

fn row(answer: Snapshot, attributes: Vec<Text>, derived: &mut Derived) -> Row {
    let Snapshot {
        op,
        location,
        metrics,
        mut by,
        ..
    } = answer;
    by.sort_by(|(a, _), (b, _)| a.cmp(b));
    let labelled = |(label, metrics): (String, Vec<Metric>)| {
        let row = Row {
            op: op.clone(),
            location: None,
            attributes: Vec::new(),
            fields: fields(metrics, derived),
            by: Vec::new(),
        };
        (label, row)
    };
    Row {
        by: by.into_iter().map(labelled).collect(),
        op,
        location: location.map(|(file, line)| Location {
            file: file.into(),
            line,
        }),
        attributes,
        fields: fields(metrics, derived),
    }
}

fn time_of(metrics: &[Metric], name: &str) -> f64 {
    let time = metrics.iter().find(|m| m.name == name);
    match time.map(|m| &m.value) {
        Some(Value::Time(seconds)) => *seconds,
        _ => 0.0,
    }
}

/// The keys a row writes itself.
pub(super) const TAKEN: [&str; 5] = ["op", "location", "attributes", "label", "by"];

fn fields(metrics: Vec<Metric>, derived: &mut Derived) -> Vec<(Text, Field)> {
    let mut fields: Vec<(Text, Field)> = Vec::with_capacity(metrics.len() + 2);
    let mut push = |key: Text, field| {
        if !TAKEN.contains(&key.as_ref()) && fields.iter().all(|(known, _)| *known != key) {
            fields.push((key, field));
        }
    };
    for Metric { name, unit, value } in metrics {
        if derived.rate_of == Some(name) {
            let rate = match value {
                Value::Counter(n) => Field::number(float(n) / derived.window),
                _ => Field::Unknown,
            };
            push(name.into(), field(value));
            push(derived.keys.joined(name, "_per_second").into(), rate);
            continue;
        }
        let key = match (&value, unit.suffix()) {
            (Value::Histogram(_), _) | (_, "") => Cow::Borrowed(name),
            (_, suffix) => derived.keys.joined(name, suffix).into(),
        };
        if derived.share_of == Some(name) {
            let share = match value {
                Value::Time(seconds) => Field::number(seconds / derived.whole),
                _ => Field::Unknown,
            };
            push(key, field(value));
            push("share_ratio".into(), share);
        } else {
            push(key, field(value));
        }
    }
    fields
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
        Value::Level(None) | Value::Gauge(None) => Field::Unknown,
        Value::State(word) => Field::Text(word.into()),
        Value::Histogram(histogram) => Field::Histogram(Box::new(Latency::from(histogram))),
    }
}
