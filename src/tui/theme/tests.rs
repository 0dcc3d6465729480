use super::*;

/// What text must stand out by, as WCAG 2 asks of it at level AA.
const READABLE: f64 = 4.5;

fn load(name: &str) -> Theme {
    Theme::load(Some(name), Path::new("/nowhere")).unwrap()
}

/// A theme file in a folder of its own.
fn from_file(text: &str) -> Result<Theme, String> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("mine.toml"), text).unwrap();
    Theme::load(Some("mine"), folder.path()).map_err(|error| error.to_string())
}

fn luminance(color: Color) -> Option<f64> {
    let Color::Rgb(red, green, blue) = color else { return None };
    let channel = |value: u8| {
        let value = f64::from(value) / 255.0;
        if value <= 0.039_28 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
    };
    Some(0.2126 * channel(red) + 0.7152 * channel(green) + 0.0722 * channel(blue))
}

fn contrast(one: Color, other: Color) -> Option<f64> {
    let (one, other) = (luminance(one)?, luminance(other)?);
    Some((one.max(other) + 0.05) / (one.min(other) + 0.05))
}

#[test]
fn text_is_readable_in_every_theme_that_knows_its_colours() {
    let mut looked_at = 0;
    for (name, _) in BUILTIN {
        let theme = load(name);
        let ground = [Role::Text, Role::Bar, Role::SelectionIdle].map(|role| theme.style(role).bg);
        // Borders are no text.
        for role in Role::ALL.iter().filter(|role| !matches!(role, Role::Border)) {
            let style = theme.style(*role);
            let own = matches!(role, Role::Selection | Role::AddedWord | Role::RemovedWord);
            let below = if own { vec![style.bg] } else { ground.to_vec() };
            for background in below {
                let found = style.fg.or(theme.style(Role::Text).fg).zip(background);
                let Some(contrast) = found.and_then(|(fg, bg)| contrast(fg, bg)) else { continue };
                looked_at += 1;
                assert!(contrast >= READABLE, "{name}: {} has {contrast:.2} on {background:?}", role.name());
            }
        }
    }
    assert!(looked_at > 650, "only {looked_at} pairs of known colours");
}

#[test]
fn every_builtin_theme_styles_what_must_be_told_apart() {
    for (name, _) in BUILTIN {
        let theme = load(name);
        let apart = [Role::Added, Role::Removed, Role::Modified, Role::Text].map(|role| theme.style(role).fg);
        let distinct = apart.iter().enumerate().all(|(at, color)| !apart[..at].contains(color));
        assert!(distinct, "{name}: {apart:?}");
        assert_ne!(theme.style(Role::Selection), theme.style(Role::Text), "{name}");
        assert_ne!(theme.style(Role::Focus), theme.style(Role::Border), "{name}");
    }
}

#[test]
fn the_default_theme_leaves_the_terminals_own_colours() {
    let theme = Theme::load(None, Path::new("/nowhere")).unwrap();
    assert_eq!(theme.style(Role::Text), Style::new());
    assert!(Role::ALL.iter().all(|role| !matches!(theme.style(*role).fg, Some(Color::Rgb(..)))));
}

#[test]
fn a_selection_shows_with_few_colours_and_with_none() {
    for (name, _) in BUILTIN {
        for depth in [Depth::Mono, Depth::Sixteen] {
            let theme = load(name).at(depth);
            assert!(Role::ALL.iter().all(|role| theme.style(*role).bg.is_none()), "{name} {depth:?}");
            assert!(theme.style(Role::Selection).add_modifier.contains(Modifier::REVERSED), "{name} {depth:?}");
            assert!(Role::ALL.iter().all(|role| depth != Depth::Mono || theme.style(*role).fg.is_none()));
            assert!(Role::ALL.iter().all(|role| !matches!(theme.style(*role).fg, Some(Color::Rgb(..)))));
        }
        let theme = load(name).at(Depth::Indexed);
        let rgb = |style: Style| [style.fg, style.bg].iter().any(|color| matches!(color, Some(Color::Rgb(..))));
        assert!(!Role::ALL.iter().any(|role| rgb(theme.style(*role))), "{name}");
    }
    assert_eq!(load("dark").at(Depth::Sixteen).style(Role::Added).fg, Some(Color::Green));
    assert_eq!(load("dark").at(Depth::Sixteen).style(Role::Removed).fg, Some(Color::Red));
}

#[test]
fn the_environment_says_how_many_colours_there_are() {
    let with = |set: &[(&str, &str)]| {
        Depth::detect(|name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()))
    };
    assert_eq!(with(&[("TERM", "xterm-256color"), ("COLORTERM", "truecolor")]), Depth::True);
    assert_eq!(with(&[("TERM", "xterm-256color"), ("NO_COLOR", "")]), Depth::Indexed);
    assert_eq!(with(&[("TERM", "linux")]), Depth::Sixteen);
    assert_eq!(with(&[("TERM", "xterm-direct")]), Depth::True);
    assert_eq!(with(&[("COLORTERM", "truecolor"), ("NO_COLOR", "1")]), Depth::Mono);
    assert_eq!(with(&[("TERM", "dumb")]), Depth::Mono);
}

#[test]
fn a_theme_inherits_what_it_does_not_say() {
    let theme = from_file("inherits = \"dark\"\n[palette]\ngreen = \"#010203\"\n[roles]\nmuted = {}\n").unwrap();
    assert_eq!(theme.style(Role::Added).fg, Some(Color::Rgb(1, 2, 3)));
    assert_eq!(theme.style(Role::Muted), Style::new());
    assert_eq!(theme.style(Role::Text), load("dark").style(Role::Text));
    assert_eq!(theme.files.len(), 1);
}

#[test]
fn a_theme_may_stand_before_the_builtin_one_it_inherits_from() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("dark.toml"), "inherits = \"dark\"\n[roles]\nmuted = {}\n").unwrap();
    let theme = Theme::load(Some("dark"), folder.path()).unwrap();
    assert_eq!(theme.style(Role::Muted), Style::new());
    assert_eq!(theme.style(Role::Added), load("dark").style(Role::Added));
}

#[test]
fn what_is_wrong_in_a_theme_is_named_with_file_and_line() {
    for (text, wanted) in [
        ("[roles]\nfoo = {}", "mine.toml, line 2: there is no role \"foo\""),
        ("[roles]\n\ntext = { fg = 'mauvish' }", "mine.toml, line 3: \"mauvish\" is neither a colour"),
        ("[palette]\nink = 'blu'\n[roles]\ntext = { fg = 'ink' }", "mine.toml, line 2: \"blu\""),
        ("\ninherits = 'nope'", "mine.toml, line 2: there is no theme \"nope\" to inherit from"),
        ("roles = 1", "mine.toml, line 1"),
        ("[roles]\ntext = { blink = true }", "mine.toml, line 2"),
    ] {
        let error = from_file(text).unwrap_err();
        assert!(error.contains(wanted), "{error}");
    }
    let error = Theme::load(Some("nope"), Path::new("/nowhere")).unwrap_err().to_string();
    assert!(error.contains("terminal, dark, light") && error.contains("/nowhere"), "{error}");
}

#[test]
fn themes_that_inherit_in_a_circle_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.toml"), "inherits = \"b\"").unwrap();
    std::fs::write(folder.path().join("b.toml"), "inherits = \"a\"").unwrap();
    let error = Theme::load(Some("a"), folder.path()).unwrap_err().to_string();
    assert!(error.contains("b.toml, line 1"), "{error}");
}
