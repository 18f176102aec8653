//! deadpool's managed pool: with a limit on waiting, making and checking, and as it comes, which is without.

use ::deadpool::Runtime;
use ::deadpool::managed::{self, Metrics, QueueMode, RecycleResult};

use super::{BACKEND, Failed, PATIENCE, Pool, Resource, Room, Tool, scenes};

/// With the time limits that other pools have.
pub const TIMED: Tool = Tool {
    name: "deadpool 5 s",
    play: scenes::play::<Lender<true>>,
};

/// As it comes.
pub const UNTIMED: Tool = Tool {
    name: "deadpool",
    play: scenes::play::<Lender<false>>,
};

/// Makes the resources.
pub struct Manager;

impl managed::Manager for Manager {
    type Type = Resource;
    type Error = Failed;

    async fn create(&self) -> Result<Resource, Failed> {
        BACKEND.connect().await
    }

    async fn recycle(&self, _: &mut Resource, _: &Metrics) -> RecycleResult<Failed> {
        Ok(())
    }
}

/// The pool.
pub struct Lender<const IS_TIMED: bool>(managed::Pool<Manager>);

impl<const IS_TIMED: bool> Pool for Lender<IS_TIMED> {
    async fn start(room: Room) -> Self {
        let builder = managed::Pool::builder(Manager)
            .max_size(room.max)
            .queue_mode(QueueMode::Lifo);
        let limit = IS_TIMED.then_some(PATIENCE);
        let builder = builder
            .runtime(Runtime::Tokio1)
            .wait_timeout(limit)
            .create_timeout(limit)
            .recycle_timeout(limit);
        let pool = builder.build().expect("it has a runtime for its limits");
        scenes::fill(Self(pool), room.idle).await
    }

    #[inline]
    async fn lend(&self, held: impl Future<Output = ()> + Send) -> bool {
        let Ok(mut resource) = self.0.get().await else {
            return false;
        };
        resource.touch();
        held.await;
        true
    }
}
