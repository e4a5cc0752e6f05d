//! The page when everything else is gone: the store, the other roles, the server itself.

mod away;
mod copy;
mod roles;
