//! What is selected or changed by name, and what is refused by name.

use super::*;

#[test]
fn a_selector_takes_whole_numbers_only() {
    let catalogue = catalogue();
    let batch = issue(&catalogue, 2, &order(10));
    let other = issue(&catalogue, 3, &BatchOrder { lot: "L2".to_owned(), ..order(950) });
    let numbers: Vec<String> = catalogue.numbers(&batch, 0).collect();
    let key = |at| UnitKey::native(4, batch.resource, serial_at(&batch, at).unwrap());
    let spaced = catalogue.codes().grouped(&numbers[0]) + " -";
    assert_eq!(catalogue.select(&Selector::Unit { number: spaced }), Ok(Target::Units { units: vec![key(0)] }));
    let list = vec![numbers[3].clone(), numbers[1].clone(), numbers[3].clone()];
    assert_eq!(
        catalogue.select(&Selector::Units { numbers: list }),
        Ok(Target::Units { units: vec![key(1), key(3)] }),
        "sorted, each once"
    );
    let range =
        |first: &str, last: &str| catalogue.select(&Selector::Range { first: first.to_owned(), last: last.to_owned() });
    let start = batch.serials[0].start;
    assert_eq!(
        range(&numbers[0], &numbers[9]),
        Ok(Target::Range { layout: 4, resource: batch.resource, serials: Serials { start, len: 10 } })
    );
    assert_eq!(range(&numbers[9], &numbers[0]), Err(CatalogueError::RangeEnds));
    assert_eq!(range(&numbers[0], &forged(&numbers[9])), Err(CatalogueError::NotIssued { position: 2 }));
    assert_ne!(other.resource, batch.resource, "950 more have no room beside the first ten but in the other resource");
    let others = catalogue.numbers(&other, 0).next().unwrap();
    assert_eq!(range(&numbers[0], &others), Err(CatalogueError::RangeEnds));
    assert_eq!(
        catalogue.select(&Selector::Units { numbers: vec![numbers[0].clone(), "12x".to_owned()] }),
        Err(CatalogueError::NotIssued { position: 2 })
    );
    assert_eq!(catalogue.select(&Selector::Units { numbers: vec![] }), Err(CatalogueError::Empty));
    assert_eq!(catalogue.select(&Selector::Batch { batch: 9 }), Err(CatalogueError::UnknownBatch { batch: 9 }));
    let text = r#"{"batch":{"batch":1}}"#;
    assert_eq!(serde_json::from_str::<Selector>(text).unwrap(), Selector::Batch { batch: 1 });
    assert_eq!(serde_json::to_string(&Selector::Batch { batch: 1 }).unwrap(), text);
}

#[test]
fn a_range_over_another_batch_is_refused() {
    let catalogue = catalogue();
    // Ten numbers in one of two resources, in turn: three batches share one resource at the latest after the fifth.
    let batches: Vec<Batch> = (2..7).map(|sequence| issue(&catalogue, sequence, &order(10))).collect();
    let shared = batches
        .iter()
        .map(|batch| batch.resource)
        .max_by_key(|resource| batches.iter().filter(|batch| batch.resource == *resource).count());
    let mut same: Vec<&Batch> = batches.iter().filter(|batch| Some(batch.resource) == shared).collect();
    same.sort_by_key(|batch| batch.serials[0].start);
    let first = catalogue.numbers(same[0], 0).next().unwrap();
    let last = catalogue.numbers(same[1], 0).next().unwrap();
    assert_eq!(catalogue.select(&Selector::Range { first, last }), Err(CatalogueError::RangeMixed));
}

#[test]
fn entries_that_break_a_rule_are_refused_by_name() {
    let catalogue = catalogue();
    let salt = || product("salt", &[9]);
    let change = |product: Product| added(vec![], vec![product]);
    for (change, part) in [
        (added(vec![], vec![]), "nothing is named"),
        (CatalogueChange { by: String::new(), ..change(salt()) }, "the author of the change"),
        (added(vec![maker(), maker()], vec![]), "m is there twice"),
        (added(vec![Maker { id: "a b".to_owned(), ..maker() }], vec![]), "expected no spaces"),
        (added(vec![Maker { name: names(""), ..maker() }], vec![]), "the name of m has 0 characters"),
        (added(vec![Maker { name: names("a\u{7}"), ..maker() }], vec![]), "the name of m"),
        (change(Product { maker: "x".to_owned(), ..salt() }), "the maker x, which is not known"),
        (change(Product { layout: "x".to_owned(), ..salt() }), "the layout x, which is not configured"),
        (change(product("salt", &[])), "the count of resources of salt is 0, expected at least 1"),
        (
            change(Product { layout: String::new(), ..salt() }),
            "the count of resources of salt is 1, expected at least 1 with",
        ),
        (change(Product { layout: String::new(), ..product("tea", &[]) }), "would change its layout"),
        (change(product("salt", &[1_000])), "the resource of salt is 1000, expected below 1000"),
        (change(product("salt", &[9, 9])), "resource 9 of salt is there twice"),
        (change(product("salt", &[7])), "product salt names the resource 7, which is tea's"),
        (added(vec![], vec![salt(), product("oil", &[9])]), "the resource 9, which is salt's"),
        (change(product("tea", &[7])), "would lose the resource 8"),
        (change(Product { layout: "weak".to_owned(), ..product("tea", &[7, 8]) }), "would change its layout"),
        (change(Product { shelf_life_days: Some(0), ..salt() }), "the shelf life of salt is 0"),
        (change(Product { gtin: Some("06901234567893".to_owned()), ..salt() }), "the GTIN of salt"),
        (change(Product { gtin: Some("6901234567892".to_owned()), ..salt() }), "expected 14 digits"),
        (change(Product { spec: Some("x".repeat(201)), ..salt() }), "the spec of salt has 201 characters"),
        (added(vec![maker(); MAX_ENTRIES + 1], vec![]), "200001 makers and products, expected at most 200000"),
    ] {
        let error = catalogue.check_change(&change).unwrap_err().to_string();
        assert!(error.contains(part), "{error}");
    }
    assert_eq!(catalogue.check_change(&change(product("tea", &[7, 8, 9]))), Ok(()), "a product may gain a resource");
}

#[test]
fn a_product_without_a_layout_is_known_by_its_gtin_and_issued_nothing() {
    let catalogue = catalogue();
    let gtin = Some("09520000001018".to_owned());
    let bare = Product { layout: String::new(), gtin: gtin.clone(), ..product("wine", &[]) };
    let change = added(vec![], vec![bare.clone()]);
    catalogue.check_change(&change).unwrap();
    catalogue.change(2, &change);
    let item = |gtin: &str| Number::Gs1 { gtin: gtin.to_owned(), serial: Some("A1".to_owned()) };
    assert_eq!(catalogue.find(&item("09520000001018")).evidence(), Some(Evidence::NeverIssued));
    assert!(matches!(catalogue.find(&item("19520000001015")), Found::Unknown(_)), "a box of it is covered too");
    assert!(matches!(catalogue.find(&item("09520000002015")), Found::NotCovered));
    let order = BatchOrder { product: "wine".to_owned(), ..order(1) };
    let error = catalogue.plan(&order, Timestamp(0), &mut dice(1)).unwrap_err();
    assert!(error.to_string().contains("none are issued"), "{error}");
    let given = Product { layout: "own".to_owned(), resources: vec![9], ..bare };
    catalogue.check_change(&added(vec![], vec![given.clone()])).unwrap();
    catalogue.change(3, &added(vec![], vec![given]));
    issue(&catalogue, 4, &order);
}

#[test]
fn a_changed_name_is_said_of_goods_already_sold() {
    let catalogue = catalogue();
    let batch = issue(&catalogue, 2, &order(1));
    live(&catalogue, 3, Target::Product { product: "tea".to_owned() }, Life::Activated, false);
    let renamed = Maker { name: names("越秀茶业"), ..maker() };
    catalogue.change(4, &added(vec![renamed], vec![Product { name: names("祁门红茶"), ..product("tea", &[7, 8]) }]));
    let record = catalogue.record(&UnitKey::native(4, batch.resource, serial_at(&batch, 0).unwrap())).unwrap();
    assert_eq!((record.maker.name.zh_hans.as_str(), record.product.name.zh_hans.as_str()), ("越秀茶业", "祁门红茶"));
    assert!(record.life.standing(Life::Activated).is_some(), "it keeps what happened to it");
    assert_eq!((catalogue.makers().len(), catalogue.products().len(), catalogue.batches().len()), (1, 1, 1));
}

#[test]
fn what_the_log_says_of_unknown_things_is_passed_over() {
    let catalogue = catalogue();
    let batch = issue(&catalogue, 2, &order(1));
    catalogue.change(3, &added(vec![], vec![Product { layout: "gone".to_owned(), ..product("old", &[1]) }]));
    catalogue.issue(4, &Batch { id: 2, product: "old".to_owned(), resource: 1, ..batch.clone() });
    let at = EventTime::exact(Timestamp(0));
    let target = Target::Batch { batch: 2 };
    assert_eq!(catalogue.check_target(&target), Err(CatalogueError::UnknownBatch { batch: 2 }));
    let event =
        LifeEvent { target, life: Life::Recalled, lifted: false, at, by: "li".to_owned(), place: None, reason: None };
    catalogue.live(5, &event);
    assert_eq!(catalogue.generation(), 5);
    assert_eq!(catalogue.batches(), [Arc::new(batch)]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn batches_never_overlap_and_fill_their_resources_to_the_last_serial(
        counts in prop::collection::vec(1_u64..260, 1..24), seed: u64
    ) {
        let catalogue = catalogue();
        let mut taken: HashSet<(u64, u64)> = HashSet::new();
        let mut roll = dice(seed);
        let free_in = |taken: &HashSet<(u64, u64)>, resource| {
            1_000 - taken.iter().filter(|(of, _)| *of == resource).count() as u64
        };
        for (count, sequence) in counts.into_iter().chain([1_000; 8]).zip(2_u64..) {
            // The last orders ask for exactly what the roomier resource has left.
            let most = free_in(&taken, 7).max(free_in(&taken, 8));
            let count = count.min(most);
            if most == 0 {
                break;
            }
            let beyond = catalogue.plan(&order(most + 1), Timestamp(0), &mut roll).unwrap_err();
            prop_assert_eq!(
                beyond, IssueError::Exhausted { product: "tea".to_owned(), count: most + 1, free: most }
            );
            let batch = catalogue.plan(&order(count), Timestamp(0), &mut roll).unwrap();
            prop_assert_eq!(batch.count(), count);
            prop_assert!(batch.serials.is_sorted());
            for run in &batch.serials {
                prop_assert!(run.len > 0 && run.start + run.len <= 1_000);
                for serial in run.start..run.start + run.len {
                    prop_assert!(taken.insert((batch.resource, serial)), "serial {} is taken", serial);
                }
            }
            catalogue.issue(sequence, &batch);
            let ordinals: Vec<u64> = (0..count).collect();
            let back: Vec<u64> = ordinals
                .iter()
                .map(|at| ordinal_of(&batch, serial_at(&batch, *at).unwrap()).unwrap())
                .collect();
            prop_assert_eq!(ordinals, back);
            let all: Vec<String> = catalogue.numbers(&batch, 0).collect();
            let from = roll(count);
            let at = usize::try_from(from).unwrap();
            let rest: Vec<String> = catalogue.numbers(&batch, from).collect();
            prop_assert_eq!(&all[at..], rest.as_slice());
            let key = UnitKey::native(4, batch.resource, serial_at(&batch, from).unwrap());
            prop_assert_eq!(catalogue.number(&key), Some(all[at].clone()));
            prop_assert_eq!(catalogue.record(&key).unwrap().batch.id, batch.id);
        }
        prop_assert_eq!(taken.len(), 2_000, "the last orders took all that was left");
    }

    #[test]
    fn each_free_place_is_as_likely_as_any_other(first in 0_u64..1_000) {
        // With the dice fixed on the n-th place, the n-th free place it is: nothing is skewed on the way.
        let catalogue = catalogue();
        let batch = catalogue.plan(&order(1), Timestamp(0), &mut |below| { assert_eq!(below, 2_000); first }).unwrap();
        prop_assert_eq!((batch.resource, batch.serials[0].start), (7, first));
    }
}
