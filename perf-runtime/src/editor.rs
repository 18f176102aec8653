//! What an editor shows for the options of each attribute: one documented item for each of them.
//!
//! For rust-analyzer alone, an expansion imports the words that stand where the name of an option stands out of the
//! module of its attribute. So an option completes like any import, and hovering over it shows the words here.

mod policies;
mod resources;

pub use self::policies::*;
pub use self::resources::*;

/// The options of `#[cached]`.
pub mod cached {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `ttl = "5m"`, `"never"`, or an expression that gives a `Duration`: how long an answer is fresh. Default: five minutes.
    pub mod ttl {}

    /// `tti = "1m"`, or an expression that gives a `Duration`: how long an answer stays that nobody asks for. Default: as
    /// long as any other.
    pub mod tti {}

    /// `max_size = 10_000`, or an expression that gives a `u64`: how many answers are kept. Default: 1000.
    pub mod max_size {}

    /// `max_bytes = "64MiB"`, or an expression that gives a `u64`: how many bytes of answers are kept, as `weigh` counts
    /// them. Default: no limit.
    pub mod max_bytes {}

    /// `weigh = |page| page.len() as u64`, a closure over the value, or a closure or the path of a function over key and
    /// value: how many bytes an answer takes.
    pub mod weigh {}

    /// `key = (self.id, name)`, an expression over the arguments: what the answer depends on. Default: all arguments, `self`
    /// included.
    pub mod key {}

    /// `key_type = (u64, String)`: the type of the key, where `key` is an expression and the cache is to have a handle.
    pub mod key_type {}

    /// `ignore(db, trace)`: arguments that the answer does not depend on, `self` for example.
    pub mod ignore {}

    /// `if = limit < 100`, an expression over the arguments: false for a call that is neither looked up nor kept. Default:
    /// every call is.
    pub mod r#if {}

    /// `errors = "10s"`, or an expression that gives a `Duration`: how long an error is kept. Default: none is.
    pub mod errors {}

    /// `stale = "1m"`, or an expression that gives a `Duration`: how long after its `ttl` an answer is still given, while one
    /// call makes a new one in the background. Default: not at all.
    pub mod stale {}

    /// `refresh_ahead = 0.8`, or an expression that gives an `f64`: the share of the `ttl` after which the next call makes a
    /// new answer in the background; with `jitter`, no earlier than after this share of the answer's own time. Default:
    /// none does.
    pub mod refresh_ahead {}

    /// `jitter = 0.1`, or an expression that gives an `f64`: the share of the `ttl` by which it is shortened at most, by
    /// chance, so that answers of one moment do not end at one moment. Default: 0.
    pub mod jitter {}

    /// `wait = "10s"`, or an expression that gives a `Duration`: how long a call waits for another that runs the body,
    /// before it runs it as well. Default: ten seconds.
    pub mod wait {}

    /// `on_evict = |key, value, cause| …`, a closure or the path of a function: told of each answer that leaves.
    pub mod on_evict {}

    /// `ttl_from = |token| token.lifetime`, a closure over the value or the path of a function such as
    /// `perfkit::Expires::expires_in`: for how long this answer is fresh, a `Duration`, or `None` for the `ttl`. Default:
    /// all answers have the `ttl`.
    pub mod ttl_from {}

    /// `tags = ["users", "user:{id}"]`, texts with arguments in braces, or expressions that give a text: all answers that
    /// carry one go at once, by `perfkit::invalidate_tag`. Evaluated when the body is to run. Default: none.
    pub mod tags {}

    /// `persist = "users.cache"`, or an expression that gives a path: the file in which the answers outlive the program; it
    /// needs perfkit's feature `persist`. Default: they do not.
    pub mod persist {}

    /// `clock = &CLOCK`, an expression that gives a `&'static perfkit::Clock`: the time, for tests. Default: that of the
    /// system.
    pub mod clock {}

    /// `handle`, `handle = false`: whether there is a function beside this one, `load_cache()` for `load`, that gives what is
    /// kept. Default: wherever it can stand, which is not in the implementation of a trait.
    pub mod handle {}
}

/// The options of `#[lazy]`.
pub mod lazy {
    /// `name = "countries"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `retry_errors = false`: an error is kept as well, and every later caller gets it until a reset. Default: the next
    /// caller tries again.
    pub mod retry_errors {}

    /// `wait = "10s"`, or an expression that gives a `Duration`: how long a caller waits for another one that loads, before
    /// it runs the body itself. Default: 10 seconds.
    pub mod wait {}

    /// `handle` or `handle = false`: whether a function `<name>_lazy()` stands beside this one. Default: where it is sure
    /// that one can.
    pub mod handle {}
}

/// The options of `#[measured]`.
pub mod measured {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `slow = "250ms"`, or an expression that gives a `Duration`: calls at least this long are slow calls, counted apart.
    /// Default: none is.
    pub mod slow {}

    /// `sample = 10`, or an expression that gives a `u64`: one call in this many is timed, by chance; every call is counted.
    /// Default: 1, every call.
    pub mod sample {}

    /// `by = tenant`, an expression over the arguments whose value can be shown: the numbers are also kept for each label.
    /// Evaluated at the start of every call. Default: no labels.
    pub mod by {}
}

/// The options of `#[memoized]`.
pub mod memoized {
    /// `name = "users"`: what the report calls this function. Default: its path.
    pub mod name {}

    /// `max_size = 10_000`, or an expression that gives a `u64`: how many answers are kept. Default: 100,000.
    pub mod max_size {}

    /// `unbounded`: all answers are kept.
    pub mod unbounded {}

    /// `key = (self.id, name)`, an expression over the arguments: what the answer depends on. Default: all arguments, `self`
    /// included.
    pub mod key {}

    /// `key_type = (u64, String)`: the type of the key, where `key` is an expression and the cache is to have a handle.
    pub mod key_type {}

    /// `ignore(db, trace)`: arguments that the answer does not depend on, `self` for example.
    pub mod ignore {}

    /// `handle`, `handle = false`: whether there is a function beside this one, `load_cache()` for `load`, that gives what is
    /// kept. Default: wherever it can stand, which is not in the implementation of a trait.
    pub mod handle {}
}
