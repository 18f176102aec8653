//! Scenes of models, in every order of their threads that a model checker can think of; how to run them is in
//! CONTRIBUTING.md.
//!
//! - `PERFKIT_SCHEDULES`: how many orders for each scene and way to choose them, else 10,000.

/// How many.
pub(crate) fn schedules() -> usize {
    let asked = std::env::var("PERFKIT_SCHEDULES").ok();
    asked.map_or(10_000, |number| number.parse().unwrap())
}

/// Runs a scene in them, chosen by chance, and such that few threads are held up at a bad moment.
pub(crate) fn explored(scene: impl Fn() + Clone + Send + Sync + 'static) {
    shuttle::check_random(scene.clone(), schedules());
    shuttle::check_pct(scene, schedules(), 3);
}
