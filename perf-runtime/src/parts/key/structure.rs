//! Keys of what borrows, taken apart piece by piece.

use std::hash::Hasher;

use super::Key;

/// A value that borrows, or holds what has no `Hash` or `Eq`, as the key of a cache.
///
/// It is there for numbers (floats by their bits), text, paths, and whatever is built of them with references, slices,
/// arrays, `Vec`, `Option`, `Result`, tuples, `Box`, `Rc`, `Arc` and `Cow`: `&[&str]`, `Option<&Path>`, `(f64, f64)`. A
/// type of your own needs it only where it holds a reference or a float; one that is `Hash + Eq + Clone + Send + Sync +
/// 'static` is a key as it is.
///
/// ```
/// use std::hash::Hasher;
///
/// use perfkit::CacheKey;
///
/// struct Query<'a> {
///     table: &'a str,
///     limit: u64,
/// }
///
/// impl CacheKey for Query<'_> {
///     // The tuple of the owned forms of the fields, or a type of your own that derives `Hash` and `Eq`.
///     type Owned = (String, u64);
///
///     fn hash<H: Hasher>(&self, state: &mut H) {
///         (self.table, self.limit).hash(state);
///     }
///
///     fn is(&self, key: &Self::Owned) -> bool {
///         self.table == key.0 && self.limit == key.1
///     }
///
///     fn to_key(&self) -> Self::Owned {
///         (self.table.to_owned(), self.limit)
///     }
/// }
/// # let query = Query { table: "users", limit: 10 };
/// # assert!(query.is(&query.to_key()));
/// ```
///
/// # What an implementation promises
///
/// `x.hash(state)` writes what `x.to_key()` writes by its own `Hash`, and `x.is(&key)` is `x.to_key() == key`. Where
/// it does not, an answer is not found again; none is ever mistaken for another as long as `is` is right.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a part of a key of a cache",
    label = "it borrows, holds a float, or stands beside what does: that needs `perfkit::CacheKey`",
    note = "implement `perfkit::CacheKey` for it",
    note = "or say what the key is instead: `key = …`",
    note = "or leave the argument out, where the answer does not depend on it: `ignore(…)`"
)]
pub trait CacheKey {
    /// What is kept; the same type for every lifetime.
    type Owned: Key;

    /// Writes what [`Owned`](Self::Owned) writes. Must not allocate.
    fn hash<H: Hasher>(&self, state: &mut H);

    /// Whether [`to_key`](Self::to_key) would give this key. Must not allocate.
    fn is(&self, key: &Self::Owned) -> bool;

    /// The key.
    fn to_key(&self) -> Self::Owned;

    /// Writes what `Owned` writes for a slice of it, without the length.
    ///
    /// Right as it is unless `Owned` has a `Hash::hash_slice` of its own, as integers have.
    fn hash_slice<H: Hasher>(slice: &[Self], state: &mut H)
    where
        Self: Sized,
    {
        for element in slice {
            element.hash(state);
        }
    }

    /// The same for elements that do not lie side by side: those behind a slice of pointers.
    #[doc(hidden)]
    fn hash_scattered<'a, H: Hasher>(elements: impl Iterator<Item = &'a Self>, state: &mut H)
    where
        Self: 'a,
    {
        for element in elements {
            element.hash(state);
        }
    }
}
