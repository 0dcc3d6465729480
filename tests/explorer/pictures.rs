//! Draws README's pictures from frames of the running program. `PODEX_PICTURES=1 cargo test --test explorer pictures`
//! writes them; without the variable the test only sees that they can be drawn.

use std::fmt::Write;
use std::path::Path;

use crate::fuzz::with_the_demo_pods;
use crate::screen::Screen;

/// Columns and rows of a picture.
const SIZE: (u16, u16) = (118, 32);
/// A character's width and a line's height, in pixels at the font's size.
const CELL: (f64, f64) = (8.4, 17.0);
const FONT: f64 = 14.0;
/// Around the screen.
const MARGIN: f64 = 10.0;

#[test]
fn pictures_of_the_running_program_are_drawn_dark_and_light() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/pictures");
    for (theme, ink, ground) in [("dark", "#d5dae3", "#16181d"), ("light", "#1f2328", "#ffffff")] {
        let user = with_the_demo_pods().with("COLORTERM", "truecolor").with("PODEX_ENDPOINT", "http://127.0.0.1:1");
        let config = std::fs::read_to_string(user.home().join("config.toml")).unwrap();
        std::fs::write(user.home().join("config.toml"), format!("theme = '{theme}'\n{config}")).unwrap();
        let mut screen = Screen::open(&user, &["inspect", "orders", "lambda/function/*"], SIZE);
        screen.expect("function/").expect("Runtime");
        let browse = screen.with(|screen| svg(screen, ink, ground));
        // Any key takes the sentence off that says what was done, and the line of keys comes back.
        screen.press("1d").expect("orders:2 → orders").press("<Down>").press("<Up>").expect("Tab list / change");
        let diff = screen.with(|screen| svg(screen, ink, ground));
        screen.press("<Esc>").press("q");
        assert_eq!(screen.end(), 0);
        for (name, picture) in [("browse", browse), ("diff", diff)] {
            assert!(picture.contains("orders") && picture.len() > 5_000, "{name}");
            if std::env::var_os("PODEX_PICTURES").is_some() {
                std::fs::create_dir_all(&folder).unwrap();
                std::fs::write(folder.join(format!("{name}-{theme}.svg")), picture).unwrap();
            }
        }
    }
}

/// A run of neighbouring cells that look the same.
struct Run {
    column: u16,
    cells: u16,
    text: String,
    ink: String,
    ground: Option<String>,
    bold: bool,
    italic: bool,
    underlined: bool,
}

/// A screen as an SVG picture.
fn svg(screen: &vt100::Screen, ink: &str, ground: &str) -> String {
    let (rows, columns) = screen.size();
    let (width, height) = (f64::from(columns) * CELL.0 + 2.0 * MARGIN, f64::from(rows) * CELL.1 + 2.0 * MARGIN);
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" font-size=\"{FONT}\" \
         font-family=\"ui-monospace,'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace\">\n\
         <rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{ground}\"/>\n"
    );
    for row in 0..rows {
        let y = MARGIN + f64::from(row) * CELL.1;
        for run in runs(screen, row, columns, ink, ground) {
            let x = MARGIN + f64::from(run.column) * CELL.0;
            let width = f64::from(run.cells) * CELL.0;
            if let Some(fill) = &run.ground {
                let height = CELL.1 + 0.5;
                let _ = writeln!(
                    svg,
                    "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height}\" fill=\"{fill}\"/>"
                );
            }
            if run.text.trim().is_empty() {
                continue;
            }
            let mut style = format!(" fill=\"{}\"", run.ink);
            style.push_str(if run.bold { " font-weight=\"bold\"" } else { "" });
            style.push_str(if run.italic { " font-style=\"italic\"" } else { "" });
            style.push_str(if run.underlined { " text-decoration=\"underline\"" } else { "" });
            let text = run.text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
            let baseline = y + FONT - 1.0;
            let _ = writeln!(
                svg,
                "<text xml:space=\"preserve\" x=\"{x:.1}\" y=\"{baseline:.1}\" textLength=\"{width:.1}\" \
                 lengthAdjust=\"spacingAndGlyphs\"{style}>{text}</text>"
            );
        }
    }
    svg + "</svg>\n"
}

fn runs(screen: &vt100::Screen, row: u16, columns: u16, ink: &str, ground: &str) -> Vec<Run> {
    let mut runs: Vec<Run> = Vec::new();
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column).filter(|cell| !cell.is_wide_continuation()) else {
            if let Some(run) = runs.last_mut() {
                run.cells += 1;
            }
            continue;
        };
        let (mut over, mut under) = (color(cell.fgcolor(), ink), color(cell.bgcolor(), ground));
        if cell.inverse() {
            std::mem::swap(&mut over, &mut under);
        }
        let content = if cell.has_contents() { cell.contents() } else { " " };
        let next = Run {
            column,
            cells: 1,
            text: content.to_owned(),
            ink: over,
            ground: (under != ground).then_some(under),
            bold: cell.bold(),
            italic: cell.italic(),
            underlined: cell.underline(),
        };
        match runs.last_mut() {
            Some(run)
                if (&run.ink, &run.ground, run.bold, run.italic, run.underlined)
                    == (&next.ink, &next.ground, next.bold, next.italic, next.underlined) =>
            {
                run.cells += 1;
                run.text.push_str(&next.text);
            }
            _ => runs.push(next),
        }
    }
    runs
}

fn color(color: vt100::Color, default: &str) -> String {
    match color {
        vt100::Color::Rgb(red, green, blue) => format!("#{red:02x}{green:02x}{blue:02x}"),
        // The themes drawn here have colours of their own.
        vt100::Color::Default | vt100::Color::Idx(_) => default.to_owned(),
    }
}
