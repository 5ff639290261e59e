//! A simulated terminal on the real screen: takes it, gives it back whatever happens, and passes on keys and time.
//!
//! Decides nothing of what is shown; that is [`Screen`].

use std::io::{self, stdout};
use std::time::Duration;

use channel_kiosk::simulate::{Input, Simulated};
use ratatui::DefaultTerminal;
use ratatui::crossterm::event::{self, DisableBracketedPaste, EnableBracketedPaste, Event};
use ratatui::crossterm::execute;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::draw::draw;
use super::screen::Screen;

/// Whoever reads keys looks up so often whether somebody still wants them.
const LOOK: Duration = Duration::from_millis(100);

/// The screen as long as it is ours.
struct Stage(DefaultTerminal);

impl Stage {
    fn take() -> io::Result<Self> {
        let stage = Self(ratatui::try_init()?);
        execute!(stdout(), EnableBracketedPaste)?;
        Ok(stage)
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        // Both are tried; nobody is left to tell of a screen that is gone.
        drop(execute!(stdout(), DisableBracketedPaste));
        drop(ratatui::try_restore());
    }
}

/// Plays until somebody leaves, or the program is told to end.
pub(super) async fn play(simulated: Simulated, mut screen: Screen) -> anyhow::Result<()> {
    let mut stage = Stage::take()?;
    let (press, mut pressed) = mpsc::channel(64);
    let reading = std::thread::spawn(move || read(&press));
    let (act, acts) = mpsc::channel(16);
    let (show, mut shown) = mpsc::channel(64);
    let running = simulated.run(acts, show);
    tokio::pin!(running);
    let (mut terminate, mut hangup) = (signal(SignalKind::terminate())?, signal(SignalKind::hangup())?);
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut ended = false;
    while !screen.over {
        stage.0.draw(|frame| draw(&screen, frame))?;
        let due = screen.due().map(Instant::from_std);
        let turn = async {
            match due {
                Some(due) => sleep_until(due).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = &mut running, if !ended => ended = true,
            came = shown.recv(), if !ended => if let Some(came) = came {
                screen.shown(came, Instant::now().into_std());
            },
            key = pressed.recv() => match key {
                None => screen.over = true,
                Some(key) => act_on(&mut screen, key, &act),
            },
            () = turn => screen.tick(Instant::now().into_std()),
            _ = terminate.recv() => screen.over = true,
            _ = hangup.recv() => screen.over = true,
            _ = interrupt.recv() => screen.over = true,
        }
    }
    drop(pressed);
    drop(stage);
    // It ends within one look.
    reading.join().map_err(|_| anyhow::anyhow!("reading keys failed"))
}

fn act_on(screen: &mut Screen, key: Event, act: &mpsc::Sender<Input>) {
    let input = match key {
        Event::Key(key) if key.is_press() => screen.key(key),
        Event::Paste(text) => screen.paste(&text),
        // A new size is drawn with the next frame, as everything is.
        Event::Resize(..) | Event::Key(_) | Event::Mouse(_) | Event::FocusGained | Event::FocusLost => None,
    };
    if let Some(input) = input {
        let taken = act.try_send(input.clone()).is_ok();
        screen.done(&input, taken);
    }
}

/// Reads keys until nobody wants them.
fn read(press: &mpsc::Sender<Event>) {
    while !press.is_closed() {
        match event::poll(LOOK) {
            Ok(false) => {}
            Ok(true) => {
                let Ok(key) = event::read() else { return };
                if press.blocking_send(key).is_err() {
                    return;
                }
            }
            Err(_) => return,
        }
    }
}
