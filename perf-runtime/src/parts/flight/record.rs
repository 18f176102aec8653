//! The records of a shard: what is known of each key that is being led or waited for. All of it is read and written
//! under the lock of the shard; the caller drops and wakes outside.
//!
//! Records are found by hash and told apart by key, so that keys never wait for each other, whatever their hashes.

use std::collections::BTreeMap;
use std::collections::hash_map::{Entry, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::mem::needs_drop;
use std::sync::Arc;
use std::sync::atomic::Ordering::{AcqRel, Acquire, Relaxed};
use std::task::Waker;

use super::lock::AtomicU64;
use super::seat::Seat;

/// Which run of which flight: the flight is that of a key from its first caller to the last, the run that of one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Ticket {
    pub(super) flight: u64,
    pub(super) run: u32,
}

/// How a caller found its key.
pub(super) enum Found<'t, K, A> {
    /// It leads now.
    Led(Ticket),
    /// Another one leads.
    Running(&'t mut Record<K, A>),
    /// There is no key to lead with.
    Nothing,
}

/// See the module.
pub(super) struct Table<K, A> {
    /// The one that came when there was no other: most often there is one at a time.
    alone: Option<(u64, Record<K, A>)>,
    /// Its flight, as long as it may have [ended](super::shard) without the lock; 0 for none.
    unmet: u64,
    records: HashMap<u64, Record<K, A>, BuildHasherDefault<Hashed>>,
    /// Those whose hash another key had already: practically none, but a user's `Hash` may be a bad one.
    collided: Vec<(u64, Record<K, A>)>,
    issued: u64,
}

/// What is known of one key.
pub(super) struct Record<K, A> {
    pub(super) ticket: Ticket,
    is_led: bool,
    is_outdated: bool,
    pub(super) pulse: Pulse,
    /// Since a second caller has come.
    pub(super) crowd: Option<Box<Crowd<A>>>,
    pub(super) key: K,
}

/// The signs of life of the one who leads.
///
/// A future that is alive and not polled shows none. Who waits for it can wake it, and if it is not polled then, nobody
/// will.
#[derive(Default)]
pub(super) struct Pulse {
    /// A future that is not being polled now; a thread never is one.
    pub(super) is_paused: bool,
    pub(super) polls: u32,
    pub(super) waker: Option<Waker>,
}

/// Those who wait, in the order in which they came.
pub(super) struct Crowd<A> {
    seats: BTreeMap<u64, Arc<Seat<A>>>,
    issued: u64,
    /// Who came after the run was outdated: seats from this number on.
    behind: u64,
}

impl<K: Eq, A> Table<K, A> {
    pub(super) fn new() -> Self {
        Self {
            alone: None,
            unmet: 0,
            records: HashMap::default(),
            collided: Vec::new(),
            issued: 0,
        }
    }

    #[cfg(test)]
    pub(super) fn len(&self) -> usize {
        usize::from(self.alone.is_some()) + self.records.len() + self.collided.len()
    }

    pub(super) fn for_each(&mut self, each: impl FnMut(&mut Record<K, A>)) {
        let others = self.alone.iter_mut().chain(&mut self.collided);
        let others = others.map(|(_, record)| record);
        self.records.values_mut().chain(others).for_each(each);
    }

    pub(super) fn find(&mut self, hash: u64, is: impl Fn(&K) -> bool) -> Option<&mut Record<K, A>> {
        self.each_with(hash).find(|record| is(&record.key))
    }

    /// Every record of a hash, whatever its key.
    pub(super) fn each_of(&mut self, hash: u64, each: impl FnMut(&mut Record<K, A>)) {
        self.each_with(hash).for_each(each);
    }

    fn each_with(&mut self, hash: u64) -> impl Iterator<Item = &mut Record<K, A>> {
        let others = self.alone.iter_mut().chain(&mut self.collided);
        let others = others.filter(move |(other, _)| *other == hash);
        let others = others.map(|(_, record)| record);
        // Not asked while it is empty, as it most often is.
        let known = (!self.records.is_empty()).then(|| self.records.get_mut(&hash));
        known.flatten().into_iter().chain(others)
    }

    /// The record of a flight, whoever leads it.
    pub(super) fn flight(&mut self, hash: u64, flight: u64) -> Option<&mut Record<K, A>> {
        let mut all = self.each_with(hash);
        all.find(|record| record.ticket.flight == flight)
    }

    /// The record of a run that has not been taken away from the one who leads it.
    #[inline]
    pub(super) fn run(&mut self, hash: u64, ticket: Ticket) -> Option<&mut Record<K, A>> {
        self.flight(hash, ticket.flight)
            .filter(|record| record.ticket == ticket && record.is_led)
    }

    pub(super) fn remove(&mut self, hash: u64, flight: u64) -> Option<Record<K, A>> {
        let is = |record: &Record<K, A>| record.ticket.flight == flight;
        if let Some((_, record)) = self.alone.take_if(|(_, record)| is(record)) {
            return Some(record);
        }
        if let Entry::Occupied(entry) = self.records.entry(hash)
            && is(entry.get())
        {
            return Some(entry.remove());
        }
        let mut collided = self.collided.iter();
        let place = collided.position(|(_, record)| is(record))?;
        Some(self.collided.swap_remove(place).1)
    }

    /// The caller leads, where there is no record; else the key comes back.
    #[expect(
        clippy::inline_always,
        reason = "the way of a run that nobody meets, in one function"
    )]
    #[inline(always)]
    pub(super) fn lead(&mut self, hash: u64, key: K, unmet: &AtomicU64) -> Result<Ticket, K> {
        let is_unmet = self.unmet != 0;
        // What kept it is seen by who finds it ended.
        let is_led = is_unmet && unmet.load(Acquire) != 0;
        if is_led || !(self.records.is_empty() && self.collided.is_empty()) {
            return Err(key);
        }
        let ticket;
        match &mut self.alone {
            None => {
                ticket = next(&mut self.issued);
                self.alone = Some((hash, Record::new(ticket, key)));
            }
            // Left behind. Nobody has met it: all else is as it was when it was new.
            Some((led, record)) if is_unmet => {
                ticket = next(&mut self.issued);
                (*led, record.ticket.flight, record.key) = (hash, ticket.flight, key);
            }
            Some(_) => return Err(key),
        }
        if !needs_drop::<K>() {
            self.unmet = ticket.flight;
            unmet.store(ticket.flight, Relaxed);
        }
        Ok(ticket)
    }

    /// Sees to it that the one whose hash `is_meant` is a record like any other, or none if it has ended.
    pub(super) fn meet(&mut self, is_meant: impl Fn(u64) -> bool, unmet: &AtomicU64) {
        let hash = self.alone.as_ref().map(|(hash, _)| *hash);
        if self.unmet == 0 || !hash.is_some_and(is_meant) {
            return;
        }
        let flight = std::mem::take(&mut self.unmet);
        if unmet.compare_exchange(flight, 0, AcqRel, Acquire).is_err() {
            self.alone = None;
        }
    }

    /// The caller comes to its key, and leads when nobody does. Takes `key` for a new record only.
    pub(super) fn enter(&mut self, hash: u64, key: &mut Option<K>) -> Found<'_, K, A> {
        let known = self.find(hash, |known| key.as_ref() == Some(known));
        if let Some(flight) = known.map(|record| record.ticket.flight) {
            return match self.flight(hash, flight) {
                Some(record) => record.enter(),
                None => Found::Nothing,
            };
        }
        let Some(key) = key.take() else {
            return Found::Nothing;
        };
        let ticket = next(&mut self.issued);
        let record = Record::new(ticket, key);
        match self.records.entry(hash) {
            Entry::Vacant(entry) => _ = entry.insert(record),
            Entry::Occupied(_) => self.collided.push((hash, record)),
        }
        Found::Led(ticket)
    }

    /// Takes the record of a run out that nobody has ever waited for, the usual one.
    #[inline]
    pub(super) fn take_lonely(&mut self, hash: u64, ticket: Ticket) -> Option<Record<K, A>> {
        let is = |record: &Record<K, A>| record.is_lonely(ticket);
        if let Some((_, record)) = self.alone.take_if(|(_, record)| is(record)) {
            return Some(record);
        }
        match self.records.entry(hash) {
            Entry::Occupied(entry) if is(entry.get()) => Some(entry.remove()),
            _ => None,
        }
    }
}

#[inline]
fn next(issued: &mut u64) -> Ticket {
    *issued = issued.wrapping_add(1);
    Ticket {
        flight: *issued,
        run: 0,
    }
}

impl<K, A> Record<K, A> {
    fn new(ticket: Ticket, key: K) -> Self {
        Self {
            ticket,
            is_led: true,
            is_outdated: false,
            pulse: Pulse::default(),
            crowd: None,
            key,
        }
    }

    fn enter(&mut self) -> Found<'_, K, A> {
        if self.is_led {
            Found::Running(self)
        } else {
            Found::Led(self.claim().0)
        }
    }

    pub(super) fn is_led(&self) -> bool {
        self.is_led
    }

    fn is_lonely(&self, ticket: Ticket) -> bool {
        self.ticket == ticket && self.is_led && self.crowd.is_none()
    }

    pub(super) fn is_outdated(&self) -> bool {
        self.is_outdated
    }

    /// The caller leads from now on, and everyone who waits does so for its answer. What is to be dropped comes back.
    pub(super) fn claim(&mut self) -> (Ticket, Pulse) {
        self.ticket.run = self.ticket.run.wrapping_add(1);
        self.is_led = true;
        self.is_outdated = false;
        (self.ticket, std::mem::take(&mut self.pulse))
    }

    /// Nobody leads it. What is to be dropped comes back.
    pub(super) fn vacate(&mut self) -> Pulse {
        self.is_led = false;
        self.is_outdated = false;
        std::mem::take(&mut self.pulse)
    }

    /// The answer of the run that there is must not be kept, nor given to those who come from now on.
    pub(super) fn outdate(&mut self) {
        if self.is_led && !self.is_outdated {
            self.is_outdated = true;
            if let Some(crowd) = &mut self.crowd {
                crowd.behind = crowd.issued;
            }
        }
    }

    /// Somebody waits for it. Gives the number of the seat.
    pub(super) fn join(&mut self, seat: Arc<Seat<A>>) -> u64 {
        let crowd = self.crowd.get_or_insert_default();
        let number = crowd.issued;
        crowd.issued = crowd.issued.wrapping_add(1);
        crowd.seats.insert(number, seat);
        number
    }

    /// Somebody waits no more.
    pub(super) fn leave(&mut self, number: u64) -> Option<Arc<Seat<A>>> {
        self.crowd.as_mut()?.seats.remove(&number)
    }

    pub(super) fn is_awaited(&self) -> bool {
        self.crowd
            .as_ref()
            .is_some_and(|crowd| !crowd.seats.is_empty())
    }

    #[cfg(test)]
    pub(super) fn seated(&self) -> usize {
        self.crowd.as_ref().map_or(0, |crowd| crowd.seats.len())
    }

    /// Its answer is not kept: takes out those who wait for it. Who comes from now on waits for the next run.
    pub(super) fn take_joined(&mut self) -> BTreeMap<u64, Arc<Seat<A>>> {
        self.outdate();
        let Some(crowd) = &mut self.crowd else {
            return BTreeMap::new();
        };
        let behind = crowd.seats.split_off(&crowd.behind);
        std::mem::replace(&mut crowd.seats, behind)
    }

    /// Takes them back.
    pub(super) fn put_back(&mut self, seats: BTreeMap<u64, Arc<Seat<A>>>) {
        if !seats.is_empty() {
            self.crowd.get_or_insert_default().seats.extend(seats);
        }
    }

    /// The next few to be woken, when nobody leads: more than one, because some may be alive and no longer polled, and
    /// not all, because one is enough. Who has been woken already and did not come is passed over.
    pub(super) fn next(&self) -> Vec<Arc<Seat<A>>> {
        const A_FEW: usize = 8;
        let seats = self.crowd.iter().flat_map(|crowd| crowd.seats.values());
        let listening = seats.filter(|seat| seat.listens());
        listening.take(A_FEW).cloned().collect()
    }
}

impl<A> Crowd<A> {
    pub(super) fn into_seats(self) -> BTreeMap<u64, Arc<Seat<A>>> {
        self.seats
    }
}

impl<A> Default for Crowd<A> {
    fn default() -> Self {
        Self {
            seats: BTreeMap::new(),
            issued: 0,
            behind: 0,
        }
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct Hashed(u64);

impl Hasher for Hashed {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }
}
