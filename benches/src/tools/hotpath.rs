//! hotpath: its attribute, with its guard alive as its documentation asks.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::{env, io, mem};

use super::{Recorder, Yield, body, fallible, poll_to_end, spin};
use crate::harness::{Row, Tool};
use crate::row;

/// hotpath with its default options.
pub const TOOL: Tool = Tool {
    name: "hotpath",
    start,
    rows,
    background: true,
};

/// Starts it for the rest of the process; its report at the end is not wanted here.
pub fn start() {
    mem::forget(
        hotpath::HotpathGuardBuilder::new("bench")
            .functions_limit(0)
            .build(),
    );
}

/// Its generated sites.
pub const RECORDER: Recorder = Recorder {
    name: "hotpath",
    start,
    sites: &SITES,
    report,
    background: true,
};

/// Tells a child process where to serve its report: a port that was free a moment ago.
///
/// # Panics
///
/// When this machine has no port to give.
#[must_use]
pub fn server() -> [(&'static str, String); 2] {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback port");
    let port = listener.local_addr().expect("a bound address").port();
    [
        ("HOTPATH_METRICS_SERVER_OFF", "0".to_owned()),
        ("HOTPATH_METRICS_PORT", port.to_string()),
    ]
}

/// Its table of functions as JSON, from the server it runs in this process; the only live report it has.
fn report() -> String {
    let fetch = || -> io::Result<String> {
        let port = env::var("HOTPATH_METRICS_PORT").map_err(io::Error::other)?;
        let mut connection = TcpStream::connect(format!("127.0.0.1:{port}"))?;
        connection.write_all(
            b"GET /functions_timing HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
        )?;
        let mut answer = String::new();
        connection.read_to_string(&mut answer)?;
        if answer.starts_with("HTTP/1.1 200") {
            Ok(answer)
        } else {
            Err(io::Error::other(answer))
        }
    };
    fetch().expect("hotpath answers")
}

#[hotpath::measure]
#[inline(never)]
fn plain(x: u64) -> u64 {
    body(x)
}

#[hotpath::measure]
#[inline(never)]
fn with_result(x: u64) -> Result<u64, u64> {
    fallible(x)
}

#[hotpath::measure]
async fn ready(x: u64) -> u64 {
    body(x)
}

#[hotpath::measure]
async fn suspended(x: u64) -> u64 {
    Yield::default().await;
    body(x)
}

macro_rules! nested {
    ($name:ident, $inner:ident) => {
        #[hotpath::measure]
        #[inline(never)]
        fn $name(x: u64) -> u64 {
            $inner(x).wrapping_add(1)
        }
    };
}
nested!(nested_5, nested_4);
nested!(nested_4, nested_3);
nested!(nested_3, nested_2);
nested!(nested_2, plain);

fn rows() -> Vec<Row> {
    vec![
        row!("measure", Sync, |x| plain(x)),
        row!("measure, Result", Sync, |x| with_result(x)),
        row!("measure, nested x5", Sync, |x| nested_5(x)).calls_per_turn(5),
        row!("measure async, ready", Ready, |x| poll_to_end(ready(x))),
        row!("measure async, suspended once", Suspended, |x| poll_to_end(
            suspended(x)
        )),
    ]
}

macro_rules! site {
    ($name:ident) => {
        #[hotpath::measure]
        #[inline(never)]
        fn $name(nanoseconds: u64) -> u64 {
            spin(nanoseconds)
        }
    };
}
include!(concat!(env!("OUT_DIR"), "/sites.rs"));
