//! The screen as somebody at the terminal sees it, drawn without one.

use channel_kiosk::session::framed::proof;
use channel_kiosk::wire::message::Welcome;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;

use super::super::draw::draw;
use super::*;

const SAMPLES: &[u8] = br#"{"schema":1,"samples":[
    {"verdict":"genuine_first","colour":"green","codes":["20060425000000000000","20060425000000000001"],"reusable":false},
    {"verdict":"unknown","colour":"red","codes":["20060425000000000002"],"reusable":true}]}"#;

fn stock() -> Screen {
    let mut screen = Screen::new("stock device on /dev/pts/7".to_owned(), Device::new(None, 20, 2), false);
    screen.offer(Sample::all(SAMPLES).unwrap());
    screen
}

fn framed() -> Screen {
    Screen::new("terminal a on 127.0.0.1:4001".to_owned(), Device::new(None, 20, 2), true)
}

fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// The rows of the screen; a character of two columns stands once.
fn drawn(screen: &Screen, width: u16, height: u16) -> Vec<String> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| draw(screen, frame)).unwrap();
    let buffer: &Buffer = terminal.backend().buffer();
    let row = |y: u16| {
        let (mut text, mut x) = (String::new(), 0);
        while x < width {
            let symbol = buffer[(x, y)].symbol();
            text.push_str(symbol);
            x += u16::try_from(channel_kiosk::render::columns(symbol)).unwrap().clamp(1, 2);
            if !symbol.is_ascii() && !symbol.starts_with(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
                x -= 1;
            }
        }
        text
    };
    (0..height).map(row).collect()
}

fn has(rows: &[String], text: &str) -> bool {
    rows.iter().any(|row| row.contains(text))
}

fn press(screen: &mut Screen, code: KeyCode) -> Option<Input> {
    screen.key(KeyEvent::new(code, KeyModifiers::NONE))
}

fn type_in(screen: &mut Screen, text: &str) {
    for c in text.chars() {
        assert_eq!(press(screen, KeyCode::Char(c)), None);
    }
}

fn answer(replayed: bool) -> Shown {
    let page = |lines: &[&str]| lines.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
    Shown::Event(Box::new(Event::Answer(Box::new(Answer {
        id: [1; 16].into(),
        verdict: "genuine_first".to_owned(),
        colour: "green".to_owned(),
        pages: vec![page(&["编号有效", "首次查询"]), page(&["请核对包装"])],
        receipt: Some("123456789018".to_owned()),
        replayed,
        recorded: true,
    }))))
}

#[test]
fn what_is_keyed_is_scanned_by_enter_and_told() {
    let mut screen = stock();
    type_in(&mut screen, "2006-q");
    press(&mut screen, KeyCode::Backspace);
    assert!(has(&drawn(&screen, 80, 24), "│2006- "));
    let input = press(&mut screen, KeyCode::Enter).unwrap();
    assert_eq!(input, Input::Scan { code: "2006-".to_owned(), keyed: true });
    screen.done(&input, true);
    let rows = drawn(&screen, 80, 24);
    assert!(has(&rows, "keyed 2006-") && has(&rows, "1 waiting for an answer"), "{rows:#?}");
}

#[test]
fn what_is_pasted_is_scanned_and_a_line_end_does_it_at_once() {
    let mut screen = stock();
    assert_eq!(screen.paste("20060425"), None);
    assert_eq!(press(&mut screen, KeyCode::Enter), Some(Input::Scan { code: "20060425".to_owned(), keyed: false }));
    assert_eq!(screen.paste("]C0123\r\n"), Some(Input::Scan { code: "]C0123".to_owned(), keyed: false }));
    assert_eq!(screen.paste("a\u{1b}b\n"), Some(Input::Scan { code: "ab".to_owned(), keyed: false }));
    screen.paste(&"9".repeat(1_000_000));
    assert!(screen.typed.len() <= LONGEST);
    drawn(&screen, 80, 24);
}

#[test]
fn a_sample_is_picked_and_the_next_one_is_another_number() {
    let mut screen = stock();
    for code in ["20060425000000000000", "20060425000000000001"] {
        assert_eq!(press(&mut screen, KeyCode::Enter), Some(Input::Scan { code: code.to_owned(), keyed: false }));
    }
    press(&mut screen, KeyCode::Down);
    press(&mut screen, KeyCode::Down);
    assert!(has(&drawn(&screen, 80, 24), "unknown (red)"));
    let code = "20060425000000000002".to_owned();
    assert_eq!(press(&mut screen, KeyCode::Enter), Some(Input::Scan { code, keyed: false }));
    assert!(Sample::all(b"{}").is_none());
}

#[test]
fn a_counter_shows_its_display_and_its_receipt_in_columns_that_fit() {
    let mut screen = stock();
    let (valid, first, receipt) =
        (b"\xb1\xe0\xba\xc5\xd3\xd0\xd0\xa7", b"\xca\xd7\xb4\xce\xb2\xe9\xd1\xaf", b"\xbb\xd8\xd6\xb4");
    let mut octets = b"\x06\x1b@\x1c&\x1ba\x01\x1d!\x11".to_vec();
    octets.extend(valid);
    octets.extend(b"\n\x1d!\x00\x1ba\x00");
    octets.extend(receipt);
    octets.extend(b"\n\x1d(k\x0f\x001P0123456789018\x1d(k\x03\x001Q0\n\x1bd\x04\x1dVB\x00\x0c\x1bQA");
    octets.extend(valid);
    octets.extend(b"\r\x1bQB");
    octets.extend(first);
    octets.push(b'\r');
    screen.shown(Shown::Up, now());
    for octet in octets {
        screen.shown(Shown::Octets(vec![octet]), now());
    }
    let rows = drawn(&screen, 80, 40);
    assert!(has(&rows, "│编号有效            │") && has(&rows, "│首次查询            │"), "{rows:#?}");
    assert!(has(&rows, "回执") && has(&rows, "█▀") && has(&rows, "╌╌╌") && has(&rows, "acknowledged"), "{rows:#?}");
    assert!(has(&rows, " ● up · zh-Hans · stock device on /dev/pts/7"), "{rows:#?}");
    for row in &rows {
        assert!(row.ends_with(['│', '┐', '┘', ' ']), "a row that is cut or pushed aside: {row:?}");
    }
}

#[test]
fn a_terminal_turns_its_pages_prints_once_and_rests() {
    let mut screen = framed();
    let begun = now();
    let idle = vec!["请扫描包装上的编号".to_owned()];
    let mac = proof(&channel_kiosk::session::framed::Key([7; 32]), "x", "a", &[0; 16], &[0; 16]);
    let welcome =
        Welcome { mac: mac.into(), clock_ms: 0, window: 8, ping_s: 15, idle, notices: vec!["12315".to_owned()] };
    screen.shown(Shown::Event(Box::new(Event::Welcome(Box::new(welcome)))), begun);
    let rows = drawn(&screen, 80, 24);
    assert!(has(&rows, "请扫描包装上的编号") && has(&rows, "12315"), "{rows:#?}");
    screen.shown(answer(false), begun);
    let rows = drawn(&screen, 80, 36);
    assert!(has(&rows, "│首次查询  ") && has(&rows, "genuine_first (green)") && has(&rows, "█▀"), "{rows:#?}");
    let printed = screen.printed.len();
    screen.tick(begun + PAGE);
    assert!(has(&drawn(&screen, 80, 24), "│请核对包装  "));
    screen.shown(answer(true), begun + PAGE);
    assert_eq!(screen.printed.len(), printed, "an answer that is repeated is not printed again");
    for _ in 0..4 {
        let due = screen.due();
        due.into_iter().for_each(|due| screen.tick(due));
    }
    assert_eq!((screen.display(), screen.due()), (&["请扫描包装上的编号".to_owned()][..], None));
}

#[test]
fn without_paper_nothing_is_printed_and_it_says_so() {
    let mut screen = framed();
    assert_eq!(press(&mut screen, KeyCode::Char('p')), Some(Input::Paper(false)));
    screen.shown(answer(false), now());
    assert!(screen.printed.is_empty() && has(&drawn(&screen, 80, 24), "no paper"));
}

#[test]
fn letters_are_commands_on_an_empty_keypad_alone() {
    let mut screen = framed();
    assert_eq!(press(&mut screen, KeyCode::Char('l')), Some(Input::Language("zh-HK".to_owned())));
    assert_eq!(press(&mut screen, KeyCode::Char('u')), Some(Input::Plug(false)));
    assert!(has(&drawn(&screen, 100, 24), "u plug in"));
    type_in(&mut screen, "Aq");
    assert!(!screen.over);
    press(&mut screen, KeyCode::Esc);
    press(&mut screen, KeyCode::Char('q'));
    assert!(screen.over);
    let mut screen = stock();
    screen.key(KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL));
    assert!(screen.over);
}

#[test]
fn every_size_is_drawn() {
    let mut screen = stock();
    screen.shown(answer(false), now());
    screen.shown(Shown::Down("cannot connect to 127.0.0.1:4001: connection refused".to_owned()), now());
    for (width, height) in [(1, 1), (20, 5), (61, 30), (62, 18), (80, 24), (200, 60), (60, 200)] {
        let rows = drawn(&screen, width, height);
        assert_eq!(rows.len(), usize::from(height));
        assert_eq!(has(&rows, "Display"), width >= 62 && height >= 18, "{width} × {height}");
    }
}
