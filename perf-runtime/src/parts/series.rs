//! Everything counted under one name: the blocks of the threads that are alive, and the sum of those that ended.
//!
//! The lock of a series is taken when a thread first calls it, when a thread ends, when a report is made and at a reset:
//! never by a call after a thread's first, with one exception: a thread that has put 2^31 calls into one bucket moves
//! its numbers into the sum of the series, if the lock is free at that moment.

use std::sync::atomic::{
    AtomicU64, AtomicUsize,
    Ordering::{Relaxed, Release},
};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use crate::parts::block::Block;
use crate::parts::copied::Copied;
use crate::parts::shared::Shared;
use crate::parts::totals::{Ending, Outcomes, Times, Totals};

static NEXT: AtomicUsize = AtomicUsize::new(0);

/// See the module.
pub(crate) struct Series {
    id: usize,
    /// Counts the resets.
    era: AtomicU64,
    /// From how many ticks a call is slow; `u64::MAX` for never.
    slow: u64,
    /// One call in this many is timed.
    sample: u64,
    shared: OnceLock<Box<Shared>>,
    state: Mutex<State>,
}

struct State {
    live: Vec<&'static Block>,
    /// The blocks of threads that ended, added up: 120 bytes and the [buckets](crate::parts::buckets::Buckets) they used.
    retired: Totals,
    /// What the threads without a block had ended when the era began.
    shared_before: Outcomes,
}

impl Series {
    /// A series in which calls of at least `slow` ticks are slow and one in `sample` is timed.
    pub(crate) fn new(slow: Option<u64>, sample: u64) -> Self {
        Self {
            id: NEXT.fetch_add(1, Relaxed),
            era: AtomicU64::new(0),
            slow: slow.unwrap_or(u64::MAX),
            sample: sample.max(1),
            shared: OnceLock::new(),
            state: Mutex::new(State {
                live: Vec::new(),
                retired: Totals::new(),
                shared_before: [0; 4],
            }),
        }
    }

    /// Its place in every thread's table.
    #[inline]
    pub(crate) fn id(&self) -> usize {
        self.id
    }

    /// One call in this many is timed.
    #[inline]
    pub(crate) fn sample(&self) -> u64 {
        self.sample
    }

    /// What the threads without a block share.
    #[cold]
    #[inline(never)]
    pub(crate) fn shared(&self) -> &Shared {
        self.shared.get_or_init(|| Box::new(Shared::new()))
    }

    /// A timed call ended. True when it was slow.
    #[inline]
    pub(crate) fn end(&self, block: &Block, ending: Ending, times: Times) -> bool {
        self.follow(block);
        block.end(ending);
        if self.sample > 1 {
            block.learn(times.busy);
        }
        if block.time(times) {
            self.relieve(block);
        }
        let slow = times.elapsed >= self.slow;
        if slow {
            block.count_slow();
        }
        slow
    }

    /// A call begins on the thread of the block. Gives for how many calls it is to be timed, as
    /// [`Block::stands_for`].
    #[inline]
    pub(crate) fn start(&self, block: &Block) -> u64 {
        self.follow(block);
        block.start();
        block.stands_for()
    }

    /// A call ended that was timed for so many.
    #[inline]
    pub(crate) fn end_for(&self, block: &Block, ending: Ending, times: Times, calls: u64) {
        // Those that ended before a reset have been forgotten.
        let others = if block.era() == self.era.load(Relaxed) {
            calls.saturating_sub(1)
        } else {
            0
        };
        self.follow(block);
        block.end(ending);
        if block.time_many(times, others + 1) {
            self.relieve(block);
        }
        if times.elapsed >= self.slow {
            block.count_slow();
        }
    }

    /// A call ended that was not timed.
    #[inline]
    pub(crate) fn end_untimed(&self, block: &Block, ending: Ending) {
        self.follow(block);
        block.end(ending);
    }

    /// A call ended on a thread that has no block; `times` are there when it was timed. True when it was slow.
    #[cold]
    #[inline(never)]
    pub(crate) fn end_shared(&self, ending: Ending, times: Option<Times>) -> bool {
        let shared = self.shared();
        shared.end(ending);
        let Some(times) = times else {
            return false;
        };
        shared.time(times);
        let slow = times.elapsed >= self.slow;
        if slow {
            shared.count_slow();
        }
        slow
    }

    /// Brings a block into the present era.
    #[inline]
    fn follow(&self, block: &Block) {
        let era = self.era.load(Relaxed);
        if block.era() != era {
            block.begin(era);
        }
    }

    /// Takes in the empty block of a thread.
    pub(crate) fn adopt(&self, block: &'static Block) {
        let mut state = self.lock();
        block.begin(self.era.load(Relaxed));
        state.live.push(block);
    }

    /// Takes the numbers of a thread that ends out of its block, which is empty then.
    pub(crate) fn retire(&self, block: &'static Block) {
        let mut state = self.lock();
        state.live.retain(|live| !std::ptr::eq(*live, block));
        let era = self.era.load(Relaxed);
        block.add_ended(era, &mut Copied::new(), &mut state.retired);
        block.add_started(&mut state.retired);
        block.clear();
    }

    /// Makes room in a block of which a bucket is half full. When the lock is taken, the next fold asks again.
    #[cold]
    #[inline(never)]
    fn relieve(&self, block: &Block) {
        let mut state = match self.state.try_lock() {
            Ok(state) => state,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => return,
        };
        let retired = &mut state.retired;
        let (running, outcomes) = (retired.running, retired.outcomes);
        block.add_ended(self.era.load(Relaxed), &mut Copied::new(), retired);
        // Ends stay with the block: it goes on counting them.
        (retired.running, retired.outcomes) = (running, outcomes);
        block.empty();
    }

    /// Everything known now. Exact for calls that ended before this is called; never stops a caller.
    pub(crate) fn totals(&self) -> Totals {
        let state = self.lock();
        let era = self.era.load(Relaxed);
        let mut totals = Totals::new();
        // Room is made once: that of most calls to the allocator in a report.
        let known = state.live.iter().map(|block| block.groups());
        totals
            .buckets
            .keep(known.fold(state.retired.buckets.kept(), |all, groups| all | groups));
        let mut copy = Copied::new();
        for block in &state.live {
            block.add_ended(era, &mut copy, &mut totals);
        }
        let shared = self.shared.get();
        if let Some(shared) = shared {
            shared.add_ended(state.shared_before, &mut totals);
        }
        for block in &state.live {
            block.add_started(&mut totals);
        }
        if let Some(shared) = shared {
            shared.add_started(&mut totals);
        }
        totals.add(&state.retired);
        totals
    }

    /// Begins anew; what runs stays in flight.
    pub(crate) fn reset(&self) {
        let mut state = self.lock();
        self.era.fetch_add(1, Release);
        state.retired.reset();
        if let Some(shared) = self.shared.get() {
            state.shared_before = shared.ended();
            shared.empty();
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock;
    use crate::parts::blocks;
    use crate::parts::frame::Frame;

    fn leaked() -> &'static Series {
        Box::leak(Box::new(Series::new(None, 1)))
    }

    fn timed(elapsed: u64) -> Times {
        Times {
            elapsed,
            own: elapsed,
            busy: elapsed,
        }
    }

    fn call(series: &'static Series, nanos: u64) {
        let frame = Frame::enter(series);
        clock::test::pass(nanos);
        frame.exit(Ending::Ok);
    }

    #[test]
    fn moving_the_numbers_of_a_full_block_changes_no_total() {
        clock::test::set(0);
        let series = leaked();
        let block: &'static Block = Box::leak(Box::new(Block::new()));
        series.adopt(block);
        for elapsed in 0..1000 {
            block.start();
            series.end(block, Ending::Error, timed(elapsed));
        }
        block.start();
        let before = series.totals();
        series.relieve(block);
        let after = series.totals();
        assert!(before.buckets.iter().eq(after.buckets.iter()));
        assert_eq!((before.sum, before.own), (after.sum, after.own));
        assert_eq!((after.min, after.max), (0, 999));
        assert_eq!(after.timed, 1000);
        assert_eq!(after.outcomes, [0, 1000, 0, 0]);
        assert_eq!(after.in_flight(), 1);
        series.end(block, Ending::Ok, timed(1));
        assert_eq!(series.totals().timed, 1001);
        series.retire(block);
        assert_eq!(series.totals().outcomes, [1, 1000, 0, 0]);
        assert_eq!(series.totals().timed, 1001);
    }

    #[test]
    fn relieving_does_not_wait_for_a_reader() {
        let series = leaked();
        let block = Block::new();
        let reading = series.lock();
        series.relieve(&block);
        drop(reading);
    }

    #[test]
    fn series_beyond_the_table_count_as_exactly() {
        clock::test::set(0);
        let mut series = Series::new(None, 1);
        series.id = usize::MAX;
        let series: &'static Series = Box::leak(Box::new(series));
        for _ in 0..100 {
            call(series, 5);
        }
        let open = Frame::enter(series);
        let totals = series.totals();
        assert_eq!(totals.outcomes, [100, 0, 0, 0]);
        assert_eq!((totals.timed, totals.sum, totals.own), (100, 500, 500));
        assert_eq!((totals.min, totals.max), (5, 5));
        assert_eq!(totals.in_flight(), 1);
        series.reset();
        assert_eq!(series.totals().calls(), 0);
        assert_eq!(series.totals().timed, 0);
        assert_eq!(series.totals().in_flight(), 1);
        open.exit(Ending::Error);
        assert_eq!(series.totals().outcomes, [0, 1, 0, 0]);
        assert_eq!(series.totals().in_flight(), 0);
    }

    #[test]
    fn a_block_comes_back_empty() {
        let series = leaked();
        for _ in 0..50 {
            let block = blocks::take().expect("there is room");
            series.adopt(block);
            let empty = series.totals();
            assert_eq!(empty.in_flight(), 0);
            block.start();
            series.end(block, Ending::Ok, timed(9));
            series.retire(block);
            blocks::give(block);
        }
        assert_eq!(series.totals().calls(), 50);
        assert_eq!(series.totals().timed, 50);
    }
}
