//! Who is let in on a connection, and whom we let ourselves be let in by.
//!
//! Of a wrong name, a wrong password and a wrong address the peer learns only that one of them is wrong.

use std::sync::Arc;
use std::time::Instant;

use super::Conversation;
use crate::run::line::{Connected, Line, count, known};
use crate::wire::{Bind, BindKind, Status};

impl Conversation {
    /// Lets an ESME in, or not.
    pub(super) fn admit(&mut self, kind: BindKind, bind: &Bind, now: Instant) {
        let status = match self.admitted(kind, bind, now) {
            Ok(line) => {
                self.session.set_limits(line.settings.limits);
                self.bell = Some(line.group.listen());
                self.line = Some(line);
                return self.session.admit("verigate", bind.version);
            }
            Err(status) => status,
        };
        tracing::warn!(peer = %self.peer, kind = kind.name(), %status, "a bind was refused");
        self.session.reject(status);
    }

    fn admitted(&self, kind: BindKind, bind: &Bind, now: Instant) -> Result<Arc<Line>, Status> {
        // A connection with a link before anybody bound is our own, at both ends.
        if let Some(own) = &self.line {
            return Ok(Arc::clone(own));
        }
        let address = self.address;
        if let Some(address) = address
            && !self.hub.backoff().may_try(address, &bind.system_id, now)
        {
            return Err(Status::BIND_FAILED);
        }
        let lines = self.hub.lines();
        let accounts = lines.iter().filter_map(|line| Some((line, line.settings.account()?)));
        let names = accounts.map(|(line, account)| (line, account.system_id.as_str()));
        let found = known(names, &bind.system_id, &bind.password.0).filter(|line| {
            let from = line.settings.account().map_or(&[][..], |account| &account.from);
            from.is_empty() || address.is_none_or(|address| from.iter().any(|range| range.holds(address)))
        });
        let Some(line) = found else {
            // One answer for all: which of name, password and address was wrong is for the log of nobody.
            if let Some(address) = address {
                self.hub.backoff().failed(address, &bind.system_id, now);
            }
            return Err(Status::INVALID_PASSWORD);
        };
        if let Some(address) = address {
            self.hub.backoff().succeeded(address, &bind.system_id);
        }
        let most = line.settings.account().map_or(0, |account| account.binds);
        let connected = Connected { peer: self.peer.clone(), kind };
        if *line.suspended.borrow() || !line.connect(self.number, connected, most) {
            count(&line.counts.refused_binds);
            return Err(Status::BIND_FAILED);
        }
        Ok(Arc::clone(line))
    }

    /// An SMSC called: we bind on its connection, where we know it.
    pub(super) fn called(&mut self, system_id: &str, password: &str, now: Instant) {
        let lines = self.hub.lines();
        let named = lines.iter().filter_map(|line| {
            let (name, _) = line.settings.dial()?.called_as.as_ref()?;
            Some((line, name.as_str()))
        });
        // A right guess would be shown our own password: guessing costs as much as at a bind.
        let may = self.address.is_none_or(|address| self.hub.backoff().may_try(address, system_id, now));
        let found = if may { known(named, system_id, password) } else { None };
        if let (true, None, Some(address)) = (may, &found, self.address) {
            self.hub.backoff().failed(address, system_id, now);
        }
        let Some(line) = found.filter(|line| !*line.suspended.borrow()) else {
            tracing::warn!(peer = %self.peer, "an outbind that nobody is configured for, or too soon after wrong ones");
            return self.session.leave(now);
        };
        if let Some(address) = self.address {
            self.hub.backoff().succeeded(address, system_id);
        }
        let Some(dial) = line.settings.dial() else { return };
        let kind = if dial.kinds.contains(&BindKind::Receiver) { BindKind::Receiver } else { BindKind::Transceiver };
        self.session.set_limits(line.settings.limits);
        self.session.bind(kind, dial.bind.clone(), now);
        self.bell = Some(line.group.listen());
        self.line = Some(Arc::clone(line));
    }

    pub(super) fn bound(&mut self, kind: BindKind, peer: &str) {
        self.was_bound = true;
        let Some(line) = &self.line else { return };
        count(&line.counts.binds);
        // Where we are the ESME nobody else limits the connections.
        line.connect(self.number, Connected { peer: self.peer.clone(), kind }, usize::MAX);
        tracing::info!(link = %line.link.name, kind = kind.name(), peer, "link up");
    }
}
