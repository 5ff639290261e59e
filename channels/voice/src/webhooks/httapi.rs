//! FreeSWITCH by mod_httapi. It has no voice of its own worth hearing: it plays our recordings.
//!
//! A binding's value comes back under the name of its action, here `digits`; `exiting` says that the call is over.

use super::form::{Body, xml};
use super::{Collected, Event, Next, Speech, Turn, keys};

pub(super) fn read(body: &Body) -> Option<Event> {
    let field = |name| body.field(name).map(std::borrow::Cow::into_owned);
    let digits = field("digits").unwrap_or_default();
    let hash = digits.contains('#');
    Some(Event {
        call: field("session_id")?,
        caller: field("Caller-Caller-ID-Number"),
        called: field("Caller-Destination-Number"),
        keys: keys(digits.trim_end_matches('#')),
        collected: if hash { Collected::Hash } else { Collected::Quiet },
        over: field("exiting").as_deref() == Some("true"),
        transferred: field("variable_originate_disposition").map(|disposition| disposition == "SUCCESS"),
    })
}

pub(super) fn write(turn: &Turn) -> String {
    let recording = match &turn.speech {
        Speech::Recording(address) => xml(address),
        Speech::Words(_) => "silence_stream://1".to_owned(),
    };
    let work = match &turn.next {
        Next::Collect(collect, address) => {
            let (address, most) = (xml(address), collect.most);
            let (first, between) = (collect.first.as_millis(), collect.between.as_millis());
            let pattern =
                if collect.hash_ends { format!("~[0-9*]{{0,{most}}}#") } else { format!("~[0-9*#]{{{most}}}") };
            let whole = if collect.hash_ends { format!("<bind>~[0-9*]{{{most}}}</bind>") } else { String::new() };
            format!(
                "<playback name=\"digits\" file=\"{recording}\" action=\"{address}\" input-timeout=\"{first}\" \
                 digit-timeout=\"{between}\" error-file=\"silence_stream://1\"><bind>{pattern}</bind>{whole}</playback>\
                 <continue action=\"{address}\"/>"
            )
        }
        Next::Go(address) => {
            format!("<playback file=\"{recording}\"/><continue action=\"{}\"/>", xml(address))
        }
        Next::Transfer(place, address) => format!(
            "<playback file=\"{recording}\"/><execute application=\"bridge\" data=\"{}\"/><continue action=\"{}\"/>",
            xml(place),
            xml(address)
        ),
        Next::HangUp => format!("<playback file=\"{recording}\"/><hangup/>"),
    };
    format!("<document type=\"xml/freeswitch-httapi\"><work>{work}</work></document>")
}
