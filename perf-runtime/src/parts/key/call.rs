//! The key of a call, as `by = …` gives it.

use super::{Key, Lookup};

/// What a key can be made of.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be made a key",
    label = "a key is `Hash + Eq + Clone + Send + Sync + 'static`",
    note = "a type of your own derives `Hash`, `PartialEq`, `Eq` and `Clone`; one that borrows implements `perfkit::CacheKey`",
    note = "or name a part that is one: `by = document.id`"
)]
pub trait CallKey<K> {
    /// The key's own type. Asked for here, so that there is one thing to complain about.
    type Key: Key;
    /// The key.
    fn key(&self) -> Self::Key;
}

// Else the compiler would speak of what a cache needs.
#[diagnostic::do_not_recommend]
impl<K: Key, L: Lookup<K>> CallKey<K> for L {
    type Key = K;

    #[inline]
    fn key(&self) -> K {
        self.to_key()
    }
}

/// The key of a call, for who needs it after the arguments have moved.
///
/// What it is stays here: whether it is a key is asked once, where it is written, and of nobody further on.
#[inline]
pub fn key_of_call<K, L: CallKey<K>>(lookup: &L) -> impl Key + use<K, L> {
    lookup.key()
}
