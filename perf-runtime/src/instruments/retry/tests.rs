//! A retry against one that is written down as simply as it can be, on a clock of the test's own.

use super::*;
use crate::chance::Chance;
use crate::classify::Class;
use crate::rejected::Rejected;

const META: Meta = Meta {
    attribute: "retry",
    name: Some("test"),
    part: None,
    place: || "",
    file: file!(),
    line: 1,
};

const SECOND: u64 = 1_000_000_000;

/// How the attempts of a call end, in their order; the last goes on for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    Ok,
    Transient,
    Permanent,
    /// Wants to be left alone for so many seconds.
    Busy(u64),
}

impl End {
    fn class(self) -> Option<Class> {
        match self {
            Self::Ok => None,
            Self::Transient => Some(Class::Transient),
            Self::Permanent => Some(Class::Permanent),
            Self::Busy(seconds) => Some(Class::Overloaded(Some(Duration::from_secs(seconds)))),
        }
    }
}

/// What one expects of a call.
#[derive(Debug, PartialEq, Eq)]
struct Expected {
    attempts: u32,
    waited: u64,
}

/// A bucket that is filled by time and by every call, and a loop.
struct Naive {
    attempts: u32,
    first: u64,
    longest: u64,
    content: u64,
    share: u64,
    now: u64,
    asked: u64,
}

impl Naive {
    const TOKEN: u64 = SECOND / 10;
    const FULL: u64 = 10 * SECOND;

    fn put(&mut self, content: u64) {
        self.content = (self.content + content).min(Self::FULL);
    }

    fn pass(&mut self, time: u64) {
        self.now += time;
        self.put(time);
    }

    fn call(&mut self, ends: &[End]) -> Expected {
        self.put(self.share);
        let mut delay = self.first;
        let mut waited = 0;
        let mut attempt = 1;
        loop {
            let end = ends[(attempt as usize - 1).min(ends.len() - 1)];
            let floor = match end {
                End::Ok | End::Permanent => break,
                End::Transient => 0,
                End::Busy(seconds) => seconds * SECOND,
            };
            let wait = delay.min(self.longest).max(floor);
            if attempt == self.attempts || wait > self.longest {
                break;
            }
            self.asked += 1;
            if self.content < Self::TOKEN {
                break;
            }
            self.content -= Self::TOKEN;
            self.pass(wait);
            waited += wait;
            delay = delay.saturating_mul(2);
            attempt += 1;
        }
        Expected {
            attempts: attempt,
            waited,
        }
    }
}

#[test]
fn attempts_delays_and_budget_are_those_of_the_simplest_retry() {
    static CLOCKS: [Clock; 3] = [const { Clock::manual() }; 3];
    let seed = 0x2026_1121_0815_4711;
    println!("seed {seed}");
    let mut random = Chance(seed);
    for (clock, (attempts, first, longest)) in CLOCKS.iter().zip([
        (3, SECOND / 1_000, SECOND),
        (2, SECOND / 50, 5 * SECOND),
        (6, SECOND / 1_000, SECOND / 200),
    ]) {
        let options = Options::new()
            .attempts(u64::from(attempts))
            .backoff(Growth::Exponential(2.0), Duration::from_nanos(first))
            .max_delay(Duration::from_nanos(longest))
            .jitter(Jitter::None)
            .clock(clock);
        let retry: &'static Retry = Box::leak(Box::new(Retry::new(&META, options)));
        let mut naive = Naive {
            attempts,
            first,
            longest,
            content: Naive::FULL,
            share: Naive::TOKEN / 10,
            now: 0,
            asked: 0,
        };
        let mut retries = 0;
        for _ in 0..400_000 {
            if random.below(100) == 0 {
                let calm = random.below(SECOND);
                clock.advance(Duration::from_nanos(calm));
                naive.pass(calm);
            }
            let mut ends = [End::Ok; 6];
            for end in &mut ends {
                *end = match random.below(100) {
                    0..55 => End::Ok,
                    55..94 => End::Transient,
                    94..97 => End::Permanent,
                    _ => End::Busy(random.below(2)),
                };
            }
            let mut run = 0;
            let before = clock.exact();
            let answer = retry.attempts(
                None,
                || {
                    run += 1;
                    let end = ends[(run as usize - 1).min(ends.len() - 1)];
                    Ended::Answered(if end == End::Ok { Ok(run) } else { Err(end) })
                },
                asked(
                    |answer: &Result<u32, End>| answer.as_ref().err().and_then(|end| end.class()),
                    |_| None,
                    |_| (),
                ),
            );
            let found = Expected {
                attempts: run,
                waited: clock.exact() - before,
            };
            assert_eq!(found, naive.call(&ends), "{ends:?} at {before}");
            let last = ends[(run as usize - 1).min(ends.len() - 1)];
            assert_eq!(answer.sure().err(), (last != End::Ok).then_some(last));
            retries += u64::from(run - 1);
        }
        let counted = |count: Count| retry.counters.since_reset(count as usize);
        let attempts: u64 = (2..7).map(|n| counted(report::attempt(n))).sum();
        assert_eq!(attempts, retries);
        assert!(retries < naive.asked, "the budget was never over");
        assert_eq!(counted(Count::OverBudget), naive.asked - retries);
    }
}

/// How often a call is made whose attempts are all rejected, and how long it waits.
fn rejected(options: Options, clock: &'static Clock, rejected: Rejected) -> Expected {
    let options = options.jitter(Jitter::None).clock(clock);
    let retry: &'static Retry = Box::leak(Box::new(Retry::new(&META, options)));
    let (mut attempts, before) = (0, clock.exact());
    let ended = retry.attempts(
        None,
        || {
            attempts += 1;
            Ended::<Option<u8>>::Rejected(rejected)
        },
        asked(|_: &Option<u8>| None, |_| None, |_| ()),
    );
    assert_eq!(ended, Ended::Rejected(rejected));
    Expected {
        attempts,
        waited: clock.exact() - before,
    }
}

#[test]
fn only_what_is_late_is_repeated_of_rejections() {
    static CLOCK: Clock = Clock::manual();
    let made = |rejection| rejected(Options::new(), &CLOCK, rejection).attempts;
    assert_eq!(made(Rejected::timed_out("op", Duration::ZERO)), 3);
    for rejection in [
        Rejected::circuit_open("op", 1),
        Rejected::rate_limited("op", 1),
        Rejected::bulkhead_full("op"),
        Rejected::load_failed("op"),
    ] {
        assert_eq!(made(rejection), 1, "{rejection}");
    }
}

#[test]
fn who_asks_for_it_has_those_repeated_that_say_when_to_come_again() {
    static CLOCK: Clock = Clock::manual();
    let made = |rejection| rejected(Options::new().repeat_rejections(), &CLOCK, rejection);
    let expected = |attempts, seconds| Expected {
        attempts,
        waited: seconds * SECOND,
    };
    // A second and two are not enough.
    assert_eq!(
        made(Rejected::circuit_open("op", 5 * SECOND)),
        expected(3, 10)
    );
    assert_eq!(made(Rejected::rate_limited("op", SECOND)), expected(3, 3));
    assert_eq!(made(Rejected::bulkhead_full("op")), expected(3, 3));
    // Held open by hand, more than there may ever be, longer than anybody waits.
    assert_eq!(made(Rejected::circuit_open("op", u64::MAX)), expected(1, 0));
    assert_eq!(made(Rejected::rate_limited("op", u64::MAX)), expected(1, 0));
    assert_eq!(
        made(Rejected::circuit_open("op", 31 * SECOND)),
        expected(1, 0)
    );
    assert_eq!(made(Rejected::load_failed("op")), expected(1, 0));
}

#[test]
fn no_option_hurts() {
    static CLOCK: Clock = Clock::manual();
    let longest = Duration::MAX;
    let late = Rejected::timed_out("op", longest);
    for options in [
        Options::new().attempts(0),
        Options::new().attempts(1),
        Options::new().attempts(u64::MAX).deadline(Duration::ZERO),
    ] {
        assert_eq!(rejected(options, &CLOCK, late).attempts, 1);
    }
    for options in [
        Options::new().max_delay(longest).delays(|_| Duration::MAX),
        Options::new()
            .max_delay(longest)
            .backoff(Growth::Fibonacci, longest),
        Options::new().deadline(longest).budget(f64::NAN),
        Options::new().max_delay(Duration::ZERO),
    ] {
        assert_eq!(rejected(options, &CLOCK, late).attempts, 3);
    }
}
