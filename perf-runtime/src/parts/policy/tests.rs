use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

/// A shard as the store has it: ids from a slab, two bits that say how often an entry was met, a bound on the weight.
struct Shard {
    policy: Policy,
    bound: u64,
    weight: u64,
    ids: HashMap<u64, u32>,
    entries: HashMap<u32, (u64, u32)>,
    used: Vec<u8>,
    free: Vec<u32>,
    /// The most entries one eviction asked about.
    asked: usize,
}

/// Spreads keys over the hashes, as the hasher of a store does (the finalizer of `SplitMix64`).
fn hash(key: u64) -> u64 {
    let mut hash = key.wrapping_add(0x9e37_79b9_7f4a_7c15);
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}

impl Shard {
    fn new(bound: u64) -> Self {
        Self {
            policy: Policy::new(),
            bound,
            weight: 0,
            ids: HashMap::new(),
            entries: HashMap::new(),
            used: Vec::new(),
            free: Vec::new(),
            asked: 0,
        }
    }

    /// Looks a key up and inserts it when it is missing. True on a hit.
    fn get(&mut self, key: u64) -> bool {
        self.get_weighing(key, 1)
    }

    fn get_weighing(&mut self, key: u64, weight: u32) -> bool {
        if let Some(id) = self.ids.get(&key) {
            let used = &mut self.used[*id as usize];
            *used = (*used + 1).min(3);
            return true;
        }
        self.policy.record_miss(hash(key));
        let id = self.free.pop().unwrap_or_else(|| {
            self.used.push(0);
            u32::try_from(self.used.len() - 1).unwrap()
        });
        self.used[id as usize] = 0;
        self.ids.insert(key, id);
        self.entries.insert(id, (key, weight));
        self.weight += u64::from(weight);
        self.policy.insert(id, hash(key), weight);
        while self.weight > self.bound {
            self.evict().expect("there is something to evict");
        }
        false
    }

    /// Evicts one; its key.
    fn evict(&mut self) -> Option<u64> {
        let mut asked = 0;
        let victim = self.policy.evict(|id| {
            asked += 1;
            std::mem::take(&mut self.used[id as usize])
        });
        self.asked = self.asked.max(asked);
        victim.map(|id| self.forget(id))
    }

    fn remove(&mut self, key: u64) {
        if let Some(id) = self.ids.get(&key).copied() {
            self.policy.remove(id);
            self.forget(id);
        }
    }

    fn forget(&mut self, id: u32) -> u64 {
        let (key, weight) = self.entries.remove(&id).expect("who is evicted was here");
        self.ids.remove(&key);
        self.weight -= u64::from(weight);
        self.free.push(id);
        key
    }

    fn hits(&mut self, keys: impl IntoIterator<Item = u64>) -> usize {
        keys.into_iter().filter(|key| self.get(*key)).count()
    }
}

#[derive(Debug, Clone)]
enum Operation {
    Get(u64, u32),
    Remove(u64),
    Evict,
}

fn operation() -> impl Strategy<Value = Operation> {
    prop_oneof![
        8 => (0..200_u64, 1..20_u32).prop_map(|(key, weight)| Operation::Get(key, weight)),
        2 => (0..200_u64).prop_map(Operation::Remove),
        1 => Just(Operation::Evict),
    ]
}

proptest! {
    #[test]
    fn an_entry_is_here_until_it_is_evicted_or_removed(
        bound in 1..400_u64,
        operations in prop::collection::vec(operation(), 1..600),
    ) {
        let mut shard = Shard::new(bound);
        for operation in operations {
            match operation {
                Operation::Get(key, weight) => {
                    shard.get_weighing(key, weight);
                }
                Operation::Remove(key) => shard.remove(key),
                Operation::Evict => {
                    let empty = shard.ids.is_empty();
                    prop_assert_eq!(shard.evict().is_none(), empty);
                }
            }
            prop_assert_eq!(shard.policy.len(), shard.ids.len());
            prop_assert_eq!(shard.policy.weight(), shard.weight);
            for (id, (key, _)) in &shard.entries {
                prop_assert_eq!(shard.policy.hash(*id), hash(*key));
            }
        }
        let mut left: HashSet<u64> = shard.ids.keys().copied().collect();
        while let Some(key) = shard.evict() {
            prop_assert!(left.remove(&key));
        }
        prop_assert!(left.is_empty());
        prop_assert_eq!((shard.policy.len(), shard.policy.weight()), (0, 0));
        prop_assert!(shard.asked <= 2 * PATIENCE as usize);
    }
}

#[test]
fn nothing_is_evicted_from_an_empty_shard() {
    let mut policy = Policy::new();
    assert_eq!(policy.evict(|_| 0), None);
    policy.insert(3, hash(3), 1);
    policy.remove(3);
    policy.remove(3);
    policy.remove(77);
    assert_eq!(policy.evict(|_| 3), None);
    assert_eq!(policy.len(), 0);
}

#[test]
fn the_only_entry_makes_room_for_the_next() {
    let mut shard = Shard::new(1);
    assert_eq!(shard.hits([1, 1, 2, 2, 3, 3]), 3);
    assert_eq!(shard.policy.len(), 1);
}

#[test]
fn an_id_that_is_used_again_is_a_new_entry() {
    let mut policy = Policy::new();
    policy.insert(0, hash(1), 5);
    policy.insert(0, hash(2), 7);
    assert_eq!((policy.len(), policy.weight()), (1, 7));
    assert_eq!(policy.hash(0), hash(2));
    assert_eq!(policy.evict(|_| 0), Some(0));
    assert_eq!(policy.evict(|_| 0), None);
}

#[test]
fn an_eviction_looks_at_few_entries_even_when_all_are_in_use() {
    let mut shard = Shard::new(1000);
    shard.hits(0..1000);
    for key in 1000..3000 {
        for used in &mut shard.used {
            *used = 3;
        }
        shard.get(key);
    }
    assert!(shard.asked <= 2 * PATIENCE as usize);
}

#[test]
fn a_scan_does_not_flush_what_is_in_use() {
    let mut shard = Shard::new(100);
    for _ in 0..10 {
        shard.hits(0..50);
    }
    for scanned in 1000..3000 {
        shard.get(scanned);
        shard.get(scanned % 50);
    }
    let kept = shard.hits(0..50);
    assert!(kept >= 45, "{kept} of 50");
}

#[test]
fn a_loop_longer_than_the_cache_keeps_some_of_it() {
    let mut shard = Shard::new(100);
    let of_a_loop: Vec<u64> = (0..200).collect();
    for _ in 0..10 {
        shard.hits(of_a_loop.iter().copied());
    }
    let hits: usize = (0..10).map(|_| shard.hits(of_a_loop.iter().copied())).sum();
    assert!(hits >= 800, "{hits} of the 1000 that are possible");
}

#[test]
fn what_was_met_lately_is_kept_when_nothing_else_matters() {
    let mut shard = Shard::new(200);
    // Every key is met twice, 80 misses apart, and never again.
    let pairs = |keys: std::ops::Range<u64>| keys.flat_map(|key| [key, key.saturating_sub(80)]);
    shard.hits(pairs(0..5_000));
    let hits = shard.hits(pairs(5_000..10_000));
    assert!(hits >= 4_500, "{hits} of 5000");
}

#[test]
fn what_is_popular_now_replaces_what_was() {
    let mut shard = Shard::new(100);
    for _ in 0..200 {
        shard.hits(0..90);
    }
    let mut hits = 0;
    for _ in 0..40 {
        hits = shard.hits(1_000..1_090);
    }
    assert!(hits >= 80, "{hits} of 90");
}

#[test]
fn a_heavy_entry_does_not_flush_the_light_ones() {
    let mut shard = Shard::new(100);
    for _ in 0..10 {
        shard.hits(0..80);
    }
    shard.get_weighing(1_000, 90);
    let kept = shard.hits(0..80);
    assert!(kept >= 70, "{kept} of 80");
}

#[test]
fn a_newcomer_is_not_evicted_for_those_in_use_beside_it() {
    let mut shard = Shard::new(100);
    shard.hits(0..100);
    for key in 1_000..1_100 {
        for used in &mut shard.used {
            *used = 3;
        }
        shard.get(key);
        assert!(shard.ids.contains_key(&key));
    }
}

#[test]
fn counts_are_kept_when_the_sketch_grows_and_halved_when_it_ages() {
    let mut sketch = Sketch::new();
    for key in 0..10 {
        sketch.add(hash(key), 8);
    }
    sketch.make_room_for(10_000);
    let counts = |sketch: &mut Sketch| {
        (0..10)
            .map(|key| sketch.count(hash(key)))
            .collect::<Vec<_>>()
    };
    assert_eq!(counts(&mut sketch), [8; 10]);
    // One key for all other events, so that few counters are touched.
    let other = hash(1_000_000);
    while sketch.count(other) != 7 {
        sketch.add(other, 1);
        if sketch.count(other) == 7 && counts(&mut sketch) == [8; 10] {
            sketch.add(other, 1); // on the way up
        }
    }
    assert_eq!(counts(&mut sketch), [4; 10]);
    assert_eq!(sketch.count(hash(77)), 0);
}

#[test]
fn a_ghost_knows_how_long_ago_it_left_and_is_met_once() {
    let mut ghosts = Ghosts::new();
    ghosts.make_room_for(100_000);
    ghosts.remember(hash(1));
    for key in 1_000..1_500 {
        ghosts.remember(hash(key));
    }
    let distance = ghosts.recall(hash(1)).expect("nobody took its place");
    assert!((490..=510).contains(&distance), "{distance}");
    assert_eq!(ghosts.recall(hash(1)), None);
    assert_eq!(ghosts.recall(hash(2)), None);
}

#[test]
fn an_entry_costs_a_few_bytes() {
    let mut shard = Shard::new(100_000);
    shard.hits(0..200_000);
    let each = shard.policy.memory() / 100_000;
    assert!(each <= 48, "{each} bytes an entry");
}
