//! Values that are made when they are not there: one load per key at a time.

use std::future::Future;
use std::sync::Arc;

use super::Cache;
use crate::cache::future::{Begun, lazily};
use crate::kept::{Keepable, Share, Success, Whole};
use crate::parts::key::{Key, Lookup};

impl<K: Key, V: Keepable> Cache<K, V> {
    /// The value under a key, else that of `load`, which is kept.
    ///
    /// ```
    /// # let squares: perfkit::Cache<u64, u64> = perfkit::Cache::builder("doc: get_or_load").build()?;
    /// assert_eq!(squares.get_or_load(3, || 3 * 3), 9);
    /// assert_eq!(squares.get_or_load(3, || unreachable!("it is kept")), 9);
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn get_or_load(&self, key: impl Lookup<K>, load: impl FnOnce() -> V) -> V {
        let looked = self.slot().look_up::<Whole<V>, _>(&key);
        looked.or_load(self.judge(), Some(Share::cloned()), load)
    }

    /// The value under a key, else that of `load`, which is kept if it is one. Those who waited for a load that failed get
    /// its error, and the next who comes tries again.
    ///
    /// # Errors
    /// That of `load`, in an `Arc` because many may get it.
    ///
    /// ```
    /// # let ports: perfkit::Cache<String, u16> = perfkit::Cache::builder("doc: get_or_try_load").build()?;
    /// let parse = |text: &str| ports.get_or_try_load(text, || text.parse::<u16>());
    /// assert_eq!(parse("80"), Ok(80));
    /// assert!(parse("eighty").is_err() && !ports.contains("eighty"));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn get_or_try_load<E: Send + Sync + 'static>(
        &self,
        key: impl Lookup<K>,
        load: impl FnOnce() -> Result<V, E>,
    ) -> Result<V, Arc<E>> {
        let looked = self.slot().look_up::<Success<Result<V, Arc<E>>>, _>(&key);
        let load = || load().map_err(Arc::new);
        looked.or_load(Result::is_err, Some(Share::cloned()), load)
    }

    /// [`get_or_load`](Self::get_or_load) with a future.
    ///
    /// The key is looked for at the first poll. Cancel safe as `load` is: dropped while others wait for it, one of them
    /// runs its own.
    ///
    /// ```
    /// # let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    /// # let users: perfkit::Cache<u64, String> = perfkit::Cache::builder("doc: get_or_load_async").build()?;
    /// let name = users.get_or_load_async(7, async { "Ada".to_owned() });
    /// # let name = std::pin::pin!(name);
    /// # assert!(name.poll(&mut context).is_ready());
    /// # use std::future::Future;
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn get_or_load_async<F: Future<Output = V>>(
        &self,
        key: impl Lookup<K>,
        load: F,
    ) -> impl Future<Output = V> {
        lazily(move || {
            let looked = self.slot().look_up::<Whole<V>, _>(&key);
            looked.or_load_async(self.judge(), Some(Share::cloned()), load)
        })
    }

    /// [`get_or_try_load`](Self::get_or_try_load) with a future; as cancel safe as
    /// [`get_or_load_async`](Self::get_or_load_async).
    ///
    /// # Errors
    /// That of `load`, in an `Arc` because many may get it.
    pub fn get_or_try_load_async<F, E>(
        &self,
        key: impl Lookup<K>,
        load: F,
    ) -> impl Future<Output = Result<V, Arc<E>>>
    where
        F: Future<Output = Result<V, E>>,
        E: Send + Sync + 'static,
    {
        lazily(move || {
            let looked = self.slot().look_up::<Success<Result<V, Arc<E>>>, _>(&key);
            let load = async { load.await.map_err(Arc::new) };
            looked.or_load_async(Result::is_err, Some(Share::cloned()), load)
        })
    }

    /// Loads a value anew and keeps it, in the place of the one there was, which others find until then. Not counted as a
    /// lookup. Waits for a load of the same key that runs already, and loads after it.
    ///
    /// ```
    /// # let rates: perfkit::Cache<&'static str, f64> = perfkit::Cache::builder("doc: refresh").build()?;
    /// rates.insert("EUR", 1.0);
    /// assert_eq!(rates.refresh(&"EUR", || 1.1), 1.1);
    /// assert_eq!(rates.get(&"EUR"), Some(1.1));
    /// # Ok::<(), perfkit::CacheError>(())
    /// ```
    pub fn refresh(&self, key: impl Lookup<K>, load: impl FnOnce() -> V) -> V {
        let slot = self.slot();
        let hash = slot.store.hash(&key);
        let mut missing = slot.missing::<Whole<V>, _>(hash, &key);
        missing.landing.force();
        missing.load(self.judge(), Some(Share::cloned()), load)
    }

    /// [`refresh`](Self::refresh) with a future; as cancel safe as `load` is.
    pub fn refresh_async<F: Future<Output = V>>(
        &self,
        key: impl Lookup<K>,
        load: F,
    ) -> impl Future<Output = V> {
        lazily(move || {
            let slot = self.slot();
            let hash = slot.store.hash(&key);
            let mut missing = slot.missing::<Whole<V>, _>(hash, &key);
            missing.landing.force();
            Begun::Runs(missing.begin(self.judge(), Some(Share::cloned()), load))
        })
    }

    /// Which values are errors.
    fn judge(&self) -> fn(&V) -> bool {
        self.slot().hooks.is_error.unwrap_or(|_| false)
    }
}
