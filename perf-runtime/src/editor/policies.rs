//! The options of the policies.

/// The options of `#[breaker]`.
pub mod breaker {
    /// `name = "payments"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `threshold = 5`, or an expression that gives a `u64`: how many failures in a row open it. Default: 5.
    pub mod threshold {}

    /// `failure_rate = 0.5`, `"50%"`, or an expression that gives an `f64`: which share of failures in the `window` opens it,
    /// instead of failures in a row.
    pub mod failure_rate {}

    /// `window = 100` for the last 100 calls, `window = "10s"` for those of the last 10 seconds, or an expression that gives
    /// a `u64` or a `Duration`: the calls of which a share is taken.
    pub mod window {}

    /// `min_calls = 20`, or an expression that gives a `u64`: how many calls there must be in the window before a share of
    /// them counts. Default: 20, or all of a smaller window.
    pub mod min_calls {}

    /// `slow = "500ms"`, or an expression that gives a `Duration`: calls at least this long are slow. Default: none is.
    pub mod slow {}

    /// `slow_rate = 0.8`, or an expression that gives an `f64`: which share of slow calls in the window opens it, too.
    pub mod slow_rate {}

    /// `reset = "60s"`, or an expression that gives a `Duration`: how long it is open before it lets a probe through.
    /// Default: 60 seconds.
    pub mod reset {}

    /// `max_reset = "10m"`, or an expression that gives a `Duration`: how long at most, when it is opened again and again,
    /// each time for twice as long. Default: 10 minutes.
    pub mod max_reset {}

    /// `probes = 3`, or an expression that gives a `u64`: how many calls may run at once while it is half-open. Default: 1.
    pub mod probes {}

    /// `last_error`, or `last_error = false`: the report tells what the last failure said. Default: off, because the text of an
    /// error may hold arguments.
    pub mod last_error {}

    /// `successes = 3`, or an expression that gives a `u64`: how many probes have to succeed to close it. Default: as many as
    /// `probes`.
    pub mod successes {}

    /// `lease = "30s"`, or an expression that gives a `Duration`: after which time without an end of the probes others are
    /// let through in their place. Default: the `reset`.
    pub mod lease {}

    /// `when = |error| error.is_server_side()`, a closure or the path of a function over the error: whether it is a failure, a
    /// `bool` or a `perfkit::Class`. Default: what the type of the error says.
    pub mod when {}

    /// `by = host`, an expression over the arguments: each key has a breaker of its own. Default: one for all calls.
    pub mod by {}

    /// `max_keys = 10_000`, or an expression that gives a `u64`: of how many keys something is known at once. Default: 10,000.
    pub mod max_keys {}

    /// `cancelled = "streak"`, `"ignore"` or `"failure"`: what calls mean that are cancelled. Default: `"streak"`, many in a
    /// row open it.
    pub mod cancelled {}

    /// `panics = "failure"` or `"ignore"`: what calls mean that panic. Default: `"failure"`.
    pub mod panics {}

    /// `fallback = offline`, the path of a function or a closure over the arguments and the `perfkit::Rejected`: gives the
    /// answer of a call that may not run. Default: the rejection is the answer.
    pub mod fallback {}

    /// `reject = |rejected| MyError::Busy`, a closure or the path of a function from `perfkit::Rejected` to the function's
    /// error: what a call gives that may not run. Default: `From<perfkit::Rejected>` of the error, `None` for an `Option`.
    pub mod reject {}

    /// `on_change = |change| …`, a closure or the path of a function over a `&perfkit::BreakerChange`: told of each change.
    pub mod on_change {}

    /// `mode = "observe"`, `"disabled"`, `"forced open"` or `"enforce"`: what it does in the beginning, and after a reset by
    /// hand. Default: `"enforce"`.
    pub mod mode {}

    /// `clock = &CLOCK`, an expression that gives a `&'static perfkit::Clock`: the time, for tests. Default: that of the
    /// system.
    pub mod clock {}

    /// `handle`, `handle = false`: whether there is a function beside this one, `charge_breaker()` for `charge`, that gives
    /// its breaker. Default: wherever it can stand, which is not in the implementation of a trait.
    pub mod handle {}
}

/// The options of `#[bulkhead]`.
pub mod bulkhead {
    /// `name = "export"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `queue = 50`, or an expression that gives a `u64`: how many calls wait for a place. Default: none.
    pub mod queue {}

    /// `wait = "30s"`, `"never"` for no limit, or an expression that gives a `Duration`: how long each of them waits. Default:
    /// 30 seconds.
    pub mod wait {}

    /// `by = tenant`, an expression over the arguments: each key has so many permits of its own. Default: all calls share them.
    pub mod by {}

    /// `handle = false`: no `<function>_bulkhead()` beside the function. Default: one wherever it can stand, but for `by`.
    pub mod handle {}

    /// `reject = |rejected| MyError::Busy`: what a rejected call gives. Default: what `From<perfkit::Rejected>` makes of it.
    pub mod reject {}
}

/// The options of `#[debounced]`.
pub mod debounced {
    /// `name = "search"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `max_wait = "1s"`, or an expression that gives a `Duration`: how long the first call of a burst waits at most.
    /// Default: as long as calls come.
    pub mod max_wait {}

    /// `leading`: the first call after a pause runs at once. Default: it waits, too.
    pub mod leading {}

    /// `trailing = false`, with `leading`: only the first call of a burst runs, and the others get its answer. Default: the last
    /// one runs as well.
    pub mod trailing {}

    /// `by = document.id`, an expression over the arguments: each key has bursts of its own. Default: all calls together.
    pub mod by {}

    /// `handle`, `handle = false`: whether there is a function beside this one, `search_debounce()` for `search`, that flushes
    /// and cancels the calls that wait. Default: wherever it can stand.
    pub mod handle {}
}

/// The options of `#[fallback]`.
pub mod fallback {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `value = Ok(Vec::new())`, an expression of the function's own answer over its arguments: the answer of a call that
    /// failed. In its place a closure from the error, or the path of a function from the arguments and the error, may stand
    /// first and without a name.
    pub mod value {}

    /// `when = |error| error.is_lost()`, a closure or the path of a function from the error to a `bool` or a `perfkit::Class`:
    /// which errors are answered for. Default: every one, and every rejection.
    pub mod when {}

    /// `on_panic`: answers for a panic of the body as well. Default: a panic passes through.
    pub mod on_panic {}
}

/// The options of `#[hedged]`.
pub mod hedged {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `after = "50ms"`, an expression that gives a `Duration`, or `"p95"`, a percentile of the calls of late: when a call that
    /// is not over gets company. Must be given.
    pub mod after {}

    /// `max = 2`, or an expression that gives a `u64`: how many attempts a call gets beyond the first, 64 at most. Default: 1.
    pub mod max {}

    /// `idempotent`: the body may run twice at a time, and be dropped half done. Must be given.
    pub mod idempotent {}

    /// `budget = 0.1`, an expression that gives an `f64`, or `false`: the share of the calls that may get company, besides one a
    /// second. Default: a twentieth.
    pub mod budget {}
}

/// The options of `#[rate_limited]`.
pub mod rate_limited {
    /// `name = "send"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `burst = 20`, or an expression that gives a `u64`: how many calls at once. Default: as many as the rate names.
    pub mod burst {}

    /// `wait`: a call that comes too often waits for as long as it takes. Default: it is rejected.
    pub mod wait {}

    /// `max_wait = "50ms"`, or an expression that gives a `Duration`: how long a call waits at most; where it would take
    /// longer, it is rejected at once. Default: it does not wait.
    pub mod max_wait {}

    /// `max_waiting = 50`: how many calls wait at most; one more is rejected. Default: as many as come.
    pub mod max_waiting {}

    /// `by = tenant`, an expression over the arguments that is `Hash`: each key has a rate of its own. Default: one for all.
    pub mod by {}

    /// `handle = false`: no `<function>_limiter()` beside the function. Default: one wherever it can stand.
    pub mod handle {}

    /// `max_keys = 10_000`, or an expression that gives a `u64`: how many keys have a rate of their own; the others share
    /// one. Default: 10,000.
    pub mod max_keys {}

    /// `cost = items.len() as u32`, an expression over the arguments that gives a `u32`: for how many calls one counts.
    /// Default: one.
    pub mod cost {}

    /// `reject = |rejected| MyError::Busy`: what a rejected call gives. Default: what `From<perfkit::Rejected>` makes of it.
    pub mod reject {}

    /// `clock = &CLOCK`, a `&'static perfkit::Clock`: the time it keeps, for tests. Default: the processor's.
    pub mod clock {}
}

/// The options of `#[retry]`.
pub mod retry {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `attempts = 5`, or an expression that gives a `u64`: how often the body runs at most, the first time included.
    /// Default: 3.
    pub mod attempts {}

    /// `backoff = "exponential"`, `"constant"`, `"fibonacci"`, or a function from the number of an attempt, from 2 on, to the
    /// delay before it. Default: exponential.
    pub mod backoff {}

    /// `delay = "100ms"`, or an expression that gives a `Duration`: the delay before the second attempt, which the others grow
    /// from. Default: one second.
    pub mod delay {}

    /// `factor = 1.5`, or an expression that gives an `f64`: by how much an exponential delay grows. Default: 2.
    pub mod factor {}

    /// `jitter = "full"`, `"equal"` or `"none"`: whether chance takes away anything of a delay, up to half of it, or nothing.
    /// Default: full; none where `backoff` is a function.
    pub mod jitter {}

    /// `max_delay = "10s"`, or an expression that gives a `Duration`: no delay is longer, and what asks for a longer one is not
    /// repeated. Default: thirty seconds.
    pub mod max_delay {}

    /// `when = |error| error.is_lost()`, a closure or the path of a function from the error to a `bool` or a `perfkit::Class`:
    /// which failures are repeated. Default: those that `perfkit::Classify` says, else every error.
    pub mod when {}

    /// `retry_after = |error| error.retry_after()`, a closure or the path of a function from the error to an
    /// `Option<Duration>`: the shortest delay before the next attempt. Default: none but what a `perfkit::Class` says.
    pub mod retry_after {}

    /// `deadline = "30s"`, or an expression that gives a `Duration`: no attempt begins later than that after the call. Default:
    /// only that of a `#[timeout]` around it.
    pub mod deadline {}

    /// `budget = 0.2`, an expression that gives an `f64`, or `false`: the share of the calls that may be repeated, besides ten a
    /// second. Default: a tenth.
    pub mod budget {}

    /// `rejected`: repeats what a policy further in has rejected, if that says when to come again or is a full bulkhead.
    /// Default: only what timed out is repeated.
    pub mod rejected {}

    /// `on_retry = |event| …`, a closure or the path of a function that takes a `perfkit::RetryEvent`: called before each
    /// repetition.
    pub mod on_retry {}

    /// `clock = &CLOCK`, an expression that gives a `&'static perfkit::Clock`: whose time the budget goes by, for tests. On a
    /// manual clock no delay is waited for, and the clock is moved on by it. Default: that of the system.
    pub mod clock {}
}

/// The options of `#[throttled]`.
pub mod throttled {
    /// `name = "level"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `by = self.id`, an expression over the arguments: each key is throttled apart. Default: all calls together.
    pub mod by {}

    /// `trailing`: the last of the calls that come too soon runs in the background when the time is over, with copies of its
    /// arguments. Default: it does not.
    pub mod trailing {}

    /// `leading = false`, with `trailing`: the first call does not run at once either. Default: it does.
    pub mod leading {}

    /// `clock = &CLOCK`, a `&'static perfkit::Clock`: the time it keeps, for tests. Default: the system's.
    pub mod clock {}

    /// `handle`, `handle = false`, with `trailing`: whether there is a function beside this one, `save_throttle()` for `save`,
    /// that flushes and cancels what waits. Default: wherever it can stand.
    pub mod handle {}
}

/// The options of `#[timeout]`.
pub mod timeout {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `reject = |rejected| MyError::Busy`, a closure or the path of a function from `perfkit::Rejected` to the function's
    /// error: what a call that took too long gives. Default: `From<perfkit::Rejected>` of the error, `None` for an `Option`.
    pub mod reject {}
}
