//! Texts of the gateway's own.

use contract::Refusal;

use super::*;

fn probed(channel: &Channel) -> serde_json::Value {
    channel.operator.answer(serde_json::json!("links")).unwrap()["probe"].clone()
}

#[tokio::test]
async fn the_gateway_texts_itself_and_says_how_long_the_reply_took() {
    let channel = Channel::start(&format!("probe_s = 1\n{SERVER}")).await;
    until("two replies", || probed(&channel)["replied"].as_u64() >= Some(2)).await;
    let seen = probed(&channel);
    assert!(seen["took_ms"].as_f64().unwrap() > 0.0 && seen["failed"] == 0, "{seen}");
    assert!(channel.core.asked().iter().all(|inquiry| inquiry.checks.is_empty()), "it asks about no number");
    until("their ends", || channel.core.deliveries().len() >= 2).await;
    channel.stop().await;
}

#[tokio::test]
async fn a_gateway_that_does_not_answer_finds_out() {
    let core = ScriptedCore::new();
    core.refuse_next(Refusal::Overloaded);
    let channel = Channel::with(&format!("probe_s = 1\n{SERVER}"), core).await;
    until("a fault", || probed(&channel)["failed"] == 1).await;
    assert!(probed(&channel)["fault"].as_str().unwrap().contains("ESME_RTHROTTLED"), "{}", probed(&channel));
    until("a reply", || probed(&channel)["replied"].as_u64() >= Some(1)).await;
    assert!(probed(&channel).get("fault").is_none(), "{}", probed(&channel));
    channel.stop().await;
}
