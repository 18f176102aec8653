//! What a batcher counts.

use crate::parts::counter::Counters;
use crate::parts::series::Series;
use crate::parts::totals::Totals;

/// What becomes of items, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    /// Stands in line.
    Queued,
    /// Was taken out of the line for a batch.
    Taken,
    /// Left the line without a batch.
    Left,
    // How items end; each does once.
    Ok,
    Error,
    Panic,
    Lost,
    Cancelled,
    Rejected,
    /// Had the answer of another one.
    Deduped,
    /// Met a full queue.
    Full,
}

const ITEMS: usize = Item::Full as usize + 1;

/// The ends of an item, in the order of the report.
pub(super) const ENDS: [(&str, Item); 6] = [
    ("ok", Item::Ok),
    ("error", Item::Error),
    ("panic", Item::Panic),
    ("lost", Item::Lost),
    ("cancelled", Item::Cancelled),
    ("rejected", Item::Rejected),
];

/// Why a batch was sent, by index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trigger {
    Full,
    Idle,
    Window,
    Flush,
}

pub(super) const TRIGGERS: [(&str, Trigger); 4] = [
    ("full", Trigger::Full),
    ("idle", Trigger::Idle),
    ("window", Trigger::Window),
    ("flush", Trigger::Flush),
];

/// The sizes of batches, each from where the one before it ends; the last one has no end.
pub(super) const SIZES: [(&str, usize); 12] = [
    ("1", 1),
    ("2", 2),
    ("3-4", 4),
    ("5-8", 8),
    ("9-16", 16),
    ("17-32", 32),
    ("33-64", 64),
    ("65-128", 128),
    ("129-256", 256),
    ("257-512", 512),
    ("513-1024", 1024),
    ("more", usize::MAX),
];

/// See the module.
pub(crate) struct Books {
    items: Counters<ITEMS>,
    triggers: Counters<4>,
    sizes: Counters<12>,
    /// What items wait until their batch begins.
    pub(super) wait: Series,
    /// What a batch takes.
    pub(super) run: Series,
}

impl Books {
    pub(crate) fn new() -> Self {
        Self {
            items: Counters::new(),
            triggers: Counters::new(),
            sizes: Counters::new(),
            wait: Series::new(None, 1),
            run: Series::new(None, 1),
        }
    }

    pub(super) fn count(&self, what: Item) {
        self.items.add_one(what as usize);
    }

    pub(super) fn batch(&self, trigger: Trigger, size: usize) {
        self.triggers.add_one(trigger as usize);
        let class = SIZES.iter().position(|(_, most)| size <= *most);
        self.sizes.add_one(class.unwrap_or(SIZES.len() - 1));
    }

    pub(super) fn since_reset(&self, what: Item) -> u64 {
        self.items.since_reset(what as usize)
    }

    pub(super) fn triggered(&self, trigger: Trigger) -> u64 {
        self.triggers.since_reset(trigger as usize)
    }

    pub(super) fn sized(&self, class: usize) -> u64 {
        self.sizes.since_reset(class)
    }

    /// Items that wait now.
    pub(super) fn queued(&self) -> u64 {
        // What came is read last, so that nobody seems to have left who has not come.
        let gone = self.items.ever(Item::Taken as usize) + self.items.ever(Item::Left as usize);
        self.items.ever(Item::Queued as usize).saturating_sub(gone)
    }

    pub(crate) fn reset(&self) {
        self.items.reset();
        self.triggers.reset();
        self.sizes.reset();
        self.wait.reset();
        self.run.reset();
    }
}

/// What a series knows; nothing of one that is not there.
pub(super) fn totals(series: Option<&Series>) -> Totals {
    series.map_or_else(Totals::new, Series::totals)
}
