//! Single steps, in one thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::task::{Wake, Waker};

use crate::parts::bulkhead::{Bulkhead, Joined, Ticket};

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Relaxed);
    }
}

struct Caller {
    woken: Arc<Count>,
    waker: Waker,
    ticket: Ticket,
}

impl Caller {
    fn joins(bulkhead: &Bulkhead) -> Self {
        let woken = Arc::new(Count::default());
        let waker = Waker::from(woken.clone());
        let (Joined::Waits(ticket), handover) = bulkhead.join(&waker) else {
            panic!("it does not wait");
        };
        assert!(!handover.is_due());
        Self {
            woken,
            waker,
            ticket,
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.0.swap(0, Relaxed) > 0
    }

    fn has_permit(&self, bulkhead: &Bulkhead) -> bool {
        let (has_permit, handover) = bulkhead.look(&self.ticket, &self.waker);
        handover.deliver();
        has_permit
    }
}

fn full(places: usize) -> Bulkhead {
    let bulkhead = Bulkhead::new(1, places);
    assert!(bulkhead.try_enter());
    bulkhead
}

fn assert_empty(bulkhead: &Bulkhead) {
    assert_eq!((bulkhead.in_use(), bulkhead.waiting()), (0, 0));
    assert!(!bulkhead.has_grants());
    assert!(bulkhead.try_enter(), "the mark is left behind");
}

#[test]
fn there_are_as_many_permits_as_it_says_and_they_come_back() {
    let bulkhead = Bulkhead::new(3, 0);
    assert!((0..3).all(|_| bulkhead.try_enter()));
    assert!(!bulkhead.try_enter());
    assert!(matches!(bulkhead.join(Waker::noop()).0, Joined::Full));
    assert!(!bulkhead.leave().is_due());
    assert!(bulkhead.try_enter());
    assert_eq!((bulkhead.in_use(), bulkhead.peak()), (3, 3));
    bulkhead.leave().deliver();
    bulkhead.reset_peak();
    assert_eq!((bulkhead.in_use(), bulkhead.peak()), (2, 2));
}

#[test]
fn those_who_wait_are_granted_permits_in_the_order_they_came() {
    let bulkhead = full(2);
    let (first, second) = (Caller::joins(&bulkhead), Caller::joins(&bulkhead));
    assert!(matches!(bulkhead.join(Waker::noop()).0, Joined::Full));
    assert_eq!(bulkhead.waiting(), 2);
    assert!(bulkhead.leave().deliver());
    assert!(first.is_woken() && !second.is_woken());
    assert!(!bulkhead.try_enter(), "it is granted to the first");
    assert!(!second.has_permit(&bulkhead));
    assert!(first.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert!(second.is_woken() && second.has_permit(&bulkhead));
    assert!(!bulkhead.leave().is_due());
    assert_empty(&bulkhead);
}

#[test]
fn who_goes_away_leaves_the_queue_and_hands_on_what_it_was_granted() {
    let bulkhead = full(3);
    let (first, second, third) = (
        Caller::joins(&bulkhead),
        Caller::joins(&bulkhead),
        Caller::joins(&bulkhead),
    );
    assert!(!bulkhead.go_away(second.ticket).is_due());
    bulkhead.leave().deliver();
    assert!(first.is_woken());
    bulkhead.go_away(first.ticket).deliver();
    assert!(third.is_woken() && third.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert_empty(&bulkhead);
}

#[test]
fn who_gives_up_when_its_turn_has_come_has_the_permit() {
    let bulkhead = full(2);
    let (first, second) = (Caller::joins(&bulkhead), Caller::joins(&bulkhead));
    bulkhead.leave().deliver();
    assert!(bulkhead.give_up(first.ticket).0);
    assert!(!bulkhead.give_up(second.ticket).0);
    bulkhead.leave().deliver();
    assert_empty(&bulkhead);
}

#[test]
fn a_head_that_does_not_come_for_its_permit_keeps_it_from_nobody() {
    let bulkhead = full(3);
    let (sleeper, other, third) = (
        Caller::joins(&bulkhead),
        Caller::joins(&bulkhead),
        Caller::joins(&bulkhead),
    );
    bulkhead.leave().deliver();
    assert!(sleeper.is_woken());
    assert!(
        bulkhead.look_after().deliver(),
        "the first look only sees it"
    );
    assert!(!other.is_woken());
    assert!(bulkhead.look_after().deliver());
    assert!(other.is_woken() && other.has_permit(&bulkhead));
    // It keeps its turn: when it is polled again, it is before those who came after it.
    assert!(!sleeper.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert!(sleeper.is_woken() && !third.is_woken());
    assert!(sleeper.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert!(third.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert_empty(&bulkhead);
}

#[test]
fn a_head_that_is_asleep_alone_keeps_the_permit_from_no_newcomer() {
    let bulkhead = full(1);
    let sleeper = Caller::joins(&bulkhead);
    bulkhead.leave().deliver();
    for _ in 0..2 {
        bulkhead.look_after().deliver();
    }
    assert!(bulkhead.try_enter(), "a newcomer");
    assert_eq!(bulkhead.waiting(), 1, "its place is its own still");
    assert!(matches!(bulkhead.join(Waker::noop()).0, Joined::Full));
    bulkhead.leave().deliver();
    assert!(sleeper.has_permit(&bulkhead), "there is one when it looks");
    bulkhead.leave().deliver();
    assert_empty(&bulkhead);
}

#[test]
fn a_sleeper_that_goes_away_leaves_nothing() {
    let bulkhead = full(1);
    let sleeper = Caller::joins(&bulkhead);
    bulkhead.leave().deliver();
    for _ in 0..2 {
        bulkhead.look_after().deliver();
    }
    bulkhead.go_away(sleeper.ticket).deliver();
    assert_empty(&bulkhead);
}

#[test]
fn the_last_waker_is_the_one_that_is_woken() {
    let bulkhead = full(1);
    let mut caller = Caller::joins(&bulkhead);
    let before = caller.woken.clone();
    caller.woken = Arc::new(Count::default());
    caller.waker = Waker::from(caller.woken.clone());
    assert!(!caller.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert_eq!(before.0.load(Relaxed), 0);
    assert!(caller.is_woken() && caller.has_permit(&bulkhead));
}

#[test]
fn new_permits_go_to_those_who_have_waited_longest() {
    let bulkhead = full(4);
    let [first, second, third] = [(); 3].map(|()| Caller::joins(&bulkhead));
    assert!(bulkhead.resize(3).deliver());
    assert!(first.is_woken() && second.is_woken() && !third.is_woken());
    assert!(!bulkhead.try_enter(), "they are granted");
    assert!(second.has_permit(&bulkhead) && first.has_permit(&bulkhead));
    assert!(!third.has_permit(&bulkhead));
    assert_eq!((bulkhead.max(), bulkhead.in_use()), (3, 3));
    bulkhead.leave().deliver();
    assert!(third.is_woken() && third.has_permit(&bulkhead));
    for _ in 0..3 {
        bulkhead.leave().deliver();
    }
    assert_empty(&bulkhead);
}

#[test]
fn fewer_permits_are_taken_from_nobody_who_has_one() {
    let bulkhead = Bulkhead::new(3, 1);
    assert!((0..3).all(|_| bulkhead.try_enter()));
    assert!(!bulkhead.resize(1).is_due());
    assert_eq!((bulkhead.max(), bulkhead.in_use()), (1, 3));
    let caller = Caller::joins(&bulkhead);
    for _ in 0..2 {
        assert!(!bulkhead.leave().is_due(), "there is none to hand on");
        assert!(!caller.has_permit(&bulkhead));
    }
    bulkhead.leave().deliver();
    assert!(caller.is_woken() && caller.has_permit(&bulkhead));
    assert_eq!((bulkhead.peak(), bulkhead.highest()), (3, 3));
    bulkhead.reset_peak();
    assert_eq!((bulkhead.peak(), bulkhead.highest()), (1, 1));
    bulkhead.leave().deliver();
    assert_empty(&bulkhead);
}

#[test]
fn who_waits_is_woken_when_there_are_fewer_and_waits_on() {
    let bulkhead = Bulkhead::new(2, 2);
    assert!((0..2).all(|_| bulkhead.try_enter()));
    let [first, second] = [(); 2].map(|()| Caller::joins(&bulkhead));
    assert!(!bulkhead.resize(1).deliver(), "nothing is granted");
    assert!(first.is_woken() && second.is_woken());
    assert!(!second.has_permit(&bulkhead) && !first.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert!(!first.is_woken() && !second.is_woken());
    bulkhead.leave().deliver();
    assert!(first.is_woken() && first.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert!(second.is_woken() && second.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert_empty(&bulkhead);
}

#[test]
fn fewer_places_are_taken_from_nobody_who_waits() {
    let bulkhead = full(2);
    let [first, second] = [(); 2].map(|()| Caller::joins(&bulkhead));
    bulkhead.resize_queue(0);
    assert!(matches!(bulkhead.join(Waker::noop()).0, Joined::Full));
    assert_eq!((bulkhead.places(), bulkhead.waiting()), (0, 2));
    bulkhead.leave().deliver();
    assert!(first.has_permit(&bulkhead));
    bulkhead.resize_queue(2);
    let third = Caller::joins(&bulkhead);
    bulkhead.leave().deliver();
    assert!(second.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert!(third.has_permit(&bulkhead));
    bulkhead.leave().deliver();
    assert_empty(&bulkhead);
}

#[test]
fn no_number_of_permits_is_too_small_or_too_large() {
    let bulkhead = full(1);
    assert!(!bulkhead.resize(0).is_due());
    assert_eq!(bulkhead.max(), 1);
    bulkhead.resize(u32::MAX).deliver();
    assert_eq!(bulkhead.max(), u32::MAX >> 1);
    assert!(bulkhead.try_enter());
    assert_eq!(bulkhead.in_use(), 2);
}

/// Wakers are code of the executor's: one that uses the bulkhead would hang if it ran under the lock.
#[test]
fn no_waker_runs_or_is_dropped_under_the_lock() {
    struct Nosy(Arc<Bulkhead>);
    impl Wake for Nosy {
        fn wake(self: Arc<Self>) {
            self.wake_by_ref();
        }
        fn wake_by_ref(self: &Arc<Self>) {
            let _ = self.0.waiting();
            std::panic::resume_unwind(Box::new("and panics"));
        }
    }
    impl Drop for Nosy {
        fn drop(&mut self) {
            let _ = self.0.waiting();
        }
    }
    let bulkhead = Arc::new(full(2));
    let nosy = || Waker::from(Arc::new(Nosy(bulkhead.clone())));
    let (Joined::Waits(first), _) = bulkhead.join(&nosy()) else {
        panic!("it does not wait");
    };
    let (Joined::Waits(second), _) = bulkhead.join(&nosy()) else {
        panic!("it does not wait");
    };
    assert!(!bulkhead.look(&first, &nosy()).0);
    bulkhead.leave().deliver();
    assert!(bulkhead.look(&first, &nosy()).0);
    bulkhead.go_away(second).deliver();
    bulkhead.leave().deliver();
    // One that is not kept.
    assert!(matches!(bulkhead.join(&nosy()).0, Joined::Entered));
    let waiting = [(); 2].map(|()| match bulkhead.join(&nosy()).0 {
        Joined::Waits(ticket) => ticket,
        _ => panic!("it does not wait"),
    });
    assert!(matches!(bulkhead.join(&nosy()).0, Joined::Full));
    for ticket in waiting {
        bulkhead.go_away(ticket).deliver();
    }
    bulkhead.leave().deliver();
    assert_empty(&bulkhead);
}
