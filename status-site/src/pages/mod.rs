//! The templates, filled with view models. A page is made of a [`Scene`](crate::scene::Scene) where there is a snapshot, of
//! [`PageParts`] where there is a tenant, and of words alone where neither may be told of.

mod frame;
mod look;
mod messages;
mod report;
mod status;
mod subscribing;
#[cfg(test)]
mod tests;

pub(crate) use frame::PageParts;
pub(crate) use look::look_css;
pub(crate) use messages::{login, missing, no_samples, not_found, unavailable};
pub(crate) use report::report;
pub(crate) use status::{component, history, incident, incidents, overview};
pub(crate) use subscribing::{
    ManageForm, SubscribeForm, confirm_ask, confirmed, link_unknown, manage, subscribe, unsubscribe_ask, unsubscribed,
};

pub(crate) use crate::view::history::HistoryMonth;
