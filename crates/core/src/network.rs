//! Where the component may connect to, and which hosts belong to the inside of a network.

mod address_range;
pub mod allowed_hosts;
pub mod internal_host;
