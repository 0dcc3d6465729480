//! The rows of the pods pane, from what is known and unfolded.

use std::collections::{BTreeMap, HashMap};

use super::{Listing, Pods, RemoteListing, RowId};
use crate::ops::RemotePod;
use crate::pod::{Commit, Digest, RemoteName, Selector};
use crate::tui::model::graph::{self, Lanes, Point};

impl Pods {
    /// Makes the rows anew from what is known, keeping the cursor on its row.
    pub fn rebuild(&mut self) {
        let chosen = self.rows.get(self.cursor.at).cloned();
        let mut rows = vec![RowId::Live, RowId::Local];
        let mut lanes = BTreeMap::new();
        if self.open.contains(&RowId::Local) {
            self.local_rows(&mut rows, &mut lanes);
        }
        self.remote_rows(&mut rows, &mut lanes);
        let known = |row: &RowId| match row {
            RowId::Version(..) | RowId::Joined(..) | RowId::RemoteVersion(..) => self.commit(row).is_some(),
            _ => rows.contains(row),
        };
        let marked = self.marked.iter().filter(|row| known(row)).cloned().collect();
        self.marked = marked;
        self.rows = rows;
        self.lanes = lanes;
        let at = chosen.and_then(|chosen| self.rows.iter().position(|row| *row == chosen));
        self.cursor.at = at.unwrap_or(self.cursor.at).min(self.rows.len().saturating_sub(1));
    }

    fn local_rows(&self, rows: &mut Vec<RowId>, lanes: &mut BTreeMap<RowId, Lanes>) {
        let hint = |text: String| RowId::Hint(Box::new(RowId::Local), text);
        match &self.local {
            Listing::Loading => rows.push(hint("reading …".to_owned())),
            Listing::Failed(reason) => rows.push(hint(format!("cannot be read: {reason}"))),
            Listing::Ready(pods) if pods.is_empty() => {
                rows.push(hint("none yet: c captures the".to_owned()));
                rows.push(hint("live instance as a pod".to_owned()));
            }
            Listing::Ready(pods) => {
                for pod in pods {
                    let row = RowId::Pod(pod.summary.name.clone());
                    let open = self.open.contains(&row);
                    rows.push(row);
                    if open {
                        let name = &pod.summary.name;
                        let newest_first = pod.versions.iter().rev();
                        let versions = newest_first.map(|version| {
                            (RowId::Version(name.clone(), version.number), version.digest, &version.commit)
                        });
                        let joined = pod.summary.joined.iter();
                        let joined =
                            joined.map(|(digest, commit)| (RowId::Joined(name.clone(), *digest), *digest, commit));
                        history(versions.collect(), joined.collect(), rows, lanes);
                    }
                }
            }
        }
    }

    fn remote_rows(&self, rows: &mut Vec<RowId>, lanes: &mut BTreeMap<RowId, Lanes>) {
        match &self.remotes {
            Listing::Loading => {}
            Listing::Failed(reason) => {
                rows.push(RowId::Hint(Box::new(RowId::Local), format!("remotes cannot be read: {reason}")));
            }
            Listing::Ready(remotes) if remotes.is_empty() => {
                rows.push(RowId::Hint(Box::new(RowId::Local), "no remotes: A adds one".to_owned()));
            }
            Listing::Ready(remotes) => {
                for RemoteListing { config, pods } in remotes {
                    let row = RowId::Remote(config.name.clone());
                    rows.push(row.clone());
                    if self.open.contains(&row) {
                        self.pods_of_remote(&config.name, pods, &row, (rows, lanes));
                    }
                }
            }
        }
    }

    fn pods_of_remote(
        &self,
        remote: &RemoteName,
        pods: &Listing<Vec<RemotePod>>,
        above: &RowId,
        (rows, lanes): (&mut Vec<RowId>, &mut BTreeMap<RowId, Lanes>),
    ) {
        let hint = |text: String| RowId::Hint(Box::new(above.clone()), text);
        match pods {
            Listing::Loading => rows.push(hint("asking …".to_owned())),
            Listing::Failed(_) => rows.push(hint("not reachable: r asks again".to_owned())),
            Listing::Ready(pods) if pods.is_empty() => rows.push(hint("empty: P pushes a pod here".to_owned())),
            Listing::Ready(pods) => {
                for pod in pods {
                    let row = RowId::RemotePod(remote.clone(), pod.name.clone());
                    let open = self.open.contains(&row);
                    rows.push(row);
                    if open {
                        let row = |selector| RowId::RemoteVersion(remote.clone(), pod.name.clone(), selector);
                        let beside =
                            pod.beside.iter().rev().map(|found| {
                                (row(Selector::Revision(found.digest.short())), found.digest, &found.commit)
                            });
                        let newest_first = pod.versions.iter().rev();
                        let versions = newest_first
                            .map(|version| (row(Selector::Version(version.number)), version.digest, &version.commit));
                        history(beside.chain(versions).collect(), Vec::new(), rows, lanes);
                    }
                }
            }
        }
    }
}

/// A commit with the row it has in a history.
type Listed<'a> = (RowId, Digest, &'a Commit);

/// Adds the rows of a pod's history, newest first, with the lanes between them. What was joined stands below the merge
/// that brought it in, above what that merge was made on.
fn history(versions: Vec<Listed>, joined: Vec<Listed>, rows: &mut Vec<RowId>, lanes: &mut BTreeMap<RowId, Lanes>) {
    let mut joined: HashMap<Digest, Listed> = joined.into_iter().map(|one| (one.1, one)).collect();
    let mut listed = Vec::with_capacity(versions.len() + joined.len());
    // Who is waited for by a version that is still to come must come after it: from the oldest up, each takes what it
    // brought in.
    for version in versions.into_iter().rev() {
        let mut brought = Vec::new();
        let mut pending: Vec<Digest> = version.2.parents.clone();
        while let Some(digest) = pending.pop() {
            let Some(one) = joined.remove(&digest) else { continue };
            pending.extend(&one.2.parents);
            brought.push(one);
        }
        brought.sort_by_key(|one| one.2.time);
        listed.extend(brought);
        listed.push(version);
    }
    listed.reverse();
    let points: Vec<Point> =
        listed.iter().map(|(_, digest, commit)| Point { digest: *digest, parents: &commit.parents }).collect();
    let drawn = graph::draw(&points);
    if drawn.iter().any(|row| *row != Lanes::default()) {
        lanes.extend(listed.iter().map(|(row, ..)| row.clone()).zip(drawn));
    }
    rows.extend(listed.into_iter().map(|(row, ..)| row));
}
