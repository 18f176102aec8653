//! One load for all the keys that a call leads.

use std::collections::HashMap;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::super::landing::Landing;
use crate::kept::Keepable;
use crate::parts::flight::{Led, Running};
use crate::parts::key::Key;

/// A key among others that is missing, and led.
pub(super) struct Wanted<'c, K: Key, V: Keepable> {
    pub(super) place: usize,
    pub(super) key: K,
    pub(super) led: Led<'c, Landing<'c, K, Option<V>, V>>,
}

/// What was loaded for each place; none where there was nothing for its key.
pub(super) type Loaded<V> = Vec<(usize, Option<V>)>;

/// Loads them, and lands each.
pub(super) fn load<K, V, I>(
    mut wanted: Vec<Wanted<'_, K, V>>,
    load: impl FnOnce(Vec<K>) -> I,
) -> Loaded<V>
where
    K: Key + Clone,
    V: Keepable,
    I: IntoIterator<Item = (K, V)>,
{
    let _running = begin(&mut wanted);
    // In a panic the leads end first.
    let wanted = wanted;
    let loaded = load(keys(&wanted));
    land(wanted, loaded)
}

/// The same by a future.
pub(super) fn load_async<K, V, F>(
    mut wanted: Vec<Wanted<'_, K, V>>,
    load: impl FnOnce(Vec<K>) -> F,
) -> Together<'_, K, V, F>
where
    K: Key + Clone,
    V: Keepable,
{
    let running = begin(&mut wanted);
    let load = load(keys(&wanted));
    drop(running);
    Together {
        load: Some(load),
        wanted,
    }
}

fn begin<K: Key, V: Keepable>(wanted: &mut [Wanted<'_, K, V>]) -> Vec<Running> {
    for Wanted { led, .. } in &mut *wanted {
        led.begin();
    }
    running(wanted)
}

fn running<K: Key, V: Keepable>(wanted: &[Wanted<'_, K, V>]) -> Vec<Running> {
    let each = wanted.iter();
    each.filter_map(|wanted| wanted.led.running()).collect()
}

fn keys<K: Key + Clone, V: Keepable>(wanted: &[Wanted<'_, K, V>]) -> Vec<K> {
    wanted.iter().map(|wanted| wanted.key.clone()).collect()
}

fn land<K, V>(wanted: Vec<Wanted<'_, K, V>>, loaded: impl IntoIterator<Item = (K, V)>) -> Loaded<V>
where
    K: Key,
    V: Keepable,
{
    let mut loaded: HashMap<K, V> = loaded.into_iter().collect();
    let each = wanted.into_iter();
    each.map(|Wanted { place, key, led }| {
        let value = loaded.remove(&key);
        led.land(&value);
        (place, value)
    })
    .collect()
}

pin_project! {
    /// See [`load_async`]. Dropped while it runs, it hands all the leads on.
    pub(super) struct Together<'c, K: Key, V: Keepable, F> {
        // Taken out when it ends, so that all of it is gone before the next load of a key begins.
        #[pin]
        load: Option<F>,
        wanted: Vec<Wanted<'c, K, V>>,
    }

    impl<K: Key, V: Keepable, F> PinnedDrop for Together<'_, K, V, F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            let _running = running(this.wanted);
            this.load.set(None);
            this.wanted.clear();
        }
    }
}

impl<K, V, F, I> Future for Together<'_, K, V, F>
where
    K: Key + Clone,
    V: Keepable,
    F: Future<Output = I>,
    I: IntoIterator<Item = (K, V)>,
{
    type Output = Loaded<V>;

    fn poll(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Loaded<V>> {
        let mut this = self.project();
        // Here while the load is polled: should that panic, all of them end with the panic.
        let mut wanted = std::mem::take(this.wanted);
        let each = wanted.iter_mut();
        let running: Vec<_> = each.filter_map(|wanted| wanted.led.resume()).collect();
        let wanted = wanted;
        let Some(load) = this.load.as_mut().as_pin_mut() else {
            return Poll::Pending;
        };
        let Poll::Ready(loaded) = load.poll(cx) else {
            drop(running);
            for wanted in &wanted {
                wanted.led.pause(cx.waker());
            }
            *this.wanted = wanted;
            return Poll::Pending;
        };
        this.load.set(None);
        let loaded = land(wanted, loaded);
        drop(running);
        Poll::Ready(loaded)
    }
}
