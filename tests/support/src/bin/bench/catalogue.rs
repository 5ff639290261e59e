//! The catalogue at size: coming up, memory, finding, and changes.
//!
//! Two stocks are written straight into logs of their own, as events that orders would have left there: 10⁹ numbers in
//! 3,000 batches of 100 products, and 10⁶ small batches of 10⁵ products with three resource codes each. What is found is
//! compared with a stock of 10⁶ numbers in three batches.

use std::hint::black_box;
use std::path::Path;
use std::time::Instant;

use anyhow::{Context as _, bail};
use contract::answer::Names;
use contract::{Life, Number, Timestamp};
use support::drive::{Chance, clock, unlimited};
use verigate::index::catalogue::{Selector, serial_at};
use verigate::index::{Batch, CatalogueChange, Concealment, Index as _, Maker, Product, Serials};
use verigate::ledger::event::Event;
use verigate::ledger::folder::Folder;
use verigate::ledger::log::{Head, Log as _, Row as LogRow};
use verigate::ledger::segments::SegmentLog;
use verigate::ledger::writer::{Order, Outcome};
use verigate::verify::Gateway;

use crate::stock::{kept, once};
use crate::table::{Row, Wanted};
use crate::{Options, RUNS, median, ratio};

/// Numbers that are looked up in one run.
const LOOKED_UP: usize = 400_000;
/// Resource codes of a product.
const RESOURCES: u64 = 3;
/// Events appended at once.
const CHUNK: usize = 10_000;

/// How much there is of everything.
struct Size {
    name: &'static str,
    products: u64,
    batches: u64,
    per_batch: u64,
    start_s: f64,
    resident_mib: f64,
}

const FEW: Size =
    Size { name: "10^6 issued", products: 1, batches: 3, per_batch: 333_334, start_s: 1.0, resident_mib: 200.0 };
const ISSUED: Size =
    Size { name: "10^9 issued", products: 100, batches: 3_000, per_batch: 333_334, start_s: 1.0, resident_mib: 200.0 };
const BATCHES: Size = Size {
    name: "10^6 batches of 10^5 products",
    products: 100_000,
    batches: 1_000_000,
    per_batch: 1_000,
    start_s: 5.0,
    resident_mib: 1_024.0,
};

pub(crate) fn rows(options: &Options) -> anyhow::Result<Vec<Row>> {
    let mut rows = Vec::new();
    let mut found = Vec::new();
    for size in [&FEW, &ISSUED, &BATCHES] {
        let dir = kept(&options.dir, "catalogue", size.batches)?;
        let folder = Folder::all_in(&dir);
        once(&dir.join("filled"), || size.write(&folder))?;
        let (gateway, started) = size.start(&folder)?;
        rows.extend(started);
        found.push(size.find(&gateway)?);
        if size.batches == BATCHES.batches {
            rows.extend(changes(&gateway, &dir)?);
        }
        gateway.close();
    }
    let [few, many, most] = found.as_slice() else { bail!("three sizes were to be measured") };
    for (name, nanos) in [(ISSUED.name, many), (BATCHES.name, most)] {
        rows.push(figure(format!("find and compare the tag, {name}"), "ns", *nanos, None));
        let wanted = (name == ISSUED.name).then_some(Wanted::AtMost(1.2));
        rows.push(figure(format!("the same, against {}", FEW.name), "times", nanos / few, wanted));
    }
    Ok(rows)
}

impl Size {
    fn write(&self, folder: &Folder) -> anyhow::Result<()> {
        Gateway::init(folder)?;
        let mut log = SegmentLog::open_unsynced(&folder.log(), 0)?;
        let mut head = log.head();
        let mut rows: Vec<LogRow> = Vec::new();
        let mut put = |event: &Event, last: bool| -> anyhow::Result<()> {
            let row = LogRow::after(&head, Timestamp(1_767_225_600_000), event, false);
            head = Head::of(0, &row);
            rows.push(row);
            if last || rows.len() >= CHUNK {
                log.append(&rows)?;
                rows.clear();
            }
            Ok(())
        };
        let products: Vec<Product> = (0..self.products).map(product).collect();
        for part in products.chunks(50_000) {
            let makers = vec![maker()];
            let change = CatalogueChange { makers, products: part.to_vec(), by: "load".to_owned() };
            put(&Event::Catalogue(change), false)?;
        }
        for id in 1..=self.batches {
            put(&Event::Issued(self.batch(id)), id == self.batches)?;
        }
        Ok(())
    }

    /// The batches go round the products and their resources, at the same distance in each.
    fn batch(&self, id: u64) -> Batch {
        let place = id - 1;
        let product = place % self.products;
        let round = place / self.products;
        let start = (round / RESOURCES) * self.per_batch * 2;
        Batch {
            id,
            product: format!("product-{product:06}"),
            layout: 1,
            resource: product * RESOURCES + round % RESOURCES,
            serials: vec![Serials { start, len: self.per_batch }],
            epoch: 1,
            lot: format!("L{id:08}"),
            level: 1,
            holds: 1,
            parent: None,
            made: None,
            expiry: None,
            on_sale_from: None,
            concealment: Concealment::Printed,
            issued_at: Timestamp(1_767_225_600_000),
            issued_by: "load".to_owned(),
        }
    }

    fn start(&self, folder: &Folder) -> anyhow::Result<(Gateway, Vec<Row>)> {
        let mut seconds = Vec::new();
        let before = resident_mib()?;
        for _ in 1..RUNS {
            let begun = Instant::now();
            Gateway::open(folder.clone(), unlimited()?, clock())?.close();
            seconds.push(begun.elapsed().as_secs_f64());
        }
        let begun = Instant::now();
        let gateway = Gateway::open(folder.clone(), unlimited()?, clock())?;
        seconds.push(begun.elapsed().as_secs_f64());
        let taken = resident_mib()? - before;
        let start = figure(
            format!("start, {}", self.name),
            "seconds",
            median(&seconds, |one| *one),
            Some(Wanted::AtMost(self.start_s)),
        );
        let memory =
            figure(format!("memory of it, {}", self.name), "MiB", taken, Some(Wanted::AtMost(self.resident_mib)));
        Ok((gateway, vec![start, memory]))
    }

    /// Nanoseconds to find a number of any batch, chosen anew each time.
    fn find(&self, gateway: &Gateway) -> anyhow::Result<f64> {
        let mut chance = Chance::new(7);
        let catalogue = gateway.catalogue();
        let mut numbers = Vec::with_capacity(LOOKED_UP);
        for _ in 0..LOOKED_UP {
            let batch = self.batch(1 + u64::try_from(chance.below(usize::try_from(self.batches)?))?);
            let nth = u64::try_from(chance.below(usize::try_from(self.per_batch)?))?;
            let serial = serial_at(&batch, nth).context("a batch has no such serial")?;
            let number = catalogue.codes().mint(1, batch.resource, 1, serial).context("no such number")?;
            numbers.push(Number::Digits(number));
        }
        let mut nanos = Vec::new();
        for _ in 0..RUNS {
            let begun = Instant::now();
            for number in &numbers {
                if black_box(catalogue.find(number)).unit().is_none() {
                    bail!("an issued number is not found");
                }
            }
            nanos.push(begun.elapsed().as_secs_f64() * 1e9 / ratio(u64::try_from(LOOKED_UP)?, 1.0));
        }
        Ok(median(&nanos, |one| *one))
    }
}

/// What a change costs where there is most of everything.
fn changes(gateway: &Gateway, dir: &Path) -> anyhow::Result<Vec<Row>> {
    let runtime = tokio::runtime::Runtime::new()?;
    let by = || "load".to_owned();
    let live = |target| Order::Live {
        target,
        life: Life::Recalled,
        lifted: false,
        at: None,
        by: by(),
        city: None,
        reason: None,
    };
    let orders = [
        ("a product changed", Order::Change { makers: vec![], products: vec![product(77)], by: by() }),
        ("a product recalled", live(Selector::Product { product: product(77).id })),
        ("a batch recalled", live(Selector::Batch { batch: 77 })),
    ];
    let mut rows = Vec::new();
    for (what, order) in orders {
        let mut millis = Vec::new();
        for _ in 0..RUNS * 3 {
            let begun = Instant::now();
            let Outcome::Recorded { .. } = runtime.block_on(gateway.order(order.clone()))? else {
                bail!("an order came to something else");
            };
            millis.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        rows.push(figure(format!("{what}, {}", BATCHES.name), "ms", median(&millis, |one| *one), None));
    }
    let file = dir.join("products.csv");
    std::fs::write(&file, csv())?;
    let begun = Instant::now();
    let change = verigate::index::catalogue::source::read(&file, "load")?;
    let order = Order::Change { makers: change.makers, products: change.products, by: change.by };
    runtime.block_on(gateway.order(order))?;
    let seconds = begun.elapsed().as_secs_f64();
    rows.push(figure(format!("a file of {} products changed", BATCHES.products), "seconds", seconds, None));
    Ok(rows)
}

fn figure(name: String, unit: &str, ours: f64, wanted: Option<Wanted>) -> Row {
    Row { name, unit: unit.to_owned(), ours, beside: None, wanted }
}

fn maker() -> Maker {
    let name =
        Names { zh_hans: "梧桐岭食品有限公司".to_owned(), zh_hk: None, en: Some("Ridge Foods".to_owned()) };
    Maker { id: "maker".to_owned(), name, hotline: Some("0755-0000-0102".to_owned()) }
}

fn product(nth: u64) -> Product {
    Product {
        id: format!("product-{nth:06}"),
        maker: "maker".to_owned(),
        name: Names {
            zh_hans: format!("梧桐岭乌龙茶 {nth}"),
            zh_hk: Some(format!("梧桐嶺烏龍茶 {nth}")),
            en: Some(format!("Ridge oolong {nth}")),
        },
        category: "food".to_owned(),
        layout: "network-20".to_owned(),
        resources: (0..RESOURCES).map(|code| nth * RESOURCES + code).collect(),
        spec: Some("250 g".to_owned()),
        licence: Some(format!("SC{nth:014}")),
        shelf_life_days: Some(540),
        sales_region: Vec::new(),
        concealment: Concealment::Printed,
        tracks_shipping: false,
        gtin: None,
    }
}

fn csv() -> String {
    let mut text = "kind,id,maker,name,name_en,category,layout,resources,spec,shelf_life_days\n".to_owned();
    for nth in 0..BATCHES.products {
        let Product { id, resources, .. } = product(nth);
        let resources: Vec<String> = resources.iter().map(u64::to_string).collect();
        let resources = resources.join(";");
        text.push_str(&format!(
            "product,{id},maker,梧桐岭乌龙茶 {nth},Ridge oolong {nth},food,network-20,{resources},500 g,540\n"
        ));
    }
    text
}

/// What is resident of this process now.
fn resident_mib() -> anyhow::Result<f64> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).context("nothing is counted as resident")?;
    let kib = line.trim().trim_end_matches(" kB").trim().parse()?;
    Ok(ratio(kib, 1_024.0))
}
