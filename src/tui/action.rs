//! The one table of what can be done. Footer, help, palette, key map, man page and README are all made from it.

/// Where an action's keys work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Wherever no text is being typed.
    Anywhere,
    /// With the panes of pods, tree and detail on screen.
    Browse,
    /// In the comparison.
    Diff,
    /// In a plan.
    Plan,
    /// Where conflicts are settled.
    Conflicts,
    /// In the task panel.
    Tasks,
}

impl Scope {
    /// Every scope, in the order of help.
    pub const ALL: [Self; 6] = [Self::Browse, Self::Diff, Self::Plan, Self::Conflicts, Self::Tasks, Self::Anywhere];

    /// The heading in help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Anywhere => "Anywhere",
            Self::Browse => "Pods, tree and detail",
            Self::Diff => "Comparison",
            Self::Plan => "Plan of an inject",
            Self::Conflicts => "Conflicts of a merge",
            Self::Tasks => "Task panel",
        }
    }
}

/// What an action does to pods, remotes and the instance.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// Nothing.
    Looks,
    /// It adds or renames something.
    Changes,
    /// It overwrites or deletes something: it asks first, and no is the default.
    Destroys,
}

macro_rules! actions {
    ($($action:ident, $scope:ident, $reach:ident, $id:literal, $name:literal, $description:literal, $command:expr;)*) => {
        /// One thing that can be done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is described in its row of the table, which people read in help")]
        pub enum Action { $($action,)* }

        /// Every action, in the order of help.
        pub const TABLE: &[ActionInfo] = &[$(ActionInfo {
            action: Action::$action,
            scope: Scope::$scope,
            reach: Reach::$reach,
            id: $id,
            name: $name,
            description: $description,
            command: $command,
        },)*];
    };
}

/// A row of the table. Its keys are in the key map; whether it can be done right now, `enabled` says.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo {
    /// What it does.
    pub action: Action,
    /// Where its keys work.
    pub scope: Scope,
    /// What it does to pods, remotes and the instance.
    pub reach: Reach,
    /// Its name in key maps.
    pub id: &'static str,
    /// Two words at most, for the footer.
    pub name: &'static str,
    /// A sentence for help and palette.
    pub description: &'static str,
    /// The headless command that does the same; None for what has a meaning on a screen only.
    pub command: Option<&'static str>,
}

actions! {
    Open, Browse, Looks, "open", "open", "Open what is chosen: unfold a row, browse a version, capture the live instance", Some("podex inspect REF");
    Commit, Browse, Changes, "commit", "commit", "Capture the live instance as a pod's next version", Some("podex commit POD -m MESSAGE");
    Inject, Browse, Destroys, "inject", "inject", "Put the chosen version into the live instance: shows the plan first", Some("podex inject REF");
    Diff, Browse, Looks, "diff", "diff", "Compare the two marked versions, or the marked one, or the one before, with the chosen one", Some("podex diff REF REF");
    DiffLive, Browse, Looks, "diff-live", "diff live", "Compare the chosen version with the live instance", Some("podex diff REF @live");
    Push, Browse, Changes, "push", "push", "Push the chosen pod to a remote", Some("podex push POD REMOTE");
    Pull, Browse, Changes, "pull", "pull", "Pull the chosen remote pod, or what a remote has new of the chosen local one", Some("podex pull REMOTE/POD");
    Load, Browse, Destroys, "load", "pull, inject", "Pull the chosen remote pod and inject it when that is done: shows the plan first", Some("podex load REMOTE/POD");
    Merge, Browse, Changes, "merge", "merge", "Merge the chosen version into a local pod, property by property", Some("podex merge POD REF");
    Conflicts, Browse, Looks, "conflicts", "conflicts", "Show what a merge left to settle in the chosen pod: ours, base and theirs", Some("podex resolve POD");
    Undo, Browse, Destroys, "undo", "undo", "Take the live instance back to before the last inject: shows the plan first", Some("podex undo");
    Status, Browse, Looks, "status", "status", "Show what changed in the live instance since it was last committed or injected", Some("podex status");
    Watch, Anywhere, Looks, "watch", "watch", "Watch the live instance for drift and show it in the header; again to stop", Some("podex status --quick --stat");
    Mark, Browse, Looks, "mark", "mark", "Mark a version for comparing, or take the mark off", None;
    Filter, Browse, Looks, "filter", "filter", "Show only what contains some text in the tree", Some("podex inspect REF PATTERN");
    Edit, Browse, Looks, "edit", "editor", "Look at the chosen document or body in $EDITOR (changes there are not kept)", Some("podex inspect REF PATH");
    Pager, Browse, Looks, "pager", "pager", "Read the chosen document or body in $PAGER", Some("podex inspect REF PATH");
    Blame, Browse, Looks, "blame", "history", "Show who last changed each property of the chosen resource, and which versions touched it", Some("podex blame REF PATH");
    Follow, Browse, Looks, "follow", "follow", "Go to the resource that the chosen row, or else the document, refers to", Some("podex inspect REF PATH");
    Referrers, Browse, Looks, "referrers", "used by", "Show what refers to the chosen resource, and go there", Some("podex inspect REF PATH --referrers");
    Backward, Browse, Looks, "backward", "go back", "Go back to where you were before the last jump", None;
    Forward, Browse, Looks, "forward", "go forward", "Go forward again", None;
    Arrange, Browse, Looks, "arrange", "group, sort", "Group the tree by place, service, type or tag, and sort it by name, size or count", None;
    Save, Browse, Looks, "save", "save body", "Save the chosen body, or a function's code, to a file", None;
    Reveal, Anywhere, Looks, "reveal", "reveal", "Show or hide secret values", None;
    ExpandAll, Browse, Looks, "expand-all", "expand all", "Unfold everything below the chosen row", None;
    CollapseAll, Browse, Looks, "collapse-all", "fold all", "Fold everything below the chosen row", None;
    Rename, Browse, Changes, "rename", "rename", "Rename the chosen local pod", Some("podex rename POD NAME");
    Delete, Browse, Destroys, "delete", "delete", "Delete the chosen local pod with all its versions", Some("podex delete POD");
    AddRemote, Browse, Changes, "add-remote", "add remote", "Configure a remote to share pods through", Some("podex remote add NAME URL");
    StartInstance, Browse, Changes, "start-instance", "start emulator", "Install and start an emulator that podex manages", Some("podex instance start ministack");
    Start, Browse, Looks, "start", "start page", "Show what to do first: emulators found on this machine, and more", None;
    Refresh, Browse, Looks, "refresh", "refresh", "Read pods, remotes and the instance again", Some("podex list");
    NextPane, Browse, Looks, "next-pane", "next pane", "Go to the next pane", None;
    PreviousPane, Browse, Looks, "previous-pane", "previous pane", "Go to the pane before", None;
    FocusPods, Browse, Looks, "focus-pods", "pods", "Go to the pods", None;
    FocusTree, Browse, Looks, "focus-tree", "tree", "Go to the tree", None;
    FocusDetail, Browse, Looks, "focus-detail", "detail", "Go to the detail", None;
    NextChange, Diff, Looks, "next-change", "next change", "Go to the next change", None;
    PreviousChange, Diff, Looks, "previous-change", "previous change", "Go to the change before", None;
    SwitchSides, Diff, Looks, "switch-sides", "list / change", "Go from the list of resources to the change and back", None;
    Unified, Diff, Looks, "unified", "layout", "Switch between side by side and unified", None;
    Whole, Diff, Looks, "whole", "all / changes", "Show everything the resource has, or only what differs", Some("podex inspect REF PATH");
    Swap, Diff, Looks, "swap", "swap", "Swap the two sides", Some("podex diff REF REF");
    InjectSide, Diff, Destroys, "inject-side", "inject", "Put one of the two sides into the live instance: shows the plan first", Some("podex inject REF");
    KeepDrift, Diff, Changes, "commit-drift", "commit", "Commit the live instance as it is, where it is one of the sides, into the pod it is compared with", Some("podex commit POD -m MESSAGE");
    Revert, Diff, Destroys, "revert", "revert", "In drift: take the live instance back to what it drifted from: shows the plan first", Some("podex inject REF --only PATTERN");
    LeaveOut, Plan, Looks, "leave-out", "leave out", "Leave the chosen step out of the plan, or take it in again", Some("podex inject REF --except PATTERN");
    NextOpen, Conflicts, Looks, "next-open", "next open", "Go to the next conflict that is open", None;
    PreviousOpen, Conflicts, Looks, "previous-open", "open before", "Go to the conflict before that is open", None;
    TakeOurs, Conflicts, Changes, "take-ours", "ours", "Take what the pod had for the chosen property", Some("podex resolve POD PATTERN#PROPERTY --ours");
    TakeBase, Conflicts, Changes, "take-base", "base", "Take what both came from for the chosen property", Some("podex resolve POD PATTERN#PROPERTY --base");
    TakeTheirs, Conflicts, Changes, "take-theirs", "theirs", "Take what was merged for the chosen property", Some("podex resolve POD PATTERN#PROPERTY --theirs");
    EditValue, Conflicts, Changes, "edit-value", "edit", "Take what you make of the chosen property in $EDITOR", Some("podex resolve POD PATTERN#PROPERTY --edit");
    TakeResource, Conflicts, Changes, "take-resource", "resource", "Take one side for all conflicts of the chosen resource", Some("podex resolve POD PATTERN --theirs");
    TakeMatching, Conflicts, Changes, "take-matching", "by pattern", "Take one side for all conflicts that a pattern picks", Some("podex resolve POD PATTERN --theirs");
    TakeBack, Conflicts, Changes, "take-back", "undo", "Take the last choice back", Some("podex resolve POD --undo");
    Settle, Conflicts, Changes, "settle", "commit", "Commit the result, once every conflict is settled", Some("podex resolve POD -m MESSAGE");
    Retry, Tasks, Changes, "retry", "again", "Do the chosen task again, where it failed or was cancelled", None;
    Hurry, Tasks, Looks, "hurry", "next", "Run the chosen task before the others that wait", None;
    CancelTask, Tasks, Looks, "cancel-task", "cancel", "Tell the chosen task to stop", None;
    Up, Anywhere, Looks, "up", "up", "One row up", None;
    Down, Anywhere, Looks, "down", "down", "One row down", None;
    Left, Anywhere, Looks, "left", "fold", "Fold the row, or go to the one above it", None;
    Right, Anywhere, Looks, "right", "unfold", "Unfold the row, or go into it", None;
    PageUp, Anywhere, Looks, "page-up", "page up", "One page up", None;
    PageDown, Anywhere, Looks, "page-down", "page down", "One page down", None;
    Top, Anywhere, Looks, "top", "top", "To the first row", None;
    Bottom, Anywhere, Looks, "bottom", "bottom", "To the last row", None;
    Search, Anywhere, Looks, "search", "search", "Search the resources of all pods", Some("podex search QUERY");
    Palette, Anywhere, Looks, "palette", "palette", "Find an action by its name", None;
    Help, Anywhere, Looks, "help", "help", "Show every key, and why it does nothing right now", Some("podex --help");
    Tasks, Anywhere, Looks, "tasks", "tasks", "Show what runs, how far it is, and its log", None;
    Log, Anywhere, Looks, "log", "log", "Show what was done so far, with the headless command of each", Some("podex log POD");
    Copy, Anywhere, Looks, "copy", "copy", "Copy what is chosen: its name, value or reference", None;
    CopyCommand, Anywhere, Looks, "copy-command", "copy command", "Copy the headless command that shows what is on screen", None;
    Theme, Anywhere, Looks, "theme", "theme", "Choose a theme, looking at each", None;
    Mouse, Anywhere, Looks, "mouse", "mouse", "Listen to the mouse, or leave it to the terminal for selecting text", None;
    Suspend, Anywhere, Looks, "suspend", "suspend", "Go back to the shell for a while; 'fg' returns", None;
    Back, Anywhere, Looks, "back", "back", "Close what is on top, take a filter or a mark off", None;
    Quit, Anywhere, Looks, "quit", "quit", "Leave podex; asks first while something is being changed", None;
}

impl Action {
    /// Its row of the table.
    pub fn info(self) -> &'static ActionInfo {
        // The macro writes enum and table from the same list, in the same order.
        &TABLE[self as usize]
    }

    /// The action of this name in key maps.
    pub fn of_id(id: &str) -> Option<Self> {
        TABLE.iter().find(|info| info.id == id).map(|info| info.action)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_action_finds_its_own_row_and_no_two_share_a_name() {
        assert!(TABLE.iter().all(|info| info.action.info().action == info.action));
        assert!(TABLE.iter().all(|info| Action::of_id(info.id) == Some(info.action)));
    }
}
