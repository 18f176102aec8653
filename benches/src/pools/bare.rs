//! No pool: a stack behind a lock, which cannot wait, limit or make anything. The baseline of a lone caller.

use std::sync::{Mutex, PoisonError};

use super::{
    BACKEND, Blocking, Figures, Pool, Resource, Room, Scene, Tool, Where, scenes, threads,
};

/// A lock around a stack.
pub const TOOL: Tool = Tool { name: "none", play };

fn play(at: Where, scene: Scene, calls: u64) -> Option<Figures> {
    match (at, scene) {
        (Where::Threads, Scene::Lone) => threads::play::<Stack>(at, scene, calls),
        (_, Scene::Lone) => scenes::play::<Stack>(at, scene, calls),
        _ => None,
    }
}

/// See the module.
#[expect(
    clippy::vec_box,
    reason = "what is taken out is a pointer, as it is of the pools"
)]
pub struct Stack(Mutex<Vec<Box<Resource>>>);

impl Stack {
    fn take(&self) -> Option<Box<Resource>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give_back(&self, resource: Box<Resource>) {
        let mut idle = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(resource);
    }
}

impl Pool for Stack {
    async fn start(room: Room) -> Self {
        <Self as Blocking>::start(room)
    }

    #[inline]
    async fn lend(&self, held: impl Future<Output = ()> + Send) -> bool {
        let Some(mut resource) = self.take() else {
            return false;
        };
        resource.touch();
        held.await;
        self.give_back(resource);
        true
    }
}

impl Blocking for Stack {
    fn start(room: Room) -> Self {
        let make = |_| Box::new(BACKEND.connect_blocking().expect("it is up"));
        Self(Mutex::new((0..room.idle).map(make).collect()))
    }

    #[inline]
    fn lend(&self, held: impl FnOnce()) {
        if let Some(mut resource) = self.take() {
            resource.touch();
            held();
            self.give_back(resource);
        }
    }
}
