//! The form of the report in text, `perfkit.report/1`: what it is written as, and what is made of what is read.
//!
//! Within `/1` keys are only added, so a reader skips what it does not know and takes what is not there as unknown.
//! Reading needs a self-describing format, as JSON is.

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};

use super::collect::with_every_key;
use super::fields::TAKEN;
use super::latency::Latency;
use super::node::Node;
use super::row::{Field, Location, Row, Text};
use super::value::{Report, SCHEMA};

impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.sections.len() + 7))?;
        map.serialize_entry("schema", &self.schema)?;
        map.serialize_entry("generated_at", &self.generated_at)?;
        map.serialize_entry("service", &self.service)?;
        map.serialize_entry("window_seconds", &self.window_seconds)?;
        map.serialize_entry("summary", &self.summary)?;
        for (key, rows) in &self.sections {
            map.serialize_entry(key, rows)?;
        }
        map.serialize_entry("perfkit", &self.perfkit)?;
        map.serialize_entry("layout", &self.layout)?;
        map.end()
    }
}

impl Serialize for Row {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("op", &self.op)?;
        map.serialize_entry("location", &self.location)?;
        map.serialize_entry("attributes", &self.attributes)?;
        for (key, field) in &self.fields {
            map.serialize_entry(key, field)?;
        }
        let by: Vec<_> = self
            .by
            .iter()
            .map(|(label, row)| Labelled(label, row))
            .collect();
        map.serialize_entry("by", &by)?;
        map.end()
    }
}

/// The numbers of one label; its name and place are those of the row it stands in.
struct Labelled<'r>(&'r str, &'r Row);

impl Serialize for Labelled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("label", self.0)?;
        for (key, field) in &self.1.fields {
            map.serialize_entry(key, field)?;
        }
        map.end()
    }
}

impl Serialize for Field {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Unknown => serializer.serialize_none(),
            Self::Integer(n) => serializer.serialize_u64(*n),
            Self::Number(n) => serializer.serialize_f64(*n),
            Self::Text(text) => serializer.serialize_str(text),
            Self::Family(parts) => {
                serializer.collect_map(parts.iter().map(|(part, n)| (part.as_ref(), n)))
            }
            Self::Histogram(latency) => latency.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Report {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Node::Map(entries) = Node::deserialize(deserializer)? else {
            return Err(D::Error::custom("a report is a map of named values"));
        };
        let mut entries = Entries(entries);
        let schema: Text = entries.take("schema").map_err(D::Error::custom)?;
        if schema != SCHEMA {
            let found = schema.escape_debug();
            return Err(D::Error::custom(format!(
                "this is not a report this version can read: its schema is `{found}`, not `{SCHEMA}`"
            )));
        }
        let mut report = Self {
            schema,
            generated_at: entries.take("generated_at").map_err(D::Error::custom)?,
            service: entries.take("service").map_err(D::Error::custom)?,
            window_seconds: entries.take("window_seconds").map_err(D::Error::custom)?,
            summary: entries.take("summary").map_err(D::Error::custom)?,
            perfkit: entries.take("perfkit").map_err(D::Error::custom)?,
            layout: entries.take("layout").map_err(D::Error::custom)?,
            sections: Vec::new(),
        };
        // Every other list of rows is a section; whatever else there is belongs to a later version.
        for (key, node) in entries.0 {
            if let Node::List(list) = node {
                let rows: Option<Vec<Row>> = list.into_iter().map(row).collect();
                if let Some(rows) = rows {
                    report.sections.push((key.into(), rows));
                }
            }
        }
        report.sections = with_every_key(report.sections);
        Ok(report)
    }
}

impl<'de> Deserialize<'de> for Row {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        row(Node::deserialize(deserializer)?).ok_or_else(|| D::Error::custom("a row has an `op`"))
    }
}

/// The entries of a map, taken by name.
struct Entries(Vec<(String, Node)>);

impl Entries {
    fn node(&mut self, key: &str) -> Option<Node> {
        let at = self.0.iter().position(|(k, _)| k == key)?;
        Some(self.0.remove(at).1)
    }

    /// The value of a key, the default where it is missing or unknown.
    fn take<T: Default + for<'de> Deserialize<'de>>(&mut self, key: &str) -> Result<T, String> {
        match self.node(key) {
            None | Some(Node::Null) => Ok(T::default()),
            Some(node) => T::deserialize(node).map_err(|error| format!("`{key}`: {error}")),
        }
    }
}

/// A row, when it is one: a map with a name.
fn row(node: Node) -> Option<Row> {
    let Node::Map(entries) = node else {
        return None;
    };
    let mut entries = Entries(entries);
    let Some(Node::Text(op)) = entries.node("op") else {
        return None;
    };
    let location: Option<Location> = entries.take("location").unwrap_or_default();
    let attributes = entries.take("attributes").unwrap_or_default();
    let by = match entries.node("by") {
        Some(Node::List(labels)) => labels.into_iter().filter_map(|n| label(n, &op)).collect(),
        _ => Vec::new(),
    };
    Some(Row {
        op: op.into(),
        location,
        attributes,
        fields: fields(entries.0),
        by,
    })
}

fn label(node: Node, op: &str) -> Option<(String, Row)> {
    let Node::Map(entries) = node else {
        return None;
    };
    let mut entries = Entries(entries);
    let Some(Node::Text(label)) = entries.node("label") else {
        return None;
    };
    let row = Row {
        op: op.to_owned().into(),
        location: None,
        attributes: Vec::new(),
        fields: fields(entries.0),
        by: Vec::new(),
    };
    Some((label, row))
}

fn fields(entries: Vec<(String, Node)>) -> Vec<(Text, Field)> {
    let ours = entries
        .into_iter()
        .filter(|(key, _)| !TAKEN.contains(&key.as_str()));
    ours.filter_map(|(key, node)| Some((key.into(), field(node)?)))
        .collect()
}

fn field(node: Node) -> Option<Field> {
    match node {
        Node::Null => Some(Field::Unknown),
        Node::Integer(n) => Some(Field::Integer(n)),
        Node::Number(n) => Some(Field::number(n)),
        Node::Text(text) => Some(Field::Text(text.into())),
        Node::Map(entries) if entries.iter().any(|(key, _)| key == "total_seconds") => {
            let latency = Latency::deserialize(Node::Map(entries)).ok()?;
            Some(Field::Histogram(Box::new(latency)))
        }
        Node::Map(entries) => family(entries),
        Node::Flag(_) | Node::List(_) => None,
    }
}

/// A map of whole numbers.
fn family(entries: Vec<(String, Node)>) -> Option<Field> {
    let parts = entries.into_iter().map(|(part, node)| match node {
        Node::Integer(n) => Some((part.into(), n)),
        _ => None,
    });
    parts.collect::<Option<_>>().map(Field::Family)
}
