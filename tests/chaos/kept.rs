//! Functions that keep their answers.

use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use perfkit::{Clock, cached, invalidate_tag, memoized};

use crate::harness::{self, Script};
use crate::world::{Answer, Function, Row, World};

/// How many calls each test makes, unless the environment says how many.
const CALLS: u64 = 40_000;

/// Keys are forgotten often enough that most calls are no hits.
fn let_loose<F: Function>() -> Row {
    let tally = harness::run(CALLS, World::<F>::new, |_| ());
    perfkit::report().verify().expect("the books balance");
    let row = Row::of::<F>();
    println!(
        "{}: {} calls, {} answers, {} errors, {} panics, {} cancelled, {} of them kept unpolled; {row:?}",
        F::NAME,
        tally.calls.load(Relaxed),
        tally.answers.load(Relaxed),
        tally.errors.load(Relaxed),
        tally.panics.load(Relaxed),
        tally.cancelled.load(Relaxed),
        tally.unpolled.load(Relaxed),
    );
    assert_eq!(row.loading, 0, "a load has no end");
    assert!(row.hits > 0);
    row
}

mod asynchronous {
    use super::*;

    /// Short to wait, because a round waits for those that nobody polls.
    #[cached(
        name = "chaos: async",
        max_size = 24,
        wait = "100ms",
        ignore(world, script)
    )]
    async fn load(key: u64, world: &Arc<World<Load>>, script: Option<Script>) -> Answer {
        world.run(key, script).await
    }

    struct Load;

    impl Function for Load {
        const NAME: &'static str = "chaos: async";

        async fn call(world: &Arc<World<Self>>, key: u64, script: Option<Script>) -> Answer {
            load(key, world, script).await
        }

        fn invalidate(key: Option<u64>) {
            match key {
                Some(key) => _ = load_cache().invalidate(key),
                None => _ = load_cache().clear(),
            }
        }
    }

    #[test]
    fn nothing_hangs_is_left_or_outlives_an_invalidation() {
        let row = let_loose::<Load>();
        assert!(row.coalesced > 0 && row.cycles > 0);
    }
}

mod blocking {
    use super::*;

    #[cached(
        name = "chaos: sync",
        max_size = 24,
        wait = "100ms",
        ignore(world, script)
    )]
    fn load(key: u64, world: &Arc<World<Load>>, script: Option<Script>) -> Answer {
        world.run_here(key, script)
    }

    struct Load;

    impl Function for Load {
        const NAME: &'static str = "chaos: sync";

        async fn call(world: &Arc<World<Self>>, key: u64, script: Option<Script>) -> Answer {
            load(key, world, script)
        }

        fn invalidate(key: Option<u64>) {
            match key {
                Some(key) => _ = load_cache().invalidate(key),
                None => _ = load_cache().clear(),
            }
        }
    }

    #[test]
    fn nothing_hangs_is_left_or_outlives_an_invalidation() {
        let row = let_loose::<Load>();
        assert!(row.coalesced > 0);
    }
}

mod tagged {
    use super::*;

    #[memoized(name = "chaos: memoized", max_size = 24, ignore(world, script))]
    async fn load(key: u64, world: &Arc<World<Load>>, script: Option<Script>) -> Answer {
        world.run(key, script).await
    }

    struct Load;

    impl Function for Load {
        const NAME: &'static str = "chaos: memoized";

        async fn call(world: &Arc<World<Self>>, key: u64, script: Option<Script>) -> Answer {
            load(key, world, script).await
        }

        fn invalidate(key: Option<u64>) {
            match key {
                Some(key) => _ = load_cache().invalidate(key),
                None => _ = load_cache().clear(),
            }
        }
    }

    #[cached(
        name = "chaos: tags",
        max_size = 24,
        wait = "100ms",
        tags = ["chaos", "chaos:{key}"],
        ignore(world, script)
    )]
    async fn load_tagged(key: u64, world: &Arc<World<Tagged>>, script: Option<Script>) -> Answer {
        world.run(key, script).await
    }

    struct Tagged;

    impl Function for Tagged {
        const NAME: &'static str = "chaos: tags";

        async fn call(world: &Arc<World<Self>>, key: u64, script: Option<Script>) -> Answer {
            load_tagged(key, world, script).await
        }

        fn invalidate(key: Option<u64>) {
            match key {
                Some(key) => invalidate_tag(&format!("chaos:{key}")),
                None => invalidate_tag("chaos"),
            };
        }
    }

    #[test]
    fn nothing_memoized_outlives_an_invalidation() {
        let_loose::<Load>();
    }

    #[test]
    fn nothing_with_a_tag_outlives_the_tag() {
        let row = let_loose::<Tagged>();
        assert!(row.coalesced > 0 && row.cycles > 0);
    }
}

mod refreshed {
    use super::*;

    static CLOCK: Clock = Clock::manual();

    #[cached(
        name = "chaos: refreshed",
        max_size = 24,
        wait = "100ms",
        ttl = "10s",
        stale = "10s",
        refresh_ahead = 0.5,
        clock = &CLOCK,
        ignore(world, script)
    )]
    async fn load(key: u64, world: Arc<World<Load>>, script: Option<Script>) -> Answer {
        world.run(key, script.map(Script::that_ends)).await
    }

    struct Load;

    impl Function for Load {
        const NAME: &'static str = "chaos: refreshed";

        async fn call(world: &Arc<World<Self>>, key: u64, script: Option<Script>) -> Answer {
            // Some are due, some are stale, some are gone.
            CLOCK.advance(Duration::from_millis(50));
            load(key, Arc::clone(world), script).await
        }

        fn invalidate(key: Option<u64>) {
            match key {
                Some(key) => _ = load_cache().invalidate(key),
                None => _ = load_cache().clear(),
            }
        }
    }

    #[test]
    fn nothing_that_is_made_in_the_background_outlives_an_invalidation() {
        let row = let_loose::<Load>();
        assert!(row.refreshes > 0 && row.stale > 0);
    }
}
