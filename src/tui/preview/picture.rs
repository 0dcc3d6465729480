//! Pictures as half blocks: a character cell shows two pixels above each other.

use std::io::Cursor;

/// Columns and rows of pixels that are shown at most.
const MOST: u32 = 48;
/// A picture of more pixels is not decoded: it would take too much memory.
const DECODED_BYTES: usize = 64 << 20;

/// Red, green, blue.
pub type Rgb = (u8, u8, u8);

/// What a character cell shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The pixel above.
    pub top: Rgb,
    /// The pixel below.
    pub bottom: Rgb,
}

/// A picture, made small.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// Columns of the picture itself.
    pub columns: u32,
    /// Rows of the picture itself.
    pub rows: u32,
    /// Lines of cells.
    pub lines: Vec<Vec<Pair>>,
}

pub(super) fn is_png(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x89PNG\r\n\x1a\n")
}

/// Decodes a PNG.
pub(super) fn decode(bytes: &[u8]) -> Result<Picture, String> {
    let broken = |error: png::DecodingError| format!("the picture is damaged: {error}");
    let mut decoder = png::Decoder::new_with_limits(Cursor::new(bytes), png::Limits { bytes: DECODED_BYTES });
    // Everything becomes eight bits a channel, palettes become colours.
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(broken)?;
    let size = reader.output_buffer_size().filter(|size| *size <= DECODED_BYTES);
    let mut pixels = vec![0; size.ok_or_else(|| "the picture is too large to be shown".to_owned())?];
    let frame = reader.next_frame(&mut pixels).map_err(broken)?;
    let channels = frame.color_type.samples();
    let pixel = |x: u32, y: u32| -> Rgb {
        let start = y as usize * frame.line_size + x as usize * channels;
        let samples = pixels.get(start..start + channels).unwrap_or_default();
        match *samples {
            [grey] => (grey, grey, grey),
            [grey, alpha] => over_black((grey, grey, grey), alpha),
            [red, green, blue] => (red, green, blue),
            [red, green, blue, alpha] => over_black((red, green, blue), alpha),
            _ => (0, 0, 0),
        }
    };
    let (columns, rows) = (frame.width, frame.height);
    let longest = columns.max(rows).max(1);
    let scaled = |length: u32| if longest <= MOST { length } else { (length * MOST / longest).max(1) };
    let (wide, high) = (scaled(columns), scaled(rows));
    let at = |x: u32, y: u32| pixel(x * columns / wide, y * rows / high);
    let pair = |x: u32, y: u32| Pair { top: at(x, y), bottom: at(x, (y + 1).min(high - 1)) };
    let line = |y: u32| (0..wide).map(|x| pair(x, y)).collect();
    Ok(Picture { columns, rows, lines: (0..high).step_by(2).map(line).collect() })
}

fn over_black((red, green, blue): Rgb, alpha: u8) -> Rgb {
    let over = |channel: u8| (u16::from(channel) * u16::from(alpha) / 255) as u8;
    (over(red), over(green), over(blue))
}
