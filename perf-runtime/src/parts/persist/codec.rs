//! Keys and values as bytes, and back; nothing is believed that is not what was written.
//!
//! The codec is JSON. It has no length prefix that could ask for memory, stops at a depth of 128, follows every
//! attribute of serde's (`tag`, `untagged`, `flatten`, `skip_serializing_if`), takes values without a schema, and is the
//! crate that the reports use already. What JSON has no word for is left out when it is written (numbers that are not
//! finite, keys of inner maps that are no text or number) or found out by its print when it is read (`Some(None)`).
//!
//! A panic in a user's `Serialize` or `Deserialize` costs the one record.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::format::Record;
use super::print;

/// What this codec writes; a change of it, or of the print, is another name.
pub(super) const NAME: &str = "json/1";

/// One entry encoded, in room that the next one uses again.
#[derive(Debug, Default)]
pub(super) struct Encoded {
    bytes: Vec<u8>,
    key: usize,
    print: u64,
}

impl Encoded {
    /// Takes in an entry; false when it cannot be encoded.
    pub(super) fn encode<K: Serialize, V: Serialize>(&mut self, key: &K, value: &V) -> bool {
        let encode = || {
            self.bytes.clear();
            self.print = print::of(key, value)?;
            serde_json::to_writer(&mut self.bytes, key).ok()?;
            self.key = self.bytes.len();
            serde_json::to_writer(&mut self.bytes, value).ok()
        };
        catch_unwind(AssertUnwindSafe(encode)).is_ok_and(|encoded| encoded.is_some())
    }

    /// The entry as a record.
    pub(super) fn record(&self, deadline: u64) -> Record<'_> {
        let (key, value) = self
            .bytes
            .split_at_checked(self.key)
            .unwrap_or((&self.bytes, &[]));
        Record {
            key,
            value,
            deadline,
            print: self.print,
        }
    }
}

/// The entry of a record; nothing when what is read is not what was written.
pub(super) fn decode<K, V>(record: &Record<'_>) -> Option<(K, V)>
where
    K: Serialize + DeserializeOwned,
    V: Serialize + DeserializeOwned,
{
    let decode = || {
        let key: K = serde_json::from_slice(record.key).ok()?;
        let value: V = serde_json::from_slice(record.value).ok()?;
        (print::of(&key, &value) == Some(record.print)).then_some((key, value))
    };
    catch_unwind(AssertUnwindSafe(decode)).ok().flatten()
}
