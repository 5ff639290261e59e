//! What a network shares, and what it does not.

use contract::Asker;

use super::*;

fn origin(address: &str) -> Origin {
    let asker = Asker::new(Identity::Network(address.parse().unwrap()), Role::Shopper);
    Origin::of(&asker, &Prefix::default()).unwrap()
}

/// A browser at an address.
fn browser(n: u64, address: &str) -> Asking {
    Asking { channel: Channel::Web, origin: Some(origin(address)), ..person(n) }
}

fn cause(admitted: Admitted) -> Option<Cause> {
    if let Admitted::Limited { cause, .. } = admitted { Some(cause) } else { None }
}

/// Closes the network of 203.0.113.0/24: four unknown numbers of each of sixteen browsers.
fn close(admission: &Admission, at: i64) -> Vec<Alert> {
    let mut told = Vec::new();
    for n in 0..16 {
        let guesser = browser(1_000 + n, &format!("203.0.113.{}", n / 3));
        told.extend(admission.learned(&guesser, &misses(n * 4..n * 4 + 4), after(at)).alerts);
    }
    told.retain(|alert| matches!(alert.subject, Subject::Network(_)));
    told
}

#[test]
fn a_network_is_its_24_or_56_bits_and_told_no_narrower_than_a_site() {
    for (one, other, same, told) in [
        ("203.0.113.7", "203.0.113.250", true, "203.0.113.0/24"),
        ("203.0.113.7", "203.0.114.7", false, "203.0.113.0/24"),
        ("::ffff:203.0.113.7", "203.0.113.8", true, "203.0.113.0/24"),
        ("2001:db8:1:2300::1", "2001:db8:1:23ff::1", true, "2001:db8:1::/48"),
        ("2001:db8:1:2300::1", "2001:db8:1:2400::1", false, "2001:db8:1::/48"),
    ] {
        let (one, other) = (origin(one), origin(other));
        let admission = admission("network = { day = 1 }");
        let ask = |n, origin| admission.admit(&Asking { origin: Some(origin), ..person(n) }, 1, after(0));
        assert_eq!(ask(1, one), Admitted::Yes);
        assert_eq!(is_limited(ask(2, other)), same, "{one} and {other}");
        assert_eq!(one.to_string(), told);
    }
}

#[test]
fn addresses_that_stand_for_a_proxy_or_a_local_net_are_no_network() {
    for address in ["127.0.0.1", "10.1.2.3", "192.168.1.1", "172.16.0.1", "169.254.0.1", "100.64.0.1", "::1", "fd00::1"]
    {
        let asker = Asker::new(Identity::Network(address.parse().unwrap()), Role::Shopper);
        assert_eq!(Origin::of(&asker, &Prefix::default()), None, "{address}");
    }
    let phone = Asker::new(Identity::Phone("8613800138000".to_owned()), Role::Shopper);
    assert_eq!(Origin::of(&phone, &Prefix::default()), None);
    let withheld = Asker::new(Identity::Unknown, Role::Shopper);
    assert_eq!(Origin::of(&withheld, &Prefix::default()).unwrap().to_string(), "withheld");
    let visitor = Asker::new(Identity::Cookie("c".to_owned()), Role::Shopper);
    assert_eq!(
        Origin::of(&visitor.clone().from_address([192, 0, 2, 1].into()), &Prefix::default()),
        Some(origin("192.0.2.1"))
    );
    assert_eq!(Origin::of(&visitor, &Prefix::default()), None);
}

#[test]
fn askers_of_one_network_share_its_quota_and_registered_ones_do_not() {
    let admission = admission("network = { minute = 30 }");
    for n in 0..30 {
        assert_eq!(admission.admit(&browser(n, "203.0.113.7"), 1, after(0)), Admitted::Yes);
    }
    let refused = admission.admit(&browser(31, "203.0.113.9"), 1, after(0));
    assert_eq!(refused, Admitted::Limited { minutes: 1, log: true, cause: Cause::Network });
    let again = admission.admit(&browser(32, "203.0.113.9"), 1, after(0));
    assert_eq!(again, Admitted::Limited { minutes: 1, log: false, cause: Cause::Network }, "once an hour per network");
    let registered = Asking { kind: AskerKind::Registered, ..browser(33, "203.0.113.9") };
    assert_eq!(admission.admit(&registered, 1, after(0)), Admitted::Yes);
    assert_eq!(admission.admit(&browser(34, "203.0.114.9"), 1, after(0)), Admitted::Yes, "another network");
    assert_eq!(admission.admit(&browser(31, "203.0.113.9"), 1, after(2_000)), Admitted::Yes);
}

#[test]
fn one_who_asks_too_often_does_not_spend_its_neighbours_quota() {
    let admission = admission("network = { minute = 30 }");
    let greedy = browser(1, "203.0.113.7");
    let answered = (0..500).filter(|_| admission.admit(&greedy, 1, after(0)) == Admitted::Yes).count();
    assert_eq!(answered, 20);
    for n in 2..12 {
        assert_eq!(admission.admit(&browser(n, "203.0.113.8"), 1, after(0)), Admitted::Yes, "{n}");
    }
}

#[test]
fn a_network_full_of_guesses_is_closed_to_strangers_for_an_hour_and_told_of_once() {
    let admission = admission("");
    let known = browser(1, "203.0.113.99");
    drop(admission.learned(&known, &hits(500..501), after(0)));
    let told = close(&admission, MINUTE);
    assert_eq!(told.len(), 1, "{told:?}");
    assert_eq!(told[0].subject, Subject::Network("203.0.113.0/24".to_owned()));
    assert_eq!((told[0].misses, told[0].known, told[0].over), (64, 1, false));
    let at = |asker: &Asking, minute: i64| cause(admission.admit(asker, 1, after(minute * MINUTE)));
    let stranger = browser(2, "203.0.113.98");
    assert_eq!(at(&stranger, 2), Some(Cause::Stranger));
    assert_eq!(at(&known, 2), None, "whoever held a genuine article before goes on");
    drop(admission.learned(&known, &hits(500..501), after(59 * MINUTE)));
    drop(admission.learned(&known, &hits(501..502), after(60 * MINUTE)));
    assert_eq!(at(&known, 60), None, "and still does after an hour");
    assert_eq!(at(&browser(3, "203.0.114.98"), 2), None, "other networks are open");
    assert_eq!(at(&person(4), 2), None, "phones show no network");
    assert_eq!(at(&stranger, 61), None, "it opens again");
}

#[test]
fn whoever_is_first_known_after_the_closing_is_a_stranger_until_it_opens() {
    let admission = admission("");
    close(&admission, 0);
    let late = browser(2, "203.0.113.98");
    drop(admission.learned(&late, &hits(1..2), after(MINUTE)));
    assert_eq!(cause(admission.admit(&late, 1, after(2 * MINUTE))), Some(Cause::Stranger));
}

#[test]
fn one_guesser_behind_an_address_of_thousands_closes_nothing() {
    let admission = admission("");
    for n in 0..4_000_u64 {
        let honest = browser(10_000 + n, "203.0.113.7");
        let at = i64::try_from(n).unwrap() * 900;
        drop(admission.learned(&honest, &hits(n..n + 1), after(at)));
        if n % 8 == 0 {
            // A cookie for every third guess.
            let guesser = browser(n / 24, "203.0.113.7");
            drop(admission.learned(&guesser, &misses(50_000 + n..50_001 + n), after(at)));
        }
        assert_eq!(admission.admit(&browser(100_000 + n, "203.0.113.7"), 1, after(at)), Admitted::Yes, "{n}");
    }
}

#[test]
fn who_throws_its_cookie_away_after_each_guess_gets_no_further_than_its_address() {
    let admission = admission("");
    let mut evaluated = 0;
    for n in 0..10_000 {
        let guesser = browser(n, "203.0.113.7");
        if admission.admit(&guesser, 1, after(i64::try_from(n).unwrap() * 300)) == Admitted::Yes {
            evaluated += 1;
            drop(admission.learned(&guesser, &misses(n..n + 1), after(i64::try_from(n).unwrap() * 300)));
        }
    }
    assert!(evaluated <= 14, "{evaluated} of 10,000 guesses in 50 minutes");
}

#[test]
fn a_few_bought_articles_shown_again_and_again_do_not_keep_an_address_open() {
    let admission = admission("");
    let mut evaluated = 0;
    for n in 0..2_000 {
        let (shows, guesses) = (browser(2 * n, "203.0.113.7"), browser(2 * n + 1, "203.0.113.7"));
        let at = after(i64::try_from(n).unwrap() * 1_000);
        if admission.admit(&shows, 1, at) == Admitted::Yes {
            drop(admission.learned(&shows, &hits(n % 5..n % 5 + 1), at));
        }
        if admission.admit(&guesses, 1, at) == Admitted::Yes {
            evaluated += 1;
            drop(admission.learned(&guesses, &misses(50_000 + n..50_001 + n), at));
        }
    }
    assert!(evaluated <= 14, "{evaluated}");
}

#[test]
fn calls_with_withheld_numbers_are_one_network() {
    let admission = admission("");
    let withheld = Origin::of(&Asker::new(Identity::Unknown, Role::Shopper), &Prefix::default());
    let call = |n: u64| Asking { channel: Channel::Voice, origin: withheld, ..by(n, AskerKind::Address) };
    for n in 0..64 {
        assert_eq!(admission.admit(&call(n), 1, after(0)), Admitted::Yes);
        drop(admission.learned(&call(n), &misses(n..n + 1), after(0)));
    }
    assert_eq!(cause(admission.admit(&call(99), 1, after(0))), Some(Cause::Stranger));
}

#[test]
fn a_stranger_hears_what_a_spent_quota_says() {
    let admission = admission("");
    close(&admission, 0);
    let stranger = browser(2, "203.0.113.98");
    let mut last = 0;
    for minute in 0..60 {
        let Admitted::Limited { minutes, .. } = admission.admit(&stranger, 1, after(minute * MINUTE)) else {
            panic!("a stranger was answered in minute {minute}");
        };
        assert!((1..=24).contains(&minutes), "{minutes} minutes are none that sixty a day can give");
        assert!(minutes + 1 == last || last <= 1, "{last} then {minutes}: counted down as a quota would");
        last = minutes;
    }
}

#[test]
fn networks_are_remembered_within_a_bound() {
    let admission = admission("networks = 1000");
    for n in 0..20_000_u32 {
        let address = std::net::Ipv4Addr::from_bits(0x0100_0000 + n * 256).to_string();
        assert_eq!(admission.admit(&browser(u64::from(n), &address), 1, after(0)), Admitted::Yes);
    }
    assert!(admission.networks.len() <= 1_000, "{}", admission.networks.len());
}
