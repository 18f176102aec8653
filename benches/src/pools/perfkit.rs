//! perfkit: `#[pooled]` functions, one for each size of pool, with its usual limit of five seconds.
//!
//! Their pools are there for good, so a later round plays with the resources of an earlier one.

use ::perfkit::{Pool as Handle, pooled};

use super::{
    BACKEND, Blocking, Failed, Figures, Pool, Resource, Room, Scene, Tool, Where, scenes, threads,
};

/// The tool.
pub const TOOL: Tool = Tool {
    name: "perfkit",
    play,
};

fn play(at: Where, scene: Scene, calls: u64) -> Option<Figures> {
    match (at, scene) {
        (Where::Threads, _) => threads::play::<InThreads>(at, scene, calls),
        (_, Scene::Lone | Scene::Few) => scenes::play::<Eight>(at, scene, calls),
        (_, Scene::Many) => scenes::play::<Fifty>(at, scene, calls),
        (_, Scene::Spike) => scenes::play::<FiveToFifty>(at, scene, calls),
        (_, Scene::Dead) => scenes::play::<Ten>(at, scene, calls),
    }
}

#[pooled(min_size = 8, max_size = 8)]
async fn eight() -> Result<Resource, Failed> {
    BACKEND.connect().await
}

#[pooled(min_size = 50, max_size = 50)]
async fn fifty() -> Result<Resource, Failed> {
    BACKEND.connect().await
}

#[pooled(min_size = 5, max_size = 50)]
async fn five_to_fifty() -> Result<Resource, Failed> {
    BACKEND.connect().await
}

#[pooled(min_size = 0, max_size = 10)]
async fn ten() -> Result<Resource, Failed> {
    BACKEND.connect().await
}

#[pooled(min_size = 8, max_size = 8)]
fn eight_in_threads() -> Result<Resource, Failed> {
    BACKEND.connect_blocking()
}

async fn start(pool: Handle<Resource>, room: Room) {
    let stats = pool.stats();
    assert_eq!((stats.min, stats.max), (room.idle, room.max), "as asked");
    pool.evict_idle();
    pool.warm().await.expect("its idle resources can be made");
}

/// One function as a pool of the scenes.
macro_rules! pool {
    ($name:ident, $function:ident, $handle:ident) => {
        struct $name;

        impl Pool for $name {
            async fn start(room: Room) -> Self {
                start($handle(), room).await;
                Self
            }

            #[inline]
            async fn lend(&self, held: impl Future<Output = ()> + Send) -> bool {
                let Ok(mut resource) = $function().await else {
                    return false;
                };
                resource.touch();
                held.await;
                true
            }
        }
    };
}

pool!(Eight, eight, eight_pool);
pool!(Fifty, fifty, fifty_pool);
pool!(FiveToFifty, five_to_fifty, five_to_fifty_pool);
pool!(Ten, ten, ten_pool);

struct InThreads;

impl Blocking for InThreads {
    fn start(room: Room) -> Self {
        let pool = eight_in_threads_pool();
        assert_eq!(pool.stats().max, room.max, "as asked");
        let all: Vec<_> = (0..room.idle).map(|_| eight_in_threads()).collect();
        assert!(all.iter().all(Result::is_ok), "they can be made");
        Self
    }

    #[inline]
    fn lend(&self, held: impl FnOnce()) {
        let mut resource = eight_in_threads().expect("nobody waits for too long");
        resource.touch();
        held();
    }
}
