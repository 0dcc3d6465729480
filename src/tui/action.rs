//! The one table of what can be done. Footer, help, palette and key map are all made from it.

/// Where an action's keys work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scope {
    /// Wherever no text is being typed.
    Anywhere,
    /// With the panes of pods, tree and detail on screen.
    Browse,
    /// In the comparison.
    Diff,
    /// In the task panel.
    Tasks,
}

impl Scope {
    /// The heading in help.
    pub fn title(self) -> &'static str {
        match self {
            Self::Anywhere => "Anywhere",
            Self::Browse => "Pods, tree and detail",
            Self::Diff => "Comparison",
            Self::Tasks => "Task panel",
        }
    }
}

macro_rules! actions {
    ($($action:ident, $scope:ident, $keys:expr, $name:literal, $description:literal;)*) => {
        /// One thing that can be done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each is described in its row of the table, which people read in help")]
        pub enum Action { $($action,)* }

        /// Every action, in the order of help.
        pub const TABLE: &[ActionInfo] =
            &[$(ActionInfo { action: Action::$action, scope: Scope::$scope, keys: $keys, name: $name, description: $description },)*];
    };
}

/// A row of the table.
#[derive(Clone, Copy, Debug)]
pub struct ActionInfo {
    /// What it does.
    pub action: Action,
    /// Where its keys work.
    pub scope: Scope,
    /// Its keys, the one to show first.
    pub keys: &'static [&'static str],
    /// Two words at most, for the footer.
    pub name: &'static str,
    /// A sentence for help and palette.
    pub description: &'static str,
}

actions! {
    Open, Browse, &["enter"], "open", "Open what is chosen: unfold a row, browse a version, capture the live instance";
    Commit, Browse, &["c"], "commit", "Capture the live instance as a pod's next version";
    Inject, Browse, &["i"], "inject", "Put the chosen version into the live instance: shows the plan first";
    Diff, Browse, &["d"], "diff", "Compare the two marked versions, or the marked one, or the one before, with the chosen one";
    DiffLive, Browse, &["D"], "diff live", "Compare the chosen version with the live instance";
    Push, Browse, &["P"], "push", "Push the chosen pod to a remote";
    Pull, Browse, &["p"], "pull", "Pull the chosen remote pod, or what a remote has new of the chosen local one";
    Undo, Browse, &["u"], "undo", "Take the live instance back to before the last inject: shows the plan first";
    Status, Browse, &["s"], "status", "Show what changed in the live instance since it was last committed or injected";
    Mark, Browse, &["space"], "mark", "Mark a version for comparing, or take the mark off";
    Filter, Browse, &["/"], "filter", "Show only what contains some text in the tree";
    Edit, Browse, &["e"], "editor", "Look at the chosen document in $EDITOR (changes there are not kept)";
    Reveal, Browse, &["v"], "reveal", "Show or hide secret values";
    ExpandAll, Browse, &["*", "E"], "expand all", "Unfold everything below the chosen row";
    CollapseAll, Browse, &["-", "_"], "fold all", "Fold everything below the chosen row";
    Rename, Browse, &["R"], "rename", "Rename the chosen local pod";
    Delete, Browse, &["X", "delete"], "delete", "Delete the chosen local pod with all its versions";
    AddRemote, Browse, &["A"], "add remote", "Configure a remote to share pods through";
    StartInstance, Browse, &["I"], "start emulator", "Install and start an emulator that podex manages";
    Refresh, Browse, &["r"], "refresh", "Read pods, remotes and the instance again";
    NextPane, Browse, &["tab"], "next pane", "Go to the next pane";
    PreviousPane, Browse, &["backtab"], "previous pane", "Go to the pane before";
    FocusPods, Browse, &["1"], "pods", "Go to the pods";
    FocusTree, Browse, &["2"], "tree", "Go to the tree";
    FocusDetail, Browse, &["3"], "detail", "Go to the detail";
    NextChange, Diff, &["n"], "next change", "Go to the next change";
    PreviousChange, Diff, &["N"], "previous change", "Go to the change before";
    SwitchSides, Diff, &["tab", "backtab"], "list / change", "Go from the list of resources to the change and back";
    Unified, Diff, &["s"], "layout", "Switch between side by side and unified";
    RevealDiff, Diff, &["v"], "reveal", "Show or hide secret values";
    CancelTask, Tasks, &["x"], "cancel", "Tell the chosen task to stop";
    Up, Anywhere, &["up", "k"], "up", "One row up";
    Down, Anywhere, &["down", "j"], "down", "One row down";
    Left, Anywhere, &["left", "h"], "fold", "Fold the row, or go to the one above it";
    Right, Anywhere, &["right", "l"], "unfold", "Unfold the row, or go into it";
    PageUp, Anywhere, &["pageup", "ctrl-b", "ctrl-u"], "page up", "One page up";
    PageDown, Anywhere, &["pagedown", "ctrl-f", "ctrl-d"], "page down", "One page down";
    Top, Anywhere, &["home", "g"], "top", "To the first row";
    Bottom, Anywhere, &["end", "G"], "bottom", "To the last row";
    Search, Anywhere, &["ctrl-p", "f"], "search", "Search the resources of all pods";
    Palette, Anywhere, &[":"], "palette", "Find an action by its name";
    Help, Anywhere, &["?", "f1"], "help", "Show every key, and why it does nothing right now";
    Tasks, Anywhere, &["t"], "tasks", "Show what runs, how far it is, and its log";
    Log, Anywhere, &["L"], "log", "Show what was done so far, with the headless command of each";
    Copy, Anywhere, &["y"], "copy", "Copy what is chosen: its name, value or reference";
    CopyCommand, Anywhere, &["Y"], "copy command", "Copy the headless command that shows what is on screen";
    Theme, Anywhere, &["T"], "theme", "Switch to the next theme";
    Suspend, Anywhere, &["ctrl-z"], "suspend", "Go back to the shell for a while; 'fg' returns";
    Back, Anywhere, &["esc"], "back", "Close what is on top, take a filter or a mark off";
    Quit, Anywhere, &["q", "ctrl-c"], "quit", "Leave podex; asks first while something is being changed";
}

impl Action {
    /// Its row of the table.
    pub fn info(self) -> &'static ActionInfo {
        // The macro writes enum and table from the same list, in the same order.
        &TABLE[self as usize]
    }
}
