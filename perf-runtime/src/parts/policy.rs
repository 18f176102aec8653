//! Whom a shard of a cache evicts.
//!
//! Readers tell a policy nothing: a hit is at most a store of two bits in the entry, which the policy collects when it
//! looks at that entry. What else it knows comes with misses, which are never free anyway.
//!
//! Entries come into a *window*, in the order of arrival. Who reaches its end and was used is new again; who was not is
//! compared with the one whom the *main* queue would give up, a CLOCK (Corbató 1968) with a credit of two bits, and the
//! one met more often lately stays, by a sketch of counts that also remembers keys that are not here (W-TinyLFU; Einziger,
//! Friedman and Manes 2017). Two things are our own:
//!
//! - A newcomer must have been met *two* times more often. Its count has just been raised by the miss that brought it,
//!   that of the other not yet: with a lead of one, a loop longer than the cache replaces everybody in every round, and
//!   nobody is met again.
//! - The size of the window follows ghosts, as in ARC (Megiddo and Modha 2003), but each has a say by its distance. A key
//!   that comes back `d` evictions after it left the window would have been a hit had the window been larger by `d`: what
//!   one more entry is worth is in proportion to `1 / d`. One that would not have been a hit in any window, of which a
//!   loop or a scan has many, says nothing. The ghosts of the main queue say the same for the other side.
//!
//! All under the lock of the shard and in constant time; memory is allocated only while the shard grows. What a policy
//! does not know: keys (only their hashes), values, time, and the bound, which is that of the whole cache.

mod ahead;
mod ghosts;
mod history;
mod queues;
mod sketch;
#[cfg(test)]
mod tests;

pub(crate) use self::ahead::Ahead;
use self::history::History;
pub(crate) use self::history::Whereabouts;
use self::queues::{Content, KEPT, MOST_CREDIT, MOST_IDS, Queue, Queues};

/// The share of the window is kept in parts of this.
const WHOLE: u64 = 1 << 32;
/// The window's share of the weight at first, and the least and the most it can become.
const FIRST_SHARE: u64 = WHOLE / 32;
const LEAST_SHARE: u64 = WHOLE / 100;
const MOST_SHARE: u64 = WHOLE / 100 * 95;
/// By how many entries a near ghost of the window widens it. Half of what it is the other way: a window that is too wide
/// costs more than one that is too narrow. Like the other numbers here it was chosen on traces (`benches`, `hit_ratio`);
/// half as much again costs 0.1 points of the mean.
const WIDEN: u64 = 2;
/// By how many entries a near ghost of the main queue narrows the window.
const NARROW: u64 = 4;
/// One entry in so many: ghosts nearer than that are near, and their say does not grow further.
const NEAR: u32 = 50;
/// How much more often a newcomer must have been met, beyond once.
const MARGIN: u64 = 1;
/// How many entries of a queue one eviction looks at before it takes what is next: bounds the work when all are in use.
const PATIENCE: u32 = 16;
/// How many newcomers in a row one of the main queue may outdo before the next of it is asked. Who shares the counters of
/// a key that is asked for again and again is never outdone, and all behind it would stay, whatever they are worth.
const STUBBORN: u32 = 64;

/// An id that no entry has.
const NOBODY: u32 = u32::MAX;

/// An entry that was asked about, and what is [kept](Policy::hash) of its hash.
#[derive(Clone, Copy, Debug)]
struct Known {
    id: u32,
    hash: u64,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Policy {
    queues: Queues,
    history: History,
    /// Of the whole weight, what the window may have, in parts of [`WHOLE`].
    share: u64,
    /// How many newcomers in a row the next victim has outdone.
    outdone: u32,
    /// The next victim, if it was compared, and how often a newcomer must have been met.
    compared: u32,
    needed: u64,
    /// For how many entries there is room.
    room: usize,
    /// How many entries there will be, if all goes as it should.
    expected: usize,
}

impl Policy {
    /// The policy of an empty shard. It has no bound: nothing is evicted but by [`evict`](Self::evict). Room is made as
    /// entries come, and up to what is `expected` not more than that.
    pub(crate) fn new(expected: usize) -> Self {
        Self {
            queues: Queues::new(),
            history: History::new(),
            share: FIRST_SHARE,
            outdone: 0,
            compared: NOBODY,
            needed: 0,
            room: 0,
            expected,
        }
    }

    /// A key was looked for and is not here. Whether an [`insert`](Self::insert) follows is open.
    #[inline]
    pub(crate) fn record_miss(&mut self, hash: u64) {
        // What most have not is not reckoned with.
        if let Some((left, distance)) = self.history.add_missed(hash & KEPT) {
            self.learn(left, distance);
        }
    }

    /// An entry came. Ids are small: there is memory for all up to the largest, and none are more than 67 million. That of
    /// another entry is taken over.
    ///
    /// What is [kept](Self::hash) of the hash must be spread evenly.
    ///
    /// Of many entries of one weight it makes no difference whether the store evicts before an entry comes or after. Of
    /// different weights it should be after: only then can a heavy newcomer lose to those it would drive out.
    pub(crate) fn insert(&mut self, id: u32, hash: u64, weight: u32) {
        if self.room <= id as usize && !self.grow(id) {
            return;
        }
        self.queues.insert(id, hash, weight, Queue::Window);
        // The window is over its share by the newcomer, which an eviction sets right. When it is by more, entries came
        // without one: there is room in the main queue, and nobody to be compared with.
        if self.has_too_many_but(weight) {
            self.fill_main(weight);
        }
    }

    /// An entry is gone for another reason than eviction. Nothing happens when it is not here.
    pub(crate) fn remove(&mut self, id: u32) {
        self.compared = NOBODY;
        self.queues.remove(id);
    }

    /// An entry has another id from now on, which nobody had.
    pub(crate) fn rename(&mut self, before: u32, now: u32) {
        if self.room > now as usize || self.grow(now) {
            self.compared = NOBODY;
            self.queues.rename(before, now);
        }
    }

    /// Chooses an entry and takes it out; none only when there is none. It may be the newest.
    ///
    /// `used` says how often readers met an entry since it was last asked about it, at most 3, and forgets it.
    pub(crate) fn evict(&mut self, mut used: impl FnMut(u32) -> u8) -> Option<u32> {
        if self.main().entries > 0 && self.window().weight <= self.window_share() {
            return self.evict_from_main(&mut used);
        }
        let newcomer = self.newcomer(&mut used)?;
        let Some(victim) = self.victim(&mut used) else {
            self.history.remember(newcomer.hash, Queue::Window);
            return self.drop_from(Queue::Window, newcomer);
        };
        if self.outdoes(newcomer, victim) {
            self.queues.renew(newcomer.id, Queue::Main);
            self.go_on();
            self.history.remember(victim.hash, Queue::Main);
            self.drop_from(Queue::Main, victim)
        } else {
            self.outdone += 1;
            if self.outdone >= STUBBORN {
                self.go_on();
                self.queues.renew(victim.id, Queue::Main);
            }
            self.drop_from(Queue::Window, newcomer)
        }
    }

    /// Where stands what is known of keys, until the next [comes](Self::insert).
    #[inline]
    pub(crate) fn whereabouts(&self) -> Whereabouts {
        self.history.whereabouts()
    }

    /// Of the hash an entry came with its high half and its low byte, between them zeros; 0 for an id that never was here.
    ///
    /// Known until the id comes again.
    pub(crate) fn hash(&self, id: u32) -> u64 {
        self.queues.hash(id)
    }

    /// How many entries there are.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.entries() as usize
    }

    /// What an entry weighs, or did until it left.
    pub(crate) fn weight_of(&self, id: u32) -> u32 {
        self.queues.weight(id)
    }

    /// The entry weighs something else from now on.
    pub(crate) fn set_weight(&mut self, id: u32, weight: u32) {
        self.queues.set_weight(id, weight);
    }

    /// What all entries weigh.
    pub(crate) fn weight(&self) -> u64 {
        self.window().weight + self.main().weight
    }

    /// Bytes allocated.
    pub(crate) fn memory(&self) -> usize {
        self.queues.memory() + self.history.memory()
    }

    fn window(&self) -> Content {
        self.queues.content(Queue::Window)
    }

    fn main(&self) -> Content {
        self.queues.content(Queue::Main)
    }

    fn entries(&self) -> u32 {
        self.window().entries.saturating_add(self.main().entries)
    }

    /// The weight that the window may have, at least that of the lightest entry.
    #[inline]
    fn window_share(&self) -> u64 {
        let share = u128::from(self.weight()) * u128::from(self.share) / u128::from(WHOLE);
        #[expect(clippy::cast_possible_truncation, reason = "a part of the weight")]
        let share = share as u64;
        share.max(1)
    }

    /// Whether the window is over its share by more than a newcomer of this weight.
    #[inline]
    fn has_too_many_but(&self, newcomer: u32) -> bool {
        let share = self.window_share();
        // The eighth keeps rounding from being taken for room.
        self.window().weight > share + share / 8 + u64::from(newcomer)
    }

    /// The oldest of the window go to the main queue: two for one keep up with a share that shrinks.
    #[cold]
    fn fill_main(&mut self, newcomer: u32) {
        for _ in 0..2 {
            if let Some((id, _)) = self.queues.oldest(Queue::Window)
                && self.has_too_many_but(newcomer)
            {
                self.queues.renew(id, Queue::Main);
            }
        }
    }

    /// There is room in the window.
    #[cold]
    fn evict_from_main(&mut self, used: &mut impl FnMut(u32) -> u8) -> Option<u32> {
        let victim = self.victim(used)?;
        self.go_on();
        self.history.remember(victim.hash, Queue::Main);
        self.drop_from(Queue::Main, victim)
    }

    #[inline]
    fn drop_from(&mut self, queue: Queue, Known { id, .. }: Known) -> Option<u32> {
        self.queues.remove_from(queue, id).then_some(id)
    }

    /// Another one is the next victim.
    #[inline]
    fn go_on(&mut self) {
        self.outdone = 0;
        self.compared = NOBODY;
    }

    /// The next that leaves the window; those in use on the way there are new again.
    ///
    /// When all of the others are in use, it is the oldest of them and not the one that has just come.
    #[inline]
    fn newcomer(&mut self, used: &mut impl FnMut(u32) -> u8) -> Option<Known> {
        let newest = self.queues.newest(Queue::Window)?;
        let (first, node) = self.queues.oldest(Queue::Window)?;
        let (mut id, mut hash) = (first, node.hash());
        let first = Known { id, hash };
        for _ in 0..PATIENCE {
            if id == newest {
                break;
            }
            let times = used(id);
            if times == 0 {
                return Some(Known { id, hash });
            }
            self.history.add(hash, times);
            self.queues.renew(id, Queue::Window);
            let (next, node) = self.queues.oldest(Queue::Window)?;
            (id, hash) = (next, node.hash());
        }
        Some(first)
    }

    /// The next that the main queue would give up; those in use on the way there start again with less credit.
    #[inline]
    fn victim(&mut self, used: &mut impl FnMut(u32) -> u8) -> Option<Known> {
        for _ in 0..PATIENCE {
            let (id, node) = self.queues.oldest(Queue::Main)?;
            let hash = node.hash();
            let times = used(id);
            let credit = node.credit() + u32::from(times);
            if credit == 0 {
                return Some(Known { id, hash });
            }
            self.compared = NOBODY;
            self.history.add(hash, times);
            self.queues.set_credit(id, credit.min(MOST_CREDIT) - 1);
            self.queues.renew(id, Queue::Main);
        }
        let (id, node) = self.queues.oldest(Queue::Main)?;
        let hash = node.hash();
        Some(Known { id, hash })
    }

    /// Whether a newcomer is worth more than the next victim; it is remembered as evicted if not.
    ///
    /// By how often they were met for each unit of weight, because weight is what is scarce.
    #[inline]
    fn outdoes(&mut self, newcomer: Known, victim: Known) -> bool {
        if self.compared != victim.id {
            self.compared = victim.id;
            self.needed = self.history.count(victim.hash) + MARGIN;
        }
        let weight = u64::from(self.queues.weight(newcomer.id).max(1));
        let freed = u64::from(self.queues.weight(victim.id).max(1));
        let needed = self.needed * weight;
        self.history
            .remember_unless(newcomer.hash, |times| times * freed > needed)
    }

    /// Moves the share of the window when a key comes back that would still be here with another one.
    #[inline(never)]
    fn learn(&mut self, left: Queue, distance: u32) {
        let entries = self.entries().max(1);
        let near = (entries / NEAR).max(1);
        let say = |count: u64, distance: u32| {
            let parts = WHOLE * count / u64::from(entries);
            parts * u64::from(near) / u64::from(distance.max(near))
        };
        // No window could have kept what is further away than the main queue is long, nor the other way.
        match left {
            Queue::Window if distance < self.main().entries => {
                let wider = self.share.saturating_add(say(WIDEN, distance));
                self.share = wider.min(MOST_SHARE);
            }
            Queue::Main if distance < self.window().entries => {
                let narrower = self.share.saturating_sub(say(NARROW, distance));
                self.share = narrower.max(LEAST_SHARE);
            }
            Queue::Window | Queue::Main => {}
        }
    }

    /// Makes room for an id, in steps of an eighth, which leave little unused. False for one that is too large.
    #[cold]
    fn grow(&mut self, id: u32) -> bool {
        if id >= MOST_IDS {
            return false;
        }
        let (least, more) = (id as usize + 1, self.room + self.room / 8 + 8);
        self.room = if self.room < self.expected {
            more.min(self.expected).max(least)
        } else {
            more.max(least)
        };
        self.queues.make_room_for(self.room);
        self.history.make_room_for(self.room);
        true
    }
}
