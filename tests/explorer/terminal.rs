//! The terminal is always given back, and never written to without need.

use std::net::TcpListener;
use std::time::Duration;

use crate::screen::Screen;
use crate::support::Podex;

/// A user whose endpoint answers nobody.
fn alone() -> Podex {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    Podex::new("Bob").with("PODEX_ENDPOINT", &format!("http://{free}"))
}

#[test]
fn quitting_gives_the_terminal_back() {
    for keys in ["q", "<C-c>", ":quit<Enter>"] {
        let mut screen = Screen::open(&alone(), &[], (100, 30));
        screen.expect("no emulator at").press(keys);
        assert_eq!(screen.end(), 0, "{keys}");
        screen.expect_restored();
    }
}

#[test]
fn a_signal_gives_the_terminal_back() {
    for (signal, code) in [(libc::SIGTERM, 143), (libc::SIGINT, 130), (libc::SIGHUP, 129)] {
        let mut screen = Screen::open(&alone(), &[], (100, 30));
        screen.expect("no emulator at");
        // SAFETY: kill has no memory effects; the process is our own child.
        assert_eq!(unsafe { libc::kill(screen.pid(), signal) }, 0);
        assert_eq!(screen.end(), code);
        screen.expect_restored();
    }
}

#[test]
fn a_panic_gives_the_terminal_back_and_is_reported() {
    let user = alone().with("PODEX_TEST_PANIC", "1");
    let mut screen = Screen::open(&user, &[], (100, 30));
    assert_eq!(screen.end(), 101);
    screen.expect_restored();
    screen.expect("PODEX_TEST_PANIC").expect("a report is in");
    let mut reports = std::fs::read_dir(user.home().join("data/crashes")).unwrap();
    let report = std::fs::read_to_string(reports.next().unwrap().unwrap().path()).unwrap();
    assert!(report.contains("PODEX_TEST_PANIC"), "{report}");
}

#[test]
fn an_error_before_the_first_frame_leaves_the_terminal_alone() {
    let user = alone();
    std::fs::write(user.home().join("keymap.toml"), "# mine\ninject = ['c']\n").unwrap();
    let mut screen = Screen::open(&user, &[], (200, 30));
    assert_eq!(screen.end(), 2);
    screen.expect_restored();
    screen.expect("the key \"c\" means both \"commit\"").expect("keymap.toml, line 2");
}

#[test]
fn a_malformed_theme_is_named_and_a_changed_one_shows_at_once() {
    let user = alone();
    let file = user.home().join("themes/mine.toml");
    std::fs::create_dir(user.home().join("themes")).unwrap();
    std::fs::write(&file, "inherits = 'dark'\n[roles]\ntxt = {}\n").unwrap();
    std::fs::write(user.home().join("config.toml"), "theme = 'mine'\n").unwrap();
    let mut screen = Screen::open(&user, &[], (160, 30));
    screen.expect("mine.toml, line 3: there is no role \"txt\"; going on with the default theme");
    screen.press("q");
    assert_eq!(screen.end(), 0);

    let theme = |color: &str| format!("inherits = 'dark'\n[roles]\ntext = {{ bg = '{color}' }}\n");
    std::fs::write(&file, theme("#010203")).unwrap();
    let user = user.with("COLORTERM", "truecolor");
    let mut screen = Screen::open(&user, &[], (160, 30));
    let ground = |screen: &Screen| screen.with(|screen| screen.cell(15, 80).unwrap().bgcolor());
    screen.expect("no emulator at");
    assert_eq!(ground(&screen), vt100::Color::Rgb(1, 2, 3));
    std::fs::write(&file, theme("#040506")).unwrap();
    screen.expect("theme mine read again");
    assert_eq!(ground(&screen), vt100::Color::Rgb(4, 5, 6));
    std::fs::write(&file, "oops").unwrap();
    screen.expect("mine.toml, line 1").press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn an_idle_explorer_writes_nothing() {
    let mut screen = Screen::open(&alone(), &[], (100, 30));
    screen.expect("no emulator at").expect("none yet").expect("no remotes");
    std::thread::sleep(Duration::from_millis(500));
    let before = screen.written();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(screen.written() - before, 0);
    screen.press("?").expect("Pods, tree and detail");
    assert!(screen.written() > before);
}

#[test]
fn another_size_is_another_screen_and_a_tiny_one_says_what_is_needed() {
    let mut screen = Screen::open(&alone(), &[], (80, 24));
    screen.expect("no emulator at");
    screen.resize(40, 10).expect("podex needs 60 × 16");
    screen.resize(160, 50).expect("3 Detail").expect_gone("podex needs");
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_paste_larger_than_any_buffer_arrives_whole_and_keys_go_on() {
    let mut screen = Screen::open(&alone(), &[], (100, 30));
    screen.expect("no remotes").press("A").expect("Add a remote");
    // More than the terminal holds for a program that does not read.
    let long = "x".repeat(20_000);
    screen.press(&format!("\x1b[200~{long}y\x1b[201~")).expect("xxxy").press("<Esc>").expect_gone("Add a remote");
    screen.press("q");
    assert_eq!(screen.end(), 0);
}

#[test]
fn a_task_is_cancelled_from_the_task_panel() {
    // A fake server, because no real emulator takes a connection and then never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", silent.local_addr().unwrap());
    let user = Podex::new("Bob").with("PODEX_ENDPOINT", &endpoint);
    let mut screen = Screen::open(&user, &[], (100, 30));
    screen.expect("no remotes").press("t").expect("look for the emulator");
    // Tasks are listed newest first.
    screen.press("Gkx").expect("cancelled");
    screen.press("<Esc>").press("q");
    assert_eq!(screen.end(), 0);
    screen.expect_restored();
}

#[test]
fn a_stopped_explorer_comes_back_as_it_was() {
    // A shell with job control, because nobody else can continue a stopped program.
    let script = "set -m; \"$PODEX\"; echo stopped; read answer; fg; echo over";
    let mut screen = Screen::shell(&alone(), script, (100, 30));
    screen.expect("no emulator at").press("\u{1a}").expect("stopped");
    screen.expect_restored();
    screen.press("<Enter>");
    screen.expect("no emulator at").press("?").expect("Pods, tree and detail").press("<Esc>").press("q");
    assert_eq!(screen.end(), 0);
    screen.expect_restored();
}
