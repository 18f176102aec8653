use std::collections::{HashMap, HashSet};

use proptest::prelude::*;

use super::*;

/// A shard as the store has it: ids from a slab, two bits that say how often an entry was met, a bound on the weight.
struct Shard {
    policy: Policy,
    bound: u64,
    weight: u64,
    ids: HashMap<u64, u32>,
    free: Vec<u32>,
    entries: HashMap<u32, (u64, u32)>,
    used: Vec<u8>,
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

fn id(number: impl TryInto<u32>) -> u32 {
    number.try_into().ok().expect("a small number")
}

impl Shard {
    fn new(bound: u64) -> Self {
        Self {
            policy: Policy::new(usize::MAX),
            bound,
            weight: 0,
            ids: HashMap::new(),
            free: Vec::new(),
            entries: HashMap::new(),
            used: Vec::new(),
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
        let id = self.free.pop().unwrap_or_else(|| id(self.ids.len()));
        if self.used.len() <= id as usize {
            self.used.resize(id as usize + 1, 0);
        }
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
        self.free.push(id);
        self.weight -= u64::from(weight);
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
                prop_assert_eq!(shard.policy.hash(*id), hash(*key) & queues::KEPT);
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
    let mut policy = Policy::new(10);
    assert_eq!(policy.evict(|_| 0), None);
    policy.insert(0, hash(3), 1);
    policy.remove(0);
    policy.remove(0);
    policy.remove(77);
    assert_eq!(policy.evict(|_| 3), None);
    assert_eq!((policy.len(), policy.weight()), (0, 0));
}

#[test]
fn an_id_that_is_too_large_is_no_entry() {
    let mut policy = Policy::new(10);
    for id in [1 << 26, u32::MAX - 2, u32::MAX - 1, u32::MAX] {
        policy.insert(id, hash(3), 7);
        policy.set_weight(id, 9);
        policy.rename(id, 3);
        policy.remove(id);
        assert_eq!(policy.hash(id), 0);
    }
    assert_eq!((policy.len(), policy.weight()), (0, 0));
    assert_eq!(policy.evict(|_| 0), None);
}

#[test]
fn the_only_entry_makes_room_for_the_next() {
    let mut shard = Shard::new(1);
    assert_eq!(shard.hits([1, 1, 2, 2, 3, 3]), 3);
    assert_eq!(shard.policy.len(), 1);
}

#[test]
fn an_id_that_is_used_again_is_a_new_entry() {
    let mut policy = Policy::new(10);
    policy.insert(4, hash(1), 5);
    policy.insert(4, hash(2), 7);
    assert_eq!((policy.len(), policy.weight()), (1, 7));
    assert_eq!(policy.hash(4), hash(2) & queues::KEPT);
    assert_eq!(policy.evict(|_| 0), Some(4));
    assert_eq!(policy.evict(|_| 0), None);
}

#[test]
fn an_entry_with_another_id_is_where_it_was() {
    let order = |renames: &[(u32, u32)]| {
        let mut policy = Policy::new(10);
        for id in 0..6 {
            policy.insert(id, hash(id.into()), 1 + id);
        }
        let mut now: Vec<u32> = (0..6).collect();
        for (before, after) in renames {
            policy.look_ahead(|_| ());
            policy.rename(*before, *after);
            for id in &mut now {
                if id == before {
                    *id = *after;
                }
            }
        }
        assert_eq!((policy.len(), policy.weight()), (6, 21));
        for (before, now) in now.iter().enumerate() {
            assert_eq!(policy.hash(*now), hash(before as u64) & queues::KEPT);
            assert_eq!(policy.weight_of(*now), 1 + id(before));
        }
        let mut left = Vec::new();
        while let Some(id) = policy.evict(|_| 0) {
            left.push(now.iter().position(|now| *now == id).unwrap());
        }
        left
    };
    let as_they_came = order(&[]);
    assert_eq!(as_they_came.len(), 6);
    assert_eq!(order(&[(0, 9)]), as_they_came);
    assert_eq!(order(&[(5, 6), (0, 7), (3, 40), (6, 5)]), as_they_came);
    assert_eq!(order(&[(2, 2)]), as_they_came);
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
fn counts_do_not_fall_when_the_cache_grows_and_are_halved_when_they_age() {
    let mut history = History::new();
    history.make_room_for(100);
    for key in 0..10 {
        history.add(hash(key), 8);
    }
    let counts =
        |history: &History| -> Vec<u64> { (0..10).map(|key| history.count(hash(key))).collect() };
    let mut entries = 100;
    while entries < 100_000 {
        entries += entries / 8;
        history.make_room_for(entries);
        assert_eq!(counts(&history), [8; 10]);
    }
    // One key for all other events, so that few counters are touched.
    let other = hash(1_000_000);
    while counts(&history) == [8; 10] {
        history.add(other, 1);
    }
    assert_eq!(counts(&history), [4; 10]);
    assert_eq!((history.count(other), history.count(hash(77))), (7, 0));
}

#[test]
fn every_key_can_be_counted() {
    for key in 0..1_000 {
        let mut history = History::new();
        history.make_room_for(100);
        history.add(hash(key), 3);
        history.add(hash(key), 4);
        assert_eq!(history.count(hash(key)), 7, "{key}");
    }
}

#[test]
fn few_are_taken_for_others_when_all_have_been_met() {
    const ENTRIES: u64 = 10_000;
    let mut history = History::new();
    history.make_room_for(id(ENTRIES) as usize);
    for key in 0..ENTRIES {
        history.add(hash(key), 2);
    }
    let too_often = |keys: std::ops::Range<u64>, right: u64| {
        keys.filter(|key| history.count(hash(*key)) > right).count()
    };
    let met = too_often(0..ENTRIES, 2);
    let strangers = too_often(ENTRIES..2 * ENTRIES, 0);
    assert!(met <= 300 && strangers <= 600, "{met} and {strangers}");
}

#[test]
fn what_was_counted_counts_half_as_an_event_from_then_on() {
    let mut history = History::new();
    history.make_room_for(100);
    let (key, other) = (hash(1), hash(1_000_000));
    history.add(key, 12);
    let mut events_until = |count| {
        let mut events = 0;
        while history.count(key) > count {
            history.add(other, 1);
            events += 1;
        }
        events
    };
    let between_halvings = [events_until(6) + 12, events_until(3), events_until(1)];
    assert_eq!(between_halvings, [1_600, 800, 800]);
}

#[test]
fn who_takes_the_id_of_another_is_judged_by_its_own_count() {
    let judged = |take_over: fn(&mut Policy)| {
        let mut policy = Policy::new(10);
        for id in 0..3 {
            policy.insert(id, hash(id.into()), 1);
        }
        policy.history.add(policy.hash(0), 3);
        policy.history.add(policy.hash(1), 5);
        let known = |policy: &Policy, id| Known {
            id,
            hash: policy.hash(id),
        };
        let (newcomer, victim) = (known(&policy, 0), known(&policy, 1));
        assert!(!policy.outdoes(newcomer, victim));
        take_over(&mut policy);
        let victim = known(&policy, 1);
        policy.outdoes(newcomer, victim)
    };
    assert!(!judged(|_| ()), "it is the same one");
    assert!(judged(|policy| {
        policy.remove(1);
        policy.insert(1, hash(77), 1);
    }));
    assert!(judged(|policy| {
        policy.rename(1, 9);
        policy.insert(1, hash(77), 1);
    }));
}

#[test]
fn most_of_those_evicted_last_are_remembered() {
    const ENTRIES: u64 = 10_000;
    let mut history = History::new();
    history.make_room_for(id(ENTRIES) as usize);
    for key in 0..ENTRIES {
        history.remember(hash(key), Queue::Main);
    }
    let known = (ENTRIES / 2..ENTRIES).filter(|key| history.add_missed(hash(*key)).is_some());
    let known = known.count();
    assert!(known >= 3_500, "{known} of 5000");
}

#[test]
fn a_ghost_knows_whence_and_how_long_ago_it_left_and_is_met_once() {
    let mut history = History::new();
    history.make_room_for(100_000);
    history.remember(hash(1), Queue::Window);
    history.remember(hash(2), Queue::Main);
    for key in 1_000..1_500 {
        history.remember(hash(key), Queue::Window);
    }
    let (queue, distance) = history.add_missed(hash(1)).expect("nobody took its place");
    assert_eq!(queue, Queue::Window);
    assert!((370..=630).contains(&distance), "{distance}");
    assert_eq!(history.add_missed(hash(1)), None);
    let (queue, distance) = history.add_missed(hash(2)).expect("nobody took its place");
    assert_eq!((queue, distance), (Queue::Main, 0));
    assert_eq!(history.add_missed(hash(3)), None);
}

#[test]
fn one_that_seems_to_be_met_all_the_time_does_not_keep_the_others_here() {
    let mut shard = Shard::new(100);
    shard.hits(0..100);
    let next = shard.policy.queues.oldest(Queue::Main).unwrap().0;
    let all = hash(shard.entries[&next].0);
    // Nobody is met again but those of a loop too long for any window, and none of them outdoes the next victim.
    let mut hits = 0;
    for _ in 0..60 {
        hits = 0;
        for key in 1_000..1_150 {
            shard.policy.history.add(all, 1);
            hits += usize::from(shard.get(key));
        }
    }
    assert!(hits >= 70, "{hits} of the 100 that are possible");
}

#[test]
fn an_entry_costs_twenty_bytes_at_any_size() {
    for entries in [100_000, 125_000, 131_073, 137_500] {
        let mut policy = Policy::new(entries);
        for key in 0..entries as u64 {
            policy.record_miss(hash(key));
            policy.insert(id(key), hash(key), 1);
        }
        let memory = policy.memory();
        assert!(memory <= entries * 20, "{memory} bytes for {entries}");
    }
}

#[test]
fn who_does_not_know_how_many_will_come_wastes_an_eighth() {
    let mut policy = Policy::new(usize::MAX);
    for key in 0..200_000 {
        policy.insert(id(key), hash(key), 1);
        let (memory, entries) = (policy.memory(), policy.len());
        assert!(
            entries < 10_000 || memory <= entries * 23,
            "{memory} bytes for {entries}"
        );
    }
}

#[test]
fn weights_cost_nothing_until_there_are_any() {
    let mut policy = Policy::new(1_000);
    for key in 0..1_000 {
        policy.insert(id(key), hash(key), 1);
    }
    let before = policy.memory();
    policy.set_weight(17, 5);
    assert_eq!((policy.weight_of(17), policy.weight_of(18)), (5, 1));
    assert_eq!(policy.weight(), 1_004);
    assert_eq!(policy.memory(), before + 4 * policy.room);
    policy.remove(17);
    assert_eq!((policy.weight_of(17), policy.weight()), (5, 999));
}

#[test]
fn who_is_asked_about_was_shown_before() {
    const ENTRIES: usize = 1_000;
    let mut policy = Policy::new(ENTRIES);
    let (mut shown, mut free) = (HashSet::new(), (0..=id(ENTRIES)).collect::<Vec<_>>());
    let (mut asked, mut foreseen) = (0, 0);
    // Who stays the next of the main queue is asked about every time.
    let mut last = None;
    for key in 0..20 * ENTRIES as u64 {
        if policy.len() >= ENTRIES {
            let before = last;
            free.extend(policy.evict(|id| {
                asked += 1;
                foreseen += u32::from(shown.remove(&id) || before == Some(id));
                last = Some(id);
                u8::from((hash(id.into()) ^ u64::from(asked)).is_multiple_of(4))
            }));
        }
        policy.record_miss(hash(key));
        policy.insert(free.remove(0), hash(key), 1);
        if key % 7 == 0 {
            // Gone for another reason, wherever it stood.
            let id = id(hash(key) % ENTRIES as u64);
            if !free.contains(&id) {
                policy.remove(id);
                free.push(id);
            }
        }
        policy.look_ahead(|ahead| _ = shown.insert(ahead.id));
    }
    assert!(asked > 10_000, "{asked}");
    assert!(foreseen > asked / 10 * 9, "{foreseen} of {asked}");
}
