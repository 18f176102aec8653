//! What pools cost and do, for every tool, in one run: a lone caller, crowds, a spike, an outage.
//!
//! All tools play one scene, one right after the other, before any of them plays the next, and each scene is short and played
//! many times: a machine that others use has seconds in which everything takes half as long again, and a ratio of two tools is
//! to be one of two moments that are next to each other.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use perfkit_benches::child::{self, Child};
use perfkit_benches::harness::{Options, median};
use perfkit_benches::pools::{self, Crowd, Figures, Played, Scene, Tool, Where};
use perfkit_benches::{process, table};

const PLACES: [(Where, &str); 3] = [
    (Where::CurrentThread, "current-thread"),
    (Where::TwoWorkers, "two workers"),
    (Where::Threads, "threads"),
];

/// Scenes that are played in every round. The others are about counts, and played in the first.
const REPEATED: [Scene; 3] = [Scene::Lone, Scene::Few, Scene::Many];
const ONCE: [Scene; 2] = [Scene::Spike, Scene::Dead];

/// Callers are served alike when the last of them is done this little after the first: what fair means here.
const FAIR: f64 = 1.1;

/// What was played, one for each round.
type All = BTreeMap<(String, Where, Scene), Vec<Figures>>;

/// What is played in a round, in this order.
fn scenes(is_first: bool) -> Vec<(Where, Scene)> {
    let once: &[Scene] = if is_first { &ONCE } else { &[] };
    let all = PLACES
        .iter()
        .flat_map(|(at, _)| REPEATED.iter().chain(once).map(move |scene| (*at, *scene)));
    all.collect()
}

/// The scenes of all rounds, one each time it is asked; nothing where the tool has no part in it.
fn play(tool: &'static Tool, calls: u64) -> impl FnMut() -> Option<Played> {
    let mut scenes_to_come = scenes(true).into_iter();
    move || {
        let (at, scene) = scenes_to_come.next().or_else(|| {
            scenes_to_come = scenes(false).into_iter();
            scenes_to_come.next()
        })?;
        let figures = (tool.play)(at, scene, calls)?;
        let tool = tool.name.to_owned();
        Some(Played {
            tool,
            at,
            scene,
            figures,
        })
    }
}

/// A figure of each round.
fn each(
    all: &All,
    tool: &str,
    at: Where,
    scene: Scene,
    figure: impl Fn(&Figures) -> Option<f64>,
) -> Option<Vec<f64>> {
    let rounds = all.get(&(tool.to_owned(), at, scene))?;
    Some(rounds.iter().filter_map(figure).collect())
}

fn one(
    all: &All,
    tool: &str,
    at: Where,
    scene: Scene,
    figure: impl Fn(&Figures) -> Option<f64>,
) -> Option<f64> {
    let rounds = each(all, tool, at, scene, figure)?;
    (!rounds.is_empty()).then(|| median(rounds))
}

/// perfkit's figure over that of a tool, within each round.
fn over(
    all: &All,
    tool: &str,
    at: Where,
    scene: Scene,
    figure: fn(&Figures) -> Option<f64>,
) -> Option<f64> {
    let ours = each(all, "perfkit", at, scene, figure)?;
    let theirs = each(all, tool, at, scene, figure)?;
    let ratios: Vec<f64> = ours.iter().zip(theirs).map(|(a, b)| a / b).collect();
    (!ratios.is_empty()).then(|| median(ratios))
}

const fn crowd(figures: &Figures) -> Option<&Crowd> {
    match figures {
        Figures::Crowd(crowd) => Some(crowd),
        _ => None,
    }
}

/// A resource and back, over the baseline of that moment.
fn cost(figures: &Figures) -> Option<f64> {
    match figures {
        Figures::Cost(cost, baseline) => Some(cost / baseline),
        _ => None,
    }
}

fn nanoseconds(figures: &Figures) -> Option<f64> {
    match figures {
        Figures::Cost(cost, _) => Some(*cost),
        _ => None,
    }
}

/// How long one of a crowd takes.
fn slowness(figures: &Figures) -> Option<f64> {
    crowd(figures).map(|crowd| 1.0 / crowd.per_second)
}

fn p99(figures: &Figures) -> Option<f64> {
    crowd(figures).map(|crowd| crowd.p99)
}

fn spread(figures: &Figures) -> Option<f64> {
    crowd(figures).map(|crowd| crowd.spread)
}

fn made(figures: &Figures) -> Option<f64> {
    match figures {
        Figures::Made(made, _) => Some(f64::from(u32::try_from(*made).unwrap_or(u32::MAX))),
        _ => None,
    }
}

fn attempts(figures: &Figures) -> Option<f64> {
    match figures {
        Figures::Attempts(attempts) => Some(*attempts),
        _ => None,
    }
}

fn word(figure: Option<f64>, digits: usize) -> String {
    figure.map_or_else(|| "-".to_owned(), |figure| format!("{figure:.digits$}"))
}

fn lone(all: &All) -> String {
    let mut text = format!("{:<18}", "a resource and back");
    for (_, name) in PLACES {
        let _ = write!(text, " {:>18} {:>10}", format!("{name}, ns"), "x perfkit");
    }
    text.push('\n');
    for tool in &pools::ALL {
        let _ = write!(text, "  {:<16}", tool.name);
        for (at, _) in PLACES {
            let times = over(all, tool.name, at, Scene::Lone, cost).map(f64::recip);
            let ns = one(all, tool.name, at, Scene::Lone, nanoseconds);
            let _ = write!(text, " {:>18} {:>10}", word(ns, 1), word(times, 2));
        }
        text.push('\n');
    }
    text.push('\n');
    text
}

fn crowds(all: &All, scene: Scene, title: &str) -> String {
    let mut text = String::new();
    for (at, name) in PLACES {
        let rows: Vec<_> = pools::ALL
            .iter()
            .filter(|tool| all.contains_key(&(tool.name.to_owned(), at, scene)))
            .collect();
        if rows.is_empty() {
            continue;
        }
        let _ = writeln!(
            text,
            "{:<34} {:>10} {:>10} {:>10} {:>10} {:>12}",
            format!("{title}, {name}"),
            "M/s",
            "x perfkit",
            "p50, us",
            "p99, us",
            "last/first"
        );
        for tool in rows {
            let of = |figure: fn(&Crowd) -> f64| {
                one(all, tool.name, at, scene, |figures| {
                    crowd(figures).map(figure)
                })
            };
            let times = over(all, tool.name, at, scene, slowness);
            let _ = writeln!(
                text,
                "  {:<32} {:>10} {:>10} {:>10} {:>10} {:>12}",
                tool.name,
                word(of(|crowd| crowd.per_second / 1e6), 2),
                word(times, 2),
                word(of(|crowd| crowd.p50), 1),
                word(of(|crowd| crowd.p99), 1),
                word(of(|crowd| crowd.spread), 2)
            );
        }
        text.push('\n');
    }
    text
}

fn counts(all: &All) -> String {
    let mut text = format!("{:<18}", "");
    for (_, name) in &PLACES[..2] {
        let _ = write!(text, " {name:>18} {:>10} {:>14}", "in, ms", "attempts/s");
    }
    text.push_str("\n50 on 5 idle: made; dead backend\n");
    for tool in &pools::ALL {
        let took = |figures: &Figures| match figures {
            Figures::Made(_, took) => Some(*took),
            _ => None,
        };
        let _ = write!(text, "  {:<16}", tool.name);
        for (at, _) in &PLACES[..2] {
            let _ = write!(
                text,
                " {:>18} {:>10} {:>14}",
                word(one(all, tool.name, *at, Scene::Spike, made), 0),
                word(one(all, tool.name, *at, Scene::Spike, took), 1),
                word(one(all, tool.name, *at, Scene::Dead, attempts), 1)
            );
        }
        text.push('\n');
    }
    text
}

/// The peers whose callers are served alike.
fn fair(all: &All, at: Where, scene: Scene) -> Vec<&'static str> {
    let is_fair = |tool: &&str| {
        *tool != "perfkit" && one(all, tool, at, scene, spread).is_some_and(|spread| spread <= FAIR)
    };
    let tools = pools::ALL.iter().map(|tool| tool.name);
    tools.filter(is_fair).collect()
}

/// The largest ratio to any of these.
fn largest(
    all: &All,
    tools: &[&str],
    at: Where,
    scene: Scene,
    figure: fn(&Figures) -> Option<f64>,
) -> Option<f64> {
    let ratios = tools
        .iter()
        .filter_map(|tool| over(all, tool, at, scene, figure));
    ratios.reduce(f64::max)
}

fn verdict(all: &All) -> String {
    // deadpool as it comes has no limit on how long it waits, which all others have: it is a peer in all but that.
    const ALL: [&str; 4] = ["deadpool", "deadpool 5 s", "bb8", "mobc"];
    let mut text = table::heading("figure");
    for (at, name) in PLACES {
        let kinds: &[(&[&str], &str)] = match at {
            Where::Threads => &[(&["r2d2"], "fastest peer")],
            _ => &[
                (&ALL, "fastest peer"),
                (&ALL[1..], "fastest with a time limit"),
            ],
        };
        for (peers, kind) in kinds {
            let figure = largest(all, peers, at, Scene::Lone, cost);
            let says = format!("a resource and back / {kind}, {name}");
            text.push_str(&table::line(&says, figure, 0.15));
        }
    }
    for (scene, title) in [(Scene::Few, "64 over 8"), (Scene::Many, "1,000 over 50")] {
        for (at, name) in &PLACES[..2] {
            let peers = fair(all, *at, scene);
            let slower = largest(all, &peers, *at, scene, slowness);
            let fairest = peers.iter().copied().min_by(|one, other| {
                let p99 = |tool: &str| self::one(all, tool, *at, scene, p99).unwrap_or(f64::MAX);
                p99(one).total_cmp(&p99(other))
            });
            let later = fairest.and_then(|tool| over(all, tool, *at, scene, p99));
            let spread = one(all, "perfkit", *at, scene, spread);
            let lines = [
                ("time / fastest fair peer", slower, 1.0),
                ("p99 wait / shortest of a fair peer", later, 1.0),
                ("last / first", spread, FAIR),
            ];
            for (says, figure, limit) in lines {
                text.push_str(&table::line(
                    &format!("{title}, {name}: {says}"),
                    figure,
                    limit,
                ));
            }
        }
    }
    for (at, name) in &PLACES[..2] {
        let new = one(all, "perfkit", *at, Scene::Spike, made);
        text.push_str(&table::line(
            &format!("made for 50 callers where 5 are idle, {name}"),
            new,
            2.0,
        ));
        let figure = over(all, "deadpool 5 s", *at, Scene::Dead, attempts);
        text.push_str(&table::line(
            &format!("attempts of a dead backend / deadpool, {name}"),
            figure,
            0.01,
        ));
    }
    text
}

fn main() {
    let options = Options::from_arguments(35, 40_000);
    if let Some(task) = child::task() {
        let tool = pools::ALL.iter().find(|tool| tool.name == task);
        let tool = tool.expect("the parent names a tool of the table");
        child::serve(play(tool, options.calls));
    }
    println!(
        "{}{} rounds of {} calls per scene\n",
        process::heading(&process::POOLING),
        options.rounds,
        options.calls,
    );
    let mut running: Vec<_> = pools::ALL
        .iter()
        .filter(|tool| options.wants(tool.name))
        .map(|tool| (tool.name, Child::start(tool.name, &[])))
        .collect();
    let mut all = All::new();
    let mut samples: Vec<Played> = Vec::new();
    let tools = running.len();
    for round in 0..options.rounds {
        for _ in scenes(round == 0) {
            for turn in 0..tools {
                let (name, child) = &mut running[(round + turn) % tools];
                eprint!("\rround {}/{}  {name:<16}", round + 1, options.rounds);
                if let Some(played) = child.ask::<Option<Played>>() {
                    let key = (played.tool.clone(), played.at, played.scene);
                    all.entry(key).or_default().push(played.figures);
                    samples.push(played);
                }
            }
        }
    }
    eprintln!("\r{:<40}", "");
    print!("{}", lone(&all));
    print!("{}", crowds(&all, Scene::Few, "64 over 8"));
    print!("{}", crowds(&all, Scene::Many, "1,000 over 50"));
    print!("{}", counts(&all));
    print!("{}", verdict(&all));
    options.save(&samples);
}
