//! hotpath: its attribute, with its guard alive as its documentation asks.

use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::{env, io, mem};

use super::{Recorder, Yield, body, fallible, poll_to_end, spin};
use crate::row;
use crate::rows::{Row, Tool};

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
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer)?;
        let body = body_of(&answer)
            .ok_or_else(|| io::Error::other(String::from_utf8_lossy(&answer).into_owned()))?;
        String::from_utf8(body).map_err(io::Error::other)
    };
    fetch().expect("hotpath answers")
}

/// The body of an answer that says that all is well. A chunk may end within a character, so text it is only without
/// the lengths between the chunks.
fn body_of(answer: &[u8]) -> Option<Vec<u8>> {
    let (head, body) = split(answer, b"\r\n\r\n")?;
    let head = str::from_utf8(head).ok()?.to_ascii_lowercase();
    if !head.starts_with("http/1.1 200") {
        return None;
    }
    if head.contains("\r\ntransfer-encoding: chunked") {
        without_chunks(body)
    } else {
        Some(body.to_vec())
    }
}

fn without_chunks(mut left: &[u8]) -> Option<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let (size, rest) = split(left, b"\r\n")?;
        let size = str::from_utf8(size).ok()?;
        let digits = size.split(';').next()?.trim();
        let size = usize::from_str_radix(digits, 16).ok()?;
        if size == 0 {
            return Some(body);
        }
        let (chunk, rest) = rest.split_at_checked(size)?;
        body.extend_from_slice(chunk);
        left = rest.strip_prefix(b"\r\n")?;
    }
}

/// What stands before and after the first `mark`.
fn split<'a>(text: &'a [u8], mark: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = text.windows(mark.len()).position(|found| found == mark)?;
    Some((text.get(..at)?, text.get(at + mark.len()..)?))
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

#[cfg(test)]
mod tests {
    use super::body_of;

    const CHUNKED: &[u8] = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";

    #[test]
    fn a_character_may_be_in_two_chunks() {
        let answer = [
            CHUNKED,
            b"3\r\n\"1 \r\n",
            b"1\r\n\xc2\r\n",
            b"4;x=y\r\n\xb5s\"\n\r\n0\r\n\r\n",
        ];
        let body = body_of(&answer.concat()).expect("all is well");
        assert_eq!(String::from_utf8(body).expect("text"), "\"1 \u{b5}s\"\n");
    }

    #[test]
    fn a_body_in_one_piece_is_taken_as_it_is() {
        let body = body_of(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}");
        assert_eq!(body.as_deref(), Some(b"{}".as_slice()));
    }

    #[test]
    fn what_is_not_well_or_not_whole_has_no_body() {
        assert_eq!(body_of(b"HTTP/1.1 404 Not Found\r\n\r\n{}"), None);
        assert_eq!(body_of(&[CHUNKED, b"5\r\nab"].concat()), None);
        assert_eq!(body_of(b""), None);
    }
}
