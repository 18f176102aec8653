//! The options of attributes on what is shared.

/// The options of `#[batched]`.
pub mod batched {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `max_size = 50`, or an expression that gives a `u64`: how many items a batch has at most. Default: 100.
    pub mod max_size {}

    /// `linger = "5ms"`, or an expression that gives a `Duration`: how long the first item of a batch waits for others.
    /// Default: not at all where nothing runs, and after a batch for a sixteenth of what batches take.
    pub mod linger {}

    /// `concurrency = 4`, or an expression that gives a `u64`: how many batches with the same other arguments run at once.
    /// Default: 1.
    pub mod concurrency {}

    /// `max_queue = 1_000`, or an expression that gives a `u64`: how many items with the same other arguments may wait.
    /// Default: 10,000.
    pub mod max_queue {}

    /// `full = "reject"` or `"wait"`: what becomes of a call when so many wait. Default: it waits, too.
    pub mod full {}

    /// `dedupe`: items that are equal are one item of a batch, and have the same answer. Default: each is its own.
    pub mod dedupe {}

    /// `reject = |rejected| MyError::Busy`, a closure or the path of a function from `Rejected` to the function's error: what
    /// a call without an answer gives. Default: `From<Rejected>`.
    pub mod reject {}

    /// `handle` or `handle = false`: whether there is a function `<name>_batcher()` beside this one. Default: wherever it can
    /// stand.
    pub mod handle {}
}

/// The options of `#[offloaded]`.
pub mod offloaded {
    /// `name = "thumbnails"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `threads = 4`, or an expression that gives a `u64`: how many bodies run at once. Default: as many as there are
    /// processors.
    pub mod threads {}

    /// `queue = 1_000`, or an expression that gives a `u64`: how many calls may wait. Default: 10,000.
    pub mod queue {}

    /// `full = "reject"` or `"wait"`: what becomes of a call when so many wait. Default: it waits, too.
    pub mod full {}

    /// `reject = |rejected| MyError::Busy`, a closure or the path of a function from `Rejected` to the function's error: what
    /// a call that is not run gives. Default: `From<Rejected>`.
    pub mod reject {}

    /// `handle` or `handle = false`: whether there is a function `<name>_workers()` beside this one. Default: wherever it can
    /// stand.
    pub mod handle {}
}

/// The options of `#[pooled]`.
pub mod pooled {
    /// `name = "orders db"`: what the report calls this pool. Default: the path of the function.
    pub mod name {}

    /// `min_size = 2`, or an expression that gives a `u64`: how many resources are kept though nobody needs them. Default: 1.
    pub mod min_size {}

    /// `max_size = 20`, or an expression that gives a `u64`: how many resources there may be. Default: 10.
    pub mod max_size {}

    /// `acquire_timeout = "2s"`, or an expression that gives a `Duration`: how long a call takes at most, for waiting, making
    /// and checking together. Default: five seconds.
    pub mod acquire_timeout {}

    /// `create_timeout = "2s"`, or an expression that gives a `Duration`: how long the body may take. Default: five seconds.
    pub mod create_timeout {}

    /// `idle_timeout = "5m"`, `"never"`, or an expression that gives a `Duration`: how long a resource stays that nobody uses.
    /// Default: five minutes.
    pub mod idle_timeout {}

    /// `max_lifetime = "1h"`, `"never"`, or an expression that gives a `Duration`: how long a resource is used, less up to a
    /// tenth by chance. Default: an hour.
    pub mod max_lifetime {}

    /// `validate = is_alive`, a closure or the path of a function, async or not, over `&mut T`: whether a resource is still
    /// good; `bool` or a `Result`. Default: all are.
    pub mod validate {}

    /// `validate_every = "60s"`, or an expression that gives a `Duration`: how often what is idle is checked. Default: 60
    /// seconds.
    pub mod validate_every {}

    /// `validate_timeout = "1s"`, or an expression that gives a `Duration`: how long one check may take. Default: a second.
    pub mod validate_timeout {}

    /// `check_after = "30s"`, or an expression that gives a `Duration`: after how much time of idling a resource is checked
    /// before it is given out. Default: 30 seconds.
    pub mod check_after {}

    /// `on_create = |conn| …`, a closure or the path of a function, async or not, over `&mut T`: what is done to each new
    /// resource; one for which it fails is discarded.
    pub mod on_create {}

    /// `on_release = |buffer| buffer.clear()`, a closure or the path of a function over `&mut T`: what is done to each
    /// resource that comes back; one for which it fails is discarded. Whoever gives it back waits until it has ended, without
    /// a limit.
    pub mod on_release {}

    /// `on_destroy = |conn| …`, a closure or the path of a function over `T`: where a resource goes that is discarded.
    /// Default: it is dropped. Whoever has found that it is to go waits until it has ended, without a limit.
    pub mod on_destroy {}

    /// `fail_fast`: an error of the body goes to whoever has waited longest. Default: it is tried again until his time is
    /// up.
    pub mod fail_fast {}

    /// `overflow`: whoever comes when all are in use makes one more, which is dropped when it comes back. Default: he waits.
    pub mod overflow {}

    /// `order = "fifo"`: the resource that has been idle longest is given out first. Default: `"lifo"`, the one that came back
    /// last.
    pub mod order {}

    /// `max_creating = 4`, or an expression that gives a `u64`: how many resources are made at once. Default: 2.
    pub mod max_creating {}

    /// `max_keys = 200`, or an expression that gives a `u64`: how many pools there may be, one for each of the arguments.
    /// Default: 64.
    pub mod max_keys {}

    /// `reject = |rejected| MyError::Busy`, a closure or the path of a function from `perfkit::Rejected` to the function's
    /// error: what a call gives that gets no resource. Default: `From<perfkit::Rejected>` of the error.
    pub mod reject {}

    /// `handle`, `handle = false`: whether there is a function beside this one, `connect_pool()` for `connect`, that gives the
    /// pool. Default: wherever it can stand.
    pub mod handle {}
}
