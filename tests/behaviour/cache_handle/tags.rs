//! Groups of answers.

use super::*;

#[test]
fn a_tag_takes_out_what_carries_it_and_nothing_else() {
    let cache: Cache<u64, u64> = cache("tags: some");
    for key in 0..100 {
        cache.insert_tagged(
            key,
            key,
            [format!("rest:{}", key % 10), "tags: all".to_owned()],
        );
    }
    cache.insert(1000, 0);
    assert_eq!(cache.invalidate_tag("rest:3"), 10);
    assert_eq!(cache.invalidate_tag("rest:3"), 0);
    assert_eq!(cache.invalidate_tag("no such"), 0);
    assert!(!cache.contains(3) && cache.contains(4));
    assert_eq!(cache.invalidate_tag("tags: all"), 90);
    assert!(cache.contains(1000));
    assert_eq!(cache.stats().invalidated, 100);
}

#[test]
fn the_next_value_has_its_own_tags() {
    let cache: Cache<u64, u64> = cache("tags: replaced");
    cache.insert_tagged(1, 1, ["a", "b"]);
    cache.insert_tagged(1, 2, ["b", "c"]);
    assert_eq!(cache.invalidate_tag("a"), 0);
    cache.insert(1, 3);
    assert_eq!(cache.invalidate_tag("b"), 0);
    cache.insert_tagged(1, 4, ["d"]);
    assert_eq!(cache.invalidate_tag("c"), 0);
    assert_eq!(cache.invalidate_tag("d"), 1);
}

#[test]
fn keys_of_one_hash_keep_their_tags_apart_or_go_together() {
    #[derive(Clone, Copy, PartialEq, Eq)]
    struct Same(u64);
    impl std::hash::Hash for Same {
        fn hash<H: std::hash::Hasher>(&self, _: &mut H) {}
    }

    let cache: Cache<Same, u64> = cache("tags: one hash");
    cache.insert_tagged(Same(1), 1, ["a"]);
    cache.insert_tagged(Same(2), 2, ["b"]);
    cache.insert(Same(3), 3);
    assert!(cache.invalidate_tag("a") >= 1);
    assert!(!cache.contains(&Same(1)), "whatever else has gone with it");
    cache.insert_tagged(Same(2), 2, ["b"]);
    cache.insert(Same(3), 3);
    assert!(cache.invalidate_tag("b") >= 1);
    assert!(!cache.contains(&Same(2)));
}

#[test]
fn one_call_takes_a_tag_out_of_every_cache() {
    #[cached(tags = ["tags: everywhere", format!("tags: user:{id}")])]
    fn user(id: u64, name: String) -> Option<String> {
        Some(name)
    }

    let teams: Cache<u64, u64> = cache("tags: teams");
    teams.insert_tagged(1, 1, ["tags: everywhere", "tags: team:1"]);
    user(1, "a".to_owned());
    user(2, "b".to_owned());
    assert_eq!(invalidate_tag("tags: user:2"), 1);
    assert_eq!(user_cache().len(), 1);
    assert_eq!(invalidate_tag("tags: everywhere"), 2);
    assert!(teams.is_empty() && user_cache().is_empty());
    drop(teams);
    assert_eq!(invalidate_tag("tags: everywhere"), 0);
}

#[test]
fn tags_are_asked_for_on_a_miss_alone() {
    static ASKED: AtomicU64 = AtomicU64::new(0);

    fn tag(id: u64) -> String {
        ASKED.fetch_add(1, Relaxed);
        format!("tags: asked:{id}")
    }

    #[cached(tags = [tag(id)])]
    fn user(id: u64) -> u64 {
        id
    }

    for _ in 0..3 {
        user(1);
    }
    assert_eq!(ASKED.load(Relaxed), 1);
}

#[test]
fn a_tag_beats_the_load_that_will_carry_it_and_no_other() {
    static LOADING: AtomicBool = AtomicBool::new(false);

    #[cached(tags = [format!("tags: flight:{id}")])]
    fn load(id: u64) -> u64 {
        if !LOADING.swap(true, Relaxed) {
            invalidate_tag("tags: flight:1");
        }
        id
    }

    load(1);
    assert!(load_cache().is_empty());
    LOADING.store(false, Relaxed);
    load(2);
    assert_eq!(load_cache().len(), 1);
}

#[tokio::test]
async fn who_asks_after_a_tag_was_taken_out_gets_a_newer_value() {
    static VALUE: AtomicU64 = AtomicU64::new(1);

    #[cached(tags = ["tags: newer"])]
    async fn load() -> u64 {
        let read = VALUE.load(Relaxed);
        tokio::task::yield_now().await;
        read
    }

    let mut first = Box::pin(load());
    let polled = std::future::poll_fn(|cx| std::task::Poll::Ready(first.as_mut().poll(cx)));
    assert!(polled.await.is_pending());
    VALUE.store(2, Relaxed);
    invalidate_tag("tags: newer");
    let (first, second) = tokio::join!(first, load());
    assert_eq!((first, second), (1, 2));
    assert_eq!(load().await, 2);
}

#[tokio::test]
async fn an_answer_that_was_made_in_the_background_carries_its_tags() {
    static CLOCK: Clock = Clock::manual();

    #[cached(ttl = "1m", stale = "1m", tags = ["tags: refreshed"], clock = &CLOCK)]
    async fn load() -> u64 {
        CLOCK_READS.fetch_add(1, Relaxed)
    }
    static CLOCK_READS: AtomicU64 = AtomicU64::new(1);

    assert_eq!(load().await, 1);
    CLOCK.advance(Duration::from_secs(61));
    assert_eq!(load().await, 1);
    while load_cache().peek(()) != Some(2) {
        tokio::task::yield_now().await;
    }
    assert_eq!(invalidate_tag("tags: refreshed"), 1);
    assert_eq!(load().await, 3);
}

#[test]
fn tags_are_right_while_many_threads_use_them() {
    let cache = Cache::<u64, u64>::builder("tags: threads")
        .max_size(50)
        .build()
        .unwrap();
    thread::scope(|scope| {
        for thread in 0..3_u64 {
            let cache = &cache;
            scope.spawn(move || {
                for step in 0..2000_u64 {
                    let key = (step * 7 + thread * 13) % 80;
                    match step % 5 {
                        0 => _ = cache.invalidate(key),
                        1 => _ = cache.invalidate_tag(&format!("threads:{}", key % 4)),
                        2 => cache.insert(key, key),
                        _ => cache.insert_tagged(key, key, [format!("threads:{}", key % 4)]),
                    }
                }
            });
        }
    });
    cache.clear();
    for key in 0..50 {
        cache.insert_tagged(key, key, [format!("threads:{}", key % 4)]);
    }
    let taken: u64 = (0..4)
        .map(|rest| cache.invalidate_tag(&format!("threads:{rest}")))
        .sum();
    assert_eq!((taken, cache.len()), (50, 0));
}
