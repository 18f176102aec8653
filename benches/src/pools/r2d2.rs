//! r2d2, for threads, without a check at every checkout.

use ::r2d2::ManageConnection;

use super::{BACKEND, Blocking, Failed, PATIENCE, Resource, Room, Tool, threads};

/// The tool.
pub const TOOL: Tool = Tool {
    name: "r2d2",
    play: threads::play::<Lender>,
};

/// Makes the resources.
pub struct Manager;

impl ManageConnection for Manager {
    type Connection = Resource;
    type Error = Failed;

    fn connect(&self) -> Result<Resource, Failed> {
        BACKEND.connect_blocking()
    }

    fn is_valid(&self, _: &mut Resource) -> Result<(), Failed> {
        Ok(())
    }

    fn has_broken(&self, _: &mut Resource) -> bool {
        false
    }
}

/// The pool.
pub struct Lender(::r2d2::Pool<Manager>);

impl Blocking for Lender {
    fn start(room: Room) -> Self {
        let size = |size: usize| u32::try_from(size).unwrap_or(u32::MAX);
        let pool = ::r2d2::Pool::builder()
            .max_size(size(room.max))
            .min_idle(Some(size(room.idle)))
            .connection_timeout(PATIENCE)
            .test_on_check_out(false)
            .build(Manager);
        Self(pool.expect("its idle resources can be made"))
    }

    #[inline]
    fn lend(&self, held: impl FnOnce()) {
        let mut resource = self.0.get().expect("nobody waits for too long");
        resource.touch();
        held();
    }
}
