//! bb8 without a check at every checkout, and with the last one back lent first, as the others do.

use ::bb8::{ManageConnection, QueueStrategy};

use super::{BACKEND, Failed, PATIENCE, Pool, Resource, Room, Tool, scenes};

/// The tool.
pub const TOOL: Tool = Tool {
    name: "bb8",
    play: scenes::play::<Lender>,
};

/// Makes the resources.
pub struct Manager;

impl ManageConnection for Manager {
    type Connection = Resource;
    type Error = Failed;

    async fn connect(&self) -> Result<Resource, Failed> {
        BACKEND.connect().await
    }

    async fn is_valid(&self, _: &mut Resource) -> Result<(), Failed> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Resource) -> bool {
        false
    }
}

/// The pool.
pub struct Lender(::bb8::Pool<Manager>);

impl Pool for Lender {
    async fn start(room: Room) -> Self {
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        let pool = ::bb8::Pool::builder()
            .max_size(size(room.max))
            .min_idle((room.idle > 0).then(|| size(room.idle)))
            .connection_timeout(PATIENCE)
            .test_on_check_out(false)
            .queue_strategy(QueueStrategy::Lifo)
            .build(Manager);
        Self(pool.await.expect("its idle resources can be made"))
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
