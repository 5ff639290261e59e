//! A core that answers as it is told and remembers what it was asked.
//!
//! Replays by id and refuses a reused id as the real one does. Judges nothing by itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};

use contract::{
    Answer, Asker, BoxFuture, Channel, Check, Delivery, Facts, Health, Inquiry, InquiryId, LifeReport, Number, Owed,
    Position, Receipt, ReceiptView, Refusal, Reply, Reported, Timestamp, Verdict, Verify,
};
use tokio::sync::watch;

/// The scripted core. It answers [`Verdict::GenuineFirst`] to what it has no script for.
#[derive(Debug)]
pub struct ScriptedCore {
    state: Mutex<State>,
    held: watch::Sender<bool>,
}

#[derive(Debug, Default)]
struct State {
    answers: HashMap<Number, Answer>,
    refusals: Vec<Refusal>,
    asked: Vec<Inquiry>,
    recorded: HashMap<InquiryId, (Vec<Check>, Reply)>,
    reports: Vec<LifeReport>,
    receipts: HashMap<Receipt, ReceiptView>,
    receipt_askers: Vec<Asker>,
    owed: BTreeMap<Position, Owed>,
    deliveries: Vec<(Position, Delivery)>,
    at: Option<Timestamp>,
    not_ready: bool,
}

impl Default for ScriptedCore {
    fn default() -> Self {
        Self { state: Mutex::default(), held: watch::Sender::new(false) }
    }
}

impl ScriptedCore {
    /// A core without a script.
    #[must_use]
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the script")
    }

    /// Answers this number with this verdict from now on.
    pub fn answer(&self, number: Number, verdict: Verdict) {
        let answer = Answer { colour: verdict.colour(), verdict, advisories: Vec::new(), facts: Facts::default() };
        self.answer_all(number, answer);
    }

    /// Answers this number with this answer from now on.
    pub fn answer_all(&self, number: Number, answer: Answer) {
        self.state().answers.insert(number, answer);
    }

    /// Refuses the next call.
    pub fn refuse_next(&self, refusal: Refusal) {
        self.state().refusals.push(refusal);
    }

    /// Knows this receipt from now on.
    pub fn know_receipt(&self, view: ReceiptView) {
        self.state().receipts.insert(view.receipt, view);
    }

    /// Keeps every inquiry waiting until [`ScriptedCore::release`].
    pub fn hold(&self) {
        self.held.send_replace(true);
    }

    /// Lets the waiting inquiries go.
    pub fn release(&self) {
        self.held.send_replace(false);
    }

    /// Says in [`Verify::health`] that it is not ready.
    pub fn be_not_ready(&self) {
        self.state().not_ready = true;
    }

    /// Every inquiry that reached it, replays too.
    #[must_use]
    pub fn asked(&self) -> Vec<Inquiry> {
        self.state().asked.clone()
    }

    /// How many inquiries were answered for the first time: an inquiry whose future was dropped is not among them.
    #[must_use]
    pub fn recorded(&self) -> usize {
        self.state().recorded.len()
    }

    /// Every report that reached it.
    #[must_use]
    pub fn reports(&self) -> Vec<LifeReport> {
        self.state().reports.clone()
    }

    /// Who looked receipts up.
    #[must_use]
    pub fn receipt_askers(&self) -> Vec<Asker> {
        self.state().receipt_askers.clone()
    }

    /// Says from now on that it answers at this moment.
    pub fn answer_at(&self, at: Timestamp) {
        self.state().at = Some(at);
    }

    /// What became of replies, in the order it was told.
    #[must_use]
    pub fn deliveries(&self) -> Vec<(Position, Delivery)> {
        self.state().deliveries.clone()
    }

    fn settle(&self, inquiry: &Inquiry) -> Result<Reply, Refusal> {
        let mut state = self.state();
        if let Some((checks, reply)) = state.recorded.get(&inquiry.id) {
            let same = *checks == inquiry.checks;
            return if same { Ok(Reply { replayed: true, ..reply.clone() }) } else { Err(Refusal::Conflict) };
        }
        let genuine = || {
            let verdict = Verdict::GenuineFirst;
            Answer { colour: verdict.colour(), verdict, advisories: Vec::new(), facts: Facts::default() }
        };
        let answer = |check: &Check| state.answers.get(&check.number).cloned().unwrap_or_else(genuine);
        let answers = inquiry.checks.iter().map(answer).collect();
        let sequence = u64::try_from(state.recorded.len()).unwrap_or(u64::MAX) + 1;
        let reply = Reply {
            about: inquiry.request.kind(),
            answers,
            receipt: Receipt::from_body(sequence),
            at: state.at.unwrap_or(Timestamp(1_795_400_041_500)),
            position: Some(Position { stream: 0, sequence }),
            silent: false,
            replayed: false,
        };
        state.recorded.insert(inquiry.id.clone(), (inquiry.checks.clone(), reply.clone()));
        if let (Some(route), Some(position)) = (&inquiry.route, reply.position) {
            let (route, language, reply) = (route.clone(), inquiry.language, reply.clone());
            state.owed.insert(position, Owed { position, route, language, valid_until: Timestamp(i64::MAX), reply });
        }
        Ok(reply)
    }
}

impl Verify for ScriptedCore {
    fn verify(&self, inquiry: Inquiry) -> BoxFuture<'_, Result<Reply, Refusal>> {
        Box::pin(async move {
            let refusal = {
                let mut state = self.state();
                state.asked.push(inquiry.clone());
                state.refusals.pop()
            };
            let mut held = self.held.subscribe();
            held.wait_for(|held| !held).await.map_err(|_| Refusal::Internal)?;
            refusal.map_or_else(|| self.settle(&inquiry), Err)
        })
    }

    fn receipt(&self, receipt: Receipt, asker: Asker) -> BoxFuture<'_, Result<Option<ReceiptView>, Refusal>> {
        Box::pin(async move {
            let mut state = self.state();
            state.receipt_askers.push(asker);
            match state.refusals.pop() {
                Some(refusal) => Err(refusal),
                None => Ok(state.receipts.get(&receipt).cloned()),
            }
        })
    }

    fn report(&self, report: LifeReport) -> BoxFuture<'_, Result<Reported, Refusal>> {
        Box::pin(async move {
            let mut state = self.state();
            if let Some(refusal) = state.refusals.pop() {
                return Err(refusal);
            }
            let replayed = state.reports.iter().any(|earlier| earlier.id == report.id);
            let units = report.numbers.len();
            state.reports.push(report);
            Ok(Reported { position: Position { stream: 0, sequence: 1 }, units, replayed })
        })
    }

    fn owed(&self, _channel: Channel, limit: usize) -> BoxFuture<'_, Result<Vec<Owed>, Refusal>> {
        let owed = self.state().owed.values().take(limit).cloned().collect();
        Box::pin(std::future::ready(Ok(owed)))
    }

    fn delivered(&self, position: Position, delivery: Delivery) -> BoxFuture<'_, Result<(), Refusal>> {
        let mut state = self.state();
        state.owed.remove(&position);
        state.deliveries.push((position, delivery));
        drop(state);
        Box::pin(std::future::ready(Ok(())))
    }

    fn health(&self) -> Health {
        let ready = !self.state().not_ready;
        Health { ready, waiting: 0, fault: if ready { None } else { Some("disk full") } }
    }
}
