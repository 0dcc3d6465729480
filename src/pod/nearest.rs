//! Which of the names there are did somebody mean?

/// Most suggestions that are worth reading.
const MAX_SUGGESTIONS: usize = 3;

/// The candidates that `name` may be a slip of, most similar first: those at a small edit distance (ignoring
/// case), and those that begin with it.
pub fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    let wanted: Vec<char> = name.to_lowercase().chars().collect();
    // One slip in three characters still looks like the same name.
    let limit = (wanted.len() / 3).max(1);
    let mut found: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter_map(|candidate| {
            let letters: Vec<char> = candidate.to_lowercase().chars().collect();
            let begins = !wanted.is_empty() && letters.starts_with(&wanted);
            let distance = if begins { 1 } else { edit_distance(&wanted, &letters) };
            (distance <= limit).then_some((distance, candidate))
        })
        .collect();
    found.sort_unstable();
    found.dedup();
    found.into_iter().take(MAX_SUGGESTIONS).map(|(_, candidate)| candidate.to_owned()).collect()
}

/// How many characters must be put in, taken out, replaced, or swapped with their neighbour.
fn edit_distance(from: &[char], to: &[char]) -> usize {
    let mut before_last: Vec<usize> = Vec::new();
    let mut last: Vec<usize> = (0..=to.len()).collect();
    for row in 1..=from.len() {
        let mut current = vec![row];
        for column in 1..=to.len() {
            let same = from[row - 1] == to[column - 1];
            let mut best = (last[column - 1] + usize::from(!same)).min(last[column] + 1).min(current[column - 1] + 1);
            let swapped = row > 1 && column > 1 && from[row - 1] == to[column - 2] && from[row - 2] == to[column - 1];
            if swapped {
                best = best.min(before_last[column - 2] + 1);
            }
            current.push(best);
        }
        before_last = std::mem::replace(&mut last, current);
    }
    last[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_recognised_and_strangers_are_not() {
        let names = ["staging", "stable", "production", "my-pod"];
        let near = |name| nearest(name, names);
        assert_eq!(near("stagin"), ["staging"]);
        assert_eq!(near("stagign"), ["staging"]);
        assert_eq!(near("Staging"), ["staging"]);
        assert_eq!(near("prod"), ["production"]);
        assert_eq!(near("sta"), ["stable", "staging"]);
        assert_eq!(near("mypod"), ["my-pod"]);
        assert!(near("x").is_empty());
        assert!(near("").is_empty());
    }
}
