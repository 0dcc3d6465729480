//! How many colours a terminal has, and the nearest of them.

use ratatui::style::{Color, Modifier, Style};

/// Below this share of colour, a colour is a grey that the terminal's own text colour stands for.
const GREYISH: f32 = 0.22;
/// The levels of a channel in the cube of 256 colours.
const CUBE: [u8; 6] = [0, 95, 135, 175, 215, 255];

/// How many colours a terminal has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Depth {
    /// None, or none are wanted.
    Mono,
    /// The 16 that every terminal has, in whatever shades its user chose.
    Sixteen,
    /// 256 fixed ones.
    Indexed,
    /// All.
    True,
}

impl Depth {
    /// What the environment says: `NO_COLOR`, `COLORTERM` and `TERM`.
    pub fn detect(variable: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| variable(name).filter(|value| !value.is_empty());
        let term = set("TERM").unwrap_or_default();
        match set("COLORTERM").as_deref() {
            _ if set("NO_COLOR").is_some() || term == "dumb" => Self::Mono,
            Some("truecolor" | "24bit") => Self::True,
            _ if term.contains("direct") => Self::True,
            _ if term.contains("256color") => Self::Indexed,
            _ => Self::Sixteen,
        }
    }

    /// A colour as the terminal can show it; None where it has too few.
    pub fn color(self, red: u8, green: u8, blue: u8) -> Option<Color> {
        match self {
            Self::True => Some(Color::Rgb(red, green, blue)),
            Self::Indexed => Some(indexed(Color::Rgb(red, green, blue))),
            Self::Sixteen | Self::Mono => None,
        }
    }

    /// A style with nothing but what the terminal has. What was set off by its background (`set_off`) is reversed
    /// where backgrounds go.
    pub(super) fn reduce(self, mut style: Style, set_off: bool) -> Style {
        match self {
            Self::True => style,
            Self::Indexed => {
                style.fg = style.fg.map(indexed);
                style.bg = style.bg.map(indexed);
                style
            }
            // Nobody knows the shades of the 16: any of them may be unreadable on any other, but each is made to be
            // readable on the terminal's own background.
            Self::Sixteen | Self::Mono => {
                let fg = if self == Self::Mono { None } else { style.fg.and_then(sixteen) };
                let modifiers = style.add_modifier | if set_off { Modifier::REVERSED } else { Modifier::empty() };
                let plain = Style::new().add_modifier(modifiers);
                fg.map_or(plain, |fg| plain.fg(fg))
            }
        }
    }
}

fn distance(one: (u8, u8, u8), other: (u8, u8, u8)) -> u32 {
    let channel = |one: u8, other: u8| u32::from(one.abs_diff(other)).pow(2);
    channel(one.0, other.0) + channel(one.1, other.1) + channel(one.2, other.2)
}

/// The nearest colour of the cube or the ramp of greys.
fn indexed(color: Color) -> Color {
    let Color::Rgb(red, green, blue) = color else { return color };
    let wanted = (red, green, blue);
    let step = |value: u8| (0..6u8).min_by_key(|at| CUBE[usize::from(*at)].abs_diff(value)).unwrap_or(0);
    let (r, g, b) = (step(red), step(green), step(blue));
    let in_cube = (CUBE[usize::from(r)], CUBE[usize::from(g)], CUBE[usize::from(b)]);
    let grey = (0..24u8).map(|at| (232 + at, 8 + at * 10)).min_by_key(|(_, level)| {
        let level = *level;
        distance(wanted, (level, level, level))
    });
    match grey {
        Some((index, level)) if distance(wanted, (level, level, level)) < distance(wanted, in_cube) => {
            Color::Indexed(index)
        }
        _ => Color::Indexed(16 + 36 * r + 6 * g + b),
    }
}

/// The one of the terminal's colours with the nearest hue; None for greys.
fn sixteen(color: Color) -> Option<Color> {
    let Color::Rgb(red, green, blue) = color else { return Some(color) };
    let (red, green, blue) = (f32::from(red), f32::from(green), f32::from(blue));
    let (most, least) = (red.max(green).max(blue), red.min(green).min(blue));
    if most <= 0.0 || (most - least) / most < GREYISH {
        return None;
    }
    let hue = if most == red {
        60.0 * ((green - blue) / (most - least)).rem_euclid(6.0)
    } else if most == green {
        60.0 * ((blue - red) / (most - least) + 2.0)
    } else {
        60.0 * ((red - green) / (most - least) + 4.0)
    };
    Some(match hue {
        ..20.0 | 330.0.. => Color::Red,
        20.0..75.0 => Color::Yellow,
        75.0..160.0 => Color::Green,
        160.0..195.0 => Color::Cyan,
        195.0..250.0 => Color::Blue,
        _ => Color::Magenta,
    })
}
