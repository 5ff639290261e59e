//! Terminals with firmware of their own: the simulated one, over real sockets and a pseudo terminal.

use channel_kiosk::session::framed::Key;
use channel_kiosk::simulate::{Input, Line, Shown, Simulated};
use channel_kiosk::terminal::{Event, Identity};
use contract::Confidence;
use contract::Identity as Asking;
use support::wait_for;
use tokio::sync::mpsc;

use super::*;

const NUMBER: &str = "20060425000000000000";
const KEYED: &str = "[[server]]\nlisten = \"127.0.0.1:0\"\n\
     [[terminal]]\nname = \"mall-7-a\"\nmall = \"Dongmen\"\nplace = { city = \"深圳\" }\n\
     key = { env = \"0707070707070707070707070707070707070707070707070707070707070707\" }\n\
     device = { notices = [\"12315\"], on_connect = \"process\" }\n";

struct Terminal {
    scans: Option<mpsc::Sender<Input>>,
    shown: mpsc::Receiver<Shown>,
    running: JoinHandle<()>,
}

impl Terminal {
    fn at(line: Line, key: u8) -> Self {
        let identity =
            Identity { name: "mall-7-a".to_owned(), key: Key([key; 32]), columns: 20, language: "en".to_owned() };
        let (scans, coming) = mpsc::channel(16);
        let (show, shown) = mpsc::channel(64);
        let simulated = Simulated::new(line, Some(identity));
        Self { scans: Some(scans), shown, running: tokio::spawn(simulated.run(coming, show)) }
    }

    fn of(running: &Running, key: u8) -> Self {
        Self::at(Line::Tcp(running.addresses[0].to_string(), None), key)
    }

    async fn scan(&self, code: &str) {
        self.act(Input::Scan { code: code.to_owned(), keyed: false }).await;
    }

    async fn act(&self, input: Input) {
        self.scans.as_ref().unwrap().send(input).await.unwrap();
    }

    /// The next of what is shown that is worth something.
    async fn next<T>(&mut self, what: &str, wanted: impl Fn(Event) -> Option<T>) -> T {
        let looking = async {
            while let Some(shown) = self.shown.recv().await {
                if let Shown::Event(event) = shown
                    && let Some(found) = wanted(*event)
                {
                    return found;
                }
            }
            panic!("the terminal ended before {what}")
        };
        let found = tokio::time::timeout(BOUND, looking).await;
        found.unwrap_or_else(|_| panic!("waited in vain for {what}"))
    }

    async fn answer(&mut self) -> channel_kiosk::wire::message::Answer {
        self.next("an answer", |event| if let Event::Answer(answer) = event { Some(*answer) } else { None }).await
    }
}

#[tokio::test]
async fn a_terminal_proves_itself_and_its_scans_have_its_place() {
    let running = Running::start(KEYED).await;
    let mut terminal = Terminal::of(&running, 7);
    let welcome = terminal
        .next("a welcome", |event| if let Event::Welcome(welcome) = event { Some(*welcome) } else { None })
        .await;
    assert_eq!((welcome.idle, welcome.notices), (vec!["Please scan the pack".to_owned()], vec!["12315".to_owned()]));
    terminal.scan(NUMBER).await;
    let answer = terminal.answer().await;
    assert_eq!((answer.verdict.as_str(), answer.recorded, answer.replayed), ("genuine_first", true, false));
    assert_eq!(answer.pages[0], ["Valid number", "First check"]);
    let asked = running.core.asked();
    assert!(matches!(&asked[0].asker.identity, Asking::Terminal(name) if name == "mall-7-a"));
    assert_eq!(asked[0].place.as_ref().unwrap().confidence, Confidence::High);
    let probed = running.probe("mall-7-a");
    assert_eq!((probed["state"].as_str(), probed["told"]["model"].as_str()), (Some("up"), Some("reference")));
    drop(terminal.scans.take());
    tokio::time::timeout(BOUND, terminal.running).await.expect("it ends when all is answered").unwrap();
    wait_for("the line is down", || running.probe("mall-7-a")["state"] == "down").await;
    running.end().await;
}

#[tokio::test]
async fn a_terminal_is_asked_how_it_is_and_one_that_is_gone_is_not() {
    let running = Running::start(KEYED).await;
    assert_eq!(running.reach("mall-7-a").await, "down");
    let mut terminal = Terminal::of(&running, 7);
    terminal.next("a welcome", |event| matches!(event, Event::Welcome(_)).then_some(())).await;
    wait_for("the line is up", || running.is_up("mall-7-a")).await;
    terminal.act(Input::Paper(false)).await;
    wait_for("it says so", || running.probe("mall-7-a")["told"]["paper"] == false).await;
    let came = running.reach("mall-7-a").await;
    assert_eq!(came["answered"]["by"], "how", "{came}");
    assert!(came["answered"]["took_ms"].as_f64().unwrap() > 0.0, "{came}");
    assert_eq!(running.probe("mall-7-a")["told"]["paper"], false);
    let (place, role) = (&running.probe("mall-7-a")["place"], &running.probe("mall-7-a")["role"]);
    assert_eq!((&place["city"], role), (&"深圳".into(), &"shopper".into()));
    terminal.running.abort();
    wait_for("the line is down", || !running.is_up("mall-7-a")).await;
    assert_eq!(running.reach("mall-7-a").await, "down");
    running.end().await;
}

#[tokio::test]
async fn a_line_that_is_pulled_out_keeps_scans_and_says_how_old_they_are() {
    let running = Running::start(KEYED).await;
    let mut terminal = Terminal::of(&running, 7);
    terminal.next("a welcome", |event| matches!(event, Event::Welcome(_)).then_some(())).await;
    terminal.act(Input::Plug(false)).await;
    wait_for("the line is down", || !running.is_up("mall-7-a")).await;
    terminal.scan(NUMBER).await;
    terminal.next("the scan is kept", |event| matches!(event, Event::Kept).then_some(())).await;
    assert!(running.core.asked().is_empty());
    terminal.act(Input::Plug(true)).await;
    assert!(terminal.answer().await.recorded);
    terminal.running.abort();
    running.end().await;
}

#[tokio::test]
async fn a_key_that_was_changed_lets_nobody_in_by_the_old_one() {
    let running = Running::start(KEYED).await;
    let mut terminal = Terminal::of(&running, 7);
    terminal.next("a welcome", |event| matches!(event, Event::Welcome(_)).then_some(())).await;
    running.reload(&KEYED.replace("07", "08").replace("127.0.0.1:0", &running.addresses[0].to_string()));
    wait_for("its line ends", || !running.is_up("mall-7-a")).await;
    terminal.next("a refusal", |event| matches!(event, Event::Refused(..)).then_some(())).await;
    terminal.running.abort();
    let mut terminal = Terminal::of(&running, 8);
    terminal.scan(NUMBER).await;
    assert!(terminal.answer().await.recorded);
    terminal.running.abort();
    running.end().await;
}

#[tokio::test]
async fn a_wrong_key_asks_nothing() {
    let running = Running::start(KEYED).await;
    let mut terminal = Terminal::of(&running, 8);
    terminal.scan(NUMBER).await;
    terminal.next("a refusal", |event| matches!(event, Event::Refused(..)).then_some(())).await;
    assert!(running.core.asked().is_empty());
    assert_eq!(running.probe("mall-7-a")["state"], "down");
    terminal.running.abort();
    running.end().await;
}

#[tokio::test]
async fn a_stock_device_on_the_same_port_is_turned_away_where_nobody_else_is_let_in() {
    let running = Running::start(KEYED).await;
    let mut stream = tokio::net::TcpStream::connect(running.addresses[0]).await.unwrap();
    tokio::io::AsyncWriteExt::write_all(&mut stream, format!("{NUMBER}\r").as_bytes()).await.unwrap();
    assert_eq!(said_at_last(&mut stream).await, "此终端没有登记\r\n".as_bytes());
    assert!(running.core.asked().is_empty());
    running.end().await;
}

#[tokio::test]
async fn a_gateway_that_comes_back_is_asked_with_the_same_id() {
    let server = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = server.local_addr().unwrap();
    drop(server);
    // Scanned while there is no gateway: kept, and sent with its age.
    let mut terminal = Terminal::at(Line::Tcp(address.to_string(), None), 7);
    terminal.scan(NUMBER).await;
    let running = Running::start(&KEYED.replace("127.0.0.1:0", &address.to_string())).await;
    assert!(terminal.answer().await.recorded);
    assert_eq!(running.core.recorded(), 1);
    terminal.running.abort();
    running.end().await;
}

#[tokio::test]
async fn a_terminal_on_a_serial_line_speaks_frames_too() {
    let mut section: KioskConfig = toml::from_str(KEYED).unwrap();
    section.server.clear();
    section.terminal[0].pty = true;
    let running = Running::of(section).await;
    let mut terminal = Terminal::at(Line::Tty(running.ptys[0].clone(), 9_600), 7);
    for nth in 0..5 {
        terminal.scan(&format!("2006042500000000000{nth}")).await;
        assert_eq!(terminal.answer().await.verdict, "genuine_first");
    }
    assert_eq!(running.counted("mall-7-a", "answered"), 5);
    terminal.running.abort();
    running.end().await;
}
