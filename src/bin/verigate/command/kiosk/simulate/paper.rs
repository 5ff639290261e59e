//! A receipt on the screen: text, and square codes in half blocks, two modules to a character.

use channel_kiosk::simulate::Paper;
use qrcode::{Color as Module, EcLevel, QrCode};
use ratatui::layout::Alignment;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Line;

/// Light modules around a code: fewer than on paper, enough for a telephone held to the screen.
const QUIET: usize = 2;

/// One thing on paper, in lines of the screen.
pub(super) fn lines(paper: &Paper, width: usize) -> Vec<Line<'static>> {
    match paper {
        Paper::Line { text, large, centred } => {
            let style = if *large { Style::new().add_modifier(Modifier::BOLD) } else { Style::new() };
            let alignment = if *centred { Alignment::Center } else { Alignment::Left };
            let wrapped = channel_kiosk::render::wrap(text, width.max(2));
            let blank = wrapped.is_empty().then(String::new);
            let lines = wrapped.into_iter().chain(blank);
            lines.map(|text| Line::styled(text, style).alignment(alignment)).collect()
        }
        Paper::Code(text) => code(text, width),
        Paper::Cut => vec![Line::styled("╌".repeat(width), Style::new().add_modifier(Modifier::DIM))],
    }
}

/// A code, or what it says where it is too wide for the screen.
fn code(text: &str, width: usize) -> Vec<Line<'static>> {
    let Some(code) =
        QrCode::with_error_correction_level(text, EcLevel::M).ok().filter(|code| code.width() + 2 * QUIET <= width)
    else {
        return vec![Line::from(format!("[{text}]"))];
    };
    let side = code.width();
    let modules = code.to_colors();
    let dark = |row: usize, column: usize| {
        let inside = |at: usize| at.checked_sub(QUIET).filter(|at| *at < side);
        match (inside(row), inside(column)) {
            (Some(row), Some(column)) => modules.get(row * side + column) == Some(&Module::Dark),
            (_, _) => false,
        }
    };
    let all = side + 2 * QUIET;
    let style = Style::new().fg(Color::Black).bg(Color::White);
    let halves = (0..all).step_by(2).map(|row| {
        let text: String = (0..all)
            .map(|column| match (dark(row, column), dark(row + 1, column)) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            })
            .collect();
        Line::from(ratatui::text::Span::styled(text, style)).alignment(Alignment::Center)
    });
    halves.collect()
}
