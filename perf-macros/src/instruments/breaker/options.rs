//! The options of `#[breaker]`.

use crate::handle::HANDLE;
pub(super) use crate::options::common::REJECT;
use crate::options::{Kind, Spec};

pub(super) const THRESHOLD: Spec = Spec {
    name: "threshold",
    kind: Kind::Count,
    example: "5",
};
pub(super) const FAILURE_RATE: Spec = Spec {
    name: "failure_rate",
    kind: Kind::Ratio,
    example: "0.5",
};
pub(super) const WINDOW: Spec = Spec {
    name: "window",
    kind: Kind::Window,
    example: "100",
};
pub(super) const MIN_CALLS: Spec = Spec {
    name: "min_calls",
    kind: Kind::Count,
    example: "20",
};
pub(super) const SLOW: Spec = Spec {
    name: "slow",
    kind: Kind::Duration,
    example: "\"500ms\"",
};
pub(super) const SLOW_RATE: Spec = Spec {
    name: "slow_rate",
    kind: Kind::Ratio,
    example: "0.8",
};
pub(super) const RESET: Spec = Spec {
    name: "reset",
    kind: Kind::Duration,
    example: "\"60s\"",
};
pub(super) const MAX_RESET: Spec = Spec {
    name: "max_reset",
    kind: Kind::Duration,
    example: "\"10m\"",
};
pub(super) const PROBES: Spec = Spec {
    name: "probes",
    kind: Kind::Count,
    example: "3",
};
pub(super) const SUCCESSES: Spec = Spec {
    name: "successes",
    kind: Kind::Count,
    example: "3",
};
pub(super) const LEASE: Spec = Spec {
    name: "lease",
    kind: Kind::Duration,
    example: "\"30s\"",
};
pub(super) const WHEN: Spec = Spec {
    name: "when",
    kind: Kind::Expression,
    example: "|error| error.is_server_side()",
};
pub(super) const BY: Spec = Spec {
    name: "by",
    kind: Kind::Expression,
    example: "host",
};
pub(super) const MAX_KEYS: Spec = Spec {
    name: "max_keys",
    kind: Kind::Count,
    example: "10_000",
};
pub(super) const CANCELLED: Spec = Spec {
    name: "cancelled",
    kind: Kind::Text,
    example: "\"ignore\"",
};
pub(super) const PANICS: Spec = Spec {
    name: "panics",
    kind: Kind::Text,
    example: "\"ignore\"",
};
pub(super) const FALLBACK: Spec = Spec {
    name: "fallback",
    kind: Kind::Expression,
    example: "offline",
};
pub(super) const ON_CHANGE: Spec = Spec {
    name: "on_change",
    kind: Kind::Expression,
    example: "|change| log(change)",
};
pub(super) const LAST_ERROR: Spec = Spec {
    name: "last_error",
    kind: Kind::Flag,
    example: "",
};
pub(super) const MODE: Spec = Spec {
    name: "mode",
    kind: Kind::Text,
    example: "\"observe\"",
};
pub(super) const CLOCK: Spec = Spec {
    name: "clock",
    kind: Kind::Expression,
    example: "&TEST_CLOCK",
};

/// All of them.
pub(super) const ALL: &[Spec] = &[
    THRESHOLD,
    FAILURE_RATE,
    WINDOW,
    MIN_CALLS,
    SLOW,
    SLOW_RATE,
    RESET,
    MAX_RESET,
    PROBES,
    SUCCESSES,
    LEASE,
    WHEN,
    BY,
    MAX_KEYS,
    CANCELLED,
    PANICS,
    FALLBACK,
    REJECT,
    ON_CHANGE,
    LAST_ERROR,
    MODE,
    CLOCK,
    HANDLE,
];

/// The options that are plain values of `breaker::Settings`.
pub(super) const PLAIN: &[Spec] = &[
    THRESHOLD,
    FAILURE_RATE,
    WINDOW,
    MIN_CALLS,
    SLOW,
    SLOW_RATE,
    RESET,
    MAX_RESET,
    PROBES,
    SUCCESSES,
    LEASE,
    MAX_KEYS,
    CLOCK,
];

/// Those that are options at run time, too.
pub(super) const OPTIONAL: &[Spec] = &[
    FAILURE_RATE,
    MIN_CALLS,
    SLOW,
    SLOW_RATE,
    MAX_RESET,
    SUCCESSES,
    LEASE,
];

/// A word, and the variant that it is at run time.
pub(super) type Choice = (&'static str, &'static str);

/// Options of words, and their types at run time.
pub(super) const CHOICES: &[(Spec, &str, &[Choice])] = &[
    (
        CANCELLED,
        "Cancelled",
        &[
            ("streak", "Streak"),
            ("ignore", "Ignore"),
            ("failure", "Failure"),
        ],
    ),
    (
        PANICS,
        "Panics",
        &[("failure", "Failure"), ("ignore", "Ignore")],
    ),
    (
        MODE,
        "Mode",
        &[
            ("enforce", "Enforce"),
            ("observe", "Observe"),
            ("disabled", "Disabled"),
            ("forced open", "ForcedOpen"),
        ],
    ),
];
