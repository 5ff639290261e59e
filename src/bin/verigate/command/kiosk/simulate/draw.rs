//! The screen of a simulated terminal, drawn: line, display, what happened, numbers to pick, paper, keypad.

use ratatui::Frame;
use ratatui::layout::{Alignment, Constraint, Layout, Rect};
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Paragraph};

use super::paper;
use super::screen::{LANGUAGES, Link, Screen};

/// The least that everything fits in.
const LEAST: (u16, u16) = (62, 18);
/// Rows of the list of numbers.
const PICKED: u16 = 7;
/// Columns of the display.
const COLUMNS: u16 = 20;

/// Draws it.
pub(super) fn draw(screen: &Screen, frame: &mut Frame<'_>) {
    let area = frame.area();
    if area.width < LEAST.0 || area.height < LEAST.1 {
        let wanted = format!("a window of {} × {} at least, please; q leaves", LEAST.0, LEAST.1);
        return frame.render_widget(Paragraph::new(wanted), area);
    }
    let [head, body, keypad, keys] =
        Layout::vertical([Constraint::Length(1), Constraint::Min(0), Constraint::Length(3), Constraint::Length(1)])
            .areas(area);
    frame.render_widget(Paragraph::new(link(screen)), head);
    let [left, right] = Layout::horizontal([Constraint::Fill(1), Constraint::Fill(1)]).areas(body);
    let rows = u16::try_from(screen.display().len().max(2)).unwrap_or(2);
    let picks = if screen.samples.is_empty() { 0 } else { PICKED };
    let [display, happened, samples] =
        Layout::vertical([Constraint::Length(rows + 2), Constraint::Min(3), Constraint::Length(picks)]).areas(left);
    draw_display(screen, frame, display);
    draw_happened(screen, frame, happened);
    draw_samples(screen, frame, samples);
    draw_paper(screen, frame, right);
    draw_keypad(screen, frame, keypad);
    let plug = if screen.plugged { "unplug" } else { "plug in" };
    let said = format!(" Enter scan  ↑↓ pick  l language  u {plug}  p paper  q leave");
    frame.render_widget(Paragraph::new(said).style(Style::new().add_modifier(Modifier::DIM)), keys);
}

fn link(screen: &Screen) -> Line<'static> {
    let (sign, colour, how) = match &screen.link {
        Link::Up => ("●", Color::Green, "up".to_owned()),
        Link::Down(why) => ("○", Color::Red, format!("down: {why}")),
    };
    let language = LANGUAGES.get(screen.language).copied().unwrap_or_default();
    let open = if screen.open > 0 { format!(" · {} waiting for an answer", screen.open) } else { String::new() };
    Line::from(vec![
        Span::styled(format!(" {sign} "), Style::new().fg(colour)),
        Span::raw(format!("{how}{open} · {language} · {}", screen.title)),
    ])
}

fn draw_display(screen: &Screen, frame: &mut Frame<'_>, area: Rect) {
    let widest = screen.display().iter().map(|row| channel_kiosk::render::columns(row)).max().unwrap_or(0);
    let columns = u16::try_from(widest).unwrap_or(COLUMNS).max(COLUMNS);
    let [area] = Layout::horizontal([Constraint::Length(columns + 2)]).flex(ratatui::layout::Flex::Center).areas(area);
    let colour = match screen.colour.as_str() {
        "green" => Color::Green,
        "amber" => Color::Yellow,
        "red" => Color::Red,
        _ => Color::Reset,
    };
    // The colour is never alone: the display says the same.
    let block = Block::bordered().title(" Display ").border_style(Style::new().fg(colour));
    let rows: Vec<Line<'_>> = screen.display().iter().map(|row| Line::from(row.as_str())).collect();
    frame.render_widget(Paragraph::new(rows).style(Style::new().add_modifier(Modifier::BOLD)).block(block), area);
}

fn draw_happened(screen: &Screen, frame: &mut Frame<'_>, area: Rect) {
    let block = Block::bordered().title(" What happened ");
    let room = block.inner(area);
    let (width, height) = (usize::from(room.width), usize::from(room.height));
    let lines = screen.happened.iter().flat_map(|what| {
        let deeper = if what.starts_with("  ") { "  " } else { "" };
        let wrapped = channel_kiosk::render::wrap(what, width.saturating_sub(deeper.len()).max(2));
        wrapped.into_iter().map(move |line| Line::from(format!("{deeper}{line}")))
    });
    let lines: Vec<Line<'_>> = lines.collect();
    let shown: Vec<Line<'_>> = lines.iter().skip(lines.len().saturating_sub(height)).cloned().collect();
    frame.render_widget(Paragraph::new(shown).block(block), area);
}

fn draw_samples(screen: &Screen, frame: &mut Frame<'_>, area: Rect) {
    let block = Block::bordered().title(" Numbers to pick ");
    let height = usize::from(block.inner(area).height);
    let first = screen.chosen.saturating_sub(height.saturating_sub(1));
    let lines = screen.samples.iter().enumerate().skip(first).take(height).map(|(nth, sample)| {
        let text = format!(" {} ({})", sample.verdict, sample.colour);
        let style = if nth == screen.chosen { Style::new().add_modifier(Modifier::REVERSED) } else { Style::new() };
        Line::styled(text, style)
    });
    frame.render_widget(Paragraph::new(lines.collect::<Vec<_>>()).block(block), area);
}

fn draw_paper(screen: &Screen, frame: &mut Frame<'_>, area: Rect) {
    let room = Block::bordered().inner(area);
    let (width, height) = (usize::from(room.width), usize::from(room.height));
    let lines: Vec<Line<'_>> = screen.on_paper().iter().flat_map(|paper| paper::lines(paper, width)).collect();
    let title = if screen.paper { " Printer " } else { " Printer: no paper " };
    let more = if lines.len() > height { " PgUp PgDn " } else { "" };
    let block = Block::bordered().title(title).title_bottom(Line::from(more).right_aligned());
    let last = lines.len().saturating_sub(screen.back.min(lines.len().saturating_sub(height)));
    let shown: Vec<Line<'_>> = lines.into_iter().take(last).skip(last.saturating_sub(height)).collect();
    frame.render_widget(Paragraph::new(shown).block(block), area);
}

fn draw_keypad(screen: &Screen, frame: &mut Frame<'_>, area: Rect) {
    let block = Block::bordered().title(" Key or paste a number ");
    let room = block.inner(area);
    // The end of what is typed is what somebody looks at.
    let mut shown = screen.typed.as_str();
    while channel_kiosk::render::columns(shown) + 1 > usize::from(room.width) {
        let mut rest = shown.chars();
        rest.next();
        shown = rest.as_str();
    }
    let typed = u16::try_from(channel_kiosk::render::columns(shown)).unwrap_or(0);
    frame.render_widget(Paragraph::new(shown).alignment(Alignment::Left).block(block), area);
    frame.set_cursor_position((room.x.saturating_add(typed), room.y));
}
