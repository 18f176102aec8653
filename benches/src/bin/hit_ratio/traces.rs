//! The traces: who was asked for, in the order in which it was.
//!
//! Files of `../shared/traces` beside the repository, or of the directory that is given; where there is none, the trace
//! of the storefront, which is in the repository. The beginning of a file's name says what is in it, the end how it is
//! compressed.

use std::collections::HashMap;
use std::fs;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

/// Keys numbered by their first appearance.
pub struct Trace {
    pub name: String,
    pub keys: Vec<u32>,
    /// How many different keys there are.
    pub distinct: usize,
}

impl Trace {
    fn new(name: &str, raw: impl IntoIterator<Item = u64>) -> Self {
        let mut numbers = HashMap::new();
        let keys = raw
            .into_iter()
            .map(|key| {
                let next = u32::try_from(numbers.len()).expect("fewer than 2^32 keys");
                *numbers.entry(key).or_insert(next)
            })
            .collect();
        Self {
            name: name.to_owned(),
            keys,
            distinct: numbers.len(),
        }
    }

    /// 1, 5 and 20 % of the distinct keys, at least 50.
    pub fn sizes(&self) -> Vec<usize> {
        let mut sizes: Vec<_> = [1, 5, 20]
            .iter()
            .map(|percent| (self.distinct * percent / 100).max(50))
            .collect();
        sizes.dedup();
        sizes
    }
}

/// The traces of a directory by name, or the one of the repository.
pub fn read_all(directory: Option<PathBuf>) -> io::Result<Vec<Trace>> {
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let given = directory.is_some();
    let directory = directory.unwrap_or_else(|| repository.join("../shared/traces"));
    if !given && !directory.is_dir() {
        let bytes = fs::read(repository.join("examples/storefront/product-views.trace"))?;
        return Ok(vec![Trace::new("storefront", words::<4>(&bytes))]);
    }
    let mut paths = Vec::new();
    for entry in fs::read_dir(directory)? {
        paths.push(entry?.path());
    }
    paths.sort();
    paths
        .iter()
        .filter_map(|path| read(path).transpose())
        .collect()
}

/// None for a file that is no trace.
fn read(path: &Path) -> io::Result<Option<Trace>> {
    let file = path.file_name().and_then(|name| name.to_str());
    let Some((name, compression)) = file.and_then(|file| file.rsplit_once('.')) else {
        return Ok(None);
    };
    let name = name.split('.').next().unwrap_or(name);
    let keys: fn(&[u8]) -> Vec<u64> = match name.split('_').next() {
        Some("lirs") => |bytes| text(bytes, |line| line.first().copied().into_iter().collect()),
        Some("arc") => |bytes| {
            text(bytes, |line| match line {
                [start, count, ..] => (*start..start + count).collect(),
                _ => Vec::new(),
            })
        },
        Some("adaptsize") => |bytes| text(bytes, |line| line.get(1).copied().into_iter().collect()),
        Some("cache2k") => words::<4>,
        Some("scarab") => words::<8>,
        _ => return Ok(None),
    };
    let bytes = unpack(path, compression)?;
    Ok(Some(Trace::new(name, keys(&bytes))))
}

fn unpack(path: &Path, compression: &str) -> io::Result<Vec<u8>> {
    let mut file = BufReader::new(fs::File::open(path)?);
    let mut bytes = Vec::new();
    match compression {
        "gz" => {
            flate2::bufread::GzDecoder::new(file).read_to_end(&mut bytes)?;
        }
        "xz" => lzma_rs::xz_decompress(&mut file, &mut bytes)
            .map_err(|error| io::Error::other(format!("{}: {error:?}", path.display())))?,
        "zst" => {
            ruzstd::decoding::StreamingDecoder::new(file)
                .map_err(io::Error::other)?
                .read_to_end(&mut bytes)?;
        }
        _ => {
            file.read_to_end(&mut bytes)?;
        }
    }
    Ok(bytes)
}

/// Numbers of one size, big-endian.
fn words<const SIZE: usize>(bytes: &[u8]) -> Vec<u64> {
    let value = |word: &[u8; SIZE]| {
        word.iter()
            .fold(0, |value, byte| (value << 8) | u64::from(*byte))
    };
    bytes.as_chunks::<SIZE>().0.iter().map(value).collect()
}

/// Lines of numbers; what is no number is skipped, a `*` between the parts of a trace among it.
fn text(bytes: &[u8], keys: impl Fn(&[u64]) -> Vec<u64>) -> Vec<u64> {
    let text = String::from_utf8_lossy(bytes);
    let mut all = Vec::new();
    for line in text.lines() {
        let numbers: Vec<u64> = line
            .split_whitespace()
            .map_while(|word| word.parse().ok())
            .collect();
        all.extend(keys(&numbers));
    }
    all
}
