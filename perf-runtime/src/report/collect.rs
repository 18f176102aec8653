//! From the answers of all sites to the rows of the report.
//!
//! Answers are sorted by name, those of one section and name become one row, and what only the whole section can say
//! (rates, shares) is added. No answer is trusted: one that panics is counted, and what is known of it without asking
//! is shown.

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::{Duration, SystemTime};

use super::fields::Fields;
use super::layout::Layout;
use super::merge::{forget, merge};
use super::row::{Location, Row, Text};
use super::time;
use super::value::{Collection, KEYS, Report, SCHEMA, Service, Summary};
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
        if answers.peek().is_none_or(|next| next.op != first.op) {
            let attributes = vec![first.attribute.into()];
            gather(&mut gathered, first, attributes);
            continue;
        }
        let mut same = vec![first];
        while let Some(next) = answers.next_if(|a| same.first().is_some_and(|f| f.op == a.op)) {
            same.push(next);
        }
        let mut attributes: Vec<Text> = same.iter().map(|a| a.attribute.into()).collect();
        attributes.sort_unstable();
        attributes.dedup();
        for answer in same {
            gather(&mut gathered, answer, attributes.clone());
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

fn rows(gathered: Gathered, window: Duration) -> Vec<Row> {
    let Gathered { section, rows } = gathered;
    let own =
        |(row, _): &(Snapshot, _)| section.share_of.map_or(0.0, |of| time_of(&row.metrics, of));
    let whole = rows.iter().map(own).sum();
    let mut fields = Fields::new(section, window.as_secs_f64(), whole);
    rows.into_iter()
        .map(|(answer, attributes)| row(answer, attributes, &mut fields))
        .collect()
}

fn row(answer: Snapshot, attributes: Vec<Text>, fields: &mut Fields) -> Row {
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
            fields: fields.of(metrics),
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
        fields: fields.of(metrics),
    }
}

fn time_of(metrics: &[Metric], name: &str) -> f64 {
    let time = metrics.iter().find(|m| m.name == name);
    match time.map(|m| &m.value) {
        Some(Value::Time(seconds)) => *seconds,
        _ => 0.0,
    }
}
