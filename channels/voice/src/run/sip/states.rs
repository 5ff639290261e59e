//! What the stack says of dialogs, brought to the call that each is about.
//!
//! The stack would have a channel for each dialog, and each of those takes ten thousand octets from when it is made. Here
//! one channel serves all dialogs; what comes out of it is boxed and put before its call. A call that has left so much
//! unread is not told more, and what the other end asked for meanwhile gets the stack's own refusal.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use rsipstack::dialog::DialogId;
use rsipstack::dialog::dialog::{DialogState, DialogStateSender};
use rsipstack::dialog::dialog_layer::DialogLayer;
use rsipstack::dialog::invite_dialog::InviteDialog;
use rsipstack::sip::Uri;
use rsipstack::transaction::Transaction;
use tokio::sync::mpsc;

/// What a call may leave unread.
const UNREAD: usize = 32;

/// What comes of one dialog.
pub(super) type States = mpsc::Receiver<Box<DialogState>>;

/// The calls by their dialogs.
pub(super) struct Routes {
    all: DialogStateSender,
    calls: Mutex<HashMap<DialogId, mpsc::Sender<Box<DialogState>>>>,
}

impl Routes {
    /// With the sender that every dialog tells its state by.
    pub(super) fn new(all: DialogStateSender) -> Self {
        Self { all, calls: Mutex::default() }
    }

    fn calls(&self) -> std::sync::MutexGuard<'_, HashMap<DialogId, mpsc::Sender<Box<DialogState>>>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The dialog of an INVITE, and what will be said of it.
    pub(super) fn open(
        &self,
        dialogs: &DialogLayer,
        transaction: &Transaction,
        contact: Option<Uri>,
    ) -> Result<(InviteDialog, States), Box<rsipstack::Error>> {
        // Held until the call is known: what the dialog says at once waits for it.
        let mut calls = self.calls();
        let dialog = dialogs.get_or_create_server_invite(transaction, self.all.clone(), None, contact)?;
        let (tell, states) = mpsc::channel(UNREAD);
        calls.insert(dialog.id(), tell);
        Ok((dialog, states))
    }

    /// The call is over.
    pub(super) fn forget(&self, dialog: &DialogId) {
        self.calls().remove(dialog);
    }

    /// Brings it to its call.
    pub(super) fn tell(&self, state: DialogState) {
        let call = self.calls().get(state.id()).cloned();
        if let Some(call) = call
            && call.try_send(Box::new(state)).is_err()
        {
            tracing::debug!("a call is over or leaves too much unread");
        }
    }
}
