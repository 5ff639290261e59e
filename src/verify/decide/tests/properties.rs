//! What holds for every record, past and question.

use proptest::prelude::*;

use super::*;

/// One check of the past, as the strategies make it.
#[derive(Debug, Clone)]
pub(super) struct Visit {
    asker: u64,
    hours: i64,
    role: Role,
    place: Option<Place>,
    asked: EventTime,
}

fn any_instant() -> impl Strategy<Value = Timestamp> {
    prop_oneof![
        8 => (-400 * DAY..400 * DAY).prop_map(|offset| Timestamp(noon().0 + offset)),
        1 => any::<i64>().prop_map(Timestamp),
        1 => prop_oneof![Just(Timestamp(i64::MIN)), Just(Timestamp(i64::MAX)), Just(Timestamp(0))],
    ]
}

fn any_event_time() -> impl Strategy<Value = EventTime> {
    (any_instant(), prop_oneof![0..1_000_u32, any::<u32>()]).prop_map(|(at, error_ms)| EventTime { at, error_ms })
}

fn any_place() -> impl Strategy<Value = Option<Place>> {
    let confidence = prop_oneof![Just(Confidence::Low), Just(Confidence::Medium), Just(Confidence::High)];
    let coordinates = (-9_000_000..9_000_000_i32, -18_000_000..18_000_000_i32, 0..50_u32);
    let odd = (any::<i32>(), any::<i32>(), any::<u32>());
    let point = prop_oneof![5 => coordinates, 1 => odd].prop_map(|(lat_e5, lon_e5, radius_km)| Point {
        lat_e5,
        lon_e5,
        radius_km,
    });
    let city = prop::sample::select(vec!["", "Wuhan", "Jinan", "Xi'an", "Chengdu"]);
    let place = (city, prop::option::of(point), confidence).prop_map(|(city, point, confidence)| Place {
        city: city.to_owned(),
        district: None,
        point,
        confidence,
    });
    prop::option::of(place)
}

fn any_role() -> impl Strategy<Value = Role> {
    prop_oneof![6 => Just(Role::Shopper), 1 => Just(Role::Trade), 1 => Just(Role::Inspector), 1 => Just(Role::Maker)]
}

fn any_visit() -> impl Strategy<Value = Visit> {
    (0..12_u64, 0..60_i64, any_role(), any_place(), any_event_time())
        .prop_map(|(asker, hours, role, place, asked)| Visit { asker, hours, role, place, asked })
}

fn any_life() -> impl Strategy<Value = Vec<(Life, u64, bool, Timestamp)>> {
    let life = prop::sample::select(Life::ALL.to_vec());
    prop::collection::vec((life, 2..20_u64, any::<bool>(), any_instant()), 0..6)
}

fn any_day() -> impl Strategy<Value = Option<Day>> {
    prop::option::of(
        (2024..2029_i16, 1..13_i8, 1..29_i8).prop_map(|(year, month, day)| Day::new(year, month, day).unwrap()),
    )
}

/// Folds the visits that `keep` lets in; their times run on for the others too.
fn fold(visits: &[Visit], keep: impl Fn(&Visit) -> bool) -> Past {
    let mut past = Past::default();
    let mut hours = 0;
    for visit in visits {
        hours += visit.hours;
        if keep(visit) {
            past.check(&Checked {
                asker: phone(visit.asker),
                counts: visit.role.counts(),
                at: Timestamp(noon().0 - 100 * DAY + hours * HOUR),
                channel: Channel::Sms,
                asked: visit.asked,
                place: visit.place.as_ref(),
            });
        }
    }
    past
}

prop_compose! {
    pub(super) fn any_scene()(
        visits in prop::collection::vec(any_visit(), 0..60),
        (batch_life, unit_life) in (any_life(), any_life()),
        activated in prop::bool::weighted(0.8),
        (hidden, level, tracks) in (any::<bool>(), 1..4_u8, prop::bool::weighted(0.2)),
        (expiry, on_sale_from, given_expiry) in (any_day(), any_day(), any_day()),
        (asker, is_you, role) in (0..12_u64, any::<bool>(), any_role()),
        (place, asked, issued_at, now) in (any_place(), any_event_time(), any_instant(), any_instant()),
        lot in prop::sample::select(vec![None, Some("L2407A"), Some("X"), Some("")]),
        flagged in prop::collection::vec(0..12_u64, 0..4),
    ) -> (Scene, Vec<Visit>) {
        let mut scene = Scene::new();
        if !activated {
            scene.covering = Timeline::default();
        }
        for (life, sequence, lifted, at) in batch_life {
            scene.covering.put(life, stamp(sequence, at, lifted));
        }
        scene.past = fold(&visits, |_| true);
        for (life, sequence, lifted, at) in unit_life {
            scene.past.live(life, stamp(sequence, at, lifted));
        }
        scene.batch.concealment = if hidden { Concealment::Hidden } else { Concealment::Printed };
        scene.batch.level = level;
        scene.batch.expiry = expiry;
        scene.batch.on_sale_from = on_sale_from;
        scene.batch.issued_at = issued_at;
        scene.product.tracks_shipping = tracks;
        scene.asker = phone(asker);
        scene.is_you = is_you;
        scene.role = role;
        scene.place = place;
        scene.asked = Some(asked);
        scene.lot = lot;
        scene.expiry = given_expiry;
        scene.flagged = flagged;
        scene.now = now;
        (scene, visits)
    }
}

impl fmt::Debug for Scene {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} {:?} {:?} now {} by {:?}", self.past, self.covering, self.batch, self.now, self.asker)
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn there_is_always_one_decision_and_its_colour_is_the_worst((scene, _) in any_scene()) {
        for past in [PastView::Known(&scene.past), PastView::Unreadable] {
            let decision = scene.of(&scene.found(), past);
            prop_assert_eq!(&decision, &scene.of(&scene.found(), past));
            let all: Vec<Colour> = decision.advisories().iter().chain([decision.verdict()]).map(Verdict::colour).collect();
            let worst = [Colour::Red, Colour::Amber, Colour::Green, Colour::Grey].into_iter().find(|c| all.contains(c));
            prop_assert_eq!(Some(decision.colour()), worst);
        }
    }

    #[test]
    fn advisories_are_red_or_amber_each_below_the_one_before((scene, _) in any_scene()) {
        for past in [PastView::Known(&scene.past), PastView::Unreadable] {
            let decision = scene.of(&scene.found(), past);
            let order: Vec<VerdictKind> = [decision.verdict().kind()].into_iter().chain(kinds(decision.advisories())).collect();
            prop_assert!(order.is_sorted_by(|above, below| above < below), "{order:?}");
            let mild = |verdict: &&Verdict| !matches!(verdict.colour(), Colour::Red | Colour::Amber);
            prop_assert_eq!(decision.advisories().iter().find(mild), None);
        }
    }

    #[test]
    fn a_check_by_trade_changes_nothing_for_others(
        (mut scene, _) in any_scene(), at in any_event_time(), place in any_place(), asker in 0..20_u64,
    ) {
        let alone = scene.decision();
        let role = Role::Trade;
        let last = scene.past.sessions.last().map_or_else(noon, |session| session.last_at);
        scene.past.check(&Checked {
            asker: phone(asker), counts: role.counts(), at: last, channel: Channel::Api, asked: at, place: place.as_ref(),
        });
        prop_assert_eq!(scene.decision(), alone);
    }

    #[test]
    fn an_owner_alone_never_turns_red(
        visits in prop::collection::vec((0..200_i64, any_place(), any_event_time()), 0..80),
        (hidden, place, asked) in (any::<bool>(), any_place(), any_event_time()),
        pepper in prop::option::of(0..80_usize),
    ) {
        // The pepper changes before one of the visits; the owner asks in between, at any place and time.
        let named = |n: usize| match pepper {
            Some(change) if n >= change => AskerHash { current: 2, previous: Some(1) },
            Some(_) | None => phone(1),
        };
        let mut scene = Scene::new();
        scene.batch.expiry = None;
        scene.batch.concealment = if hidden { Concealment::Hidden } else { Concealment::Printed };
        let mut now = before(50 * DAY);
        for (n, (hours, place, asked)) in visits.iter().enumerate() {
            now = Timestamp(now.0 + hours * HOUR);
            scene.asker = named(n);
            scene.now = now;
            scene.place.clone_from(place);
            scene.asked = Some(*asked);
            prop_assert_eq!(scene.decision().colour(), Colour::Green);
            scene.past.check(&Checked {
                asker: named(n), counts: true, at: now, channel: Channel::Sms, asked: *asked, place: place.as_ref(),
            });
        }
        scene.asker = named(visits.len());
        scene.place = place;
        scene.asked = Some(asked);
        prop_assert_eq!(scene.decision().colour(), Colour::Green);
        prop_assert_eq!(usize::try_from(scene.decision().times_checked()).unwrap() > 0, !visits.is_empty());
    }

    #[test]
    fn flagged_sessions_count_for_nothing((mut scene, visits) in any_scene()) {
        // As long as all are listed, the past with them decides as the past without them.
        let visits: Vec<Visit> = visits.into_iter().take(Past::LISTED).collect();
        let life = scene.past.life.clone();
        scene.past = Past { life: life.clone(), ..fold(&visits, |_| true) };
        let with = scene.decision();
        let flagged = scene.flagged.clone();
        scene.past = Past { life, ..fold(&visits, |visit| !flagged.contains(&visit.asker)) };
        prop_assert_eq!(scene.decision(), with);
    }

    #[test]
    fn nobody_vouches_for_a_unit_that_is_marked_expired_or_not_released((scene, _) in any_scene()) {
        let mut life = scene.covering.clone();
        life.merge(&scene.past.life);
        let marks = [Life::Compromised, Life::Stolen, Life::Recalled, Life::Withdrawn];
        let marked = marks.into_iter().any(|mark| life.standing(mark).is_some());
        let expired = scene.batch.expiry.is_some_and(|day| scene.now > day.end_in(scene.rules.zone()));
        if marked || expired || life.standing(Life::Activated).is_none() {
            let decision = scene.decision();
            let mut said = decision.advisories().iter().chain([decision.verdict()]);
            prop_assert!(!said.any(Verdict::is_genuine), "{decision:?}");
        }
    }

    #[test]
    fn only_who_is_a_you_hears_that_it_asked_before((mut scene, _) in any_scene()) {
        scene.is_you = false;
        let decision = scene.decision();
        prop_assert_ne!(decision.verdict().kind(), VerdictKind::GenuineAgain);
        if decision.verdict() == &Verdict::GenuineFirst {
            prop_assert_eq!(decision.times_checked(), 0);
        }
    }
}
