//! The `metrics` facade with the recorder of `metrics-exporter-prometheus`: what a hand-written timing of a function
//! costs, by name each time as the macro is meant, and with a handle kept by hand.

use std::sync::OnceLock;
use std::time::Instant;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

use super::{Recorder, body, poll_to_end, spin};
use crate::row;
use crate::rows::{Row, Tool};

/// The facade with its usual recorder.
pub const TOOL: Tool = Tool {
    name: "metrics",
    start,
    rows,
    background: false,
};

/// Its generated sites.
pub const RECORDER: Recorder = Recorder {
    name: "metrics",
    start,
    sites: &SITES,
    report: render,
    background: false,
};

static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();

/// Installs the recorder, without the listener and the upkeep task that only drain it.
///
/// # Panics
///
/// When another recorder is installed; every tool has a process of its own.
pub fn start() {
    let handle = PrometheusBuilder::new()
        .install_recorder()
        .expect("no other recorder in this process");
    HANDLE.get_or_init(|| handle);
}

/// What a scrape gives.
#[must_use]
pub fn render() -> String {
    HANDLE
        .get()
        .map(PrometheusHandle::render)
        .unwrap_or_default()
}

#[inline(never)]
fn by_name(x: u64) -> u64 {
    let start = Instant::now();
    let answer = body(x);
    metrics::histogram!("by_name").record(start.elapsed());
    answer
}

#[inline(never)]
fn by_handle(x: u64) -> u64 {
    static HANDLE: OnceLock<metrics::Histogram> = OnceLock::new();
    let start = Instant::now();
    let answer = body(x);
    HANDLE
        .get_or_init(|| metrics::histogram!("by_handle"))
        .record(start.elapsed());
    answer
}

async fn ready(x: u64) -> u64 {
    let start = Instant::now();
    let answer = body(x);
    metrics::histogram!("ready").record(start.elapsed());
    answer
}

fn rows() -> Vec<Row> {
    vec![
        row!("histogram!", Sync, |x| by_name(x)),
        row!("histogram, kept handle", Sync, |x| by_handle(x)),
        row!("histogram! async, ready", Ready, |x| poll_to_end(ready(x))),
    ]
}

macro_rules! site {
    ($name:ident) => {
        #[inline(never)]
        fn $name(nanoseconds: u64) -> u64 {
            let start = Instant::now();
            let answer = spin(nanoseconds);
            metrics::histogram!(stringify!($name)).record(start.elapsed());
            answer
        }
    };
}
include!(concat!(env!("OUT_DIR"), "/sites.rs"));
