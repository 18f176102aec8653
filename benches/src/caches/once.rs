//! Cells that are filled once: one value and no keys, put on the spot beside the caches.

use std::sync::{LazyLock, OnceLock};

use tokio::sync::OnceCell;

use super::Behaviour;
use super::behaviour::{self, Call, Which, load_now};

const fn cell(name: &'static str, a: Call<u64>) -> Behaviour {
    Behaviour {
        name,
        a,
        b: None,
        patient: None,
        fails: None,
        aliased: None,
        keeps: None,
        invalidate: None,
    }
}

static TOKIO_CELL: OnceCell<u64> = OnceCell::const_new();
static ONCE: once_cell::sync::OnceCell<u64> = once_cell::sync::OnceCell::new();
static LOCK: OnceLock<u64> = OnceLock::new();
static LAZY: LazyLock<u64> = LazyLock::new(|| load_now(Which::A, 1));

/// The async cell of tokio.
pub const TOKIO: Behaviour = cell(
    "tokio OnceCell",
    Call::Async(|key| {
        Box::pin(async move {
            *TOKIO_CELL
                .get_or_init(|| behaviour::load(Which::A, key))
                .await
        })
    }),
);

/// The cell of `once_cell`.
pub const ONCE_CELL: Behaviour = cell(
    "once_cell OnceCell",
    Call::Sync(|key| *ONCE.get_or_init(|| load_now(Which::A, key))),
);

/// The cell of the standard library.
pub const ONCE_LOCK: Behaviour = cell(
    "std OnceLock",
    Call::Sync(|key| *LOCK.get_or_init(|| load_now(Which::A, key))),
);

/// The lazy cell of the standard library.
pub const LAZY_LOCK: Behaviour = cell("std LazyLock", Call::Sync(|_| *LAZY));
