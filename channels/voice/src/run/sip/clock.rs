//! One thread that is the clock of all calls: every call sends a packet every 20 ms, and what comes in is read as it
//! comes.
//!
//! Calls are spread over four beats 5 ms apart, so that a thousand packets do not leave in one burst. What came in is read
//! at each beat, all at once: nobody hears 5 ms, and a thread that woke for every packet would wake fifty thousand times a
//! second for a thousand calls. There is no task per call, no timer per call and no lock. Measured against a task with a
//! timer per call, which is late by tens of milliseconds beyond a thousand calls on two cores.
//!
//! The thread asks the system for real time, as servers of sound do: beside six busy processes on two cores, 2 of 135,000
//! packets were more than 10 ms late, and 175 by a better place in the ordinary queue alone. It does little at a beat, and
//! reads a bounded number of packets of each call, so that nobody can make it keep the processor. Where real time is not
//! granted (`CAP_SYS_NICE`, or a limit of real-time priority), it asks for the better place; where that is not either, it
//! goes on as it is.
//!
//! Orders wait in a bounded queue. A call whose order finds it full is told so, and ends.
#![expect(clippy::disallowed_methods, reason = "the shell reads the clock")]

use std::collections::HashMap;
use std::net::UdpSocket;
use std::os::fd::OwnedFd;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rustix::buffer::spare_capacity;
use rustix::event::{EventfdFlags, Timespec, epoll, eventfd};
use rustix::process::setpriority_process;
use thread_priority::ThreadPriority;
use thread_priority::unix::{
    RealtimeThreadSchedulePolicy, ThreadSchedulePolicy, set_thread_priority_and_policy, thread_native_id,
};
use tokio::sync::{mpsc, oneshot};

use crate::media::line::{Heard, Line, Sound};
use crate::media::rtp::LONGEST;
use crate::media::sdp::Agreed;
use crate::media::stats::Figures;

/// Beats between two packets of one call.
const BEATS: u64 = 4;
const BEAT: Duration = Duration::from_millis(5);
/// A packet this much behind its time is late.
const LATE: Duration = Duration::from_millis(10);
/// Behind by more than this, beats are left out instead of made up for.
const LOST: Duration = Duration::from_millis(400);
/// Orders that may wait.
const ORDERS: usize = 16_384;
/// Orders that are followed between two beats although the next one is due: a thousand calls that end at once would hold
/// up the others' packets by tens of milliseconds.
const ORDERS_AT_LEAST: usize = 64;
/// Packets of one socket read at a beat; more stay with the system, which forgets them in the end.
const READ_AT_ONCE: usize = 4;
/// Sockets that are looked at in one go.
const READY_AT_ONCE: usize = 1_024;
/// How much the thread is preferred to others where it gets no real time, as by `nice`.
const PREFERRED: i32 = -11;
/// The mark of the bell among the sockets.
const BELL: u64 = u64::MAX;

/// The clock's thread is gone or its queue full: the call cannot be served.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("the media clock does not take orders")]
pub(super) struct Stuck;

#[derive(Debug)]
enum Order {
    Open(u64, Box<Open>),
    Agree(u64, Box<Agreed>),
    Play(u64, u64, Vec<Sound>),
    Stop(u64),
    IgnoreTones(u64),
    Close(u64, oneshot::Sender<Figures>),
    End,
}

#[derive(Debug)]
struct Open {
    line: Line,
    socket: UdpSocket,
    out: mpsc::Sender<Heard>,
}

/// How punctual the clock was.
#[derive(Debug, Default)]
pub(super) struct Counts {
    sent: AtomicU64,
    late: AtomicU64,
}

impl Counts {
    /// Packets sent, and those of them more than 10 ms late.
    pub(super) fn read(&self) -> (u64, u64) {
        (self.sent.load(Ordering::Relaxed), self.late.load(Ordering::Relaxed))
    }
}

/// The handle of the thread; it ends with the handle.
#[derive(Debug)]
pub(super) struct Clock {
    orders: SyncSender<Order>,
    bell: Arc<OwnedFd>,
    counts: Arc<Counts>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Clock {
    pub(super) fn start() -> std::io::Result<Self> {
        let (orders, waiting) = sync_channel(ORDERS);
        let beating = Beating::new(waiting)?;
        let (bell, counts) = (Arc::clone(&beating.bell), Arc::clone(&beating.counts));
        let thread = std::thread::Builder::new().name("rtp".to_owned()).spawn(move || beating.run())?;
        Ok(Self { orders, bell, counts, thread: Mutex::new(Some(thread)) })
    }

    pub(super) fn counts(&self) -> &Counts {
        &self.counts
    }

    pub(super) fn open(&self, id: u64, line: Line, socket: UdpSocket, out: mpsc::Sender<Heard>) -> Result<(), Stuck> {
        self.order(Order::Open(id, Box::new(Open { line, socket, out })))
    }

    pub(super) fn agree(&self, id: u64, agreed: Agreed) -> Result<(), Stuck> {
        self.order(Order::Agree(id, Box::new(agreed)))
    }

    pub(super) fn play(&self, id: u64, mark: u64, sounds: Vec<Sound>) -> Result<(), Stuck> {
        self.order(Order::Play(id, mark, sounds))
    }

    pub(super) fn stop(&self, id: u64) -> Result<(), Stuck> {
        self.order(Order::Stop(id))
    }

    pub(super) fn ignore_tones(&self, id: u64) -> Result<(), Stuck> {
        self.order(Order::IgnoreTones(id))
    }

    /// Ends a call's sound and closes its port.
    pub(super) async fn close(&self, id: u64) -> Figures {
        let (figures, closed) = oneshot::channel();
        match self.order(Order::Close(id, figures)) {
            Ok(()) => closed.await.unwrap_or_default(),
            Err(Stuck) => Figures::default(),
        }
    }

    /// Ends a call's sound without waiting for its figures.
    pub(super) fn abandon(&self, id: u64) {
        if self.order(Order::Close(id, oneshot::channel().0)).is_err() {
            tracing::error!("the port of a call stays open");
        }
    }

    fn order(&self, order: Order) -> Result<(), Stuck> {
        match self.orders.try_send(order) {
            Ok(()) => {
                // A bell that is full rings already.
                rustix::io::write(&*self.bell, &1_u64.to_ne_bytes()).unwrap_or_default();
                Ok(())
            }
            Err(TrySendError::Full(_) | TrySendError::Disconnected(_)) => Err(Stuck),
        }
    }
}

impl Drop for Clock {
    fn drop(&mut self) {
        // The order fails only where the thread has ended or is so far behind that it is left to end with the process.
        let ordered = self.order(Order::End).is_ok();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread
            && ordered
            && thread.join().is_err()
        {
            tracing::error!("the media clock ended badly");
        }
    }
}

/// In real time, at its lowest priority, or before the others in the ordinary queue.
fn prefer_this_thread() {
    let policy = ThreadSchedulePolicy::Realtime(RealtimeThreadSchedulePolicy::RoundRobin);
    let real_time = set_thread_priority_and_policy(thread_native_id(), ThreadPriority::Min, policy);
    if let Err(error) = real_time {
        let preferred = setpriority_process(None, PREFERRED).is_ok();
        tracing::debug!(?error, preferred, "the media clock gets no real time");
    }
}

/// The thread.
struct Beating {
    orders: Receiver<Order>,
    bell: Arc<OwnedFd>,
    poll: OwnedFd,
    calls: [HashMap<u64, Box<Open>>; 4],
    beat: u64,
    next: Instant,
    counts: Arc<Counts>,
    buffer: Vec<u8>,
}

impl Beating {
    fn new(orders: Receiver<Order>) -> std::io::Result<Self> {
        let bell = Arc::new(eventfd(0, EventfdFlags::NONBLOCK | EventfdFlags::CLOEXEC)?);
        let poll = epoll::create(epoll::CreateFlags::CLOEXEC)?;
        epoll::add(&poll, &*bell, epoll::EventData::new_u64(BELL), epoll::EventFlags::IN)?;
        Ok(Self {
            orders,
            bell,
            poll,
            calls: std::array::from_fn(|_| HashMap::new()),
            beat: 0,
            next: Instant::now(),
            counts: Arc::default(),
            buffer: vec![0; LONGEST],
        })
    }

    fn run(mut self) {
        prefer_this_thread();
        let mut ready = Vec::with_capacity(READY_AT_ONCE);
        loop {
            let mut followed = 0;
            while (followed < ORDERS_AT_LEAST || Instant::now() < self.next)
                && let Ok(order) = self.orders.try_recv()
            {
                if matches!(order, Order::End) {
                    return;
                }
                self.follow(order);
                followed += 1;
            }
            self.catch_up();
            if followed < ORDERS_AT_LEAST && self.calls.iter().all(HashMap::is_empty) {
                if !self.rest(&mut ready) {
                    return;
                }
                continue;
            }
            for _ in 0..READ_AT_ONCE {
                if !self.look(&mut ready, Some(&Timespec { tv_sec: 0, tv_nsec: 0 })) {
                    return;
                }
                if ready.is_empty() || Instant::now() >= self.next {
                    break;
                }
            }
            std::thread::sleep(self.next.saturating_duration_since(Instant::now()));
        }
    }

    /// Sends what is due: one packet of every call at most before orders are followed and sockets read again. Where sending
    /// takes longer than there is time, as on a machine with too many calls, nothing else would ever be done.
    fn catch_up(&mut self) {
        let mut now = Instant::now();
        if now.saturating_duration_since(self.next) > LOST {
            self.next = now;
        }
        for _ in 0..BEATS {
            if now < self.next {
                break;
            }
            self.step(now);
            self.next += BEAT;
            now = Instant::now();
        }
    }

    /// Waits for the bell where nothing is to be sent. Beats that were nobody's are not made up for: the next caller would
    /// get them in one burst. False where nothing can be waited for any more.
    fn rest(&mut self, ready: &mut Vec<epoll::Event>) -> bool {
        let rung = self.look(ready, None);
        self.next = self.next.max(Instant::now());
        rung
    }

    /// Reads one packet of each socket that has some. False where nothing can be waited for any more.
    fn look(&mut self, ready: &mut Vec<epoll::Event>, wait: Option<&Timespec>) -> bool {
        ready.clear();
        match epoll::wait(&self.poll, spare_capacity(ready), wait) {
            Ok(_) | Err(rustix::io::Errno::INTR) => {}
            Err(error) => {
                tracing::error!(%error, "the media clock cannot wait");
                return false;
            }
        }
        let now = Instant::now();
        for event in ready.iter() {
            match event.data.u64() {
                BELL => drop(rustix::io::read(&*self.bell, &mut [0_u8; 8])),
                id => self.receive(id, now),
            }
        }
        true
    }

    fn call(&mut self, id: u64) -> Option<&mut Open> {
        Some(self.calls.get_mut(usize::try_from(id % BEATS).unwrap_or_default())?.get_mut(&id)?.as_mut())
    }

    fn follow(&mut self, order: Order) {
        let now = Instant::now();
        match order {
            Order::Open(id, open) => {
                let events = epoll::EventFlags::IN;
                if let Err(error) = epoll::add(&self.poll, &open.socket, epoll::EventData::new_u64(id), events) {
                    tracing::error!(%error, "a call's port cannot be waited for");
                }
                if let Some(calls) = self.calls.get_mut(usize::try_from(id % BEATS).unwrap_or_default()) {
                    calls.insert(id, open);
                }
            }
            Order::Agree(id, agreed) => {
                if let Some(open) = self.call(id) {
                    open.line.agree(*agreed, now);
                }
            }
            Order::Play(id, mark, sounds) => {
                if let Some(open) = self.call(id) {
                    open.line.play(mark, sounds);
                }
            }
            Order::Stop(id) => {
                if let Some(open) = self.call(id) {
                    open.line.stop();
                }
            }
            Order::IgnoreTones(id) => {
                if let Some(open) = self.call(id) {
                    open.line.ignore_tones();
                }
            }
            Order::Close(id, figures) => {
                let calls = self.calls.get_mut(usize::try_from(id % BEATS).unwrap_or_default());
                // The socket leaves the poll with its last descriptor.
                if let Some(open) = calls.and_then(|calls| calls.remove(&id)) {
                    figures.send(open.line.figures()).unwrap_or_default();
                }
            }
            Order::End => {}
        }
    }

    fn step(&mut self, now: Instant) {
        let late = now.saturating_duration_since(self.next) > LATE;
        let turn = usize::try_from(self.beat % BEATS).unwrap_or_default();
        self.beat = self.beat.wrapping_add(1);
        let Some(calls) = self.calls.get_mut(turn) else { return };
        let mut sent = 0;
        for open in calls.values_mut() {
            let (packet, heard) = open.line.tick(now);
            if let Some((octets, to)) = packet {
                sent += 1;
                // A full buffer or an unreachable peer loses a packet, as networks do.
                drop(open.socket.send_to(octets, to));
            }
            if let Some(heard) = heard {
                tell(&open.out, heard);
            }
        }
        self.counts.sent.fetch_add(sent, Ordering::Relaxed);
        if late {
            self.counts.late.fetch_add(sent, Ordering::Relaxed);
        }
    }

    fn receive(&mut self, id: u64, now: Instant) {
        let mut buffer = std::mem::take(&mut self.buffer);
        if let Some(open) = self.call(id)
            && let Ok((length, from)) = open.socket.recv_from(&mut buffer)
        {
            let octets = buffer.get(..length).unwrap_or_default();
            if let Some(heard) = open.line.handle(octets, from, now) {
                tell(&open.out, heard);
            }
        }
        self.buffer = buffer;
    }
}

/// A call that has not read its last 64 keys is given no more: fingers are not that fast.
fn tell(out: &mpsc::Sender<Heard>, heard: Heard) {
    out.try_send(heard).unwrap_or_default();
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_is_behind_looks_up_after_one_packet_of_every_call() {
        let (clock, orders) = sync_channel(1);
        let mut beating = Beating::new(orders).expect("an epoll and a bell");
        // Far from what is left out as lost, for a machine that stands still meanwhile.
        beating.next = Instant::now().checked_sub(BEAT * 10).expect("the system is up for longer");
        beating.catch_up();
        assert_eq!(beating.beat, BEATS);
        drop(clock);
    }

    #[test]
    fn beats_of_a_time_without_calls_are_not_made_up_for() {
        let (clock, orders) = sync_channel(1);
        let mut beating = Beating::new(orders).expect("an epoll and a bell");
        let begun = Instant::now();
        // A little less than what is left out as lost in any case.
        beating.next = begun.checked_sub(LOST * 3 / 4).expect("the system is up for longer");
        rustix::io::write(&*beating.bell, &1_u64.to_ne_bytes()).expect("the bell rings");
        assert!(beating.rest(&mut Vec::with_capacity(1)));
        assert!(beating.next >= begun, "the next caller gets {:?} of packets at once", begun - beating.next);
        drop(clock);
    }
}
