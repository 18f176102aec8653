//! Which name was meant by a word that is none.

/// The name that was probably meant: at most a third of it differs.
pub(crate) fn nearest(written: &str, names: &[&'static str]) -> Option<&'static str> {
    names
        .iter()
        .map(|name| (distance(written, name), *name))
        .filter(|(distance, name)| *distance <= name.len().max(3) / 3)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, name)| name)
}

/// How many letters must be put in, left out, exchanged or swapped with their neighbour (Damerau and Levenshtein's
/// optimal string alignment).
fn distance(a: &str, b: &str) -> usize {
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    let mut before: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut row = vec![i + 1];
        for (j, y) in b.iter().enumerate() {
            let swapped = i > 0 && j > 0 && a.get(i - 1) == Some(y) && b.get(j - 1) == Some(x);
            let ways = [
                last.get(j).map(|d| d + usize::from(x != y)),
                last.get(j + 1).map(|d| d + 1),
                row.get(j).map(|d| d + 1),
                swapped
                    .then(|| before.get(j.wrapping_sub(1)).map(|d| d + 1))
                    .flatten(),
            ];
            row.push(ways.into_iter().flatten().min().unwrap_or(usize::MAX));
        }
        before = last;
        last = row;
    }
    last.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_a_small_distance() {
        for (a, b, slips) in [
            ("slow", "slow", 0),
            ("", "slow", 4),
            ("solw", "slow", 1),
            ("slo", "slow", 1),
            ("sloww", "slow", 1),
            ("slaw", "slow", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!(distance(a, b), slips, "{a} {b}");
            assert_eq!(distance(b, a), slips, "{b} {a}");
        }
    }

    #[test]
    fn only_a_slip_is_taken_for_another_name() {
        let names = ["slow", "sample", "by", "name", "crate"];
        for (written, meant) in [
            ("slwo", Some("slow")),
            ("smaple", Some("sample")),
            ("samples", Some("sample")),
            ("nmae", Some("name")),
            ("bye", Some("by")),
            ("fast", None),
            ("ttl", None),
        ] {
            assert_eq!(nearest(written, &names), meant, "{written}");
        }
    }
}
