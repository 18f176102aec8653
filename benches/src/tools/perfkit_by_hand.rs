//! perfkit without its attributes: sites written by hand, as an expansion would write them.

use perfkit::__private::measured::{Measured, Options};
use perfkit::__private::{Meta, Site};

use super::{Recorder, Yield, body, fallible, poll_to_end, spin};
use crate::harness::{Row, Tool};
use crate::row;

/// perfkit with its default features.
pub const TOOL: Tool = Tool {
    name: "perfkit",
    start: || {},
    rows,
    background: false,
};

/// Its generated sites.
pub const RECORDER: Recorder = Recorder {
    name: "perfkit",
    start: || {},
    sites: &SITES,
    report: String::new,
    background: false,
};

const fn site(name: &'static str) -> Site<Measured> {
    let meta = Meta {
        attribute: "measured",
        name: Some(name),
        place: || "",
        file: file!(),
        line: line!(),
    };
    Site::new(meta, Options::new)
}

#[inline(never)]
fn plain(x: u64) -> u64 {
    static SITE: Site<Measured> = site("plain");
    let _running = SITE.get().enter();
    body(x)
}

#[inline(never)]
fn with_result(x: u64) -> Result<u64, u64> {
    static SITE: Site<Measured> = site("with_result");
    SITE.get().call(|| fallible(x), Result::is_err)
}

#[inline(never)]
fn labelled(x: u64) -> u64 {
    static SITE: Site<Measured> = site("labelled");
    let label = if x & 1 == 0 { "even" } else { "odd" };
    let _running = SITE.get().by(&label).enter();
    body(x)
}

async fn ready(x: u64) -> u64 {
    static SITE: Site<Measured> = site("ready");
    SITE.get()
        .call_async(async move { body(x) }, |_| false)
        .await
}

async fn suspended(x: u64) -> u64 {
    static SITE: Site<Measured> = site("suspended");
    let body = async move {
        Yield::default().await;
        body(x)
    };
    SITE.get().call_async(body, |_| false).await
}

fn rows() -> Vec<Row> {
    vec![
        row!("measured", Sync, |x| plain(x)),
        row!("measured, Result", Sync, |x| with_result(x)),
        row!("measured, by", Sync, |x| labelled(x)),
        row!("measured async, ready", Ready, |x| poll_to_end(ready(x))),
        row!(
            "measured async, suspended once",
            Suspended,
            |x| poll_to_end(suspended(x))
        ),
    ]
}

macro_rules! site {
    ($name:ident) => {
        #[inline(never)]
        fn $name(nanoseconds: u64) -> u64 {
            static SITE: Site<Measured> = site(stringify!($name));
            let _running = SITE.get().enter();
            spin(nanoseconds)
        }
    };
}
include!(concat!(env!("OUT_DIR"), "/sites.rs"));
