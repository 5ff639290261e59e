//! What an operator gets over the socket and without it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use contract::answer::Names;
use contract::{Colour, Life, Timestamp};
use tokio::sync::oneshot;

use super::*;
use crate::index::Concealment;
use crate::index::catalogue::{BatchOrder, Selector};
use crate::ledger::folder::Folder;
use crate::ledger::writer::Clock;
use crate::verify::Settings;

fn clock() -> Clock {
    Arc::new(|| Timestamp(1_795_000_000_000))
}

fn folder(dir: &tempfile::TempDir) -> Folder {
    let folder = Folder::all_in(dir.path());
    Gateway::init(&folder).unwrap();
    folder
}

/// A gateway in a thread of its own, as another process has it.
struct Running {
    stop: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Running {
    fn start(folder: &Folder) -> Self {
        let gateway = Arc::new(Gateway::open(folder.clone(), Settings::default(), clock()).unwrap());
        let (stop, stopping) = oneshot::channel::<()>();
        let (up, is_up) = std::sync::mpsc::channel();
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                // Polled after the listener stands: `stopping` is first asked once `serve` listens.
                let stopping = async {
                    up.send(()).unwrap();
                    drop(stopping.await);
                };
                serve(gateway, Channels::new(), stopping).await.unwrap();
            });
        });
        is_up.recv_timeout(Duration::from_secs(10)).unwrap();
        Self { stop: Some(stop), thread: Some(thread) }
    }

    fn stop(mut self) {
        drop(self.stop.take());
        self.thread.take().unwrap().join().unwrap();
    }
}

fn tea() -> Request {
    let named = |name: &str| Names { zh_hans: name.to_owned(), zh_hk: None, en: None };
    Request::Order(Order::Change {
        makers: vec![Maker { id: "hill".to_owned(), name: named("山"), hotline: None }],
        products: vec![Product {
            id: "tea".to_owned(),
            maker: "hill".to_owned(),
            name: named("茶"),
            category: "tea".to_owned(),
            layout: "network-20".to_owned(),
            resources: vec![1_234_567],
            spec: None,
            licence: None,
            shelf_life_days: None,
            sales_region: Vec::new(),
            concealment: Concealment::Printed,
            tracks_shipping: false,
            gtin: None,
        }],
        by: "op".to_owned(),
    })
}

fn batch() -> Request {
    let order = BatchOrder {
        product: "tea".to_owned(),
        count: 3,
        lot: "L1".to_owned(),
        level: 1,
        holds: 1,
        parent: None,
        made: None,
        expiry: None,
        on_sale_from: None,
        concealment: None,
        by: "op".to_owned(),
    };
    Request::Order(Order::Issue { order, at: None })
}

fn live(life: Life, batch: u64) -> Request {
    Request::Order(Order::Live {
        target: Selector::Batch { batch },
        life,
        lifted: false,
        at: None,
        by: "op".to_owned(),
        city: None,
        reason: Some("stones".to_owned()),
    })
}

fn first_number(folder: &Folder, batch: &Batch) -> String {
    let master = crate::secret::Secret::load(&folder.master()).unwrap();
    let codes = crate::code::Codes::new(crate::code::layout::Layouts::default(), master);
    crate::index::catalogue::Catalogue::new(codes).numbers(batch, 0).next().unwrap()
}

/// Everything an operator does, and what came of it; the places of the batch and the number are random.
fn a_day(folder: &Folder, ask: &dyn Fn(Request) -> Response) -> Vec<String> {
    let mut told = Vec::new();
    told.push(format!("{:?}", ask(tea())));
    let Response::Done(Outcome::Issued { position, batch }) = ask(batch()) else { panic!("no batch") };
    told.push(format!("{position:?} {} {} {}", batch.id, batch.count(), batch.lot));
    let code = first_number(folder, &batch);
    told.push(format!("{:?}", ask(live(Life::Activated, 1))));
    let verdict = |response: &Response| {
        let Response::Inspected { known, answer } = response else { panic!("{response:?}") };
        format!("{} {:?}", known.verdict, answer.colour)
    };
    told.push(verdict(&ask(Request::Inspect { code: code.clone() })));
    told.push(format!("{:?}", ask(live(Life::Recalled, 1))));
    let recalled = ask(Request::Inspect { code });
    assert!(matches!(&recalled, Response::Inspected { answer, .. } if answer.colour == Colour::Red), "{recalled:?}");
    told.push(verdict(&recalled));
    told.push(format!("{:?}", ask(live(Life::Recalled, 2))));
    told.push(format!("{:?}", ask(Request::Products { skip: 0 })));
    told.push(format!("{:?}", ask(Request::Batch { batch: 9 })));
    let Response::Batches { batches, all } = ask(Request::Batches { skip: 0 }) else { panic!("no batches") };
    told.push(format!("{} {all}", batches.len()));
    told
}

#[test]
fn what_is_ordered_over_the_socket_and_here_comes_to_the_same() {
    let (one, two) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let there = folder(&one);
    let running = Running::start(&there);
    let over = a_day(&there, &|request| call(&there, &request).unwrap());
    running.stop();
    let here = folder(&two);
    let link = Link::reach(here.clone(), Settings::default(), clock()).unwrap();
    assert!(matches!(link, Link::Here(_)));
    let local = a_day(&here, &|request| link.ask(request).unwrap());
    assert_eq!(over, local);
    assert_eq!(local[3], "genuine_first Green");
    assert!(local[6].contains("there is no batch 2") && local[6].contains("Data"), "{}", local[6]);
}

#[test]
fn the_socket_is_its_owners_alone_and_goes_with_the_gateway() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir);
    // Left by a process that died.
    drop(std::os::unix::net::UnixListener::bind(folder.socket()).unwrap());
    assert!(matches!(call(&folder, &Request::Status), Err(ControlError::NotRunning { .. })));
    let running = Running::start(&folder);
    let mode = std::fs::metadata(folder.socket()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let Response::Status(status) = call(&folder, &Request::Status).unwrap() else { panic!("no status") };
    assert_eq!((status.ready, status.process, status.fault), (true, std::process::id(), None));
    assert!(matches!(Link::reach(folder.clone(), Settings::default(), clock()), Ok(Link::Running(_))));
    running.stop();
    assert!(!folder.socket().exists());
}

#[test]
fn a_request_that_is_too_long_or_cannot_be_read_is_refused_and_the_next_is_served() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir);
    let running = Running::start(&folder);

    let long = Request::Inspect { code: "1".repeat(MOST_REQUEST) };
    assert!(matches!(call(&folder, &long), Err(ControlError::TooLong { .. })));
    let mut stream = UnixStream::connect(folder.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(&vec![b'1'; MOST_REQUEST]).unwrap();
    let mut read = BufReader::new(stream);
    let mut line = String::new();
    read.read_line(&mut line).unwrap();
    assert!(line.contains("longer than 1048576 bytes") && line.contains("usage"), "{line}");
    line.clear();
    assert_eq!(read.read_line(&mut line).unwrap(), 0, "the rest is not read: {line}");

    let mut stream = UnixStream::connect(folder.socket()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    stream.write_all(b"{\"steal\":1}\n\"status\"\n").unwrap();
    let mut read = BufReader::new(stream);
    line.clear();
    read.read_line(&mut line).unwrap();
    assert!(line.contains("cannot be read") && line.contains("steal"), "{line}");
    line.clear();
    read.read_line(&mut line).unwrap();
    assert!(line.contains("\"ready\":true"), "{line}");
    drop(read);
    running.stop();
}

#[test]
fn more_operators_than_places_wait_for_one() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir);
    let running = Running::start(&folder);
    let mut held: Vec<UnixStream> = (0..8)
        .map(|_| {
            let mut stream = UnixStream::connect(folder.socket()).unwrap();
            stream.write_all(b"\"status\"\n").unwrap();
            BufReader::new(stream.try_clone().unwrap()).read_line(&mut String::new()).unwrap();
            stream
        })
        .collect();
    let mut ninth = UnixStream::connect(folder.socket()).unwrap();
    ninth.write_all(b"\"status\"\n").unwrap();
    ninth.set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    let mut read = BufReader::new(ninth);
    let mut line = String::new();
    assert!(read.read_line(&mut line).is_err(), "it was served: {line}");
    drop(held.pop());
    read.get_ref().set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    read.read_line(&mut line).unwrap();
    assert!(line.contains("\"ready\":true"), "{line}");
    running.stop();
}

#[test]
fn a_folder_that_is_taken_by_one_who_does_not_answer_is_named_with_its_holder() {
    let dir = tempfile::tempdir().unwrap();
    let folder = folder(&dir);
    let _held = Gateway::open(folder.clone(), Settings::default(), clock()).unwrap();
    let error = ask(folder, Settings::default(), clock(), Request::Status).unwrap_err();
    assert_eq!(error.kind(), Kind::Unavailable);
    let text = error.to_string();
    assert!(text.contains(&format!("process {}", std::process::id())) && text.contains("try again"), "{text}");
}
