//! The load that the power is cut under: checks, sales, deliveries, orders, imports, checkpoints, backups and leaps of the
//! clock.
//!
//! Each task tells what was acknowledged to it. A refusal acknowledges nothing, and is waited out.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use contract::answer::Names;
use contract::{Delivery, Life, Position, Verify as _};
use tokio::task::JoinSet;
use verigate::index::catalogue::{BatchOrder, Selector};
use verigate::index::{Concealment, Maker, Product};
use verigate::ledger::writer::{Order, OrderError, Outcome};

use super::{Core, lists, look, tell};
use crate::book::{Line, Question};
use crate::disk::Luck;

const ASKERS: u16 = 10;
/// Numbers in a batch.
const BATCH: u64 = 40;
/// Numbers of a list that are asked about.
const LISTED: usize = 12;
/// How long a refused task waits.
const PAUSE: Duration = Duration::from_millis(5);

/// The numbers there are, and the next to be asked about.
struct Numbers {
    all: std::sync::Mutex<Vec<String>>,
    next: AtomicUsize,
}

impl Numbers {
    fn add(&self, numbers: &[String]) {
        self.all.lock().unwrap_or_else(std::sync::PoisonError::into_inner).extend_from_slice(numbers);
    }

    /// Mostly one that nobody or one other has asked about, now and then an older one.
    fn draw(&self, luck: &mut Luck) -> Option<String> {
        let all = self.all.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let nth = self.next.fetch_add(1, Ordering::Relaxed) / 2;
        all.get(nth).or_else(|| all.get(luck.below(all.len()))).cloned()
    }
}

/// Works; whoever calls this is killed.
pub(super) async fn until_killed(core: &Arc<Core>) {
    let all: Vec<String> = core.book.batches.values().flatten().cloned().collect();
    let asked = core.book.told.iter().map(|(question, _)| &question.code).collect::<std::collections::BTreeSet<_>>();
    let next = all.iter().rposition(|number| asked.contains(number)).map_or(0, |last| last + 1);
    let numbers = Arc::new(Numbers { all: std::sync::Mutex::new(all), next: AtomicUsize::new(next * 2) });
    let mut tasks = JoinSet::new();
    for asker in 0..ASKERS {
        tasks.spawn(ask(Arc::clone(core), Arc::clone(&numbers), asker));
    }
    tasks.spawn(order(Arc::clone(core), numbers));
    tasks.spawn(keep_house(Arc::clone(core)));
    while let Some(ended) = tasks.join_next().await {
        if let Err(error) = ended {
            tell(&Line::Fault(format!("a task of the load panicked: {error}")));
        }
    }
}

fn luck(core: &Core, task: u64) -> Luck {
    Luck::new(core.task.seed.wrapping_mul(64).wrapping_add(task))
}

async fn ask(core: Arc<Core>, numbers: Arc<Numbers>, asker: u16) {
    let mut luck = luck(&core, u64::from(asker));
    for turn in 0_u64.. {
        let Some(code) = numbers.draw(&mut luck) else {
            tokio::time::sleep(PAUSE).await;
            continue;
        };
        let key = format!("{:x}-{asker}-{turn}", core.task.seed);
        if luck.below(8) == 0 {
            sell(&core, key, code).await;
            continue;
        }
        let question = Question { key, code, asker, is_routed: luck.below(6) == 0 };
        tell(&Line::Asked(question.clone()));
        let told = if luck.below(4) == 0 {
            // Sent twice at once: both must be told the same.
            let (one, other) = tokio::join!(core.ask(&question), core.ask(&question));
            if let (Ok((one, _)), Ok((other, _))) = (&one, &other)
                && one != other
            {
                tell(&Line::Doubled(format!("{} was told {one:?} and {other:?}", question.key)));
            }
            one.or(other)
        } else {
            core.ask(&question).await
        };
        match told {
            Ok((told, _)) => {
                let position = Position { stream: 0, sequence: told.sequence };
                let is_delivered = question.is_routed && luck.below(2) == 0;
                tell(&Line::Told(question, told));
                if is_delivered {
                    deliver(&core, position).await;
                }
            }
            Err(_) => {
                tell(&Line::Refused);
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

async fn sell(core: &Core, key: String, code: String) {
    let at = core.clock.now().0;
    match core.gateway.report(look::sale(&key, &code, at)).await {
        Ok(reported) => tell(&Line::Sold { key, code, at, sequence: reported.position.sequence }),
        Err(_) => tell(&Line::Refused),
    }
}

async fn deliver(core: &Core, position: Position) {
    tell(&Line::Delivering(position.sequence));
    match core.gateway.delivered(position, Delivery::Delivered).await {
        Ok(()) => tell(&Line::Delivered(position.sequence)),
        Err(_) => tell(&Line::Refused),
    }
}

async fn order(core: Arc<Core>, numbers: Arc<Numbers>) {
    let mut luck = luck(&core, 100);
    let mut nth = 0;
    loop {
        nth += 1;
        let done = async {
            let product = format!("p{:x}-{nth}", core.task.seed);
            if core.gateway.catalogue().products().is_empty() || luck.below(4) == 0 {
                core.gateway.order(change(&core, &product)).await?;
                tell(&Line::Product(product));
            }
            if luck.below(3) == 0 {
                let listed = lists::change(&core, nth, &mut luck).await?;
                // Few of each: there are more to a list than to a batch.
                numbers.add(listed.get(..listed.len().min(LISTED)).unwrap_or_default());
                return Ok(());
            }
            issue(&core, &numbers, &mut luck).await
        };
        if done.await.is_err() {
            tell(&Line::Refused);
        }
        tokio::time::sleep(Duration::from_millis(u64::try_from(10 + luck.below(60)).unwrap_or(10))).await;
    }
}

async fn issue(core: &Core, numbers: &Numbers, luck: &mut Luck) -> Result<(), OrderError> {
    let products = core.gateway.catalogue().products();
    let Some(product) = products.get(luck.below(products.len())) else { return Ok(()) };
    let order = BatchOrder {
        product: product.id.clone(),
        count: BATCH,
        lot: "L".to_owned(),
        level: 1,
        holds: 1,
        parent: None,
        made: None,
        expiry: None,
        on_sale_from: None,
        concealment: None,
        by: "crash".to_owned(),
    };
    let Outcome::Issued { batch, .. } = core.gateway.order(Order::Issue { order, at: None }).await? else {
        return Ok(());
    };
    core.gateway.order(live(batch.id, Life::Activated)).await?;
    let minted: Vec<String> = core.gateway.catalogue().numbers(&batch, 0).collect();
    tell(&Line::Issued { batch: batch.id, numbers: minted.clone() });
    if luck.below(5) == 0 {
        core.gateway.order(live(batch.id, Life::Recalled)).await?;
        tell(&Line::Recalled(batch.id));
    } else {
        numbers.add(&minted);
    }
    Ok(())
}

fn live(batch: u64, life: Life) -> Order {
    Order::Live {
        target: Selector::Batch { batch },
        life,
        lifted: false,
        at: None,
        by: "crash".to_owned(),
        city: None,
        reason: (life == Life::Recalled).then(|| "a faulty seal".to_owned()),
    }
}

fn change(core: &Core, id: &str) -> Order {
    let named = |name: &str| Names { zh_hans: name.to_owned(), zh_hk: None, en: None };
    let resource = 1_000_000 + u64::try_from(core.gateway.catalogue().products().len()).unwrap_or(0);
    let product = Product {
        id: id.to_owned(),
        maker: "m".to_owned(),
        name: named("品"),
        category: "tea".to_owned(),
        layout: "network-20".to_owned(),
        resources: vec![resource],
        spec: None,
        licence: None,
        shelf_life_days: None,
        sales_region: Vec::new(),
        concealment: Concealment::Printed,
        tracks_shipping: false,
        gtin: None,
    };
    let maker = Maker { id: "m".to_owned(), name: named("厂"), hotline: None };
    Order::Change { makers: vec![maker], products: vec![product], by: "crash".to_owned() }
}

/// Checkpoints, a backup now and then, and the clock.
async fn keep_house(core: Arc<Core>) {
    let mut luck = luck(&core, 101);
    for nth in 0_u64.. {
        tokio::time::sleep(Duration::from_millis(u64::try_from(20 + luck.below(120)).unwrap_or(20))).await;
        match luck.below(8) {
            0..=2 => match core.gateway.order(Order::Checkpoint).await {
                Ok(Outcome::Recorded { position }) => tell(&Line::Checkpointed(position.sequence)),
                Ok(Outcome::Issued { .. } | Outcome::Imported { .. } | Outcome::Known { .. }) | Err(_) => {
                    tell(&Line::Refused);
                }
            },
            3 => back_up(&core, nth).await,
            4..=6 => core.clock.leap(Duration::from_secs(86_400) * u32::try_from(luck.below(25)).unwrap_or(0)),
            _ => core.clock.leap(Duration::from_secs(3_600)),
        }
    }
}

async fn back_up(core: &Arc<Core>, nth: u64) {
    let name = format!("backup-{:x}-{nth}", core.task.seed);
    let (own, into) = (Arc::clone(core), name.clone());
    match tokio::task::spawn_blocking(move || look::back_up(&own, &into)).await {
        Ok(Ok(head)) => tell(&Line::BackedUp { name, head }),
        // A full or failing disk; the folder is left and never used.
        Ok(Err(_)) => tell(&Line::Refused),
        Err(error) => tell(&Line::Fault(format!("a backup panicked: {error}"))),
    }
}
