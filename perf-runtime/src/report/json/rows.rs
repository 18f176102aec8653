//! The report as JSON on one line, byte for byte what serde makes of it.
//!
//! A thousand rows have the same few dozen keys, and `serde_json` looks at every byte of each of them for something to
//! escape: half of what the text of a large report costs. Here a key is escaped once and copied from then on. All that
//! is more than a copy (numbers, text that has to be escaped, what stands beside the rows) is left to `serde_json`.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Result, to_writer};

use crate::report::latency::Latency;
use crate::report::row::{Field, Row};
use crate::report::value::Report;

/// What the text usually takes beside the rows, in bytes.
const BESIDE_ROWS: usize = 4096;
/// What a row of it usually takes at most.
const PER_ROW: usize = 768;

/// The text of a report.
pub(super) fn write(report: &Report) -> Result<Vec<u8>> {
    let rows: usize = report.sections().map(|(_, rows)| rows.len()).sum();
    let mut writer = Writer {
        // Growing step by step would copy a large report several times over.
        text: Vec::with_capacity(BESIDE_ROWS + rows * PER_ROW),
        keys: Vec::new(),
    };
    writer.report(report)?;
    Ok(writer.text)
}

struct Writer<'r> {
    text: Vec<u8>,
    /// The keys as the last row had them, each with what is written for it.
    keys: Vec<(&'r str, Vec<u8>)>,
}

impl<'r> Writer<'r> {
    fn report(&mut self, report: &'r Report) -> Result<()> {
        self.entry(r#"{"schema":"#, &report.schema)?;
        self.entry(r#","generated_at":"#, &report.generated_at)?;
        self.entry(r#","service":"#, &report.service)?;
        self.entry(r#","window_seconds":"#, &report.window_seconds)?;
        self.entry(r#","summary":"#, &report.summary)?;
        for (key, rows) in report.sections() {
            self.raw(",");
            self.value(key)?;
            self.raw(":");
            self.list(rows, Self::row)?;
        }
        self.entry(r#","perfkit":"#, &report.perfkit)?;
        self.entry(r#","layout":"#, &report.layout)?;
        self.raw("}");
        Ok(())
    }

    fn row(&mut self, row: &'r Row) -> Result<()> {
        self.raw(r#"{"op":"#);
        self.string(&row.op)?;
        self.raw(r#","location":"#);
        if let Some(location) = &row.location {
            self.raw(r#"{"file":"#);
            self.string(&location.file)?;
            self.entry(r#","line":"#, &location.line)?;
            self.raw("}");
        } else {
            self.raw("null");
        }
        self.raw(r#","attributes":"#);
        self.list(&row.attributes, |writer, attribute| {
            writer.string(attribute)
        })?;
        self.fields(row)?;
        self.raw(r#","by":"#);
        self.list(&row.by, |writer, (label, row)| {
            writer.raw(r#"{"label":"#);
            writer.string(label)?;
            writer.fields(row)?;
            writer.raw("}");
            Ok(())
        })?;
        self.raw("}");
        Ok(())
    }

    fn fields(&mut self, row: &'r Row) -> Result<()> {
        let mut place = 0;
        for (key, field) in &row.fields {
            self.key(&mut place, key)?;
            match field {
                Field::Unknown => self.raw("null"),
                Field::Integer(n) => self.value(n)?,
                Field::Number(n) => self.value(n)?,
                Field::Text(text) => self.string(text)?,
                Field::Family(parts) => self.family(&mut place, parts)?,
                Field::Histogram(latency) => self.latency(latency)?,
            }
        }
        Ok(())
    }

    fn family(&mut self, place: &mut usize, parts: &'r [(Cow<'static, str>, u64)]) -> Result<()> {
        let open = self.text.len();
        for (part, n) in parts {
            self.key(place, part)?;
            self.value(n)?;
        }
        // In place of the first comma.
        match self.text.get_mut(open) {
            Some(comma) => *comma = b'{',
            None => self.raw("{"),
        }
        self.raw("}");
        Ok(())
    }

    fn latency(&mut self, latency: &Latency) -> Result<()> {
        self.entry(r#"{"count":"#, &latency.count)?;
        self.entry(r#","total_seconds":"#, &latency.total_seconds)?;
        self.entry(r#","min_ns":"#, &latency.min_ns)?;
        self.entry(r#","mean_ns":"#, &latency.mean_ns)?;
        self.entry(r#","stddev_ns":"#, &latency.stddev_ns)?;
        self.entry(r#","p50_ns":"#, &latency.p50_ns)?;
        self.entry(r#","p90_ns":"#, &latency.p90_ns)?;
        self.entry(r#","p95_ns":"#, &latency.p95_ns)?;
        self.entry(r#","p99_ns":"#, &latency.p99_ns)?;
        self.entry(r#","p999_ns":"#, &latency.p999_ns)?;
        self.entry(r#","max_ns":"#, &latency.max_ns)?;
        self.raw("}");
        Ok(())
    }

    fn list<T>(
        &mut self,
        list: &'r [T],
        mut write: impl FnMut(&mut Self, &'r T) -> Result<()>,
    ) -> Result<()> {
        self.raw("[");
        for (at, one) in list.iter().enumerate() {
            if at > 0 {
                self.raw(",");
            }
            write(self, one)?;
        }
        self.raw("]");
        Ok(())
    }

    /// The comma before a key, the key, and the colon after it.
    fn key(&mut self, place: &mut usize, key: &'r str) -> Result<()> {
        let at = *place;
        *place += 1;
        if let Some((known, written)) = self.keys.get(at)
            && (std::ptr::eq(*known, key) || *known == key)
        {
            self.text.extend_from_slice(written);
            return Ok(());
        }
        let mut written = vec![b','];
        to_writer(&mut written, key)?;
        written.push(b':');
        self.text.extend_from_slice(&written);
        self.keys.truncate(at);
        self.keys.push((key, written));
        Ok(())
    }

    fn string(&mut self, text: &str) -> Result<()> {
        if is_plain(text) {
            self.raw("\"");
            self.raw(text);
            self.raw("\"");
            return Ok(());
        }
        self.value(text)
    }

    #[inline]
    fn entry(&mut self, key: &'static str, value: &(impl Serialize + ?Sized)) -> Result<()> {
        self.raw(key);
        self.value(value)
    }

    #[inline]
    fn value(&mut self, value: &(impl Serialize + ?Sized)) -> Result<()> {
        to_writer(&mut self.text, value)
    }

    #[inline]
    fn raw(&mut self, text: &str) {
        self.text.extend_from_slice(text.as_bytes());
    }
}

/// True for text that JSON writes as it is (RFC 8259, section 7). Looks at all of it, which is many bytes at a time.
fn is_plain(text: &str) -> bool {
    let escaped = |byte: &u8| *byte < 0x20 || *byte == b'"' || *byte == b'\\';
    !text
        .as_bytes()
        .iter()
        .fold(false, |any, byte| any | escaped(byte))
}
