//! Caches by their names, and over all of them.

use super::handle::Cache;
use super::{beside, by_hand, taken};
use crate::kept::Keepable;
use crate::parts::key::Key;
use crate::parts::tags::Tag;

/// The cache of that name, if it keeps values of this type by keys of this type.
///
/// Looks first among those that were [made by hand](Cache::builder), of which it gives the last one made that is still
/// there; then among those of annotated functions, by the `name = "…"` of the attribute or the path as the report shows
/// it: `shop::load`, `shop::Cart::total`, `<shop::Cart as shop::Priced>::total`. So the cache of a function in the
/// implementation of a trait is found, too, which has no `…_cache()` beside it.
///
/// The cache of a function is there from the first call on. A generic function has one for each instance; it is found by
/// the path of the instance, `shop::Repo<shop::Users>::load`, and by the plain path where its types leave no choice.
///
/// `None`: there is no such cache, or none of these types. The key of a function of several arguments is the tuple of
/// them, owned, and of none `()`; of a `Result` or an `Option` the value is what a success holds.
///
/// ```
/// use perfkit::{Cache, cached, get_cache};
///
/// #[cached(name = "squares")]
/// fn square(side: u64) -> u64 {
///     side * side
/// }
///
/// square(3);
/// let squares: Cache<u64, u64> = get_cache("squares").expect("it has been called");
/// assert_eq!(squares.peek(3), Some(9));
/// assert!(get_cache::<u64, String>("squares").is_none());
/// ```
#[must_use]
pub fn get_cache<K: Key, V: Keepable>(name: &str) -> Option<Cache<K, V>> {
    by_hand::find(name)
        .map(Cache::shared)
        .or_else(|| beside::find(name).map(Cache::for_good))
}

/// Takes out of every cache what carries a tag. Gives how many entries that was.
///
/// Beats what is being loaded: a load that will carry the tag goes on for those who wait for it already, and is neither
/// kept nor given to anybody who asks later. Takes as long as there are such entries. A panic of a listener passes
/// through when all is done.
///
/// ```
/// use perfkit::{cached, invalidate_tag};
///
/// #[cached(tags = ["users", "user:{id}"])]
/// fn user(id: u64) -> String {
///     format!("user {id}")
/// }
///
/// user(1);
/// user(2);
/// assert_eq!(invalidate_tag("user:1"), 1);
/// assert_eq!(invalidate_tag("users"), 1);
/// ```
#[expect(
    clippy::must_use_candidate,
    reason = "what was taken out is gone, whoever counts it"
)]
pub fn invalidate_tag(tag: &str) -> u64 {
    taken::invalidate_tag(Tag::of(tag))
}
