//! mobc without a check at every checkout, and allowed to keep all it makes.

use ::mobc::async_trait;

use super::{BACKEND, Failed, PATIENCE, Pool, Resource, Room, Tool, scenes};

/// The tool.
pub const TOOL: Tool = Tool {
    name: "mobc",
    play: scenes::play::<Lender>,
};

/// Makes the resources.
pub struct Manager;

#[async_trait]
impl ::mobc::Manager for Manager {
    type Connection = Resource;
    type Error = Failed;

    async fn connect(&self) -> Result<Resource, Failed> {
        BACKEND.connect().await
    }

    async fn check(&self, resource: Resource) -> Result<Resource, Failed> {
        Ok(resource)
    }
}

/// The pool.
pub struct Lender(::mobc::Pool<Manager>);

impl Pool for Lender {
    async fn start(room: Room) -> Self {
        let max = room.max as u64;
        let pool = ::mobc::Pool::builder()
            .max_open(max)
            .max_idle(max)
            .get_timeout(Some(PATIENCE))
            .test_on_check_out(false)
            .build(Manager);
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
