//! What a cache asks its user for, typed by its keys and values.

use std::time::Duration;

use crate::parts::tags::Tag;

/// Why an entry left a cache.
///
/// ```
/// fn told(key: &u64, _: &String, cause: perfkit::Cause) {
///     if cause == perfkit::Cause::Size {
///         println!("no room for {key}");
///     }
/// }
/// # told(&1, &String::new(), perfkit::Cause::Size);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// There was no room.
    Size,
    /// Its time was over.
    Expired,
    /// It was taken out: invalidated, or cleared.
    Invalidated,
    /// Another value came for its key.
    Replaced,
}

/// A value that knows for how long it is good.
///
/// For [`CacheBuilder::expire_by_value`](crate::CacheBuilder::expire_by_value), and for
/// `#[cached(ttl_from = perfkit::Expires::expires_in)]`.
///
/// ```
/// use std::time::Duration;
///
/// #[derive(Clone)]
/// struct Token {
///     lifetime: Option<Duration>,
/// }
///
/// impl perfkit::Expires for Token {
///     fn expires_in(&self) -> Option<Duration> {
///         self.lifetime
///     }
/// }
///
/// # async fn renew() -> Token { Token { lifetime: None } }
/// #[perfkit::cached(ttl = "1h", ttl_from = perfkit::Expires::expires_in)]
/// async fn token(user: u64) -> Token {
///     renew().await
/// }
/// ```
pub trait Expires {
    /// For how long from now, in place of the `ttl` of the cache; `None` leaves it at that, `Duration::MAX` is for good.
    ///
    /// Asked once, when the value is kept. A cache takes it exactly within a hundredth of a second.
    fn expires_in(&self) -> Option<Duration>;
}

/// How many bytes an entry takes.
pub enum Weigh<K, V> {
    /// Of the value alone.
    Value(fn(&V) -> u64),
    /// Of key and value.
    Entry(fn(&K, &V) -> u64),
    /// Of both, by what captures something.
    By(Box<Weigher<K, V>>),
}

/// How many bytes an entry takes, by what captures something.
pub(super) type Weigher<K, V> = dyn Fn(&K, &V) -> u64 + Send + Sync;
/// When an entry ends, where that is its own affair.
// A type of its own and no alias, or the types in it are not known when the closure for it is read.
pub struct TtlFrom<K, V>(pub(super) Box<OwnExpiry<K, V>>);
/// How it is asked for.
pub(super) type OwnExpiry<K, V> = dyn Fn(&K, &V) -> Option<Duration> + Send + Sync;
/// Is told of each entry that leaves.
pub(super) type Listener<K, V> = dyn Fn(&K, &V, Cause) + Send + Sync;

/// `ttl_from = …`, of the value alone.
pub fn ttl_from<K, V, D>(ttl_from: fn(&V) -> D) -> TtlFrom<K, V>
where
    V: 'static,
    D: Into<Option<Duration>> + 'static,
{
    TtlFrom(Box::new(move |_, value| ttl_from(value).into()))
}

/// What the user gave that is typed.
pub struct Hooks<K, V> {
    /// `weigh = …`.
    pub weigh: Option<Weigh<K, V>>,
    /// `on_evict = …`: told of each entry that leaves, outside of all locks.
    pub on_evict: Option<fn(&K, &V, Cause)>,
    /// The same by what captures something.
    pub listener: Option<Box<Listener<K, V>>>,
    /// `ttl_from = …`; nothing for the `ttl` of the cache.
    pub ttl_from: Option<TtlFrom<K, V>>,
    /// Which values are errors, that are kept for another time.
    pub is_error: Option<fn(&V) -> bool>,
    /// `persist = …`.
    #[cfg(feature = "persist")]
    pub persist: Option<super::Persist<K, V>>,
}

impl<K, V> Hooks<K, V> {
    /// None.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            weigh: None,
            on_evict: None,
            listener: None,
            ttl_from: None,
            is_error: None,
            #[cfg(feature = "persist")]
            persist: None,
        }
    }

    pub(crate) fn weigh(&self, key: &K, value: &V) -> u64 {
        match &self.weigh {
            None => 0,
            Some(Weigh::Value(weigh)) => weigh(value),
            Some(Weigh::Entry(weigh)) => weigh(key, value),
            Some(Weigh::By(weigh)) => weigh(key, value),
        }
    }

    pub(crate) fn is_listened_to(&self) -> bool {
        self.on_evict.is_some() || self.listener.is_some()
    }

    pub(crate) fn tell(&self, key: &K, value: &V, cause: Cause) {
        if let Some(tell) = &self.on_evict {
            tell(key, value, cause);
        }
        if let Some(tell) = &self.listener {
            tell(key, value, cause);
        }
    }

    pub(crate) fn is_error(&self, value: &V) -> bool {
        self.is_error.is_some_and(|is_error| is_error(value))
    }
}

impl<K, V> Default for Hooks<K, V> {
    fn default() -> Self {
        Self::new()
    }
}

/// The tags of an answer, told one after the other.
pub struct Tags(Vec<Tag>);

impl Tags {
    pub(crate) const fn new() -> Self {
        Self(Vec::new())
    }

    /// One of them.
    pub fn add(&mut self, tag: &(impl AsRef<str> + ?Sized)) {
        self.0.push(Tag::of(tag.as_ref()));
    }

    pub(crate) fn into_tags(self) -> Vec<Tag> {
        self.0
    }
}
